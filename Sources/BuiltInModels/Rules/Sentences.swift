/// Cuts a message into sentences.
enum Sentences {
  /// Longest sentence; a longer one is cut, in bytes.
  static let maxBytes = 1_000

  /// Ranges of tokens, in order; nothing but breaks and list bullets is left out.
  static func split(_ text: TokenizedText) -> [Range<Int>] {
    var sentences: [Range<Int>] = []
    var start = 0
    var at = 0
    func close(_ end: Int) {
      let range = trimmed(start..<end, text)
      if !range.isEmpty { sentences.append(range) }
      start = end
    }
    while at < text.tokens.count {
      let token = text.tokens[at]
      let isTooLong = token.end - text.tokens[start].start > maxBytes
      if at > start, token.shape.contains(.startsLine) || isTooLong || token.is("[") {
        close(at)
      } else if token.is("]") || endsSentence(at, text) {
        at = endOfClosers(at + 1, text)
        close(at)
        continue
      }
      at += 1
    }
    close(text.tokens.count)
    return sentences
  }

  private static func endsSentence(_ at: Int, _ text: TokenizedText) -> Bool {
    let token = text.tokens[at]
    guard token.is(".") || token.is("!") || token.is("?") else { return false }
    guard at + 1 < text.tokens.count else { return true }
    let next = text.tokens[at + 1]
    if token.is(".") {
      if next.is(".") { return false }
      if at > 0, text.tokens[at - 1].traits.contains(.abbreviation), !next.shape.contains(.startsLine) { return false }
      if isInitial(at - 1, text) { return false }
      // An ellipsis goes on where the next word is in lower case.
      if at > 0, text.tokens[at - 1].is("."), next.isWord, !next.shape.contains(.capitalized) {
        return false
      }
    }
    return !next.shape.contains(.glued) || !next.isWord || next.shape.contains(.capitalized)
      || text.bytes[token.start] >= 0x80
  }

  /// "J. R. Smith", but not "I."
  private static func isInitial(_ at: Int, _ text: TokenizedText) -> Bool {
    guard at >= 0 else { return false }
    let token = text.tokens[at]
    return token.end - token.start == 1 && token.shape.contains(.capitalized) && !token.traits.contains(.firstPerson)
  }

  /// Further end marks, closing quotes and brackets, and emoji belong to the sentence before.
  private static func endOfClosers(_ at: Int, _ text: TokenizedText) -> Int {
    var end = at
    while end < text.tokens.count {
      let token = text.tokens[end]
      let isCloser =
        token.is(".") || token.is("!") || token.is("?") || token.is(")") || token.shape.contains(.symbol)
        || (token.shape.contains(.glued) && (token.is("\"") || token.is("'")))
      guard isCloser, !token.shape.contains(.startsLine) else { return end }
      end += 1
    }
    return end
  }

  private static func trimmed(_ range: Range<Int>, _ text: TokenizedText) -> Range<Int> {
    var start = range.lowerBound
    while start < range.upperBound, isBullet(start, text) { start += 1 }
    return start..<range.upperBound
  }

  /// `-`, `*`, `•`, `1.`, `2)` at the start of a line.
  private static func isBullet(_ at: Int, _ text: TokenizedText) -> Bool {
    let token = text.tokens[at]
    if token.is("-") || token.is("*") || token.is("#") || token.is(".") || token.is(")") || token.is(",") {
      return true
    }
    guard token.shape.contains([.digits, .startsLine]), at + 1 < text.tokens.count else { return false }
    let next = text.tokens[at + 1]
    return next.is(")") || (next.is(".") && next.shape.contains(.glued))
  }
}
