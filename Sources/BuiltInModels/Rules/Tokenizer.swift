/// Cuts a message into words and marks in one pass over its bytes.
struct Tokenizer {
  /// Longest part of a message that is read, in bytes.
  static let maxBytes = 262_144
  /// Longest word; a longer one is cut, in bytes.
  static let maxWordBytes = 240

  private let bytes: [UInt8]
  private let lexicon: Lexicon
  private var tokens: [Token] = []
  private var index = 0

  private init(_ bytes: [UInt8], _ lexicon: Lexicon) {
    self.bytes = bytes
    self.lexicon = lexicon
  }

  /// The words and marks of the first `maxBytes` of `text`.
  static func tokenize(_ text: Substring, lexicon: Lexicon) -> TokenizedText {
    var bytes = Array(text.utf8.prefix(maxBytes + 1))
    if bytes.count > maxBytes {
      // A character that would be cut in two goes.
      var end = maxBytes
      while end > 0, bytes[end] & 0xc0 == 0x80 { end -= 1 }
      bytes.removeSubrange(end...)
    }
    var tokenizer = Tokenizer(bytes, lexicon)
    tokenizer.tokens.reserveCapacity(bytes.count / 4)
    tokenizer.run()
    return TokenizedText(bytes: bytes, tokens: tokenizer.tokens, isLowercase: tokenizer.hasNoCapitals)
  }

  private mutating func run() {
    var glue: Token.Shape = .startsLine
    while index < bytes.count {
      let byte = bytes[index]
      if ASCII.isSpace(byte) {
        if byte == 10 || byte == 13 { glue = .startsLine } else if glue != .startsLine { glue = [] }
        index += 1
        continue
      }
      let end = wordEnd(from: index)
      if end > index {
        appendWord(index..<end, glue)
      } else {
        appendMark(glue)
      }
      glue = .glued
    }
  }

  // MARK: Words

  /// Where the word that begins at `start` ends; `start` itself where none does.
  private func wordEnd(from start: Int) -> Int {
    var at = start
    var isAddress = false
    while at < bytes.count, at - start < Self.maxWordBytes {
      let byte = bytes[at]
      if ASCII.isLetter(byte) || ASCII.isDigit(byte) {
        at += 1
      } else if byte >= 0x80 {
        if apostropheLength(at) > 0, at > start, isLetter(at + 3) {
          at += 3
        } else if let length = letterLength(at) {
          at += length
        } else {
          break
        }
      } else if at > start, joins(byte, at: at, isAddress: isAddress) {
        isAddress = isAddress || byte == UInt8(ascii: "@")
        at += 1
      } else {
        break
      }
    }
    return at
  }

  /// Whether the mark at `at` belongs to the word around it: don't, gluten-free, 3.5, Node.js, a@b.org.
  private func joins(_ byte: UInt8, at: Int, isAddress: Bool) -> Bool {
    guard at + 1 < bytes.count else { return false }
    let next = bytes[at + 1]
    switch byte {
    case UInt8(ascii: "'"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "+"):
      return ASCII.isLetter(next) || ASCII.isDigit(next) || (next >= 0x80 && letterLength(at + 1) != nil)
    case UInt8(ascii: "."):
      return ASCII.isDigit(next) || (next >= 97 && next <= 122)
        || (isAddress && ASCII.isLetter(next)) || (ASCII.isUpper(next) && isInitial(before: at))
    case UInt8(ascii: ","), UInt8(ascii: ":"): return ASCII.isDigit(bytes[at - 1]) && ASCII.isDigit(next)
    case UInt8(ascii: "@"): return ASCII.isLetter(next) || ASCII.isDigit(next)
    default: return false
    }
  }

  private func isInitial(before at: Int) -> Bool {
    ASCII.isUpper(bytes[at - 1]) && (at < 2 || !ASCII.isLetter(bytes[at - 2]))
  }

  private func isLetter(_ at: Int) -> Bool { at < bytes.count && (ASCII.isLetter(bytes[at]) || bytes[at] >= 0xc3) }

