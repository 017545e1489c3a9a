import MnemeCore

/// Whom a clause is about.
struct Person: Hashable, Sendable {
  /// As a fact names the subject; nil for the speaker.
  var name: String?
  /// As a text introduces it: "sister Anna".
  var display: String

  static let speaker = Person(name: nil, display: "")
}

/// A slot that a sentence fills.
struct SlotFinding: Sendable {
  var attribute: String
  /// The value's words; nil where the slot is denied as a whole.
  var value: String?
  /// What the pattern's noun said: "dog", "sister".
  var noun: String?
  var polarity: Polarity
  /// It held once and no longer does.
  var isEnded: Bool
  var person: Person
  /// The tokens that the finding accounts for.
  var tokens: Range<Int>
}

/// Finds the slots that one sentence fills.
struct SlotFinder: Sendable {
  /// Most slots of one sentence.
  static let maxFindings = 12
  /// Longest value, in characters.
  static let maxValueLength = 120
  /// What nobody is told by a denial: "I'm no Mozart".
  private static let undeniable: Set<String> = ["plan", "goal", "name", "age", "nickname", "birthday"]
  /// Slots whose value is a clause.
  private static let clauseAttributes: Set<String> = ["plan", "goal", "reply_style", "pronouns"]
  /// Slots of people, whose text tells the relation too.
  static let peopleAttributes: Set<String> = ["partner", "child", "relative", "friend"]
  /// Most words between a subject and its verb.
  private static let maxModifiers = 8

  let reader: ValueReader
  private let range: Range<Int>
  private var findings: [SlotFinding] = []
  /// Whom "he" and "she" mean.
  private(set) var lastPerson: Person?
  private var subject: Person?
  /// Where the present clause and its predicate begin.
  private var clauseStart: Int
  private var tokens: [Token] { reader.text.tokens }

  /// A finder for the sentence `range`, whose dates are known; `lastPerson` is carried from sentence to sentence.
  init(_ text: TokenizedText, range: Range<Int>, dates: [DateMention], lastPerson: Person?) {
    self.range = range
    self.reader = ValueReader(text: text, limit: range.upperBound, dates: dates.map(\.tokens))
    self.lastPerson = lastPerson
    self.clauseStart = range.lowerBound
  }

  /// The slots, in the order of the text.
  mutating func find() -> [SlotFinding] {
    var at = range.lowerBound
    var startsClause = true
    while at < range.upperBound, findings.count < Self.maxFindings {
      let token = tokens[at]
      if let end = matchPhrase(at: at) {
        at = end
        startsClause = false
        continue
      }
      if startsClause || isSubjectPronoun(token) {
        if let end = matchClause(at: at, isFirst: at == range.lowerBound) {
          at = max(end, at + 1)
          startsClause = at < range.upperBound && isBoundary(tokens[at])
          continue
        }
      }
      startsClause = isBoundary(token) || (startsClause && isSkipped(token))
      at += 1
    }
    return findings
  }

  private func isSubjectPronoun(_ token: Token) -> Bool {
    let vocabulary = Vocabulary.shared
    return token.word == vocabulary.i || token.word == vocabulary.we || token.word == vocabulary.my
      || token.word == vocabulary.our
  }

  private func isBoundary(_ token: Token) -> Bool {
    token.mark != 0 && !token.is("'") && !token.is("-") || Vocabulary.shared.clauseStarts.contains(token.word)
  }

  private func isSkipped(_ token: Token) -> Bool { !token.traits.isDisjoint(with: [.adverb, .interjection]) }

  // MARK: Phrases

  private mutating func matchPhrase(at: Int) -> Int? {
    var end: Int?
    RuleSet.shared.phrases.forEachMatch(at: at, of: reader) { rule, match in
      end = add(rule, match, .speaker, from: at) ? match.end : nil
      return end == nil
    }
    return end
  }

  // MARK: Clauses

  /// Tries to read a clause at `at`; returns where to go on, or nil where there is no rule for it.
  private mutating func matchClause(at: Int, isFirst: Bool) -> Int? {
    clauseStart = at
    if let end = matchOpening(at: at) { return end }
    if let (person, next) = possessor(at: at), let end = matchRules(RuleSet.shared.possessions, at: next, person) {
      return end
    }
    if let (person, next) = readSubject(at: at) {
      subject = person
      if person != .speaker { lastPerson = person }
      return matchPredicate(at: next, person)
    }
    // "… and started at the bank", "Moved to Rome."
    guard let inherited = subject ?? (isFirst ? .speaker : nil) else { return nil }
    return matchPredicate(at: at, inherited)
  }

  private mutating func matchOpening(at: Int) -> Int? {
    var start = at
    while start < range.upperBound, isSkipped(tokens[start]), start - at < 2 { start += 1 }
    for first in start == at ? [at] : [start, at] {
      if let end = matchRules(RuleSet.shared.openings, at: first, .speaker) { return end }
    }
    return nil
  }

