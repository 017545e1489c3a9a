import Crypto

extension Derivation {
  /// SHA-256 of the text's UTF-8: 32 bytes, those that `sha256(_:)` writes in hexadecimal.
  public static func sha256Bytes(_ text: String) -> [UInt8] {
    var hash = SHA256()
    var text = text
    text.withUTF8 { unsafe hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
    return Array(hash.finalize())
  }
}
