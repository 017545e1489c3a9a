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
    let reader = DateReader(ValueReader(text: text, limit: range.upperBound))
    let table = RuleSet.shared.dates
    var found: [DateMention] = []
    var at = range.lowerBound
    var tense: Tense?
    while at < range.upperBound, found.count < Self.maxMentions {
      let token = text.tokens[at]
      var mention: DateMention?
      if token.isWord, !token.traits.isEmpty || token.shape.contains(.digits) {
        for number in table.candidates(at: token) {
          guard let match = reader.match(table.rule(number).pattern, at: at) else { continue }
          if tense == nil { tense = self.tense }
          mention = resolve(table.rule(number).meaning, match, tense ?? Tense(isFuture: false, isPerfect: false))
          if mention != nil { break }
        }
      }
      if let mention { found.append(mention) }
      at = mention?.tokens.upperBound ?? at + 1
    }
    return found
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
    guard let (span, isAbsolute) = span(of: meaning, match, tense), Self.years.contains(span.first.components.year)
    else { return nil }
    var role = role(at: match.tokens.lowerBound)
    if case .duration = meaning {
      guard tense.isPerfect else { return nil }
      role = .since
    }
    return DateMention(tokens: match.tokens, span: span, role: role, isAbsolute: isAbsolute)
  }

  /// Years that a resolved date may lie in.
  private static let years = 1000...3000

  private func role(at: Int) -> DateMention.Role {
    let vocabulary = Vocabulary.shared
    let word = text.tokens[at].word
    let before = at > range.lowerBound ? text.tokens[at - 1].word : 0
    if word == vocabulary.since || before == vocabulary.since { return .since }
    return vocabulary.untilWords.contains(word) || vocabulary.untilWords.contains(before) ? .until : .at
  }

  private func span(
    of meaning: DateMeaning, _ match: DateMatch, _ tense: Tense
  ) -> (span: DateSpan, isAbsolute: Bool)? {
    switch meaning {
    case .days(let count): return (.day(CivilDay(number: today.number + count)), false)
    case .unit(let offset): return unit(match, offset: offset).map { ($0, false) }
    case .past, .duration: return distance(match.number.map { -$0 }, match.unit, isRough: false).map { ($0, false) }
    case .ahead: return distance(match.number, match.unit, isRough: false).map { ($0, false) }
    case .roughly(let count): return distance(-count, match.unit, isRough: abs(count) > 1).map { ($0, false) }
    case .nearest: return nearest(match, isFuture: tense.isFuture).map { ($0, false) }
    case .calendar: return calendar(match, isFuture: tense.isFuture)
    case .feast(let month, let day, let offset):
      return (.day(feast(month, day, offset, isFuture: tense.isFuture)), false)
    }
  }

  private func unit(_ match: DateMatch, offset: Int) -> DateSpan? {
    if let weekday = match.weekday { return .day(self.weekday(weekday, offset: offset)) }
    if let season = match.season { return self.season(season, offset: offset) }
    if let month = match.month { return self.month(month, offset: offset) }
    switch match.unit {
    case .day: return .day(CivilDay(number: today.number + offset))
    case .week: return .week(of: CivilDay(number: today.number + 7 * offset))
    case .weekend: return weekend(offset: offset)
    case .month: return .month(of: today.adding(months: offset))
    case .year: return .year(today.components.year + offset)
    case .decade, .shorter, nil: return nil
    }
  }

  /// The last one before today, or the next one after it.
  private func weekday(_ weekday: Int, offset: Int) -> CivilDay {
    if offset < 0 { return CivilDay(number: today.number - ((today.weekday - weekday + 6) % 7 + 1)) }
    return CivilDay(number: today.number + ((weekday - today.weekday + 6) % 7 + 1))
  }

  /// "Last weekend", said on a Sunday, is not the one that is under way.
  private func weekend(offset: Int) -> DateSpan { .weekend(of: CivilDay(number: today.number + 7 * offset)) }

  private func month(_ month: Int, offset: Int) -> DateSpan {
    let (year, current, _) = today.components
    switch offset {
    case ..<0: return .month(year: month < current ? year : year - 1, month: month)
    case 1...: return .month(year: month > current ? year : year + 1, month: month)
    default: return .month(year: year, month: month)
    }
  }

  private func season(_ season: Season, offset: Int) -> DateSpan {
    let year = today.components.year
    let spans = (year - 2...year + 1).map { DateSpan.season(season, year: $0) }
    let past = spans.last { $0.last < today }
    let next = spans.first { $0.first > today }
    let current = spans.first { $0.first <= today && today <= $0.last }
    switch offset {
    case ..<0: return past ?? spans[0]
    case 1...: return next ?? spans[3]
    default: return current ?? spans.first { $0.first.components.year == year } ?? spans[2]
    }
  }

  private func distance(_ count: Int?, _ unit: DateUnit?, isRough: Bool) -> DateSpan? {
    guard let count, let unit, abs(count) <= 1000 else { return nil }
    var span: DateSpan
    switch unit {
    case .shorter: return .day(today)
    case .day, .weekend: span = .day(CivilDay(number: today.number + count * (unit == .weekend ? 7 : 1)))
    case .week: span = .week(of: CivilDay(number: today.number + 7 * count))
    case .month: span = .month(of: today.adding(months: count))
    case .year, .decade: span = .year(today.components.year + count * (unit == .decade ? 10 : 1))
    }
    span.isRough = isRough
    return span
  }

  private func nearest(_ match: DateMatch, isFuture: Bool) -> DateSpan? {
    if let weekday = match.weekday {
      let isThis = text.tokens[match.tokens.lowerBound].word == Vocabulary.shared.this
      return .day(self.weekday(weekday, offset: isFuture || isThis ? 1 : -1))
    }
    if let month = match.month {
      if month == today.components.month { return .month(of: today) }
      return self.month(month, offset: isFuture ? 1 : -1)
    }
    if let season = match.season { return self.season(season, offset: isFuture ? 1 : -1) }
    guard let day = match.day else { return nil }
    return dayOfMonth(day, isFuture: isFuture)
  }

  private func dayOfMonth(_ day: Int, isFuture: Bool) -> DateSpan? {
    for step in 0..<3 {
      let (year, month, _) = today.adding(months: isFuture ? step : -step).components
      guard let found = CivilDay(validYear: year, month: month, day: day) else { continue }
      if isFuture ? found >= today : found <= today { return .day(found) }
    }
    return nil
  }

  private func calendar(_ match: DateMatch, isFuture: Bool) -> (span: DateSpan, isAbsolute: Bool)? {
    if let day = match.isoDay { return (.day(day), true) }
    if let season = match.season, let year = match.year { return (.season(season, year: year), true) }
    switch (match.year, match.month, match.day) {
    case (let year?, let month?, let day?):
      return CivilDay(validYear: year, month: month, day: day).map { (.day($0), true) }
    case (let year?, let month?, nil): return (.month(year: year, month: month), true)
    case (let year?, nil, _): return (.year(year), true)
    case (nil, let month?, let day?): return nearestDay(month, day, isFuture: isFuture).map { (.day($0), false) }
    default: return nil
    }
  }

  private func nearestDay(_ month: Int, _ day: Int, isFuture: Bool) -> CivilDay? {
    let year = today.components.year
    guard let this = CivilDay(validYear: year, month: month, day: day) else { return nil }
    if isFuture { return this >= today ? this : CivilDay(validYear: year + 1, month: month, day: day) }
    return this <= today ? this : CivilDay(validYear: year - 1, month: month, day: day)
  }

  private func feast(_ month: Int, _ day: Int, _ offset: Int?, isFuture: Bool) -> CivilDay {
    nearestDay(month, day, isFuture: offset.map { $0 > 0 } ?? isFuture) ?? today
  }
}
