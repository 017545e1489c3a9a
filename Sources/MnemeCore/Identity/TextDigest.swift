import Crypto
package import FoundationEssentials

/// SHA-256 of a text's UTF-8, by which a vector tells what it belongs to.
package struct TextDigest: Hashable, Sendable {
  /// Bytes of a digest.
  package static let byteCount = 32

  private var first: UInt64 = 0
  private var second: UInt64 = 0
  private var third: UInt64 = 0
  private var fourth: UInt64 = 0

  private init() {}

  /// The digest of `text`.
  package init(of text: String) {
    var text = text
    self = text.withUTF8 { unsafe TextDigest(of: UnsafeRawBufferPointer($0)) }
  }

  /// The digest of a text in UTF-8.
  package init(of text: UnsafeRawBufferPointer) {
    var hash = SHA256()
    unsafe hash.update(bufferPointer: text)
    self.init()
    // A digest has 32 bytes, as this has.
    unsafe hash.finalize().withUnsafeBytes { digest in
      unsafe withUnsafeMutableBytes(of: &self) { unsafe $0.copyMemory(from: digest) }
    }
  }

  /// The digest whose bytes these are; nil where they are not 32.
  package init?(bytes: Data) {
    guard bytes.count == Self.byteCount else { return nil }
    self.init()
    unsafe withUnsafeMutableBytes(of: &self) { target in _ = unsafe bytes.copyBytes(to: target) }
  }

  /// The digest of 64 hexadecimal digits; nil for anything else.
  package init?(hexadecimal digits: some Collection<UInt8>) {
    guard digits.count == 2 * Self.byteCount else { return nil }
    self.init()
    var isValid = true
    unsafe withUnsafeMutableBytes(of: &self) { target in
      for (index, digit) in digits.enumerated() {
        guard let value = CanonicalScanner.nibble(digit) else {
          isValid = false
          return
        }
        unsafe target[index / 2] = unsafe target[index / 2] << 4 | value
      }
    }
    guard isValid else { return nil }
  }

  /// Its bytes.
  package var data: Data { unsafe withUnsafeBytes(of: self) { unsafe Data($0) } }
}
