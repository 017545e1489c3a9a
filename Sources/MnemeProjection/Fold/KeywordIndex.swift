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
    let collector = WordCollector(suffix: [])
    try tokenize(text, into: collector)
    var start = 0
    return collector.ends.map { end in
      defer { start = end }
      return Array(collector.bytes[start..<end])
    }
  }

  private func tokenize(_ text: String, into collector: WordCollector) throws {
    let bytes = ContiguousArray(text.utf8)
    guard !bytes.isEmpty else { return }
    let code = unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe buffer.withMemoryRebound(to: CChar.self) { characters in
        // The tokenizer calls back before it returns, while the collector is alive.
        unsafe tokenizer.tokenize(
          context: Unmanaged.passUnretained(collector).toOpaque(), tokenization: .document,
          pText: characters.baseAddress, nText: CInt(characters.count), tokenCallback: collectWord)
      }
    }
    guard code == 0 else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
  }

  /// The text that FTS5 is to index for `text` of `owner`, and how many words that are.
  func document(of text: String, tenant: Int64, owner: Int64) throws -> (terms: [UInt8], count: Int) {
    let collector = WordCollector(suffix: Array("|\(tenant)|\(owner) ".utf8))
    try tokenize(text, into: collector)
    return (collector.bytes, collector.ends.count)
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
private final class WordCollector {
  private(set) var bytes: [UInt8] = []
  /// Where each word with its suffix ends.
  private(set) var ends: [Int] = []
  private let suffix: [UInt8]

  init(suffix: [UInt8]) { self.suffix = suffix }

  func add(_ bytes: UnsafeBufferPointer<UInt8>) {
    // Cut at the beginning of a character.
    var count = bytes.count
    if count > KeywordIndex.maxWordByteCount {
      count = KeywordIndex.maxWordByteCount
      while count > 0, unsafe bytes[count] & 0xC0 == 0x80 { count -= 1 }
    }
    unsafe self.bytes.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[..<count]))
    self.bytes.append(contentsOf: suffix)
    ends.append(self.bytes.count)
  }
}

/// Called by the tokenizer for each word.
private func collectWord(
  _ context: UnsafeMutableRawPointer?, _ flags: CInt, _ token: UnsafePointer<CChar>?, _ count: CInt, _ start: CInt,
  _ end: CInt
) -> CInt {
  guard let context = unsafe context, let token = unsafe token else { return 0 }
  let collector = unsafe Unmanaged<WordCollector>.fromOpaque(context).takeUnretainedValue()
  unsafe token.withMemoryRebound(to: UInt8.self, capacity: Int(count)) {
    unsafe collector.add(UnsafeBufferPointer(start: $0, count: Int(count)))
  }
  return 0
}
