import Foundation
import GRDB
import MnemeCore
import Synchronization

/// Splits texts into the words by which searches compare them, and gives each of them a key.
///
/// Words are split by `WordSplitter`. Those of a text in English are folded and stemmed as FTS5's
/// `porter unicode61 remove_diacritics 2` does. Those of a text in another language of Latin script are stemmed by
/// Snowball's rules for it, and then folded likewise; their keys are tagged with the language, so that stems of two
/// languages never meet. Words of scripts that tell the language are stemmed wherever they stand.
///
/// One thread at a time may use it.
final class WordTokenizer {
  private let parts: TokenizerParts

  /// A tokenizer, by way of `database`. It is the same for all.
  init(_ database: Database) throws {
    parts = try IdleTokenizers.shared.take(database)
  }

  deinit { IdleTokenizers.shared.give(parts) }

  /// The keys of the words of `text`.
  func keys(of text: String) throws -> WordKeys {
    var text = text
    return try text.withUTF8 { try unsafe keys(of: UnsafeRawBufferPointer($0)) }
  }

  /// The same, for a text in UTF-8.
  func keys(of text: UnsafeRawBufferPointer) throws -> WordKeys {
    var keys: [UInt32] = []
    try unsafe forEachKey(of: text, in: TextLanguage.detect(text)) { keys.append($0) }
    return WordKeys(keys)
  }

  /// The keys of the different words of `text` in the order in which they come first, without the stop words of its
  /// language.
  func tellingKeys(of text: String) throws -> [UInt32] {
    var text = text
    return try text.withUTF8 { try unsafe tellingKeys(of: UnsafeRawBufferPointer($0)) }
  }

  /// The same, for a text in UTF-8.
  func tellingKeys(of text: UnsafeRawBufferPointer) throws -> [UInt32] {
    let language = unsafe TextLanguage.detect(text)
    let stopWords = try StopWords.shared(self).keys(of: language)
    var (keys, seen): ([UInt32], Set<UInt32>) = ([], [])
    try unsafe forEachKey(of: text, in: language) { key in
      if !stopWords.contains(key), seen.insert(key).inserted { keys.append(key) }
    }
    return keys
  }

