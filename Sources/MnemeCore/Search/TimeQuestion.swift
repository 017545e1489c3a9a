/// Reads what time a question speaks of: dates as `DateRules` have them, and what is said with them, as "before",
/// "between … and", "first half of".
struct TimeQuestion: Sendable {
  /// What some of the words mean.
  struct Found {
    var meaning: QueryTime.Meaning
    var words: Range<Int>
  }

  /// Some days, and the words that name them.
  struct Days {
    var span: DateSpan
    var words: Range<Int>
    /// Whether the words give the year.
    var isAbsolute: Bool
    var rule: (meaning: DateMeaning, match: DateMatch)

    var interval: CivilInterval { CivilInterval(from: span.start, to: Timestamp(span.last.next)) }
  }

  let text: TimeText
  let today: CivilDay
  let isFuture: Bool

  /// The words of `question`, asked on `today`.
  init(_ question: String, today: CivilDay) {
    let text = TimeText(question: question)
    self.text = text
    self.today = today
    self.isFuture = text.words.indices.contains { at in
      let word = text.words[at]
      // In the middle of a question, "Will" is a name.
      if Self.future.contains(word.word) { return at == 0 || !word.isCapitalized(text) }
      return word.word == Self.going && at + 1 < text.words.count && text.words[at + 1].word == Self.to
    }
  }

  /// The bytes of the question in which `words` stand.
  func bytes(of words: Range<Int>) -> Range<Int> {
    guard let first = words.first, let last = words.last else { return 0..<0 }
    return text.words[first].start..<text.words[last].end
  }

  /// The same as a text.
  func text(of words: Range<Int>) -> String { String(decoding: text.bytes[bytes(of: words)], as: UTF8.self) }

  func word(_ at: Int) -> TimeLexicon.WordID { at < text.words.count ? text.words[at].word : 0 }

  // MARK: Dates

  /// The first time that is told by a date.
  func date() -> Found? {
    for at in text.words.indices {
      if let found = bounded(at) { return found }
      if let days = joined(at, table: DateRules.questions) {
        return Found(meaning: .interval(widened(days.span)), words: days.words)
      }
    }
    return nil
  }

  /// "before 2020", "two weeks after Christmas", "since May", "between May and July", "from May to July".
  private func bounded(_ at: Int) -> Found? {
    if word(at) == Self.between || word(at) == Self.from {
      guard let days = pair(at + 1, by: word(at) == Self.between ? Self.betweenLinks : Self.fromLinks) else {
        return nil
      }
      return Found(meaning: .interval(days.interval), words: at..<days.words.upperBound)
    }
    let distance = distance(at)
    let start = distance?.end ?? at
    guard let (bound, end) = bound(start), distance == nil || bound.isSide else { return nil }
    let clauseEnd = self.clauseEnd(end, isFirst: at == 0)
    let days =
      joined(end, table: DateRules.operands)
      ?? (bound.isSide && end < clauseEnd && startsClause(end, after: at)
        ? (end..<clauseEnd).lazy.compactMap { joined($0, table: DateRules.questions) }.first : nil)
    guard let days, let interval = bound.interval(of: days.span, distance: distance) else { return nil }
    return Found(meaning: .interval(interval), words: at..<days.words.upperBound)
  }

  /// What a word does to the days behind it.
  private enum Bound {
    case before, after, since, until

    var isSide: Bool { self == .before || self == .after }

    func interval(of span: DateSpan, distance: (count: Int, unit: DateUnit, end: Int)?) -> CivilInterval? {
      let next = span.last.next
      switch self {
      case .before:
        guard let distance else { return .before(span.start) }
        return DateCalendar.day(-distance.count, distance.unit, from: span.first)
          .map { CivilInterval(from: Timestamp($0), to: span.start) }
      case .after:
        guard let distance else { return .since(Timestamp(next)) }
        return DateCalendar.day(distance.count, distance.unit, from: next)
          .map { CivilInterval(from: Timestamp(next), to: Timestamp($0)) }
      case .since: return .since(span.start)
      case .until: return .before(Timestamp(next))
      }
    }
  }

  private func bound(_ at: Int) -> (Bound, end: Int)? {
    switch word(at) {
    case 0: nil
    case Self.before: (.before, at + 1)
    case Self.prior where word(at + 1) == Self.to: (.before, at + 2)
    case Self.after: (.after, at + 1)
    case Self.since: (.since, at + 1)
    case let word where Self.untils.contains(word): (.until, at + 1)
    default: nil
    }
  }

  /// "two weeks", "the day", before "before" or "after".
  private func distance(_ at: Int) -> (count: Int, unit: DateUnit, end: Int)? {
    guard at + 1 < text.words.count, let unit = DateRules.lexicon[word(at + 1)].unit else { return nil }
    guard Self.before == word(at + 2) || Self.after == word(at + 2) else { return nil }
    let isOne = Self.articles.contains(word(at))
    guard let count = isOne ? 1 : text.number(at) else { return nil }
    return (count, unit, at + 2)
  }

  /// Two dates with one of `links` between them.
  private func pair(_ at: Int, by links: Set<TimeLexicon.WordID>) -> Days? {
    guard let first = days(at, table: DateRules.operands) else { return nil }
    let link = first.words.upperBound
    guard link < text.words.count, links.contains(word(link)) || text.words[link].mark == Self.dash else { return nil }
    guard let second = days(link + 1, table: DateRules.operands) else { return nil }
    return hull(first, second)
  }

