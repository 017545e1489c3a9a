import FoundationEssentials
import Glibc

/// Reads JSON as `EventBodyCoding.encode` writes it, from front to back. Anything else is `Unusual`, which says only
/// that somebody else has to read it.
struct CanonicalScanner {
  /// Not in the form that is known here.
  struct Unusual: Error {}

  static let openBrace = UInt8(ascii: "{")
  static let closeBrace = UInt8(ascii: "}")
  static let quote = UInt8(ascii: "\"")
  private static let backslash = UInt8(ascii: "\\")
  private static let comma = UInt8(ascii: ",")

  /// Arrays and objects within each other that are read here, at most.
  private static let maxDepth = 32
  /// Digits of an integer that is read here, at most: it fits into 64 bits.
  private static let maxDigitCount = 18

  let bytes: [UInt8]
  var index = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// What `read` makes of all of `bytes`; nil where they are in another form.
  static func read<Value>(_ bytes: [UInt8], _ read: (inout Self) throws(Unusual) -> Value) -> Value? {
    var scanner = Self(bytes)
    do throws(Unusual) {
      let value = try read(&scanner)
      try scanner.end()
      return value
    } catch {
      return nil
    }
  }

  /// Nothing is left.
  func end() throws(Unusual) {
    guard index == bytes.count else { throw Unusual() }
  }

  /// Whether `byte` comes next.
  func isNext(_ byte: UInt8) -> Bool { index < bytes.count && bytes[index] == byte }

  /// Takes `byte`.
  mutating func expect(_ byte: UInt8) throws(Unusual) {
    guard isNext(byte) else { throw Unusual() }
    index += 1
  }

  // MARK: Members

  /// Takes the name of an object's first member.
  mutating func member(_ name: StaticString) throws(Unusual) {
    guard hasMember(name) else { throw Unusual() }
  }

  /// Takes the name of a further member.
  mutating func next(_ name: StaticString) throws(Unusual) {
    guard hasNext(name) else { throw Unusual() }
  }

  /// Takes the name of an object's first member, if it is this one.
  mutating func hasMember(_ name: StaticString) -> Bool { take(name, from: index) }

  /// Takes the name of a further member, if it is this one.
  mutating func hasNext(_ name: StaticString) -> Bool { isNext(Self.comma) && take(name, from: index + 1) }

  private mutating func take(_ name: StaticString, from start: Int) -> Bool {
    let count = name.utf8CodeUnitCount
    let end = start + count + 3
    guard end <= bytes.count, bytes[start] == Self.quote, bytes[end - 2] == Self.quote,
      bytes[end - 1] == UInt8(ascii: ":")
    else { return false }
    // Both ranges are within their bounds: `end` was compared, and `count` is the name's own length.
    let isSame = unsafe bytes.withUnsafeBufferPointer { buffer in
      var offset = 0
      while offset < count, unsafe buffer[start + 1 + offset] == name.utf8Start[offset] { offset += 1 }
      return offset == count
    }
    if isSame { index = end }
    return isSame
  }

  // MARK: Values

  /// An array of what `element` reads.
  mutating func array<Element>(
    of element: (inout Self) throws(Unusual) -> Element
  ) throws(Unusual) -> [Element] {
    var read: [Element] = []
    try elements { scanner throws(Unusual) in
      let next = try element(&scanner)
      read.append(next)
    }
    return read
  }

  /// An array; `element` is called at the beginning of each element, and takes it.
  mutating func elements(_ element: (inout Self) throws(Unusual) -> Void) throws(Unusual) {
    try expect(UInt8(ascii: "["))
    guard !isNext(UInt8(ascii: "]")) else {
      index += 1
      return
    }
    try element(&self)
    while isNext(Self.comma) {
      index += 1
      try element(&self)
    }
    try expect(UInt8(ascii: "]"))
  }

  mutating func boolean() throws(Unusual) -> Bool {
    if take(word: "true") { return true }
    if take(word: "false") { return false }
    throw Unusual()
  }

  mutating func integer() throws(Unusual) -> Int64 {
    let range = try number()
    guard let value = Self.integer(bytes[range]) else { throw Unusual() }
    return value
  }

