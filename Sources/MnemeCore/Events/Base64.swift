/// The digits of base64.
enum Base64 {
  /// Set in the value of what is no digit.
  static let invalid: UInt8 = 0x80
  /// The value of each byte.
  static let values: [UInt8] = {
    var values = [UInt8](repeating: invalid, count: 256)
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (value, digit) in digits.utf8.enumerated() { values[Int(digit)] = UInt8(value) }
    return values
  }()

  /// Set in the word of what is no digit.
  static let invalidWord: UInt32 = 0x8000_0000
  /// What each byte contributes to three bytes, least significant first, at the first, second, third and fourth place
  /// of a group: 256 words each.
  static let words: [UInt32] = {
    var words = [UInt32](repeating: invalidWord, count: 4 * 256)
    for (byte, value) in values.enumerated() where value & invalid == 0 {
      let value = UInt32(value)
      words[byte] = value << 2
      words[256 + byte] = value >> 4 | (value & 0x0f) << 12
      words[512 + byte] = (value >> 2) << 8 | (value & 0x03) << 22
      words[768 + byte] = value << 16
    }
    return words
  }()
}
