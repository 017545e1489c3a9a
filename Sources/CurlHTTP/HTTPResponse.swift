/// One complete response, whatever its status.
public struct HTTPResponse: Sendable, CustomStringConvertible, CustomReflectable {
  /// The status code, 200 to 599.
  public var status: Int
  /// The fields of the final response, without those of informational (1xx) ones.
  public var headers: HTTPHeaders
  /// The body, without any transfer coding.
  public var body: [UInt8]

  /// A response with all its parts.
  public init(status: Int, headers: HTTPHeaders, body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// Status, header names and body size.
  public var description: String { "status \(status) \(headers), \(body.count) bytes" }

  /// No children, so that `dump` shows no more than `description`.
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
