import FoundationEssentials
import MnemeCore

/// SHA-256 of a memory's words, by which a vector tells what it belongs to.
enum TextHash {
  /// Bytes of a hash.
  static let byteCount = 32

  /// The hash of `text`.
  static func of(_ text: String) -> Data {
    guard let hash = bytes(hexadecimal: Derivation.sha256(text)) else {
      preconditionFailure("SHA-256 in hexadecimal has 64 digits")
    }
    return hash
  }

  /// The hash of 64 hexadecimal digits; nil for anything else.
  static func bytes(hexadecimal text: String) -> Data? {
    var bytes = Data(capacity: byteCount)
    var high: UInt8?
    for digit in text.utf8 {
      guard let value = nibble(digit) else { return nil }
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return high == nil && bytes.count == byteCount ? bytes : nil
  }

  private static func nibble(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
