import Crypto
public import FoundationEssentials

/// Ids that follow from what they name, so that doing the same work twice gives the same id.
public enum Derivation {
  /// Namespace of every id that Mneme derives.
  public static let namespace = UUID(uuidString: "6d6e656d-6500-4e53-8000-000000000001")!

  /// UUID version 5 (RFC 9562, section 5.5) of the parts, joined by U+001F, in Mneme's namespace.
  public static func uuid(_ parts: String...) -> UUID { uuid(parts) }

  /// The same of parts in a list.
  public static func uuid(_ parts: [String]) -> UUID {
    var hash = Insecure.SHA1()
    let space = namespace.uuid
    hash.update(data: [
      space.0, space.1, space.2, space.3, space.4, space.5, space.6, space.7,
      space.8, space.9, space.10, space.11, space.12, space.13, space.14, space.15,
    ])
    hash.update(data: Array(parts.joined(separator: "\u{1f}").utf8))
    var bytes = Array(hash.finalize())
    bytes[6] = bytes[6] & 0x0f | 0x50
    bytes[8] = bytes[8] & 0x3f | 0x80
    return UUID(
      uuid: (
        bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
        bytes[8], bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]
      ))
  }

  /// SHA-256 of the text's UTF-8, in hexadecimal.
  public static func sha256(_ text: String) -> String {
    hexadecimal(SHA256.hash(data: Array(text.utf8)))
  }

  /// Two lower-case hexadecimal digits for each byte.
  public static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}

extension UUID {
  /// The id in lower case, as it appears in every output.
  public var text: String { self.uuidString.lowercased() }
}
