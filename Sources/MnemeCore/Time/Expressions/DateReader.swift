/// A unit of time in an expression.
package enum DateUnit: Sendable {
  case day, week, weekend, month, year, decade
  /// Hours and minutes: the day stays the same.
  case shorter

  static let words: [String: DateUnit] = [
    "day": .day, "days": .day, "week": .week, "weeks": .week, "weekend": .weekend, "weekends": .weekend,
    "month": .month, "months": .month, "year": .year, "years": .year, "decade": .decade, "decades": .decade,
    "hour": .shorter, "hours": .shorter, "minute": .shorter, "minutes": .shorter,
  ]
}

/// The parts of an expression of time.
package struct DateMatch: Sendable {
  /// The words of the expression.
  package var words: Range<Int>
  var number: Int?
  var unit: DateUnit?
  var weekday: Int?
  var month: Int?
  var season: Season?
  var day: Int?
  var year: Int?
  /// A date that is one word.
  var written: DateSpan?
  /// Whether it begins with "this".
  var beginsWithThis = false
}

/// An element of a date pattern: words, a mark, or a part of a date.
enum DateElement: Sendable {
  enum Part: String, Sendable {
    case number, unit, span, weekday, month, season, dayOfMonth, ordinal, year, isoDate
    /// A year that is no round number: those are more often counts.
    case bareYear
    /// `2023-05`, `13/05/2023` and what else is a date in digits beyond doubt.
    case digits
  }

  case words([TimeLexicon.WordID], isOptional: Bool)
  case mark(UInt8)
  case part(Part)
}

/// Date patterns by the word or the part that they begin with. A pattern is a line of text: `in|on` one of these words,
/// `?word` and `?,` once or not at all, `{month}` a part of a date.
package struct DateTable: Sendable {
  private var rules: [(pattern: [DateElement], meaning: DateMeaning)] = []
  private var byWord: [TimeLexicon.WordID: [Int]] = [:]
  private var byPart: [(part: DateElement.Part, rule: Int)] = []
  /// The words of the patterns, in their order.
  package private(set) var words: [String] = []

  init(_ rows: [(String, DateMeaning)], lexicon: inout TimeLexicon) {
    for (source, meaning) in rows {
      let pattern = source.split(separator: " ").map { element($0, &lexicon) }
      index(pattern, as: rules.count)
      rules.append((pattern, meaning))
    }
  }

  private mutating func element(_ source: Substring, _ lexicon: inout TimeLexicon) -> DateElement {
    if source.first == "{" {
      guard let part = DateElement.Part(rawValue: String(source.dropFirst().dropLast())) else {
        preconditionFailure("no part of a date: \(source)")
      }
      return .part(part)
    }
    if source == "?," { return .mark(UInt8(ascii: ",")) }
    let isOptional = source.first == "?"
    let names = source.drop { $0 == "?" }.split(separator: "|").map(String.init)
    words += names
    return .words(names.map { lexicon.add($0) }, isOptional: isOptional)
  }

  private mutating func index(_ pattern: [DateElement], as number: Int) {
    for element in pattern {
      switch element {
      case .words(let ids, let isOptional):
        for id in ids { byWord[id, default: []].append(number) }
        if !isOptional { return }
      case .mark: continue
      case .part(let part):
        byPart.append((part, number))
        return
      }
    }
  }

  /// The first rule that matches at `at` and means some days, with what it read there. The first that matches at a
  /// word wins.
  package func first<Found>(at: Int, of text: TimeText, _ found: (DateMeaning, DateMatch) -> Found?) -> Found? {
    for number in candidates(at: text.words[at]) {
      guard let match = text.match(rules[number].pattern, at: at) else { continue }
      if let found = found(rules[number].meaning, match) { return found }
    }
    return nil
  }

  /// Numbers of the rules that may match where `word` stands, in order of precedence.
  private func candidates(at word: TimeWord) -> [Int] {
    var candidates = byWord[word.word] ?? []
    let entry = DateRules.lexicon[word.word]
    if word.isNumeric || entry.month != nil || entry.weekday != nil || entry.season != nil || entry.number != nil {
      for (part, rule) in byPart where Self.canBegin(part, word, entry) { candidates.append(rule) }
    }
    if candidates.count > 1 { candidates.sort() }
    return candidates
  }

  private static func canBegin(_ part: DateElement.Part, _ word: TimeWord, _ entry: TimeLexicon.Entry) -> Bool {
    switch part {
    case .month: entry.month != nil
    case .weekday: entry.weekday != nil
    case .season: entry.season != nil
    case .number: entry.number != nil || word.isNumeric
    case .dayOfMonth, .ordinal, .year, .bareYear, .isoDate, .digits: word.isNumeric
    case .unit, .span: entry.unit != nil
    }
  }
}