  private mutating func matchPredicate(at: Int, _ person: Person) -> Int? {
    var next = at
    while next < range.upperBound, next - at <= Self.maxModifiers {
      if let end = matchRules(RuleSet.shared.predicates, at: next, person) { return end }
      guard isModifier(next) else { return nil }
      next += 1
    }
    return nil
  }

  private func isModifier(_ at: Int) -> Bool {
    let token = tokens[at]
    if !token.traits.isDisjoint(with: [.adverb, .auxiliary, .negator, .unreal, .future]) { return true }
    let vocabulary = Vocabulary.shared
    if token.word == vocabulary.used || token.word == vocabulary.possessive { return true }
    return token.word == vocabulary.to && at > clauseStart && tokens[at - 1].word == vocabulary.used
  }

  private mutating func matchRules(_ table: PatternTable<SlotRule>, at: Int, _ person: Person) -> Int? {
    var end: Int?
    let start = clauseStart
    table.forEachMatch(at: at, of: reader) { rule, match in
      end = add(rule, match, person, from: start) ? match.end : nil
      return end == nil
    }
    return end
  }

  // MARK: Subjects

  private func readSubject(at: Int) -> (Person, Int)? {
    let token = tokens[at]
    let vocabulary = Vocabulary.shared
    if token.word == vocabulary.i || token.word == vocabulary.we { return (.speaker, at + 1) }
    if token.word == vocabulary.he || token.word == vocabulary.she { return lastPerson.map { ($0, at + 1) } }
    if token.word == vocabulary.my || token.word == vocabulary.our { return relation(at: at + 1) }
    return namedPerson(at: at)
  }

  /// "sister", "sister Anna", "best friend Tom": after "my".
  private func relation(at: Int) -> (Person, Int)? {
    var head = at
    while head < range.upperBound, head - at < 2, tokens[head].isWord, !tokens[head].traits.contains(.relation) {
      head += 1
    }
    guard head < range.upperBound, tokens[head].traits.contains(.relation) else { return nil }
    let relation = reader.text.singleLine(head..<head + 1).lowercased()
    var next = head + 1
    if next < range.upperBound, tokens[next].is(",") { next += 1 }
    if let name = personName(at: next) {
      let text = reader.text.singleLine(name)
      var end = name.upperBound
      if end < range.upperBound, tokens[end].is(",") { end += 1 }
      return (Person(name: text, display: relation + " " + text), end)
    }
    return (Person(name: relation, display: relation), head + 1)
  }

  private func personName(at: Int) -> Range<Int>? {
    guard at < range.upperBound, isNewName(at) else { return nil }
    let second = at + 1
    return at..<(second < range.upperBound && isNewName(second) ? second + 1 : second)
  }

  private func isNewName(_ at: Int) -> Bool {
    let token = tokens[at]
    return token.isWord && token.word == 0 && token.shape.contains(.capitalized) && !token.shape.contains(.digits)
  }

  private func namedPerson(at: Int) -> (Person, Int)? {
    guard let name = personName(at: at), name.upperBound < range.upperBound else { return nil }
    // "Teased …", "Driving …" open a sentence too.
    let ending = reader.bytes(at).suffix(3)
    if at == range.lowerBound, ending.elementsEqual("ing".utf8) || ending.suffix(2).elementsEqual("ed".utf8) {
      return nil
    }
    let text = reader.text.singleLine(name)
    return (Person(name: text, display: text), name.upperBound)
  }

  /// "my", "my sister's", "his", "Anna's".
  private func possessor(at: Int) -> (Person, Int)? {
    let token = tokens[at]
    let vocabulary = Vocabulary.shared
    if token.word == vocabulary.his || token.word == vocabulary.her { return lastPerson.map { ($0, at + 1) } }
    let isMine = token.word == vocabulary.my || token.word == vocabulary.our
    if let (person, next) = isMine ? relation(at: at + 1) : namedPerson(at: at), next < range.upperBound,
      tokens[next].word == vocabulary.possessive
    {
      return (person, next + 1)
    }
    return isMine ? (.speaker, at + 1) : nil
  }

  // MARK: Findings

