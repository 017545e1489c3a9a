import GRDB
import Synchronization

/// Splits texts into the words by which searches compare them.
///
/// Words are split, folded and stemmed as FTS5's `porter unicode61 remove_diacritics 2` does. Scripts that put no
/// spaces between words become pairs of characters that overlap: "東京都" is "東京" and "京都" (Lucene's CJK analyzer
/// does the same).
struct WordTokenizer {
  private let tokenizer: any FTS5Tokenizer

  /// Longest word that counts, in bytes of UTF-8; longer ones are cut off.
  static let maxWordByteCount = 64

  /// The tokenizer, by way of `database`. It is the same for all.
  init(_ database: Database) throws {
    tokenizer = try database.makeTokenizer(
      FTS5TokenizerDescriptor(components: ["porter", "unicode61", "remove_diacritics", "2"]))
  }

  /// The words of `text`, repeated as often as they occur.
  func words(of text: String) throws -> [[UInt8]] {
    var words: [[UInt8]] = []
    try unsafe forEachWord(of: text) { word in unsafe words.append(Array(word)) }
    return words
  }

  /// The keys of the words of `text`.
  func keys(of text: String) throws -> WordKeys {
    var keys: [UInt32] = []
    try unsafe forEachWord(of: text) { word in unsafe keys.append(WordKeys.key(of: word)) }
    return WordKeys(keys)
  }

  /// The same, for a text in UTF-8.
  func keys(of text: UnsafeRawBufferPointer) throws -> WordKeys {
    var keys: [UInt32] = []
    try unsafe forEachWord(of: text) { word in unsafe keys.append(WordKeys.key(of: word)) }
    return WordKeys(keys)
  }

  /// The keys of the different words of `text`, in the order in which they come first.
  func distinctKeys(of text: String) throws -> [UInt32] {
    var text = text
    return try text.withUTF8 { try unsafe distinctKeys(of: UnsafeRawBufferPointer($0)) }
  }

  /// The same, for a text in UTF-8.
  func distinctKeys(of text: UnsafeRawBufferPointer) throws -> [UInt32] {
    var (keys, seen): ([UInt32], Set<UInt32>) = ([], [])
    try unsafe forEachWord(of: text) { word in
      let key = unsafe WordKeys.key(of: word)
      if seen.insert(key).inserted { keys.append(key) }
    }
    return keys
  }

  private func forEachWord(of text: String, _ body: (UnsafeRawBufferPointer) -> Void) throws {
    var text = text
    try text.withUTF8 { try unsafe forEachWord(of: UnsafeRawBufferPointer($0), body) }
  }

  private func forEachWord(of text: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) throws {
    guard let start = text.baseAddress else { return }
    let code = unsafe withoutActuallyEscaping(body) { body in
      var receiver = unsafe WordReceiver(body: body)
      return unsafe withUnsafeMutablePointer(to: &receiver) { receiver in
        // The tokenizer calls back before it returns, while the receiver is there.
        unsafe tokenizer.tokenize(
          context: UnsafeMutableRawPointer(receiver), tokenization: .document,
          pText: start.assumingMemoryBound(to: CChar.self), nText: CInt(text.count), tokenCallback: receiveWord)
      }
    }
    guard code == 0 else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
  }
}

/// Tokenizers between two texts: making one takes longer than a question's words. They are the same whatever database
/// they came by, and need it no more.
final class IdleTokenizers: Sendable {
  /// At any time one thread has it: whoever takes it out.
  private struct Idle: @unchecked Sendable {
    let tokenizer: WordTokenizer
  }

  /// Those of this process.
  static let shared = IdleTokenizers()

  /// Tokenizers that wait, at most.
  private static let maxCount = 64

  private let idle = Mutex<[Idle]>([])

  /// The words of `text`, as `WordTokenizer` has them.
  func words(of text: String, _ database: Database) throws -> [[UInt8]] {
    let taken = try self.idle.withLock { $0.popLast() } ?? Idle(tokenizer: try WordTokenizer(database))
    let words = try taken.tokenizer.words(of: text)
    self.idle.withLock { if $0.count < Self.maxCount { $0.append(taken) } }
    return words
  }
}

/// Whom the tokenizer tells its words.
@unsafe private struct WordReceiver {
  let body: (UnsafeRawBufferPointer) -> Void

  func receive(_ word: UnsafeRawBufferPointer) {
    // All characters of scripts without spaces begin with 0xE0 or above.
    guard unsafe word.contains(where: { $0 >= 0xE0 }) else { return unsafe body(Self.cut(word)) }
    var start = 0
    while start < word.count {
      let isUnspaced = unsafe Script.isUnspaced(word, at: start)
      var ends: [Int] = []
      var end = start
      while end < word.count, unsafe Script.isUnspaced(word, at: end) == isUnspaced {
        unsafe end += Script.length(word, at: end)
        ends.append(end)
      }
      if isUnspaced, ends.count > 1 {
        var first = start
        for index in 1..<ends.count {
          unsafe body(UnsafeRawBufferPointer(rebasing: word[first..<ends[index]]))
          first = ends[index - 1]
        }
      } else {
        unsafe body(Self.cut(UnsafeRawBufferPointer(rebasing: word[start..<end])))
      }
      start = end
    }
  }

  /// The word, cut at the beginning of a character where it is too long.
  private static func cut(_ word: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var count = word.count
    if count > WordTokenizer.maxWordByteCount {
      count = WordTokenizer.maxWordByteCount
      while count > 0, unsafe word[count] & 0xC0 == 0x80 { count -= 1 }
    }
    return unsafe UnsafeRawBufferPointer(rebasing: word[..<count])
  }
}

/// Characters of a text in UTF-8.
private enum Script {
  /// Bytes of the character that begins at `index`, as far as there are so many.
  static func length(_ text: UnsafeRawBufferPointer, at index: Int) -> Int {
    let length =
      switch unsafe text[index] {
      case ..<0xC0: 1
      case ..<0xE0: 2
      case ..<0xF0: 3
      default: 4
      }
    return min(length, text.count - index)
  }

  /// Whether the character that begins at `index` is of a script that puts no spaces between words, or where particles
  /// stand on words: Thai, Lao, Burmese, Khmer, kana, Hangul, Han.
  static func isUnspaced(_ text: UnsafeRawBufferPointer, at index: Int) -> Bool {
    let length = unsafe length(text, at: index)
    guard length >= 3 else { return false }
    var scalar = UInt32(unsafe text[index]) & (length == 3 ? 0x0F : 0x07)
    for offset in 1..<length { scalar = unsafe scalar << 6 | UInt32(text[index + offset] & 0x3F) }
    return switch scalar {
    case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
      0xAC00...0xD7AF, 0xF900...0xFAFF, 0x20000...0x3134F:
      true
    default: false
    }
  }
}

/// Called by the tokenizer for each word.
private func receiveWord(
  _ context: UnsafeMutableRawPointer?, _ flags: CInt, _ token: UnsafePointer<CChar>?, _ count: CInt, _ start: CInt,
  _ end: CInt
) -> CInt {
  guard let context = unsafe context, let token = unsafe token else { return 0 }
  // It is what `forEachWord` gave, and nobody else touches it meanwhile.
  unsafe context.assumingMemoryBound(to: WordReceiver.self).pointee
    .receive(UnsafeRawBufferPointer(start: token, count: Int(count)))
  return 0
}
