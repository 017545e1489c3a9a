import MnemeCore

/// Text in a form that SQLite keeps whole: it ends texts at U+0000. Compared by their bytes, and searched for parts,
/// stored texts say what the texts themselves would.
///
/// U+0000 … U+0003 become three control characters each, of which the first stands nowhere else and the others behind
/// it only: so a part is never found across two of them, and all that is above them stays above.
enum StoredText {
  private static let escape: UInt8 = 1
  /// The last character that is not stored as it stands.
  private static let lastEscaped: UInt8 = 3
  private static let codes: [[UInt8]] = [[1, 2, 2], [1, 2, 3], [1, 3, 2], [1, 3, 3]]

  /// `text` without U+0000.
  static func encode(_ text: String) -> String {
    let isPlain = unsafe text.utf8.withContiguousStorageIfAvailable { bytes in
      var isPlain = true
      for index in bytes.indices where unsafe bytes[index] <= lastEscaped { isPlain = false }
      return isPlain
    }
    guard isPlain != true else { return text }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count + 8)
    for byte in text.utf8 {
      if byte <= lastEscaped { bytes += codes[Int(byte)] } else { bytes.append(byte) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Whether each of the sketch's texts is stored as it stands there.
  static func isSame(_ sketch: ResolvedSketch) -> Bool { (0...lastEscaped).allSatisfy { !sketch.mayHold($0) } }

  /// What `encode` was given.
  static func decode(_ text: String) -> String {
    guard text.utf8.contains(escape) else { return text }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var code: [UInt8] = []
    for byte in text.utf8 {
      guard byte == escape || !code.isEmpty else {
        bytes.append(byte)
        continue
      }
      code.append(byte)
      guard code.count == codes[0].count else { continue }
      if let character = codes.firstIndex(of: code) { bytes.append(UInt8(character)) }
      code = []
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
