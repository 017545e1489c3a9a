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
    var line = Line()
    for scalar in prefix(of: text).unicodeScalars {
      if isBlank(scalar) { line.space() } else { line.append(scalar) }
    }
    return line.text
  }

  /// `text` up to `maxTextByteCount`.
  static func prefix(of text: String) -> Substring {
    guard text.utf8.count > maxTextByteCount else { return text[...] }
    var end = text.utf8.index(text.utf8.startIndex, offsetBy: maxTextByteCount)
    // A scalar that the bound cuts through is left out.
    while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
    return text[..<end]
  }

  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x7F { return scalar.value <= 0x20 }
    return scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
  }

  /// A line in UTF-8, with single spaces between its words.
  private struct Line {
    private var bytes: [UInt8] = []
    private var isSpacePending = false

    var isEmpty: Bool { bytes.isEmpty }
    var text: String { String(decoding: bytes, as: UTF8.self) }

    mutating func space() { isSpacePending = !bytes.isEmpty }

    mutating func append(_ scalar: Unicode.Scalar) {
      if isSpacePending { bytes.append(UInt8(ascii: " ")) }
      isSpacePending = false
      bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
  }

  // MARK: Sentences

  /// What a character does to a sentence.
  private enum Role {
    case newline
    case blank
    /// Ends it where a blank follows.
    case end
    /// Ends it whatever follows.
    case wideEnd
    /// Belongs to the sentence that ended before it.
    case closer
    case other
  }

  private static func role(_ scalar: Unicode.Scalar) -> Role {
    switch scalar {
    case "\n", "\r", "\u{B}", "\u{C}", "\u{85}", "\u{2028}", "\u{2029}": .newline
    case ".", "!", "?", "\u{2026}", "\u{61F}", "\u{964}", "\u{965}", "\u{6D4}": .end
    case "\u{3002}", "\u{FF01}", "\u{FF1F}", "\u{FF61}": .wideEnd
    case "\"", "'", ")", "]", "\u{201D}", "\u{2019}", "\u{BB}", "\u{300D}", "\u{300F}", "\u{FF09}": .closer
    default: isBlank(scalar) ? .blank : .other
    }
  }

  private static func sentences(_ text: Substring) -> [String] {
    var sentences: [String] = []
    var line = Line()
    var (hasEnded, hasWideEnd) = (false, false)
    func close() {
      if !line.isEmpty { sentences.append(line.text) }
      line = Line()
      (hasEnded, hasWideEnd) = (false, false)
    }
    for scalar in text.unicodeScalars {
      let role = role(scalar)
      switch role {
      case .newline: close()
      case .blank: if hasEnded { close() } else { line.space() }
      case .end, .wideEnd:
        line.append(scalar)
        hasEnded = true
        hasWideEnd = role == .wideEnd
      case .closer: line.append(scalar)
      case .other:
        if hasWideEnd { close() }
        hasEnded = false
        line.append(scalar)
      }
    }
    close()
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
