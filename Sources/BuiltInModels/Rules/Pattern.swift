/// A sequence of words, classes of words and values, written as a line of text:
///
/// - `live|lives` one of these words
/// - `#animal` a word with that trait
/// - `,` a mark
/// - `?word`, `?#trait`, `?,` once or not at all
/// - `*#trait` any number of times
/// - `$` where a clause ends
/// - `{place}` a value of that kind, which is what the rule is after
/// - `{@word}` a value that only the statement's text names
struct Pattern: Sendable {
  enum Count: Sendable { case once, optional, many }

  enum Element: Sendable {
    case words([WordID], Count)
    case traits(WordTraits, Count)
    case mark(UInt8, Count)
    case value(ValueKind, isNoun: Bool)
    case clauseEnd
  }

  let elements: [Element]

  /// Reads a pattern; its words are taken into the lexicon. A misspelt pattern is a programming error.
  init(_ source: String, lexicon: inout Lexicon) {
    elements = source.split(separator: " ").map { Self.element($0, &lexicon) }
    precondition(!elements.isEmpty, "an empty pattern")
  }

  private static func element(_ source: Substring, _ lexicon: inout Lexicon) -> Element {
    var source = source
    var count = Count.once
    if source.count > 1, let first = source.first, first == "?" || first == "*" {
      count = first == "?" ? .optional : .many
      source.removeFirst()
    }
    if source.first == "{" {
      let isNoun = source.hasPrefix("{@")
      let name = source.dropFirst(isNoun ? 2 : 1).dropLast()
      guard let kind = ValueKind(rawValue: String(name)) else { preconditionFailure("no value kind \(name)") }
      return .value(kind, isNoun: isNoun)
    }
    if source == "$" { return .clauseEnd }
    if source.first == "#" {
      let names = source.dropFirst().split(separator: "|")
      return .traits(names.reduce(into: []) { $0.formUnion(trait(named: String($1))) }, count)
    }
    if source.utf8.count == 1, let byte = source.utf8.first, !ASCII.isLetter(byte) { return .mark(byte, count) }
    return .words(source.split(separator: "|").map { lexicon.add(String($0)) }, count)
  }

  private static func trait(named name: String) -> WordTraits {
    guard let trait = traitsByName[name] else { preconditionFailure("no trait \(name)") }
    return trait
  }

  private static let traitsByName: [String: WordTraits] = [
    "relation": .relation, "animal": .animal, "adverb": .adverb, "month": .month, "weekday": .weekday,
    "unit": .timeUnit, "season": .season, "determiner": .determiner, "color": .color, "status": .status,
    "number": .number, "hedge": .hedge, "story": .storyNoun, "person": .storyPerson, "occupation": .occupation,
    "sport": .sport, "pastime": .pastime, "preposition": .preposition, "function": .function,
    "gap": [.negator, .adverb],
  ]
}

/// Rules by the word or trait that they begin with.
struct PatternTable<Meaning: Sendable>: Sendable {
  private var rules: [(pattern: Pattern, meaning: Meaning)] = []
  private var byWord: [WordID: [Int]] = [:]
  private var byTrait: [(traits: WordTraits, rules: [Int])] = []
  private var byAny: [Int] = []

  /// The rules in order of precedence.
  init(_ rows: [(String, Meaning)], lexicon: inout Lexicon) {
    for (source, meaning) in rows {
      let pattern = Pattern(source, lexicon: &lexicon)
      index(pattern, as: rules.count)
      rules.append((pattern, meaning))
    }
  }

  private mutating func index(_ pattern: Pattern, as number: Int) {
    for element in pattern.elements {
      switch element {
      case .words(let ids, let count):
        for id in ids { byWord[id, default: []].append(number) }
        if count == .once { return }
      case .traits(let traits, let count):
        byTrait.append((traits, [number]))
        if count == .once { return }
      case .mark, .value, .clauseEnd:
        byAny.append(number)
        return
      }
    }
  }

  /// Numbers of the rules that may match where `token` stands, in order of precedence.
  func candidates(at token: Token) -> [Int] {
    var found = token.word == 0 ? byAny : byAny + (byWord[token.word] ?? [])
    if !token.traits.isEmpty {
      for (traits, rules) in byTrait where !token.traits.isDisjoint(with: traits) { found += rules }
    }
    if found.count > 1 { found.sort() }
    return found
  }

  /// The rules that match at `start`, in order of precedence; the first one only unless `visit` returns true.
  func forEachMatch(
    at start: Int, of reader: ValueReader, _ visit: (Meaning, PatternMatch) -> Bool
  ) {
    guard start < reader.limit else { return }
    for number in candidates(at: reader.text.tokens[start]) {
      var match = PatternMatch(start: start)
      let rule = rules[number]
      if reader.match(rule.pattern.elements[...], at: start, &match), !visit(rule.meaning, match) { return }
    }
  }
}

/// Where a pattern matched, and the values in it.
struct PatternMatch: Sendable {
  var start: Int
  var end: Int
  /// The values, as ranges of tokens: several where the text lists them.
  var values: [Range<Int>] = []
  /// What `{@…}` matched.
  var noun: Range<Int>?

  /// An empty match.
  init(start: Int) {
    self.start = start
    self.end = start
  }
}

extension ValueReader {
  /// Whether `elements` match from token `at` on; `match` then holds the end and the values.
  func match(_ elements: ArraySlice<Pattern.Element>, at: Int, _ match: inout PatternMatch) -> Bool {
    guard let element = elements.first else {
      match.end = at
      return true
    }
    let rest = elements.dropFirst()
    switch element {
    case .value(let kind, let isNoun):
      guard let found = read(kind, at: at) else { return false }
      if isNoun {
        match.noun = found.values.first
      } else {
        match.values = found.values
      }
      return self.match(rest, at: found.end, &match)
    case .clauseEnd:
      return (at >= limit || endsClause(at) || isDate(at)) && self.match(rest, at: at, &match)
    case .words(_, let count), .traits(_, let count), .mark(_, let count):
      if accepts(element, at: at) {
        let next = count == .many ? elements : rest
        if self.match(next, at: at + 1, &match) { return true }
      }
      return count != .once && self.match(rest, at: at, &match)
    }
  }

  private func accepts(_ element: Pattern.Element, at: Int) -> Bool {
    guard at < limit else { return false }
    let token = text.tokens[at]
    switch element {
    case .words(let ids, _): return token.word != 0 && ids.contains(token.word)
    case .traits(let traits, _): return token.isWord && !token.traits.isDisjoint(with: traits)
    case .mark(let byte, _): return token.mark == byte
    case .value, .clauseEnd: return false
    }
  }
}
