import FoundationEssentials
import Glibc

// Texts of a fixed form.

extension CanonicalScanner {
  /// An instant.
  mutating func timestamp() throws(Unusual) -> Timestamp {
    let end = index + 1 + Timestamp.canonicalByteCount
    guard isNext(Self.quote), end < bytes.count, bytes[end] == Self.quote,
      let time = Timestamp(canonical: bytes[index + 1..<end])
    else { throw Unusual() }
    index = end + 1
    return time
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

  static func nibble(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    case _: nil
    }
  }

  /// Bytes in base64 with padding (RFC 4648, section 4), in the one form that an encoder gives them; they come behind
  /// `decoded`.
  mutating func base64(_ decoded: inout [UInt8]) throws(Unusual) {
    try expect(Self.quote)
    guard let length = distanceToQuote(), length % 4 == 0 else { throw Unusual() }
    let start = index
    var padding = 0
    while padding < 2, padding < length, bytes[start + length - 1 - padding] == UInt8(ascii: "=") { padding += 1 }
    let groupCount = (length - padding) / 4
    guard groups(groupCount, at: start, &decoded) else { throw Unusual() }
    index = start + groupCount * 4
    if padding > 0 {
      let digits = (0..<4 - padding).map { Base64.values[Int(bytes[index + $0])] }
      guard digits.allSatisfy({ $0 & Base64.invalid == 0 }) else { throw Unusual() }
      // Bits beyond the last byte are zero.
      guard digits[digits.count - 1] & (padding == 2 ? 0x0f : 0x03) == 0 else { throw Unusual() }
      decoded.append(digits[0] << 2 | digits[1] >> 4)
      if padding == 1 { decoded.append(digits[1] << 4 | digits[2] >> 2) }
      index += 4
    }
    try expect(Self.quote)
  }

  /// Decodes whole groups of four digits, three bytes each; a word for every byte at each of four places. Returns
  /// whether all of them were digits.
  private func groups(_ count: Int, at start: Int, _ decoded: inout [UInt8]) -> Bool {
    var invalid: UInt32 = 0
    let begin = decoded.count
    // A word is stored for each three bytes: the last one needs a byte more.
    decoded.append(contentsOf: repeatElement(0, count: count * 3 + 1))
    unsafe decoded.withUnsafeMutableBytes { output in
      unsafe bytes.withUnsafeBufferPointer { input in
        unsafe Base64.words.withUnsafeBufferPointer { words in
          // `start` and what follows are digits within `input`; `output` has room for all groups.
          for group in 0..<count {
            let first = start + group * 4
            let word =
              unsafe words[Int(input[first])] | words[256 + Int(input[first + 1])]
              | words[512 + Int(input[first + 2])] | words[768 + Int(input[first + 3])]
            invalid |= word
            unsafe output.storeBytes(of: word.littleEndian, toByteOffset: begin + group * 3, as: UInt32.self)
          }
        }
      }
    }
    decoded.removeLast()
    return invalid & Base64.invalidWord == 0
  }

  /// A digest in hexadecimal, in lower case, as it is always written.
  mutating func digest() throws(Unusual) -> TextDigest {
    let end = index + 1 + 2 * TextDigest.byteCount
    guard isNext(Self.quote), end < bytes.count, bytes[end] == Self.quote,
      !bytes[index + 1..<end].contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "F")).contains($0) }),
      let digest = TextDigest(hexadecimal: bytes[index + 1..<end])
    else { throw Unusual() }
    index = end + 1
    return digest
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