  /// Adds what a rule found; false where the clause does not bear it out.
  private mutating func add(_ rule: SlotRule, _ match: PatternMatch, _ person: Person, from start: Int) -> Bool {
    guard !rule.isOfSpeakerOnly || person == .speaker else { return false }
    let valueStart = match.values.first?.lowerBound ?? match.end
    let clause = Clause(reader: reader, tokens: start..<max(start, valueStart), end: match.end)
    guard rule.allowsUnreal || !clause.isUnreal, rule.needsDenial == false || clause.isDenied else { return false }
    var finding = SlotFinding(
      attribute: rule.attribute, value: rule.value, noun: match.noun.map { reader.text.singleLine($0) },
      polarity: rule.polarity, isEnded: rule.aspect == .ended, person: person, tokens: start..<match.end)
    if clause.isDenied, !rule.needsDenial {
      finding.polarity = .negative
      // "I don't like olives" is a taste; "I don't like them any more" is the end of one.
      if rule.attribute == "likes", !clause.isOver {
        finding.attribute = "dislikes"
        finding.polarity = .positive
      }
      guard !Self.undeniable.contains(finding.attribute) else { return false }
    }
    finding.isEnded = finding.isEnded || clause.isUsedTo || (rule.aspect == .state && clause.isPast)
    resolveNoun(&finding)
    guard
      rule.attribute != "reply_style" || start == range.lowerBound || !isCommand(match.start)
    else { return false }
    let values = match.values.filter { speaksForItself($0, of: finding.attribute) }.map { reader.text.singleLine($0) }
      .filter { $0.count <= Self.maxValueLength }
    guard match.values.isEmpty || !values.isEmpty, !values.isEmpty || rule.value != nil || rule.polarity == .negative
    else { return false }
    guard !values.isEmpty else {
      append(finding)
      return true
    }
    for value in values {
      finding.value = value
      if finding.attribute == "favorite" { finding.attribute = favorite(finding.noun, value, match) }
      append(finding)
    }
    addNoun(of: rule, finding)
    return true
  }

  private mutating func addNoun(of rule: SlotRule, _ finding: SlotFinding) {
    guard let attribute = rule.nounAttribute, let noun = finding.noun, noun.count <= Self.maxValueLength else { return }
    var second = finding
    second.attribute = attribute
    second.value = noun
    second.noun = nil
    if rule.endsNoun { second.polarity = .negative }
    append(second)
  }

  private func isCommand(_ at: Int) -> Bool { tokens[at].traits.contains(.command) }

  /// Whether a value says what it is without the words around it: "her cooking" and "it" do not.
  private func speaksForItself(_ value: Range<Int>, of attribute: String) -> Bool {
    if Self.clauseAttributes.contains(attribute) {
      return !tokens[value].contains { $0.traits.contains(.secondPerson) }
    }
    if attribute == "favorite_color", !tokens[value].contains(where: { $0.traits.contains(.color) }) { return false }
    return !tokens[value].contains { !$0.traits.isDisjoint(with: [.thirdPerson, .secondPerson]) }
  }

  private func resolveNoun(_ finding: inout SlotFinding) {
    if finding.attribute == "person" { finding.attribute = SlotNouns.person(finding.noun?.lowercased() ?? "") }
  }

  private func favorite(_ noun: String?, _ value: String, _ match: PatternMatch) -> String {
    let named = noun.map { SlotNouns.favorite(String($0.lowercased().split(separator: " ").last ?? "")) }
    if let named, named != "favorite_other" { return named }
    let own = SlotNouns.favorite(String(value.lowercased().split(separator: " ").last ?? ""))
    return own != "favorite_other" || noun == nil ? own : "favorite_other"
  }

  private mutating func append(_ finding: SlotFinding) {
    let isKnown = findings.contains {
      $0.attribute == finding.attribute && $0.value == finding.value && $0.person == finding.person
    }
    if !isKnown { findings.append(finding) }
  }
}

/// What the words before a value say of it.
private struct Clause {
  var isUnreal = false
  var isDenied = false
  var isUsedTo = false
  var isPast = false
  /// "no longer", "any more": it was so before.
  var isOver = false

  init(reader: ValueReader, tokens range: Range<Int>, end: Int) {
    let vocabulary = Vocabulary.shared
    let tokens = reader.text.tokens
    var isPerfect = false
    for at in range {
      let token = tokens[at]
      if !token.traits.isDisjoint(with: [.unreal, .future]) { isUnreal = true }
      if token.traits.contains(.negator) { isDenied = true }
      // "I cannot have a horse" does not tell that there was one.
      if token.word == vocabulary.can, at + 1 < range.upperBound, tokens[at + 1].traits.contains(.negator) {
        isUnreal = true
      }
      if token.word == vocabulary.longer { (isOver, isDenied) = (true, true) }
      if token.word == vocabulary.used, at + 1 < range.upperBound, tokens[at + 1].word == vocabulary.to {
        isUsedTo = true
      }
      if vocabulary.perfectVerbs.contains(token.word) { isPerfect = true }
      if Self.isPast(token, reader.bytes(at)) { isPast = true }
    }
    isPast = isPast && !isPerfect
    if range.lowerBound > 0, tokens[range.lowerBound - 1].word == vocabulary.ifWord { isUnreal = true }
    if end < reader.limit, tokens[end].traits.contains(.timeWord), tokens[end].traits.contains(.adverb) {
      isOver = true
    }
  }

  /// Verbs that state rules know in their past form.
  private static func isPast(_ token: Token, _ bytes: ArraySlice<UInt8>) -> Bool {
    if token.traits.contains(.pastVerb) { return !token.traits.contains(.chat) }
    return bytes.count > 4 && bytes.suffix(2).elementsEqual("ed".utf8)
      && token.traits.isDisjoint(with: [.adverb, .status])
      && stateVerbs.contains(String(decoding: bytes, as: UTF8.self))
  }

  private static let stateVerbs: Set<String> = ["lived", "worked", "studied", "majored", "resided", "loved", "liked"]
}
