/// A language whose words are stemmed.
///
/// Those in Latin script are told apart by the words of a text (`detect`), the others by the script of a word
/// (`script`). Whatever is neither counts as English.
package enum TextLanguage: UInt8, CaseIterable, Sendable {
  case english
  case spanish
  case french
  case german
  case portuguese
  case italian
  case dutch
  case swedish
  case norwegian
  case danish
  case finnish
  case hungarian
  case romanian
  case turkish
  case catalan

  case russian
  case greek
  case arabic
  case hindi
  case tamil
  case armenian

  /// Those in Latin script but for English.
  package static let otherLatin: [TextLanguage] = [
    .spanish, .french, .german, .portuguese, .italian, .dutch, .swedish, .norwegian, .danish, .finnish, .hungarian,
    .romanian, .turkish, .catalan,
  ]

  /// Those whose script tells them.
  package static let scripted: [TextLanguage] = [.russian, .greek, .arabic, .hindi, .tamil, .armenian]

  /// ISO 639-1.
  package var code: StaticString {
    switch self {
    case .english: "en"
    case .spanish: "es"
    case .french: "fr"
    case .german: "de"
    case .portuguese: "pt"
    case .italian: "it"
    case .dutch: "nl"
    case .swedish: "sv"
    case .norwegian: "no"
    case .danish: "da"
    case .finnish: "fi"
    case .hungarian: "hu"
    case .romanian: "ro"
    case .turkish: "tr"
    case .catalan: "ca"
    case .russian: "ru"
    case .greek: "el"
    case .arabic: "ar"
    case .hindi: "hi"
    case .tamil: "ta"
    case .armenian: "hy"
    }
  }

  /// The language of a word in lower case, where all of its characters are of a script that tells it; nil elsewhere.
  /// Words in Cyrillic with letters that Russian lacks are of none.
  package static func script(_ word: UnsafeRawBufferPointer) -> TextLanguage? {
    // Two or three bytes of UTF-8 for each character; nearly every word is told by its first one.
    guard let first = unsafe word.first, (0xCD...0xE0).contains(first) else { return nil }
    var found: TextLanguage?
    var index = 0
    while index < word.count {
      let byte = unsafe word[index]
      let length = byte == 0xE0 ? 3 : 2
      guard (0xC0...0xE0).contains(byte), index + length <= word.count else { return nil }
      var scalar = UInt32(byte & 0x1F)
      for offset in 1..<length { scalar = unsafe scalar << 6 | UInt32(word[index + offset] & 0x3F) }
      guard let language = language(of: scalar), found == nil || found == language else { return nil }
      found = language
      index += length
    }
    return found
  }

  private static func language(of scalar: UInt32) -> TextLanguage? {
    switch scalar {
    case 0x0370...0x03FF: .greek
    case 0x0430...0x044F, 0x0451: .russian
    case 0x0531...0x0587: .armenian
    case 0x0620...0x065F, 0x066E...0x06D3: .arabic
    case 0x0900...0x097F: .hindi
    case 0x0B80...0x0BFF: .tamil
    default: nil
    }
  }
}
