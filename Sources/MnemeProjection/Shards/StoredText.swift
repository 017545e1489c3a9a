import MnemeCore

/// Text in a form that SQLite keeps whole: it ends texts at U+0000.
enum StoredText {
  // Noncharacters, which hardly any text holds and no literal may.
  private static let escape = Unicode.Scalar(0xFDD0 as UInt32)!
  private static let escapedNull = Unicode.Scalar(0xFDD1 as UInt32)!

  /// `text` without U+0000: it becomes U+FDD0 U+FDD1, and U+FDD0 itself becomes two.
  static func encode(_ text: String) -> String {
    let isPlain = unsafe text.utf8.withContiguousStorageIfAvailable { bytes in
      var isPlain = true
      for index in bytes.indices where unsafe bytes[index] == 0 || bytes[index] == 0xEF { isPlain = false }
      return isPlain
    }
    guard isPlain != true else { return text }
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if scalar == "\0" {
        scalars.append(escape)
        scalars.append(escapedNull)
      } else {
        scalars.append(scalar)
        if scalar == escape { scalars.append(escape) }
      }
    }
    return String(scalars)
  }

  /// Whether each of the sketch's texts is stored as it stands there.
  static func isSame(_ sketch: ResolvedSketch) -> Bool { !sketch.mayHold(0) && !sketch.mayHold(0xEF) }

  /// What `encode` was given.
  static func decode(_ text: String) -> String {
    guard text.utf8.contains(0xEF) else { return text }
    var scalars = String.UnicodeScalarView()
    var isEscaped = false
    for scalar in text.unicodeScalars {
      if isEscaped {
        scalars.append(scalar == escapedNull ? "\0" : scalar)
        isEscaped = false
      } else if scalar == escape {
        isEscaped = true
      } else {
        scalars.append(scalar)
      }
    }
    return String(scalars)
  }
}
