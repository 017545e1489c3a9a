import MnemeCore

/// Reads JSON (RFC 8259) strictly: UTF-8 only, no repeated member, no integer that 64 bits cannot hold, bounded depth.
///
/// Whatever two readers could understand differently is refused, since a filter or an id must mean one thing.
struct JSONParser {
  /// Deepest nesting of arrays and objects that is read.
  static let maxDepth = 64
  /// Longest number that is read, in bytes.
  static let maxNumberByteCount = 512

  private let bytes: [UInt8]
  private var index = 0
  private var depth = 0
  private var holdsNUL = false

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The one value that `bytes` hold.
  /// - Throws: `JSONSyntaxError`.
  static func parse(_ bytes: [UInt8]) throws -> JSONValue { try self.read(bytes).value }

  /// The one value that `bytes` hold, and whether U+0000 stands in one of its texts or names.
  /// - Throws: `JSONSyntaxError`.
  static func read(_ bytes: [UInt8]) throws -> (value: JSONValue, holdsNUL: Bool) {
    var parser = JSONParser(bytes)
    parser.skipSpace()
    let value = try parser.value()
    parser.skipSpace()
    guard parser.index == bytes.count else { throw parser.error("something follows the document") }
    return (value, parser.holdsNUL)
  }

  private func error(_ reason: String, at offset: Int? = nil) -> JSONSyntaxError {
    JSONSyntaxError(reason: reason, offset: offset ?? self.index)
  }

  private var next: UInt8? { self.index < self.bytes.count ? self.bytes[self.index] : nil }

  private mutating func skipSpace() {
    while let byte = self.next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { self.index += 1 }
  }

  private mutating func skip(_ byte: UInt8) -> Bool {
    guard self.next == byte else { return false }
    self.index += 1
    return true
  }

  private mutating func value() throws -> JSONValue {
    guard let byte = self.next else { throw self.error("the document ends early") }
    switch byte {
    case UInt8(ascii: "{"): return try self.nested { try $0.object() }
    case UInt8(ascii: "["): return try self.nested { try $0.array() }
    case UInt8(ascii: "\""): return .string(try self.string())
    case UInt8(ascii: "t"): return try self.word("true", .bool(true))
    case UInt8(ascii: "f"): return try self.word("false", .bool(false))
    case UInt8(ascii: "n"): return try self.word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try self.number()
    default: throw self.error("no JSON value begins")
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
    let start = self.index
    for byte in word.description.utf8 where !self.skip(byte) { throw self.error("no JSON value begins", at: start) }
    return value
  }

  private mutating func nested(_ body: (inout Self) throws -> JSONValue) throws -> JSONValue {
    guard self.depth < Self.maxDepth else { throw self.error("nesting is deeper than \(Self.maxDepth) levels") }
    self.depth += 1
    self.index += 1
    let value = try body(&self)
    self.depth -= 1
    return value
  }

  private mutating func array() throws -> JSONValue {
    var elements: [JSONValue] = []
    self.skipSpace()
    if self.skip(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      self.skipSpace()
      elements.append(try self.value())
      self.skipSpace()
      if self.skip(UInt8(ascii: ",")) { continue }
      guard self.skip(UInt8(ascii: "]")) else { throw self.error("',' or ']' is missing") }
      return .array(elements)
    }
  }

  private mutating func object() throws -> JSONValue {
    var members: [String: JSONValue] = [:]
    self.skipSpace()
    if self.skip(UInt8(ascii: "}")) { return .object(members) }
    while true {
      self.skipSpace()
      let start = self.index
      guard self.next == UInt8(ascii: "\"") else { throw self.error("a member's name is missing") }
      let name = try self.string()
      self.skipSpace()
      guard self.skip(UInt8(ascii: ":")) else { throw self.error("':' is missing") }
      self.skipSpace()
      guard members.updateValue(try self.value(), forKey: name) == nil else {
        throw self.error("a member's name is repeated", at: start)
      }
      self.skipSpace()
      if self.skip(UInt8(ascii: ",")) { continue }
      guard self.skip(UInt8(ascii: "}")) else { throw self.error("',' or '}' is missing") }
      return .object(members)
    }
  }
}

// MARK: Numbers

extension JSONParser {
  private mutating func digits() -> Int {
    let start = self.index
    while let byte = self.next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { self.index += 1 }
    return self.index - start
  }

