import GRDB

/// Makes the terms of the keyword index.
///
/// Words are split, folded and stemmed as FTS5's `porter unicode61 remove_diacritics 2` does. Each word is stored
/// together with
/// whose it is, as `word|tenant|owner`, so that looking a word up touches one owner's postings, and its statistics are
/// one owner's: neither the time nor the score of a search depends on what others store.
struct KeywordIndex {
  private let tokenizer: any FTS5Tokenizer

  /// Longest word that is indexed, in bytes of UTF-8; longer ones are cut off.
  static let maxWordByteCount = 64

  /// The index of `database`.
  init(_ database: Database) throws {
    tokenizer = try database.makeTokenizer(
      FTS5TokenizerDescriptor(components: ["porter", "unicode61", "remove_diacritics", "2"]))
  }

  /// The words of `text`, repeated as often as they occur.
  func words(of text: String) throws -> [[UInt8]] {
    var words = IndexedWords(suffix: [])
    try tokenize(text, into: &words)
    var start = 0
    return words.ends.map { end in
      defer { start = end }
      return Array(words.bytes[start..<end])
    }
  }

  private func tokenize(_ text: String, into words: inout IndexedWords) throws {
    var text = text
    try text.withUTF8 { try unsafe tokenize(UnsafeRawBufferPointer($0), into: &words) }
  }

  private func tokenize(_ text: UnsafeRawBufferPointer, into words: inout IndexedWords) throws {
    guard let start = text.baseAddress else { return }
    let code = unsafe withUnsafeMutablePointer(to: &words) { words in
      // The tokenizer calls back before it returns, while the words are there.
      unsafe tokenizer.tokenize(
        context: UnsafeMutableRawPointer(words), tokenization: .document,
        pText: start.assumingMemoryBound(to: CChar.self), nText: CInt(text.count), tokenCallback: collectWord)
    }
    guard code == 0 else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
  }

  /// What stands behind each word in a term of `owner`'s, and what parts it from the next one.
  static func suffix(tenant: Int64, owner: Int64) -> [UInt8] { Array("|\(tenant)|\(owner) ".utf8) }

  /// The text that FTS5 is to index for `text` of an owner, and how many words that are.
  func document(of text: String, suffix: [UInt8]) throws -> (terms: [UInt8], count: Int) {
    var words = IndexedWords(suffix: suffix)
    try tokenize(text, into: &words)
    return (words.bytes, words.ends.count)
  }

  /// Puts that text behind `terms`, for a text in UTF-8; returns how many words that are.
  func append(_ text: UnsafeRawBufferPointer, suffix: [UInt8], to terms: inout [UInt8]) throws -> Int {
    var words = IndexedWords(suffix: suffix)
    swap(&words.bytes, &terms)
    defer { swap(&words.bytes, &terms) }
    try unsafe tokenize(text, into: &words)
    return words.ends.count
  }

  /// The term of `word` for one owner.
  static func term(_ word: [UInt8], tenant: Int64, owner: Int64) -> String {
    String(decoding: word, as: UTF8.self) + "|\(tenant)|\(owner)"
  }

  /// The terms of `word` for all owners of a tenant: from the first, up to and without the second.
  static func terms(_ word: [UInt8], tenant: Int64) -> (first: String, end: String) {
    // '}' follows '|' in ASCII.
    (String(decoding: word, as: UTF8.self) + "|\(tenant)|", String(decoding: word, as: UTF8.self) + "|\(tenant)}")
  }

  /// Takes back what `insert` was given: an index without content has to be told.
  static func remove(_ database: Database, _ memory: Int64, terms: String) throws {
    let statement = try database.cachedStatement(
      sql: "INSERT INTO keywords (keywords, rowid, terms) VALUES ('delete', ?, ?)")
    statement.setUncheckedArguments([memory, terms])
    try statement.execute()
  }
}

/// Words one after the other, each with the same bytes behind it.
private struct IndexedWords {
  var bytes: [UInt8] = []
  /// Where each word with its suffix ends.
  private(set) var ends: [Int] = []
  private let suffix: [UInt8]

  init(suffix: [UInt8]) { self.suffix = suffix }

  mutating func add(_ word: UnsafeRawBufferPointer) {
    // Cut at the beginning of a character.
    var count = word.count
    if count > KeywordIndex.maxWordByteCount {
      count = KeywordIndex.maxWordByteCount
      while count > 0, unsafe word[count] & 0xC0 == 0x80 { count -= 1 }
    }
    unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: word[..<count]))
    bytes.append(contentsOf: suffix)
    ends.append(bytes.count)
  }
}

/// Called by the tokenizer for each word.
private func collectWord(
  _ context: UnsafeMutableRawPointer?, _ flags: CInt, _ token: UnsafePointer<CChar>?, _ count: CInt, _ start: CInt,
  _ end: CInt
) -> CInt {
  guard let context = unsafe context, let token = unsafe token else { return 0 }
  // It is what `tokenize` gave, and nobody else touches it meanwhile.
  unsafe context.assumingMemoryBound(to: IndexedWords.self).pointee
    .add(UnsafeRawBufferPointer(start: token, count: Int(count)))
  return 0
}
