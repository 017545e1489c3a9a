/// Header fields in the order in which they were added; names compare without regard to case (RFC 9110, 5.1).
///
/// The description lists names only: a value may be a secret.
public struct HTTPHeaders: Sendable, Hashable, ExpressibleByDictionaryLiteral, CustomStringConvertible {
  /// One field.
  public struct Field: Sendable, Hashable {
    /// The name as it was written.
    public let name: String
    /// The value without surrounding white space.
    public let value: String
  }

  /// Every field, repeated names included.
  public private(set) var fields: [Field] = []

  /// No field.
  public init() {}

  /// The fields of a literal, in its order.
  public init(dictionaryLiteral elements: (String, String)...) {
    for (name, value) in elements { add(name, value) }
  }

  /// Adds a field after the others, also where one of this name is there already.
  public mutating func add(_ name: String, _ value: String) {
    fields.append(Field(name: name, value: value))
  }

  /// The value of the first field called `name`; nil where there is none.
  public subscript(name: String) -> String? {
    let wanted = name.lowercased()
    return fields.first { $0.name.lowercased() == wanted }?.value
  }

  /// The names, without values.
  public var description: String { "[\(fields.map(\.name).joined(separator: ", "))]" }

  /// Refuses what could end the field early and begin another one, or contradict the body's length.
  func validate() throws(HTTPError) {
    for field in fields {
      guard !field.name.isEmpty, field.name.utf8.allSatisfy(Self.isTokenByte) else {
        throw HTTPError(
          .invalidHeader, "a header name holds a character that is not allowed; use letters, digits and -")
      }
      guard field.value.utf8.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }) else {
        throw HTTPError(
          .invalidHeader, "the value of header `\(field.name)` holds a control character; remove line breaks from it")
      }
      guard !Self.reserved.contains(field.name.lowercased()) else {
        throw HTTPError(.invalidHeader, "header `\(field.name)` is set by the client itself; leave it out")
      }
    }
  }

  /// The client frames the message and keeps the connection: by a second opinion about either, requests are smuggled.
  private static let reserved: Set<String> = [
    "connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
  ]

  /// `tchar` of RFC 9110, 5.6.2.
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}
