import MnemeCore

/// The number of a word that the rules know; 0 for every other word.
typealias WordID = UInt16

/// The words that the rules know: their numbers and their traits.
struct Lexicon: Sendable {
  private var ids: [UInt64: WordID] = [:]
  private var traits: [WordTraits] = [[]]
  /// Each word, by its number; the first one is none.
  private(set) var spellings: [String] = [""]

  /// The lexicon of the word lists alone; patterns add theirs.
  init() {
    for (trait, words) in WordLists.all {
      for word in words.split(whereSeparator: \.isWhitespace) { add(String(word), trait) }
    }
    for (category, words) in CategoryWords.all {
      guard let index = Category.all.firstIndex(of: category) else { continue }
      for word in words.split(whereSeparator: \.isWhitespace) { add(String(word), .category(index)) }
    }
  }

  /// Takes a word in, with traits beside those that it has, and returns its number.
  @discardableResult
  mutating func add(_ word: String, _ newTraits: WordTraits = []) -> WordID {
    let key = Self.key(Array(word.utf8)[...])
    if let id = ids[key] {
      precondition(spellings[Int(id)] == word, "two words of the rules share a hash: \(word)")
      traits[Int(id)].formUnion(newTraits)
      return id
    }
    let id = WordID(traits.count)
    ids[key] = id
    traits.append(newTraits)
    spellings.append(word)
    return id
  }

  /// The number of a word, in any case of its ASCII letters; 0 where it is unknown.
  func id(of bytes: ArraySlice<UInt8>) -> WordID { ids[Self.key(bytes)] ?? 0 }

  /// The number of a lower-case word; 0 where it is unknown.
  func id(of word: String) -> WordID { id(of: Array(word.utf8)[...]) }

  /// The traits of word number `id`.
  func traits(of id: WordID) -> WordTraits { traits[Int(id)] }

  /// FNV-1a, 64 bits, over the bytes with ASCII letters in lower case. An unknown word of a text that shares the hash
  /// of a known one would merely be taken for it.
  private static func key(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes {
      hash = (hash ^ UInt64(ASCII.lowercased(byte))) &* 0x100_0000_01b3
    }
    return hash
  }
}

/// Classes of bytes.
enum ASCII {
  static func isUpper(_ byte: UInt8) -> Bool { byte >= 65 && byte <= 90 }
  static func isLetter(_ byte: UInt8) -> Bool { isUpper(byte) || (byte >= 97 && byte <= 122) }
  static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
  static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (byte >= 9 && byte <= 13) }
  static func lowercased(_ byte: UInt8) -> UInt8 { isUpper(byte) ? byte | 0x20 : byte }
}
