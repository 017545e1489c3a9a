import MnemeCore

/// Finds expressions of time and says which days they mean, given the day on which they are said.
struct DateFinder: Sendable {
  /// Most expressions of one sentence.
  static let maxMentions = 8

  let text: TokenizedText
  let range: Range<Int>
  let today: CivilDay

  /// What the clauses of the sentence speak of.
  struct Tense: Sendable {
    /// Names without a year mean the next one, not the last one.
    var isFuture: Bool
    /// "for three years" reaches up to now.
    var isPerfect: Bool
  }

  /// The dates that `range` of `text` mentions, in order, when it is said on `today`.
  static func mentions(in text: TokenizedText, range: Range<Int>, today: CivilDay) -> [DateMention] {
    DateFinder(text: text, range: range, today: today).all()
  }

  /// The dates of a text by itself, as days and as the text that a statement shows.
  static func mentions(in text: String, today: CivilDay) -> [DateMention] {
    let tokenized = Tokenizer.tokenize(text[...], lexicon: RuleSet.shared.lexicon)
    return mentions(in: tokenized, range: 0..<tokenized.tokens.count, today: today)
  }

  private func all() -> [DateMention] {
    let words = timeText
    var found: [DateMention] = []
    var at = range.lowerBound
    var known: Tense?
    while at < range.upperBound, found.count < Self.maxMentions {
      let token = text.tokens[at]
      var mention: DateMention?
      if token.isWord, !token.traits.isEmpty || token.shape.contains(.digits) {
        mention = DateRules.statements.first(at: at - range.lowerBound, of: words) { meaning, match in
          let tense = known ?? self.tense
          known = tense
          return resolve(meaning, match, tense)
        }
      }
      if let mention { found.append(mention) }
      at = mention?.tokens.upperBound ?? at + 1
    }
    return found
  }

  /// The sentence as the grammar of dates reads it.
  private var timeText: TimeText {
    let numbers = RuleSet.shared.timeWords
    return TimeText(
      bytes: text.bytes,
      words: text.tokens[range].map { token in
        TimeWord(
          start: token.start, end: token.end, word: numbers[Int(token.word)],
          isName: token.shape.contains(.capitalized) || text.isLowercase, isNumeric: token.shape.contains(.digits),
          mark: token.mark)
      })
  }

  private var tense: Tense {
    let vocabulary = Vocabulary.shared
    var isFuture = false
    var isPresent = false
    var isPast = false
    var isPerfect = false
    for at in range {
      let token = text.tokens[at]
      if token.traits.contains(.future) || vocabulary.futureVerbs.contains(token.word) { isFuture = true }
      if vocabulary.perfectVerbs.contains(token.word) { isPerfect = true }
      if token.traits.contains(.pastVerb) || endsInED(token) { isPast = true }
      if vocabulary.presentVerbs.contains(token.word) { isPresent = true }
    }
    // "We are flying on Friday", "The meeting is in June."
    return Tense(isFuture: isFuture || (isPresent && !isPast && !isPerfect), isPerfect: isPerfect)
  }

  private func endsInED(_ token: Token) -> Bool {
    token.end - token.start > 3 && text.bytes[token.start..<token.end].suffix(2).elementsEqual("ed".utf8)
  }

  // MARK: Meaning

  private func resolve(_ meaning: DateMeaning, _ match: DateMatch, _ tense: Tense) -> DateMention? {
    guard
      let (span, isAbsolute) = DateCalendar(today: today).span(of: meaning, match, isFuture: tense.isFuture)
    else { return nil }
    let tokens = match.words.lowerBound + range.lowerBound..<match.words.upperBound + range.lowerBound
    var role = role(at: tokens.lowerBound)
    if case .duration = meaning {
      guard tense.isPerfect else { return nil }
      role = .since
    }
    return DateMention(tokens: tokens, span: span, role: role, isAbsolute: isAbsolute)
  }

  private func role(at: Int) -> DateMention.Role {
    let vocabulary = Vocabulary.shared
    let word = text.tokens[at].word
    let before = at > range.lowerBound ? text.tokens[at - 1].word : 0
    if word == vocabulary.since || before == vocabulary.since { return .since }
    return vocabulary.untilWords.contains(word) || vocabulary.untilWords.contains(before) ? .until : .at
  }
}