  private mutating func appendWord(_ range: Range<Int>, _ glue: Token.Shape) {
    index = range.upperBound
    for part in Contractions.split(range, of: bytes) {
      let word = part.word.map { lexicon.id(of: $0) } ?? lexicon.id(of: bytes[part.range])
      var shape: Token.Shape = part.range.lowerBound == range.lowerBound ? glue : .glued
      let first = bytes[part.range.lowerBound]
      if ASCII.isUpper(first) { shape.insert(.capitalized) }
      if ASCII.isDigit(first) { shape.insert(.digits) }
      if first >= 0xc3, part.word == nil { shape.formUnion([.foreign, .capitalized]) }
      tokens.append(
        Token(
          start: part.range.lowerBound, end: part.range.upperBound, word: word, traits: lexicon.traits(of: word),
          shape: shape))
    }
  }

  // MARK: Marks

  private mutating func appendMark(_ glue: Token.Shape) {
    let (length, mark) = markAt(index)
    var shape = glue.union(.mark)
    if mark == 0 { shape.insert(.symbol) }
    tokens.append(Token(start: index, end: index + length, word: 0, traits: [], shape: shape, mark: mark))
    index += length
  }

  /// Length in bytes of the mark at `at`, and the ASCII mark that it amounts to; 0 for a symbol.
  private func markAt(_ at: Int) -> (length: Int, mark: UInt8) {
    let byte = bytes[at]
    if byte < 0x80 { return (1, byte) }
    let length = scalarLength(at)
    guard length == 3 else { return (length, 0) }
    return (length, Self.marks[UInt32(byte) << 16 | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2])] ?? 0)
  }

  /// Marks of other scripts by their UTF-8, and the ASCII mark that they amount to.
  private static let marks: [UInt32: UInt8] = {
    let pairs: [(Unicode.Scalar, Unicode.Scalar)] = [
      ("\u{2018}", "'"), ("\u{2019}", "'"), ("\u{201c}", "\""), ("\u{201d}", "\""), ("\u{2013}", "-"),
      ("\u{2014}", "-"), ("\u{2026}", "…"), ("\u{2022}", "*"), ("\u{3002}", "."), ("\u{3001}", ","),
      ("\u{ff01}", "!"), ("\u{ff1f}", "?"), ("\u{ff0c}", ","), ("\u{ff1a}", ":"), ("\u{ff1b}", ";"),
    ]
    return Dictionary(
      uniqueKeysWithValues: pairs.map { scalar, ascii in
        let key = String(scalar).utf8.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return (key, ascii.isASCII ? UInt8(ascii: ascii) : Self.ellipsis)
      })
  }()

  /// Stands for `…`, which ends no sentence by itself.
  static let ellipsis: UInt8 = 1

  // MARK: UTF-8

  private func scalarLength(_ at: Int) -> Int {
    let byte = bytes[at]
    let length = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4
    return min(length, bytes.count - at)
  }

  /// Length of the scalar at `at` if it is a letter or a mark on one: neither general punctuation, nor a symbol.
  private func letterLength(_ at: Int) -> Int? {
    let byte = bytes[at]
    let length = scalarLength(at)
    switch byte {
    case 0xc2: return nil
    case 0xe2: return nil
    case 0xe3 where length == 3 && bytes[at + 1] == 0x80: return nil
    case 0xef where length == 3 && (bytes[at + 1] == 0xbc || bytes[at + 1] == 0xb8): return nil
    case 0xf0 where length == 4 && bytes[at + 1] == 0x9f: return nil
    default: return length
    }
  }

  private func apostropheLength(_ at: Int) -> Int {
    at + 2 < bytes.count && bytes[at] == 0xe2 && bytes[at + 1] == 0x80 && bytes[at + 2] == 0x99 ? 3 : 0
  }

  private var hasNoCapitals: Bool {
    var startsSentence = true
    for token in tokens {
      if token.isWord {
        let isPronoun = token.traits.contains(.firstPerson)
        if token.shape.contains(.capitalized), !startsSentence, !isPronoun { return false }
        startsSentence = false
      } else if !token.is(","), !token.is("'") {
        startsSentence = true
      }
    }
    return true
  }
}
