/// A word or a mark of a message.
struct Token: Sendable {
  /// What its letters look like.
  struct Shape: OptionSet, Sendable {
    let rawValue: UInt8
    static let capitalized = Shape(rawValue: 1)
    static let digits = Shape(rawValue: 2)
    /// Letters beyond ASCII.
    static let foreign = Shape(rawValue: 4)
    /// A mark, not a word.
    static let mark = Shape(rawValue: 8)
    /// A mark that says nothing, such as an emoji.
    static let symbol = Shape(rawValue: 16)
    /// No space stands before it.
    static let glued = Shape(rawValue: 32)
    /// A line break stands before it.
    static let startsLine = Shape(rawValue: 64)
  }

  /// First byte in the message.
  var start: Int
  /// Byte after the last.
  var end: Int
  /// The word's number in the lexicon; 0 for unknown words and for marks.
  var word: WordID
  /// The word's traits.
  var traits: WordTraits
  /// What it looks like.
  var shape: Shape
  /// The mark's ASCII byte; 0 for words and symbols.
  var mark: UInt8 = 0

  /// Whether it is a word or a number.
  var isWord: Bool { !shape.contains(.mark) }

  /// Whether it tells something by itself: neither grammar nor chatter.
  var isContent: Bool { isWord && traits.isDisjoint(with: Self.contentless) }

  private static let contentless: WordTraits = [
    .firstPerson, .secondPerson, .thirdPerson, .function, .chat, .interjection, .hedge, .adverb,
  ]

  func `is`(_ mark: Unicode.Scalar) -> Bool { self.mark != 0 && self.mark == UInt8(ascii: mark) }
}

/// A message as the rules read it.
struct TokenizedText: Sendable {
  /// The message's UTF-8.
  let bytes: [UInt8]
  /// Its words and marks in order.
  let tokens: [Token]
  /// Whether nothing but sentence starts is capitalised: names are in lower case too, then.
  let isLowercase: Bool

  /// The text from the first to the last of `range`'s tokens, verbatim; empty for an empty range.
  func verbatim(_ range: Range<Int>) -> String {
    guard let first = range.first, let last = range.last else { return "" }
    return String(decoding: bytes[tokens[first].start..<tokens[last].end], as: UTF8.self)
  }

  /// The same, with every run of spaces and line breaks as one space.
  func singleLine(_ range: Range<Int>) -> String {
    guard let first = range.first, let last = range.last else { return "" }
    var line: [UInt8] = []
    for byte in bytes[tokens[first].start..<tokens[last].end] {
      if !ASCII.isSpace(byte) {
        line.append(byte)
      } else if line.last != 32 {
        line.append(32)
      }
    }
    return String(decoding: line, as: UTF8.self)
  }
}
