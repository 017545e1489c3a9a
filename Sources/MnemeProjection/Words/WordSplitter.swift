import GRDB

/// Splits texts into words, as FTS5's `unicode61` does. Scripts that put no spaces between words become pairs of
/// characters that overlap: "東京都" is "東京" and "京都" (Lucene's CJK analyzer does the same).
struct WordSplitter {
  private let tokenizer: any FTS5Tokenizer

  /// Longest word that counts, in bytes of UTF-8; longer ones are cut off.
  static let maxWordByteCount = 64

  /// What becomes of a word.
  enum Form {
    /// Without marks on its letters, and stemmed by Porter's rules for English.
    case english
    /// Without marks on its letters.
    case bare
    /// In lower case.
    case whole
  }

  /// A splitter, by way of `database`. It is the same for all. `joinsMarks` where marks that stand beside letters are
  /// part of a word, as the vowels of Hindi are: by itself `unicode61` parts words there.
  init(_ database: Database, _ form: Form, joinsMarks: Bool = false) throws {
    var components: [String] =
      switch form {
      case .english: ["porter", "unicode61", "remove_diacritics", "2"]
      case .bare: ["unicode61", "remove_diacritics", "2"]
      case .whole: ["unicode61", "remove_diacritics", "0"]
      }
    // The selector by which an emoji is shown in colours is a mark as well.
    if joinsMarks { components += ["categories", "L* N* Co Mn Mc", "separators", "\u{FE0F}"] }
    tokenizer = try database.makeTokenizer(FTS5TokenizerDescriptor(components: components))
  }

  /// Whether `text` is of a script whose words `joinsMarks` is for: those of India from Devanagari to Sinhala, and
  /// Arabic.
  static func hasMarks(_ text: UnsafeRawBufferPointer) -> Bool {
    var isAfterE0 = false
    for index in 0..<text.count {
      let byte = unsafe text[index]
      guard byte >= 0x80 else { continue }
      if (0xD8...0xDB).contains(byte) || (isAfterE0 && (0xA4...0xB7).contains(byte)) { return true }
      isAfterE0 = byte == 0xE0
    }
    return false
  }

  /// Calls `body` with each word of `text`, in order, repeated as often as it occurs.
  func forEachWord(of text: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) throws {
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
    if count > WordSplitter.maxWordByteCount {
      count = WordSplitter.maxWordByteCount
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