  mutating func double() throws(Unusual) -> Double {
    let range = try number()
    if let value = Self.shortDecimal(bytes[range]) { return value }
    guard let value = Double(String(decoding: bytes[range], as: UTF8.self)), value.isFinite else { throw Unusual() }
    return value
  }

  /// A number of up to 15 digits without an exponent: both parts of the quotient are exact, so it is rounded once, as
  /// it should be. nil for any other one.
  private static func shortDecimal(_ text: ArraySlice<UInt8>) -> Double? {
    guard text.count <= 16 else { return nil }
    var (digits, divisor, hasPoint) = (0.0, 1.0, false)
    for byte in text {
      if byte == UInt8(ascii: "."), !hasPoint {
        hasPoint = true
        continue
      }
      let digit = byte &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      digits = digits * 10 + Double(digit)
      if hasPoint { divisor *= 10 }
    }
    return digits / divisor
  }

  mutating func string() throws(Unusual) -> String {
    let (range, isASCII) = try plainText()
    guard isNext(Self.quote) else { return try escapedString(from: range.lowerBound) }
    index += 1
    if isASCII { return String(decoding: bytes[range], as: UTF8.self) }
    guard let valid = String(validating: bytes[range], as: UTF8.self) else { throw Unusual() }
    return valid
  }

  /// Takes a string and says where its text is; one that is escaped is put behind `unescaped`.
  mutating func place(_ unescaped: inout [UInt8]) throws(Unusual) -> TextPlace {
    let (range, isASCII) = try plainText()
    guard isNext(Self.quote) else {
      let text = try escapedString(from: range.lowerBound)
      let start = bytes.count + unescaped.count
      unescaped.append(contentsOf: text.utf8)
      return TextPlace(start: start, count: text.utf8.count)
    }
    index += 1
    if !isASCII {
      do { _ = try UTF8Span(validating: bytes.span.extracting(range)) } catch { throw Unusual() }
    }
    return TextPlace(start: range.lowerBound, count: range.count)
  }

  /// Takes the beginning of a string: all up to its end, or up to what is escaped.
  private mutating func plainText() throws(Unusual) -> (range: Range<Int>, isASCII: Bool) {
    try expect(Self.quote)
    let start = index
    var isASCII = true
    while index < bytes.count {
      let byte = bytes[index]
      if byte == Self.quote || byte == Self.backslash { break }
      // Control characters stand for nothing in JSON.
      guard byte >= 0x20 else { throw Unusual() }
      if byte >= 0x80 { isASCII = false }
      index += 1
      if index & 7 == 0 { skipPlainWords() }
    }
    return (start..<index, isASCII)
  }

  /// Skips eight bytes at a time, as long as all of them are ASCII and none means anything in a string.
  private mutating func skipPlainWords() {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs = ones << 7
    func marksZero(_ word: UInt64) -> UInt64 { (word &- ones) & ~word & highs }
    index = unsafe bytes.withUnsafeBytes { buffer in
      var index = index
      // A whole word is within `buffer`.
      while index + 8 <= buffer.count {
        let word = unsafe buffer.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        let special =
          marksZero(word ^ ones &* UInt64(Self.quote)) | marksZero(word ^ ones &* UInt64(Self.backslash))
          | (word &- ones &* 0x20) & ~word | word
        guard special & highs == 0 else { break }
        index += 8
      }
      return index
    }
  }

  private mutating func escapedString(from start: Int) throws(Unusual) -> String {
    var text = Array(bytes[start..<index])
    while index < bytes.count, bytes[index] != Self.quote {
      guard bytes[index] >= 0x20 else { throw Unusual() }
      if bytes[index] == Self.backslash {
        text.append(try escapedByte())
      } else {
        text.append(bytes[index])
        index += 1
      }
    }
    try expect(Self.quote)
    guard let valid = String(validating: text, as: UTF8.self) else { throw Unusual() }
    return valid
  }

