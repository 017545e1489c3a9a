/// The sentences of a text, each on one line and short enough to be quoted by itself.
enum Passages {
  /// Bytes of a text that are read, at most: what stands behind is never quoted.
  static let maxTextByteCount = 16 << 10

  /// The passages of `text` in their order: its sentences, and those above `maxTokenCount` tokens in pieces. White
  /// space and control characters become single spaces, so that no text reaches beyond the line on which it is put.
  static func split(_ text: String, maxTokenCount: Int) -> [String] {
    sentences(prefix(of: text)).flatMap { pieces($0, maxTokenCount: maxTokenCount) }
  }

  /// `text` up to `maxTextByteCount`, on one line.
  static func flattened(_ text: String) -> String {
    words(prefix(of: text)).joined(separator: " ")
  }

  private static func prefix(of text: String) -> Substring {
    guard text.utf8.count > maxTextByteCount else { return text[...] }
    var end = text.utf8.index(text.utf8.startIndex, offsetBy: maxTextByteCount)
    // A scalar that the bound cuts through is left out.
    while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
    return text[..<end]
  }

  private static func words(_ text: Substring) -> [Substring] {
    text.split { isBlank($0) }
  }

  private static func isBlank(_ character: Character) -> Bool {
    character.isWhitespace || character.unicodeScalars.allSatisfy { $0.properties.generalCategory == .control }
  }

  // MARK: Sentences

  /// What ends a sentence where a space or nothing follows.
  private static let ends: Set<Character> = [".", "!", "?", "\u{2026}", "\u{61F}", "\u{964}", "\u{965}", "\u{6D4}"]
  /// What ends a sentence whatever follows.
  private static let wideEnds: Set<Character> = ["\u{3002}", "\u{FF01}", "\u{FF1F}", "\u{FF61}"]
  /// What belongs to the sentence that ended before it.
  private static let closers: Set<Character> = [
    "\"", "'", ")", "]", "\u{201D}", "\u{2019}", "\u{BB}", "\u{300D}", "\u{300F}", "\u{FF09}",
  ]

  private static func sentences(_ text: Substring) -> [String] {
    text.split(whereSeparator: \.isNewline).flatMap(sentences(ofLine:))
  }

  private static func sentences(ofLine line: Substring) -> [String] {
    var sentences: [String] = []
    var start = line.startIndex
    var (hasEnded, hasWideEnd) = (false, false)
    func close(at end: Substring.Index) {
      let sentence = words(line[start..<end]).joined(separator: " ")
      if !sentence.isEmpty { sentences.append(sentence) }
      start = end
    }
    for index in line.indices {
      let character = line[index]
      if ends.contains(character) || wideEnds.contains(character) {
        hasEnded = true
        hasWideEnd = wideEnds.contains(character)
      } else if hasEnded, !closers.contains(character) {
        if hasWideEnd || isBlank(character) { close(at: index) }
        (hasEnded, hasWideEnd) = (false, false)
      }
    }
    close(at: line.endIndex)
    return sentences
  }

  // MARK: Pieces

  /// `sentence`, cut between words, and within those that are too long by themselves.
  private static func pieces(_ sentence: String, maxTokenCount: Int) -> [String] {
    guard TokenEstimate.count(sentence) > maxTokenCount else { return [sentence] }
    var pieces: [String] = []
    var piece = ""
    var tokenCount = 0
    func close() {
      if !piece.isEmpty { pieces.append(piece) }
      (piece, tokenCount) = ("", 0)
    }
    for word in sentence.split(separator: " ").flatMap({ fragments($0, maxTokenCount: maxTokenCount) }) {
      let count = TokenEstimate.count(word.text)
      if tokenCount + count > maxTokenCount || word.continues { close() }
      piece += piece.isEmpty ? word.text : " " + word.text
      tokenCount += count
    }
    close()
    return pieces
  }

  /// A word, or parts of one that exceeds `maxTokenCount`; a part that `continues` has no space before it.
  private static func fragments(
    _ word: Substring, maxTokenCount: Int
  ) -> [(text: Substring, continues: Bool)] {
    guard TokenEstimate.count(word) > maxTokenCount else { return [(word, false)] }
    var fragments: [(text: Substring, continues: Bool)] = []
    var start = word.startIndex
    var tokenCount = 0
    for index in word.indices {
      let count = TokenEstimate.count(String(word[index]))
      if index > start, tokenCount + count > maxTokenCount {
        fragments.append((word[start..<index], start > word.startIndex))
        (start, tokenCount) = (index, 0)
      }
      tokenCount += count
    }
    fragments.append((word[start...], start > word.startIndex))
    return fragments
  }
}
