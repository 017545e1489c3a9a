/// The form in which texts are compared for being the same: lower case, letters and digits only, single spaces.
///
/// It is part of what recorded decisions rest on; a change of it is a new resolution policy.
public enum NormalizedText {
  /// `text` in that form: case folded, marks of punctuation and spacing turned into single spaces, ends trimmed.
  public static func of(_ text: String) -> String {
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
