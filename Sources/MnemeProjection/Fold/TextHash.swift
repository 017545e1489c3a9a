import FoundationEssentials
import MnemeCore

/// SHA-256 of a memory's words, by which a vector tells what it belongs to.
enum TextHash {
  /// Bytes of a hash.
  static let byteCount = 32

  /// The hash of `text`.
  static func of(_ text: String) -> Data {
    Data(Derivation.sha256Bytes(text))
  }

  /// The hash of 64 hexadecimal digits; nil for anything else.
  static func bytes(hexadecimal text: String) -> Data? {
    guard text.utf8.count == byteCount * 2 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(byteCount)
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
    return Data(bytes)
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
