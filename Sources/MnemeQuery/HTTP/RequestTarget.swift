import MnemeCore

/// Path and query of a request, decoded after they were split, so that an id may hold any character.
struct RequestTarget: Hashable, Sendable {
  /// Most bytes of path and query together.
  static let maxByteCount = 16 << 10

  /// One `name=value` of the query.
  struct Parameter: Hashable, Sendable {
    let name: String
    let value: String
  }

  /// Segments of the path without the slash at either end, percent-decoded one by one.
  let segments: [String]
  /// The query, in order.
  let parameters: [Parameter]
  /// The path under which the API was asked, e.g. `/mem0`; empty where it was asked at the root.
  let prefix: String

  /// Reads the target of a request line: `/path?query`, or the same with scheme and authority before it.
  /// - Parameter prefix: A path under which the whole API stands, e.g. `/mem0`; it is optional in requests.
  /// - Throws: `RequestFailure` (`.invalidRequest`).
  init(_ target: String, prefix: String = "") throws {
    guard target.utf8.count <= Self.maxByteCount else {
      throw RequestFailure.invalid("path and query have more than \(Self.maxByteCount) bytes")
    }
    let bytes = Array(target.utf8)
    let parts = bytes.prefix { $0 != UInt8(ascii: "#") }
      .split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
    let (path, isUnderPrefix) = Self.trimmed(path: parts[0], prefix: Array(prefix.utf8))
    self.prefix = isUnderPrefix ? prefix : ""
    self.segments =
      path.isEmpty
      ? []
      : try path.split(separator: Self.slash, omittingEmptySubsequences: false).map {
        try Self.decode($0, plusIsSpace: false, of: "the path")
      }
    self.parameters =
      parts.count < 2
      ? []
      : try parts[1].split(separator: UInt8(ascii: "&")).map { pair in
        let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        return Parameter(
          name: try Self.decode(sides[0], plusIsSpace: true, of: "the query"),
          value: sides.count < 2 ? "" : try Self.decode(sides[1], plusIsSpace: true, of: "the query"))
      }
  }

  private static let slash = UInt8(ascii: "/")

  /// The path without scheme, authority, `prefix` and the slashes around it.
  private static func trimmed(
    path: ArraySlice<UInt8>, prefix: [UInt8]
  ) -> (path: ArraySlice<UInt8>, isUnderPrefix: Bool) {
    var path = path
    if path.first != slash, let colon = path.firstIndex(of: UInt8(ascii: ":")), path[colon...].starts(with: "://".utf8)
    {
      path = path[(colon + 3)...].drop { $0 != slash }
    }
    // A client whose base URL ends in a slash sends two.
    while path.dropFirst().first == slash, path.first == slash { path = path.dropFirst() }
    let rest = path.dropFirst(prefix.count)
    let isUnderPrefix = !prefix.isEmpty && path.starts(with: prefix) && rest.first == slash
    if isUnderPrefix { path = rest }
    path = path.drop { $0 == slash }
    return (path.last == slash ? path.dropLast() : path, isUnderPrefix)
  }

  /// Every value of parameter `name`, in order: how clients write lists.
  func values(_ name: String) -> [String] { self.parameters.filter { $0.name == name }.map(\.value) }

  /// The value of parameter `name`; nil where it is missing.
  /// - Throws: `RequestFailure` where it stands there twice.
  func value(_ name: String) throws -> String? {
    let found = self.parameters.filter { $0.name == name }
    guard found.count <= 1 else { throw RequestFailure.invalid("query parameter \(name) is given more than once") }
    return found.first?.value
  }

  /// A parameter that is `true` or `false`; nil where it is missing.
  func flag(_ name: String) throws -> Bool? {
    switch try self.value(name) {
    case nil: return nil
    case "true", "True", "1": return true
    case "false", "False", "0": return false
    case _?: throw RequestFailure.invalid("query parameter \(name) must be true or false")
    }
  }

  /// A parameter that is an integer in `range`; nil where it is missing.
  func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let text = try self.value(name) else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw RequestFailure.invalid(
        "query parameter \(name) must be an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// A parameter that is an instant: RFC 3339, a date (midnight, UTC), or seconds since 1970; nil where it is missing.
  func time(_ name: String) throws -> Timestamp? {
    guard let text = try self.value(name) else { return nil }
    let value = Int64(text).map(JSONValue.int) ?? Double(text).map(JSONValue.double) ?? .string(text)
    return try Members([name: value], of: nil).time(name)
  }

  private static func decode(_ text: ArraySlice<UInt8>, plusIsSpace: Bool, of place: String) throws -> String {
    let failure = RequestFailure.invalid("\(place) holds a malformed percent escape or no valid UTF-8")
    var bytes: [UInt8] = []
    var source = text.makeIterator()
    while let byte = source.next() {
      switch byte {
      case UInt8(ascii: "%"):
        guard let high = source.next().flatMap(Self.hexadecimalValue),
          let low = source.next().flatMap(Self.hexadecimalValue)
        else { throw failure }
        bytes.append(high << 4 | low)
      case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
      default: bytes.append(byte)
      }
    }
    guard let decoded = String(validating: bytes, as: UTF8.self) else { throw failure }
    guard !decoded.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
      throw RequestFailure.invalid("\(place) holds a control character")
    }
    return decoded
  }

  private static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init)
  }
}
