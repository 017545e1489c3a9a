import FoundationEssentials
import Glibc

/// Reads JSON as `EventBodyCoding.encode` writes it, from front to back. Anything else is `Unusual`, which says only
/// that somebody else has to read it.
struct CanonicalScanner {
  /// Not in the form that is known here.
  struct Unusual: Error {}

  static let openBrace = UInt8(ascii: "{")
  static let closeBrace = UInt8(ascii: "}")
  private static let quote = UInt8(ascii: "\"")
  private static let backslash = UInt8(ascii: "\\")
  private static let comma = UInt8(ascii: ",")

  /// Arrays and objects within each other that are read here, at most.
  private static let maxDepth = 32
  /// Digits of an integer that is read here, at most: it fits into 64 bits.
  private static let maxDigitCount = 18

  private let bytes: [UInt8]
  private var index = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

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
    try expect(UInt8(ascii: "["))
    var elements: [Element] = []
    guard !isNext(UInt8(ascii: "]")) else {
      index += 1
      return elements
    }
    elements.append(try element(&self))
    while isNext(Self.comma) {
      index += 1
      elements.append(try element(&self))
    }
    try expect(UInt8(ascii: "]"))
    return elements
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
    guard let value = Double(String(decoding: bytes[range], as: UTF8.self)), value.isFinite else { throw Unusual() }
    return value
  }

  mutating func string() throws(Unusual) -> String {
    try expect(Self.quote)
    let start = index
    var isPlain = true
    while index < bytes.count {
      let byte = bytes[index]
      if byte == Self.quote { break }
      if byte == Self.backslash {
        return try escapedString(from: start)
      }
      // Control characters stand for nothing in JSON.
      guard byte >= 0x20 else { throw Unusual() }
      if byte >= 0x80 { isPlain = false }
      index += 1
    }
    let text = bytes[start..<index]
    try expect(Self.quote)
    if isPlain { return String(decoding: text, as: UTF8.self) }
    guard let valid = String(validating: text, as: UTF8.self) else { throw Unusual() }
    return valid
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

  private mutating func take(word: StaticString) -> Bool {
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

// MARK: Texts of a fixed form

extension CanonicalScanner {
  /// An instant.
  mutating func timestamp() throws(Unusual) -> Timestamp {
    // `2026-11-21T06:23:40.000Z`, as it is always written, between quotes.
    let byteCount = 26
    guard index + byteCount <= bytes.count, bytes[index] == Self.quote, bytes[index + 25] == Self.quote,
      bytes[index + 5] == UInt8(ascii: "-"), bytes[index + 8] == UInt8(ascii: "-"),
      bytes[index + 11] == UInt8(ascii: "T"), bytes[index + 14] == UInt8(ascii: ":"),
      bytes[index + 17] == UInt8(ascii: ":"), bytes[index + 20] == UInt8(ascii: "."),
      bytes[index + 24] == UInt8(ascii: "Z"),
      let year = number(at: 1, digits: 4), let month = number(at: 6, digits: 2),
      let dayOfMonth = number(at: 9, digits: 2),
      let day = CivilDay(validYear: year, month: month, day: dayOfMonth),
      let hour = number(at: 12, digits: 2), hour < 24, let minute = number(at: 15, digits: 2), minute < 60,
      let second = number(at: 18, digits: 2), second < 60, let millisecond = number(at: 21, digits: 3)
    else { throw Unusual() }
    index += byteCount
    return Timestamp(day, hour: hour, minute: minute, second: second, millisecond: millisecond)
  }

  private func number(at offset: Int, digits: Int) -> Int? {
    var value = 0
    for position in index + offset..<index + offset + digits {
      let digit = bytes[position] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value * 10 + Int(digit)
    }
    return value
  }

  /// An id.
  mutating func uuid() throws(Unusual) -> UUID {
    let byteCount = 36
    guard index + byteCount + 2 <= bytes.count, bytes[index] == Self.quote,
      bytes[index + byteCount + 1] == Self.quote
    else { throw Unusual() }
    var words: (UInt64, UInt64) = (0, 0)
    for offset in 0..<byteCount {
      let byte = bytes[index + 1 + offset]
      if offset == 8 || offset == 13 || offset == 18 || offset == 23 {
        guard byte == UInt8(ascii: "-") else { throw Unusual() }
        continue
      }
      guard let digit = Self.nibble(byte) else { throw Unusual() }
      if offset < 18 { words.0 = words.0 << 4 | UInt64(digit) } else { words.1 = words.1 << 4 | UInt64(digit) }
    }
    index += byteCount + 2
    func byte(_ word: UInt64, _ number: Int) -> UInt8 { UInt8(truncatingIfNeeded: word >> (56 - 8 * number)) }
    let (high, low) = words
    return UUID(
      uuid: (
        byte(high, 0), byte(high, 1), byte(high, 2), byte(high, 3), byte(high, 4), byte(high, 5), byte(high, 6),
        byte(high, 7), byte(low, 0), byte(low, 1), byte(low, 2), byte(low, 3), byte(low, 4), byte(low, 5),
        byte(low, 6), byte(low, 7)
      ))
  }

  private static func nibble(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    case _: nil
    }
  }

  /// Bytes in base64 with padding (RFC 4648, section 4), in the one form that an encoder gives them.
  mutating func base64() throws(Unusual) -> Data {
    try expect(Self.quote)
    let start = index
    guard let length = distanceToQuote(), length % 4 == 0 else { throw Unusual() }
    var padding = 0
    while padding < 2, padding < length, bytes[start + length - 1 - padding] == UInt8(ascii: "=") { padding += 1 }
    var data = Data(count: length / 4 * 3 - padding)
    var invalid: UInt32 = 0
    let values = Base64.values
    let words = Base64.words
    unsafe data.withUnsafeMutableBytes { (output: UnsafeMutableRawBufferPointer) in
      unsafe bytes.withUnsafeBufferPointer { input in
        unsafe words.withUnsafeBufferPointer { words in
          // Whole groups of four digits within `input`, three bytes each within `output`; a word for every byte at each
          // of four places.
          for group in 0..<(length - padding) / 4 {
            let first = start + group * 4
            let word =
              unsafe words[Int(input[first])] | words[256 + Int(input[first + 1])]
              | words[512 + Int(input[first + 2])] | words[768 + Int(input[first + 3])]
            invalid |= word
            unsafe output[group * 3] = UInt8(truncatingIfNeeded: word)
            unsafe output[group * 3 + 1] = UInt8(truncatingIfNeeded: word >> 8)
            unsafe output[group * 3 + 2] = UInt8(truncatingIfNeeded: word >> 16)
          }
        }
      }
    }
    guard invalid & Base64.invalidWord == 0 else { throw Unusual() }
    index = start + length - (padding == 0 ? 0 : 4)
    if padding > 0 {
      let digits = (0..<4 - padding).map { values[Int(bytes[index + $0])] }
      guard digits.allSatisfy({ $0 & Base64.invalid == 0 }) else { throw Unusual() }
      // Bits beyond the last byte are zero.
      guard digits[digits.count - 1] & (padding == 2 ? 0x0f : 0x03) == 0 else { throw Unusual() }
      data[data.count - (3 - padding)] = digits[0] << 2 | digits[1] >> 4
      if padding == 1 { data[data.count - 1] = digits[1] << 4 | digits[2] >> 2 }
      index += 4
    }
    try expect(Self.quote)
    return data
  }

  /// How far the next quotation mark is; nil where there is none.
  private func distanceToQuote() -> Int? {
    unsafe bytes.withUnsafeBytes { buffer in
      guard index < buffer.count, let start = buffer.baseAddress else { return nil }
      // Searched are the bytes from `index` to the last one.
      let found = unsafe memchr(start + index, CInt(Self.quote), buffer.count - index)
      guard let found = unsafe found else { return nil }
      return unsafe UnsafeRawPointer(found) - (start + index)
    }
  }
}