  /// The byte that an escape of two characters stands for, or one of six for an ASCII character.
  private mutating func escapedByte() throws(Unusual) -> UInt8 {
    guard index + 1 < bytes.count else { throw Unusual() }
    let escaped: UInt8
    switch bytes[index + 1] {
    case Self.quote, Self.backslash, UInt8(ascii: "/"): escaped = bytes[index + 1]
    case UInt8(ascii: "n"): escaped = 0x0a
    case UInt8(ascii: "t"): escaped = 0x09
    case UInt8(ascii: "r"): escaped = 0x0d
    case UInt8(ascii: "b"): escaped = 0x08
    case UInt8(ascii: "f"): escaped = 0x0c
    case UInt8(ascii: "u"):
      guard index + 5 < bytes.count, bytes[index + 2] == UInt8(ascii: "0"), bytes[index + 3] == UInt8(ascii: "0"),
        let high = Self.nibble(bytes[index + 4]), let low = Self.nibble(bytes[index + 5]), high < 8
      else { throw Unusual() }
      index += 6
      return high << 4 | low
    case _: throw Unusual()
    }
    index += 2
    return escaped
  }

  /// Any object.
  mutating func object() throws(Unusual) -> [String: JSONValue] { try object(depth: 1) }

  private mutating func object(depth: Int) throws(Unusual) -> [String: JSONValue] {
    guard depth < Self.maxDepth else { throw Unusual() }
    try expect(Self.openBrace)
    var members: [String: JSONValue] = [:]
    guard !isNext(Self.closeBrace) else {
      index += 1
      return members
    }
    while true {
      let name = try string()
      try expect(UInt8(ascii: ":"))
      let value = try value(depth: depth + 1)
      guard members.updateValue(value, forKey: name) == nil else { throw Unusual() }
      guard isNext(Self.comma) else { break }
      index += 1
    }
    try expect(Self.closeBrace)
    return members
  }

  private mutating func value(depth: Int) throws(Unusual) -> JSONValue {
    guard depth < Self.maxDepth, index < bytes.count else { throw Unusual() }
    switch bytes[index] {
    case Self.quote: return .string(try string())
    case Self.openBrace: return .object(try object(depth: depth + 1))
    case UInt8(ascii: "["):
      return .array(try array { scanner throws(Unusual) in try scanner.value(depth: depth + 1) })
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool(try boolean())
    case UInt8(ascii: "n"):
      guard take(word: "null") else { throw Unusual() }
      return .null
    case _:
      let range = try number()
      if let integer = Self.integer(bytes[range]) { return .int(integer) }
      // What is a whole number in another form is one to some readers and none to others.
      guard let double = Double(String(decoding: bytes[range], as: UTF8.self)), double.isFinite,
        Int64(exactly: double) == nil, UInt64(exactly: abs(double)) == nil
      else { throw Unusual() }
      return .double(double)
    }
  }

  mutating func take(word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard index + count <= bytes.count else { return false }
    for offset in 0..<count where unsafe bytes[index + offset] != word.utf8Start[offset] { return false }
    index += count
    return true
  }

  // MARK: Numbers

  /// Takes a number of JSON's grammar that is not minus zero.
  private mutating func number() throws(Unusual) -> Range<Int> {
    let start = index
    let isNegative = isNext(UInt8(ascii: "-"))
    if isNegative { index += 1 }
    let isZero = isNext(UInt8(ascii: "0"))
    let whole = digits()
    guard whole > 0, !(isZero && (whole > 1 || isNegative)) else { throw Unusual() }
    if isNext(UInt8(ascii: ".")) {
      index += 1
      guard digits() > 0 else { throw Unusual() }
    }
    if isNext(UInt8(ascii: "e")) || isNext(UInt8(ascii: "E")) {
      index += 1
      if isNext(UInt8(ascii: "+")) || isNext(UInt8(ascii: "-")) { index += 1 }
      guard digits() > 0 else { throw Unusual() }
    }
    return start..<index
  }

  private mutating func digits() -> Int {
    let start = index
    while index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 { index += 1 }
    return index - start
  }

  private static func integer(_ digits: ArraySlice<UInt8>) -> Int64? {
    let isNegative = digits.first == UInt8(ascii: "-")
    let digits = isNegative ? digits.dropFirst() : digits
    guard digits.count <= maxDigitCount else { return nil }
    var value: Int64 = 0
    for digit in digits {
      let number = digit &- UInt8(ascii: "0")
      guard number < 10 else { return nil }
      value = value * 10 + Int64(number)
    }
    return isNegative ? -value : value
  }
}
