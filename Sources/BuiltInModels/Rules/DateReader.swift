import MnemeCore

/// A unit of time in an expression.
enum DateUnit: Sendable {
  case day, week, weekend, month, year, decade
  /// Hours and minutes: the day stays the same.
  case shorter

  private static let words: [String: DateUnit] = [
    "day": .day, "days": .day, "week": .week, "weeks": .week, "weekend": .weekend, "weekends": .weekend,
    "month": .month, "months": .month, "year": .year, "years": .year, "decade": .decade, "decades": .decade,
    "hour": .shorter, "hours": .shorter, "minute": .shorter, "minutes": .shorter,
  ]

  init?(word: String) {
    guard let unit = Self.words[word] else { return nil }
    self = unit
  }
}

/// The parts of an expression of time.
struct DateMatch: Sendable {
  var tokens: Range<Int>
  var number: Int?
  var unit: DateUnit?
  var weekday: Int?
  var month: Int?
  var season: Season?
  var day: Int?
  var year: Int?
  var isoDay: CivilDay?
}

/// An element of a date pattern: words, a mark, or a part of a date.
enum DateElement: Sendable {
  enum Part: String, Sendable { case number, unit, span, weekday, month, season, dayOfMonth, ordinal, year, isoDate }

  case words([WordID], isOptional: Bool)
  case mark(UInt8)
  case part(Part)
}

/// Date patterns, in the notation of `Pattern`, by the word or the part that they begin with.
struct DateTable: Sendable {
  private var rules: [(pattern: [DateElement], meaning: DateMeaning)] = []
  private var byWord: [WordID: [Int]] = [:]
  private var byPart: [(part: DateElement.Part, rule: Int)] = []

  init(_ rows: [(String, DateMeaning)], lexicon: inout Lexicon) {
    for (source, meaning) in rows {
      let pattern = source.split(separator: " ").map { Self.element($0, &lexicon) }
      index(pattern, as: rules.count)
      rules.append((pattern, meaning))
    }
  }

  private static func element(_ source: Substring, _ lexicon: inout Lexicon) -> DateElement {
    if source.first == "{" {
      guard let part = DateElement.Part(rawValue: String(source.dropFirst().dropLast())) else {
        preconditionFailure("no part of a date: \(source)")
      }
      return .part(part)
    }
    if source == "?," { return .mark(UInt8(ascii: ",")) }
    let isOptional = source.first == "?"
    let words = source.drop { $0 == "?" }.split(separator: "|")
    return .words(words.map { lexicon.add(String($0)) }, isOptional: isOptional)
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

  func rule(_ number: Int) -> (pattern: [DateElement], meaning: DateMeaning) { rules[number] }

  /// Numbers of the rules that may match where `token` stands, in order of precedence.
  func candidates(at token: Token) -> [Int] {
    var found = byWord[token.word] ?? []
    let hasPart = !token.traits.isDisjoint(with: [.month, .weekday, .season, .number]) || token.shape.contains(.digits)
    if hasPart {
      for (part, rule) in byPart where Self.canBegin(part, token) { found.append(rule) }
    }
    if found.count > 1 { found.sort() }
    return found
  }

  private static func canBegin(_ part: DateElement.Part, _ token: Token) -> Bool {
    switch part {
    case .month: token.traits.contains(.month)
    case .weekday: token.traits.contains(.weekday)
    case .season: token.traits.contains(.season)
    case .number: token.traits.contains(.number) || token.shape.contains(.digits)
    case .dayOfMonth, .ordinal, .year, .isoDate: token.shape.contains(.digits)
    case .unit, .span: token.traits.contains(.timeUnit)
    }
  }
}

/// Reads the parts of dates.
struct DateReader: Sendable {
  private let values: ValueReader

  init(_ values: ValueReader) { self.values = values }

  /// The parts of the expression at token `at`; nil where the pattern does not match there.
  func match(_ pattern: [DateElement], at: Int) -> DateMatch? {
    var match = DateMatch(tokens: at..<at)
    return self.match(pattern[...], at: at, &match) ? match : nil
  }

  private func match(_ pattern: ArraySlice<DateElement>, at: Int, _ match: inout DateMatch) -> Bool {
    guard let element = pattern.first else {
      match.tokens = match.tokens.lowerBound..<at
      return true
    }
    let rest = pattern.dropFirst()
    switch element {
    case .words(let ids, let isOptional):
      if at < values.limit, values.text.tokens[at].word != 0, ids.contains(values.text.tokens[at].word),
        self.match(rest, at: at + 1, &match)
      {
        return true
      }
      return isOptional && self.match(rest, at: at, &match)
    case .mark(let mark):
      let isThere = at < values.limit && values.text.tokens[at].mark == mark
      return self.match(rest, at: isThere ? at + 1 : at, &match)
    case .part(let part):
      return at < values.limit && read(part, at: at, &match) && self.match(rest, at: at + 1, &match)
    }
  }

  private func read(_ part: DateElement.Part, at: Int, _ match: inout DateMatch) -> Bool {
    let token = values.text.tokens[at]
    switch part {
    case .number:
      match.number = values.number(at: at)
      return match.number != nil
    case .unit:
      match.unit = DateUnit(word: word(at))
      return match.unit != nil
    case .span:
      if token.traits.contains(.season) {
        match.season = Season(word: word(at))
        return match.season != nil
      }
      match.unit = DateUnit(word: word(at))
      return match.unit != nil && !word(at).hasSuffix("s")
    case .weekday:
      match.weekday = token.traits.contains(.weekday) ? Self.position(of: word(at), in: Self.weekdays) : nil
      return match.weekday != nil
    case .month:
      match.month = isMonth(at) ? Self.position(of: word(at), in: Self.months).map { $0 + 1 } : nil
      return match.month != nil
    case .season:
      match.season = Season(word: word(at))
      return match.season != nil
    case .dayOfMonth, .ordinal:
      match.day = values.dayOfMonth(at: at)
      return match.day != nil && (part == .dayOfMonth || token.end - token.start > 2)
    case .year:
      match.year = values.year(at: at)
      return match.year != nil
    case .isoDate:
      match.isoDay = isoDay(at)
      return match.isoDay != nil
    }
  }

  private func word(_ at: Int) -> String {
    String(decoding: values.bytes(at).map(ASCII.lowercased), as: UTF8.self)
  }

  private static let weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
  private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

  private static func position(of word: String, in names: [String]) -> Int? {
    names.firstIndex { word.hasPrefix($0) }
  }

  /// "may", "march" and "mar" are months only where they are written like one, or in a text without capitals.
  private func isMonth(_ at: Int) -> Bool {
    let token = values.text.tokens[at]
    return token.traits.contains(.month) && (token.shape.contains(.capitalized) || values.text.isLowercase)
  }

  private func isoDay(_ at: Int) -> CivilDay? {
    let bytes = values.bytes(at)
    guard bytes.count == 10 else { return nil }
    return Timestamp(String(decoding: bytes, as: UTF8.self))?.day
  }
}