  /// A date, or several joined by "and", "or" and "to".
  private func joined(_ at: Int, table: DateTable) -> Days? {
    guard var found = days(at, table: table) else { return nil }
    for _ in 0..<Self.maxJoinCount {
      let link = found.words.upperBound
      guard link < text.words.count, Self.joinLinks.contains(word(link)) || text.words[link].mark == Self.dash,
        let next = days(link + 1, table: DateRules.operands), let both = hull(found, next)
      else { break }
      found = both
    }
    return found
  }

  /// Dates that are joined to one, at most.
  private static let maxJoinCount = 4

  /// From the first day of one to the last of the other. One without a year is that of the other's.
  private func hull(_ first: Days, _ second: Days) -> Days? {
    var (first, second) = (first, second)
    if first.isAbsolute, !second.isAbsolute, let next = again(second, from: first.span.last, isFuture: true) {
      second = next
    } else if first.span.first > second.span.last || (!first.isAbsolute && second.isAbsolute),
      let last = again(first, from: second.span.last, isFuture: false)
    {
      first = last
    }
    var both = first
    both.span.first = min(first.span.first, second.span.first)
    both.span.last = max(first.span.last, second.span.last)
    both.words = first.words.lowerBound..<second.words.upperBound
    both.isAbsolute = first.isAbsolute || second.isAbsolute
    return both
  }

  /// The same words said on another day.
  private func again(_ days: Days, from day: CivilDay, isFuture: Bool) -> Days? {
    guard
      let found = DateCalendar(today: day).span(of: days.rule.meaning, days.rule.match, isFuture: isFuture)
    else { return nil }
    var days = days
    days.span = found.span
    return days
  }

  // MARK: One date

  /// A date with what cuts it: "early May", "the first half of 2023", "Monday last week".
  private func days(_ at: Int, table: DateTable) -> Days? {
    guard at < text.words.count else { return nil }
    if let (cut, end) = TimeCut.read(self, at), let days = qualified(end, table: DateRules.operands),
      let span = cut.applied(to: days.span)
    {
      var days = days
      days.span = span
      days.words = at..<days.words.upperBound
      return days
    }
    return week(at) ?? qualified(at, table: table)
  }

  /// "the week of 1 May", "the weekend of …".
  private func week(_ at: Int) -> Days? {
    var unitAt = Self.leads.contains(word(at)) ? at + 1 : at
    if word(unitAt) == Self.the { unitAt += 1 }
    guard unitAt < text.words.count, word(unitAt + 1) == Self.of else { return nil }
    let unit = DateRules.lexicon[word(unitAt)].unit
    guard unit == .week || unit == .weekend,
      var days = plain(unitAt + 2, table: DateRules.operands), days.span.grain == .day
    else { return nil }
    days.span = unit == .week ? .week(of: days.span.first) : .weekend(of: days.span.first)
    days.words = at..<days.words.upperBound
    // What it is to be read again from is the day, not the week.
    days.isAbsolute = true
    return days
  }

  /// A date, with a larger one behind it in which it lies.
  private func qualified(_ at: Int, table: DateTable) -> Days? {
    guard at < text.words.count, var days = plain(at, table: table) else { return nil }
    guard !days.isAbsolute else { return days }
    var next = days.words.upperBound
    if next < text.words.count, text.words[next].mark == Self.comma || Self.linksOfParts.contains(word(next)) {
      next += 1
    }
    guard next < text.words.count, let larger = plain(next, table: DateRules.operands),
      larger.span.grain > days.span.grain, !larger.span.isRough
    else { return days }
    // Names mean the last one before the day, some of them that very day too.
    for day in [larger.span.last, larger.span.last.next] {
      guard let inner = again(days, from: day, isFuture: false)?.span, inner.first >= larger.span.first,
        inner.last <= larger.span.last
      else { continue }
      days.span = inner
      days.words = at..<larger.words.upperBound
      days.isAbsolute = larger.isAbsolute
      break
    }
    return days
  }

  private func plain(_ at: Int, table: DateTable) -> Days? {
    guard at < text.words.count else { return nil }
    return table.first(at: at, of: text) { meaning, match in
      if case .duration = meaning { return nil }
      guard let found = DateCalendar(today: today).span(of: meaning, match, isFuture: isFuture) else { return nil }
      return Days(span: found.span, words: match.words, isAbsolute: found.isAbsolute, rule: (meaning, match))
    }
  }

  /// What is told roughly is meant roughly.
  private func widened(_ span: DateSpan) -> CivilInterval {
    var (first, last) = (span.first, span.last)
    if span.isRough {
      let unit: DateUnit =
        switch span.grain {
        case .day: .day
        case .weekend, .week: .week
        case .month, .season: .month
        case .year: .year
        }
      first = DateCalendar.day(-1, unit, from: first) ?? first
      last = CivilDay(number: (DateCalendar.day(1, unit, from: last.next) ?? last.next).number - 1)
    }
    return CivilInterval(from: Timestamp(first), to: Timestamp(last.next))
  }
}

extension CivilDay {
  /// The day after it.
  var next: CivilDay { CivilDay(number: number + 1) }
}