/// A stretch of a text, as the parts of dates are read from it.
package struct TimeText: Sendable {
  /// The text's UTF-8.
  package let bytes: [UInt8]
  /// Its words and marks in order.
  package let words: [TimeWord]

  /// The words and marks of a text in UTF-8, which they give as ranges of its bytes.
  package init(bytes: [UInt8], words: [TimeWord]) {
    self.bytes = bytes
    self.words = words
  }

  /// The parts of the expression at word `at`; nil where the pattern does not match there.
  func match(_ pattern: [DateElement], at: Int) -> DateMatch? {
    var match = DateMatch(words: at..<at)
    match.beginsWithThis = words[at].word == DateRules.this
    return self.match(pattern[...], at: at, &match) ? match : nil
  }

  private func match(_ pattern: ArraySlice<DateElement>, at: Int, _ match: inout DateMatch) -> Bool {
    guard let element = pattern.first else {
      match.words = match.words.lowerBound..<at
      return true
    }
    let rest = pattern.dropFirst()
    switch element {
    case .words(let ids, let isOptional):
      if at < words.count, words[at].word != 0, ids.contains(words[at].word), self.match(rest, at: at + 1, &match) {
        return true
      }
      return isOptional && self.match(rest, at: at, &match)
    case .mark(let mark):
      let isThere = at < words.count && words[at].mark == mark
      return self.match(rest, at: isThere ? at + 1 : at, &match)
    case .part(let part):
      return at < words.count && read(part, at: at, &match) && self.match(rest, at: at + 1, &match)
    }
  }

  private func read(_ part: DateElement.Part, at: Int, _ match: inout DateMatch) -> Bool {
    let word = words[at]
    let entry = DateRules.lexicon[word.word]
    switch part {
    case .number:
      match.number = number(at)
      return match.number != nil
    case .unit:
      match.unit = entry.unit
      return match.unit != nil
    case .span:
      match.season = entry.season
      if match.season != nil { return true }
      match.unit = entry.unit
      return entry.isOneUnit
    case .weekday:
      match.weekday = entry.weekday
      return match.weekday != nil
    case .month:
      match.month = word.isName ? entry.month : nil
      return match.month != nil
    case .season:
      match.season = entry.season
      return match.season != nil
    case .dayOfMonth, .ordinal:
      match.day = word.isNumeric ? NumberWords.dayOfMonth(bytes(at)) : nil
      return match.day != nil && (part == .dayOfMonth || word.end - word.start > 2)
    case .year, .bareYear:
      match.year = word.isNumeric ? NumberWords.year(bytes(at)) : nil
      return match.year.map { part == .year || $0 % 1000 != 0 } ?? false
    case .isoDate, .digits:
      guard word.isNumeric else { return false }
      match.written = part == .isoDate ? isoDay(at) : WrittenDate.span(bytes(at))
      return match.written != nil
    }
  }

  private func bytes(_ at: Int) -> ArraySlice<UInt8> { bytes[words[at].start..<words[at].end] }

  /// The number at word `at`, in digits or in letters.
  func number(_ at: Int) -> Int? {
    DateRules.lexicon[words[at].word].number ?? (words[at].isNumeric ? NumberWords.value(ofDigits: bytes(at)) : nil)
  }

  private func isoDay(_ at: Int) -> DateSpan? {
    let bytes = bytes(at)
    guard bytes.count == 10 else { return nil }
    return Timestamp(String(decoding: bytes, as: UTF8.self)).map { .day($0.day) }
  }
}

/// Dates written in digits.
enum WrittenDate {
  /// The days of `2023-05-07`, `2023-05-07T10:00`, `2023/5/7`, `2023-05`, `05/2023`, `2021-2023`, `13/05/2023`,
  /// `05.13.2023`; nil for anything that may be read in two ways, as `7/5/2023` may.
  static func span(_ word: ArraySlice<UInt8>) -> DateSpan? {
    let text = String(decoding: word, as: UTF8.self)
    if word.count >= 10, let time = Timestamp(text) { return .day(time.day) }
    let parts = word.split(omittingEmptySubsequences: false) { "-/.".utf8.contains($0) }
    let numbers = parts.compactMap { part in
      part.allSatisfy { (0x30...0x39).contains($0) } ? Int(String(decoding: part, as: UTF8.self)) : nil
    }
    guard numbers.count == parts.count, parts.allSatisfy({ $0.count <= 4 }) else { return nil }
    let isYear = parts.map { NumberWords.year($0) != nil }
    switch (numbers.count, isYear) {
    case (2, [true, true]):
      guard numbers[0] < numbers[1] else { return nil }
      return DateSpan(first: DateSpan.year(numbers[0]).first, last: DateSpan.year(numbers[1]).last, grain: .year)
    case (2, [true, false]): return month(numbers[0], numbers[1])
    case (2, [false, true]): return month(numbers[1], numbers[0])
    case (3, [true, false, false]): return day(numbers[0], numbers[1], numbers[2])
    case (3, [false, false, true]):
      let dayFirst = day(numbers[2], numbers[1], numbers[0])
      let monthFirst = day(numbers[2], numbers[0], numbers[1])
      guard let found = dayFirst ?? monthFirst else { return nil }
      return dayFirst == nil || monthFirst == nil || dayFirst == monthFirst ? found : nil
    default: return nil
    }
  }

  private static func month(_ year: Int, _ month: Int) -> DateSpan? {
    (1...12).contains(month) ? .month(year: year, month: month) : nil
  }

  private static func day(_ year: Int, _ month: Int, _ day: Int) -> DateSpan? {
    CivilDay(validYear: year, month: month, day: day).map { .day($0) }
  }
}
