/// One request, whole in memory. The description holds no header value, no path and no body.
public struct HTTPRequest: Sendable, CustomStringConvertible, CustomReflectable {
  /// What is asked of the resource.
  public enum Method: String, Sendable, CaseIterable {
    /// Fetch it; the body is not sent.
    case get = "GET"
    /// Process the body.
    case post = "POST"
  }

  /// What is asked of the resource.
  public var method: Method
  /// An absolute `http` or `https` URL without user name and password.
  public var url: String
  /// Fields beside those that the client sets itself (`Host`, `Content-Length`, …), which are refused here.
  public var headers: HTTPHeaders
  /// The bytes to send with `post`.
  public var body: [UInt8]
  /// From the call to the last byte of the response, the wait for a free slot included.
  public var timeout: Duration
  /// From the start of the transfer to an open connection, name resolution and TLS included.
  public var connectTimeout: Duration
  /// The largest response body accepted, in bytes.
  public var maxResponseBytes: Int

  /// A request; bounds that are not given are one minute, ten seconds and 16 MiB.
  public init(
    _ method: Method, _ url: String, headers: HTTPHeaders = [:], body: [UInt8] = [],
    timeout: Duration = .seconds(60), connectTimeout: Duration = .seconds(10), maxResponseBytes: Int = 16 << 20
  ) {
    precondition(timeout > .zero && connectTimeout > .zero, "a request needs time to be answered")
    precondition(maxResponseBytes >= 0, "a response cannot be smaller than nothing")
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.connectTimeout = connectTimeout
    self.maxResponseBytes = maxResponseBytes
  }

  /// The URL's scheme, host and port, which may be shown; nil where the URL is not one that can be sent.
  public var origin: String? { try? RequestTarget(url: url).origin }

  /// Method, header names and body size.
  public var description: String { "\(method.rawValue) request \(headers), \(body.count) bytes" }

  /// No children, so that `dump` shows no more than `description`.
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