  /// Calls `body` with the key of each word of a text that is in `language`, where that is one of Latin script.
  func forEachKey(
    of text: UnsafeRawBufferPointer, in language: TextLanguage, _ body: (UInt32) -> Void
  ) throws {
    let joinsMarks = unsafe WordSplitter.hasMarks(text)
    guard language != .english else {
      return try unsafe parts.english(joinsMarks).forEachWord(of: text) { word in
        unsafe body(parts.key(english: word))
      }
    }
    var failure: (any Error)?
    try unsafe parts.whole(joinsMarks).forEachWord(of: text) { word in
      do { try unsafe body(parts.key(word, in: language)) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// A word of a question.
  struct AskedWord {
    /// As texts in English have it.
    let english: [UInt8]
    /// Key of that.
    let englishKey: UInt32
    /// In lower case, with all its marks.
    fileprivate let whole: [UInt8]
  }

  /// The words of a question, repeated as often as they occur.
  func askedWords(of text: String) throws -> [AskedWord] {
    var text = text
    return try text.withUTF8 { text in
      let text = UnsafeRawBufferPointer(text)
      let joinsMarks = unsafe WordSplitter.hasMarks(text)
      var english: [(word: [UInt8], key: UInt32)] = []
      try unsafe parts.english(joinsMarks).forEachWord(of: text) { word in
        unsafe english.append((Array(word), parts.key(english: word)))
      }
      var whole: [[UInt8]] = []
      try unsafe parts.whole(joinsMarks).forEachWord(of: text) { word in unsafe whole.append(Array(word)) }
      // Both part words at the same places.
      if english.count != whole.count { whole = english.map(\.word) }
      return zip(english, whole).map { AskedWord(english: $0.word, englishKey: $0.key, whole: $1) }
    }
  }

  /// The key that a word of a question has in texts of `language`.
  func key(of word: AskedWord, in language: TextLanguage) throws -> UInt32 {
    guard language != .english else { return word.englishKey }
    return try unsafe word.whole.withUnsafeBytes { try unsafe parts.key($0, in: language) }
  }

  /// The keys that a word of a question has in texts of all languages, that of English ones first.
  func keys(of word: AskedWord) throws -> [UInt32] {
    try [word.englishKey] + parts.otherKeys(of: word.whole)
  }
}

/// What a tokenizer works with.
private final class TokenizerParts {
  private let english: WordSplitter
  private let whole: WordSplitter
  private let bare: WordSplitter
  private let englishWithMarks: WordSplitter
  private let wholeWithMarks: WordSplitter
  /// Of words that questions had, their keys in the languages beside English: the same words come in most questions,
  /// and all those stems take longer than all else that is done with one.
  private var asked: [[UInt8]: [UInt32]] = [:]
  /// Words of questions that are remembered, at most; then all are forgotten. Two hundred bytes each.
  private static let maxAskedCount = 4096
  /// By the numbers of the languages.
  private var stemmers = [WordStemmer?](repeating: nil, count: TextLanguage.allCases.count)

  init(_ database: Database) throws {
    english = try WordSplitter(database, .english)
    whole = try WordSplitter(database, .whole)
    bare = try WordSplitter(database, .bare)
    englishWithMarks = try WordSplitter(database, .english, joinsMarks: true)
    wholeWithMarks = try WordSplitter(database, .whole, joinsMarks: true)
  }

  func english(_ joinsMarks: Bool) -> WordSplitter { joinsMarks ? englishWithMarks : english }

  func whole(_ joinsMarks: Bool) -> WordSplitter { joinsMarks ? wholeWithMarks : whole }

  private func stemmer(_ language: TextLanguage) -> WordStemmer {
    let place = Int(language.rawValue)
    if let known = stemmers[place] { return known }
    let made = WordStemmer(language)
    stemmers[place] = made
    return made
  }

  /// The key of a word that was folded and stemmed as English.
  func key(english word: UnsafeRawBufferPointer) -> UInt32 {
    guard let script = unsafe TextLanguage.script(word) else { return unsafe WordKeys.key(of: word) }
    return unsafe WordKeys.key(of: stemmer(script).stem(word))
  }

  /// Whether a word's key tells its language: it has a letter of Latin script.
  static func isTagged(_ word: UnsafeRawBufferPointer) -> Bool {
    unsafe word.contains { (0x61...0x7A).contains($0) || (0xC3...0xC9).contains($0) }
  }

  /// The keys that a word in lower case has in texts of languages of Latin script beside English; none where the
  /// language makes no difference.
  func otherKeys(of word: [UInt8]) throws -> [UInt32] {
    if let known = asked[word] { return known }
    let keys = try unsafe word.withUnsafeBytes { bytes in
      unsafe Self.isTagged(bytes) ? try TextLanguage.otherLatin.map { try unsafe key(bytes, in: $0) } : []
    }
    if asked.count >= Self.maxAskedCount { asked.removeAll(keepingCapacity: true) }
    asked[word] = keys
    return keys
  }

  /// The key that a word in lower case has in a text of `language`, which is not English.
  func key(_ word: UnsafeRawBufferPointer, in language: TextLanguage) throws -> UInt32 {
    if let script = unsafe TextLanguage.script(word) { return unsafe WordKeys.key(of: stemmer(script).stem(word)) }
    guard unsafe Self.isTagged(word) else { return try unsafe folded(word) { unsafe WordKeys.key(of: $0) } }
    return try unsafe composed(word, in: language) { word in
      try unsafe folded(stemmer(language).stem(word)) { unsafe WordKeys.key(of: $0, in: language) }
    }
  }

  /// Calls `body` with a word as Snowball's rules know its letters.
  private func composed<Value>(
    _ word: UnsafeRawBufferPointer, in language: TextLanguage, _ body: (UnsafeRawBufferPointer) throws -> Value
  ) rethrows -> Value {
    // Marks by themselves begin with 0xCC or 0xCD, İ is 0xC4 0xB0, ș and ț are 0xC8 0x99 and 0xC8 0x9B.
    guard unsafe word.contains(where: { $0 == 0xC4 || $0 == 0xC8 || $0 == 0xCC || $0 == 0xCD }) else {
      return try unsafe body(word)
    }
    var text = unsafe String(decoding: word, as: UTF8.self)
    text.replace("İ", with: "i")
    text = text.precomposedStringWithCanonicalMapping
    if language == .romanian {
      // With a cedilla, as they were written before Unicode told them from commas.
      text.replace("ș", with: "ş")
      text.replace("ț", with: "ţ")
    }
    return try text.withUTF8 { try unsafe body(UnsafeRawBufferPointer($0)) }
  }

  /// Calls `body` with a word without marks on its letters.
  private func folded(
    _ word: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> UInt32
  ) throws -> UInt32 {
    guard unsafe word.contains(where: { $0 >= 0x80 }) else { return unsafe body(word) }
    var key: UInt32?
    try unsafe bare.forEachWord(of: word) { bare in if key == nil { unsafe key = body(bare) } }
    return unsafe key ?? body(word)
  }
}

/// What tokenizers work with, between two of them: making it takes longer than a question's words. It is the same
/// whatever database it came by, and needs it no more.
private final class IdleTokenizers: Sendable {
  /// At any time one thread has it: whoever takes it out.
  private struct Idle: @unchecked Sendable {
    let parts: TokenizerParts
  }

  /// Those of this process.
  static let shared = IdleTokenizers()

  /// Tokenizers that wait, at most.
  private static let maxCount = 64

  private let idle = Mutex<[Idle]>([])

  func take(_ database: Database) throws -> TokenizerParts {
    if let idle = self.idle.withLock({ $0.popLast() }) { return idle.parts }
    return try TokenizerParts(database)
  }

  func give(_ parts: TokenizerParts) {
    let idle = Idle(parts: parts)
    self.idle.withLock { if $0.count < Self.maxCount { $0.append(idle) } }
  }
}
