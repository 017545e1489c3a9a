import MnemeCore

/// Reads what Python's `repr` prints of a dict of plain values: the client puts such a text into a URL where it means
/// JSON.
///
/// It is a reader of literals, like Python's `ast.literal_eval`: nothing is evaluated, anything else is refused.
struct PythonLiteral {
  private let scalars: [Unicode.Scalar]
  private var index = 0
  private var depth = 0

  private init(_ text: String) {
    self.scalars = Array(text.unicodeScalars)
  }

  /// The value that `text` writes.
  /// - Throws: `JSONSyntaxError`, whose offset counts characters.
  static func parse(_ text: String) throws -> JSONValue {
    var parser = PythonLiteral(text)
    parser.skipSpace()
    let value = try parser.value()
    parser.skipSpace()
    guard parser.index == parser.scalars.count else { throw parser.error("something follows the value") }
    return value
  }

  private func error(_ reason: String, at offset: Int? = nil) -> JSONSyntaxError {
    JSONSyntaxError(reason: reason, offset: offset ?? self.index)
  }

  private var next: Unicode.Scalar? { self.index < self.scalars.count ? self.scalars[self.index] : nil }

  private mutating func skipSpace() {
    while let scalar = self.next, scalar == " " || scalar == "\n" || scalar == "\r" || scalar == "\t" {
      self.index += 1
    }
  }

  private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
    guard self.next == scalar else { return false }
    self.index += 1
    return true
  }

  private mutating func value() throws -> JSONValue {
    guard self.depth < JSONParser.maxDepth else {
      throw self.error("nesting is deeper than \(JSONParser.maxDepth) levels")
    }
    self.depth += 1
    defer { self.depth -= 1 }
    switch self.next {
    case "{": return try self.dict()
    case "[": return .array(try self.elements(until: "]"))
    case "(": return .array(try self.elements(until: ")"))
    case "'", "\"": return .string(try self.string())
    case "-", "+", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ".": return try self.number()
    case nil: throw self.error("the text ends early")
    default: return try self.word()
    }
  }

  private mutating func word() throws -> JSONValue {
    let start = self.index
    while let scalar = self.next, scalar.properties.isAlphabetic { self.index += 1 }
    var word = String.UnicodeScalarView()
    word.append(contentsOf: self.scalars[start..<self.index])
    switch String(word) {
    case "True", "true": return .bool(true)
    case "False", "false": return .bool(false)
    case "None", "null": return .null
    default: throw self.error("no literal begins", at: start)
    }
  }

  private mutating func elements(until end: Unicode.Scalar) throws -> [JSONValue] {
    self.index += 1
    var elements: [JSONValue] = []
    while true {
      self.skipSpace()
      if self.skip(end) { return elements }
      elements.append(try self.value())
      self.skipSpace()
      if self.skip(",") { continue }
      guard self.skip(end) else { throw self.error("',' or '\(end)' is missing") }
      return elements
    }
  }

  private mutating func dict() throws -> JSONValue {
    self.index += 1
    var members: [String: JSONValue] = [:]
    while true {
      self.skipSpace()
      if self.skip("}") { return .object(members) }
      let start = self.index
      guard self.next == "'" || self.next == "\"" else { throw self.error("a key is no string") }
      let name = try self.string()
      self.skipSpace()
      guard self.skip(":") else { throw self.error("':' is missing") }
      self.skipSpace()
      guard members.updateValue(try self.value(), forKey: name) == nil else {
        throw self.error("a key is repeated", at: start)
      }
      self.skipSpace()
      if self.skip(",") { continue }
      guard self.skip("}") else { throw self.error("',' or '}' is missing") }
      return .object(members)
    }
  }

  private mutating func number() throws -> JSONValue {
    let start = self.index
    while let scalar = self.next, scalar.isASCII, "+-.eE0123456789".unicodeScalars.contains(scalar) { self.index += 1 }
    var view = String.UnicodeScalarView()
    view.append(contentsOf: self.scalars[start..<self.index])
    let text = String(view)
    guard text.utf8.count <= JSONParser.maxNumberByteCount else { throw self.error("a number is too long", at: start) }
    if let value = Int64(text) { return .int(value) }
    let isInteger = !text.unicodeScalars.contains { $0 == "." || $0 == "e" || $0 == "E" }
    guard !isInteger, let value = Double(text), value.isFinite else {
      throw self.error("a number is malformed or out of range", at: start)
    }
    return .double(value)
  }
}

// MARK: Strings

extension PythonLiteral {
  private mutating func string() throws -> String {
    let start = self.index
    let quote = self.scalars[self.index]
    self.index += 1
    var text = String.UnicodeScalarView()
    while let scalar = self.next {
      self.index += 1
      if scalar == quote { return String(text) }
      guard scalar == "\\" else {
        guard scalar != "\n" else { throw self.error("a string does not end", at: start) }
        text.append(scalar)
        continue
      }
      text.append(try self.escape())
    }
    throw self.error("a string does not end", at: start)
  }

  private mutating func escape() throws -> Unicode.Scalar {
    let start = self.index - 1
    guard let scalar = self.next else { throw self.error("a string does not end", at: start) }
    self.index += 1
    switch scalar {
    case "\\", "'", "\"": return scalar
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "x": return try self.hexadecimal(digits: 2, start)
    case "u": return try self.hexadecimal(digits: 4, start)
    case "U": return try self.hexadecimal(digits: 8, start)
    default: throw self.error("an escape is malformed", at: start)
    }
  }

  private mutating func hexadecimal(digits: Int, _ start: Int) throws -> Unicode.Scalar {
    var value: UInt32 = 0
    for _ in 0..<digits {
      guard let scalar = self.next, let digit = Character(scalar).hexDigitValue, value < 1 << 28 else {
        throw self.error("an escape is malformed", at: start)
      }
      value = value << 4 | UInt32(digit)
      self.index += 1
    }
    guard let scalar = Unicode.Scalar(value) else { throw self.error("an escape is malformed", at: start) }
    return scalar
  }
}