  private mutating func number() throws -> JSONValue {
    let start = self.index
    var isInteger = true
    _ = self.skip(UInt8(ascii: "-"))
    let startsWithZero = self.next == UInt8(ascii: "0")
    let count = self.digits()
    guard count > 0, !(startsWithZero && count > 1) else { throw self.error("a number is malformed", at: start) }
    if self.skip(UInt8(ascii: ".")) {
      isInteger = false
      guard self.digits() > 0 else { throw self.error("a number is malformed", at: start) }
    }
    if self.skip(UInt8(ascii: "e")) || self.skip(UInt8(ascii: "E")) {
      isInteger = false
      if !self.skip(UInt8(ascii: "+")) { _ = self.skip(UInt8(ascii: "-")) }
      guard self.digits() > 0 else { throw self.error("a number is malformed", at: start) }
    }
    guard self.index - start <= Self.maxNumberByteCount else {
      throw self.error("a number is longer than \(Self.maxNumberByteCount) bytes", at: start)
    }
    let text = String(decoding: self.bytes[start..<self.index], as: UTF8.self)
    if isInteger {
      guard let value = Int64(text) else { throw self.error("an integer exceeds 64 bits", at: start) }
      return .int(value)
    }
    guard let value = Double(text), value.isFinite else { throw self.error("a number is out of range", at: start) }
    return .double(value)
  }
}

// MARK: Strings

extension JSONParser {
  private mutating func string() throws -> String {
    let start = self.index
    self.index += 1
    let first = self.index
    while let byte = self.next {
      if byte == UInt8(ascii: "\"") {
        self.index += 1
        return try self.text(self.bytes[first..<self.index - 1], at: start)
      }
      if byte == UInt8(ascii: "\\") { return try self.escapedString(from: first, start: start) }
      guard byte >= 0x20 else { throw self.error("a control character stands in a string") }
      self.index += 1
    }
    throw self.error("a string does not end", at: start)
  }

  private func text(_ slice: some Sequence<UInt8>, at start: Int) throws -> String {
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw self.error("a string is no valid UTF-8", at: start)
    }
    return text
  }

  private mutating func escapedString(from first: Int, start: Int) throws -> String {
    var buffer = Array(self.bytes[first..<self.index])
    while let byte = self.next {
      self.index += 1
      switch byte {
      case UInt8(ascii: "\""): return try self.text(buffer, at: start)
      case UInt8(ascii: "\\"): try self.escape(into: &buffer)
      case 0..<0x20: throw self.error("a control character stands in a string", at: self.index - 1)
      default: buffer.append(byte)
      }
    }
    throw self.error("a string does not end", at: start)
  }

  private mutating func escape(into buffer: inout [UInt8]) throws {
    let start = self.index - 1
    guard let byte = self.next else { throw self.error("a string does not end", at: start) }
    self.index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
    case UInt8(ascii: "b"): buffer.append(0x08)
    case UInt8(ascii: "f"): buffer.append(0x0c)
    case UInt8(ascii: "n"): buffer.append(0x0a)
    case UInt8(ascii: "r"): buffer.append(0x0d)
    case UInt8(ascii: "t"): buffer.append(0x09)
    case UInt8(ascii: "u"):
      let scalar = try self.scalar(start)
      if scalar == "\0" { self.holdsNUL = true }
      buffer.append(contentsOf: UTF8.encode(scalar)!)
    default: throw self.error("an escape is malformed", at: start)
    }
  }

  private mutating func scalar(_ start: Int) throws -> Unicode.Scalar {
    var value = try self.fourHexadecimalDigits(start)
    if value & 0xfc00 == 0xd800 {
      guard self.skip(UInt8(ascii: "\\")), self.skip(UInt8(ascii: "u")) else {
        throw self.error("half a surrogate pair stands alone", at: start)
      }
      let low = try self.fourHexadecimalDigits(start)
      guard low & 0xfc00 == 0xdc00 else { throw self.error("half a surrogate pair stands alone", at: start) }
      value = 0x10000 + (value & 0x3ff) << 10 + (low & 0x3ff)
    }
    guard let scalar = Unicode.Scalar(value) else { throw self.error("half a surrogate pair stands alone", at: start) }
    return scalar
  }

  private mutating func fourHexadecimalDigits(_ start: Int) throws -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = self.next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw self.error("an escape is malformed", at: start)
      }
      value = value << 4 | UInt32(digit)
      self.index += 1
    }
    return value
  }
}
