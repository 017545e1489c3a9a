/// The form in which texts are compared for being the same: lower case, letters and digits only, single spaces.
///
/// It is part of what recorded decisions rest on; a change of it is a new resolution policy.
public enum NormalizedText {
  /// `text` in that form: case folded, marks of punctuation and spacing turned into single spaces, ends trimmed.
  public static func of(_ text: String) -> String {
    ascii(text) ?? unicode(text)
  }

  /// The form of a text of ASCII alone, without looking up what each character is; nil for other texts.
  static func ascii(_ text: String) -> String? {
    var result: [UInt8] = []
    result.reserveCapacity(text.utf8.count)
    var pendingSpace = false
    for byte in text.utf8 {
      switch byte {
      case 0x80...: return nil
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        if pendingSpace, !result.isEmpty { result.append(UInt8(ascii: " ")) }
        pendingSpace = false
        // Letters differ from their capitals in this bit, which digits have.
        result.append(byte | 0x20)
      case UInt8(ascii: "'"): break
      default: pendingSpace = true
      }
    }
    return result.isEmpty ? text.lowercased() : String(decoding: result, as: UTF8.self)
  }

  /// The form of any text.
  static func unicode(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var pendingSpace = false
    for scalar in text.lowercased().unicodeScalars {
      let properties = scalar.properties
      if properties.isAlphabetic || properties.numericType != nil || properties.generalCategory == .nonspacingMark {
        if pendingSpace, !result.isEmpty { result.append(" ") }
        pendingSpace = false
        result.append(scalar)
      } else if scalar != "'" && scalar != "\u{2019}" {
        pendingSpace = true
      }
    }
    // A text of symbols alone is still itself.
    return result.isEmpty ? text.lowercased() : String(result)
  }
}
