import MnemeCore

/// Turns the statements of one message into fact candidates.
struct FactBuilder: Sendable {
  /// A sentence with more telling words beside its slot is stored by itself, so that it stays when the slot changes.
  static let maxWordsBesideSlot = 3
  /// Longest event, in characters.
  static let maxEventLength = 160

  /// A date further away from a slot belongs to another clause, in words.
  static let maxWordsToDate = 6
  /// Slots that no date bears on.
  private static let timeless: Set<String> = ["name", "nickname", "age", "birthday", "nationality", "email", "phone"]

  static let slottedConfidence = 0.9
  static let plainConfidence = 0.6
  static let hedgedConfidence = 0.4

  let text: TokenizedText
  let speaker: Speaker
  let messageIndex: Int
  let moment: Moment

  private var today: CivilDay { moment.at.day }
  private var subject: String { speaker.name ?? "user" }

  /// The facts of one statement.
  func facts(of statement: Statement) -> [FactCandidate] {
    var slotted = statement.findings.map { fact(of: $0, in: statement) }
    guard statement.keepsSentence else { return slotted }
    let beside = wordsBesideSlots(statement)
    if !slotted.isEmpty, beside == 0 { return slotted }
    var sentence = plainFact(of: statement)
    if beside <= Self.maxWordsBesideSlot, let index = slotted.firstIndex(where: mayCarry) {
      let slot = slotted.remove(at: index)
      sentence.attribute = slot.attribute
      sentence.value = slot.value
      sentence.polarity = slot.polarity
      sentence.subject = slot.subject
      sentence.category = slot.category
      sentence.confidence = slot.confidence
      sentence.validFrom = slot.validFrom
      sentence.validTo = slot.validTo
    } else if let event = event(of: statement) {
      sentence.attribute = "event"
      sentence.value = event
      sentence.confidence = max(sentence.confidence, Self.plainConfidence)
    }
    return [sentence] + slotted
  }

  /// A slot with one value: when it changes, the sentence that told the old value goes with it.
  private func mayCarry(_ fact: FactCandidate) -> Bool {
    fact.attribute.flatMap(Attribute.named)?.isSingleValued ?? false
  }

  private func wordsBesideSlots(_ statement: Statement) -> Int {
    statement.tokens.count { at in
      text.tokens[at].isContent && !statement.findings.contains { $0.tokens.contains(at) }
        && !statement.dates.contains { $0.tokens.contains(at) }
    }
  }

  // MARK: Sentences

  private func plainFact(of statement: Statement) -> FactCandidate {
    let prefix = speaker.name ?? "User"
    let date = statement.dates.first { $0.role != .until }
    let end = statement.dates.first { $0.role == .until }
    let isHedged = statement.isAside || statement.tokens.contains { text.tokens[$0].traits.contains(.hedge) }
    return FactCandidate(
      text: prefix + ": " + annotated(statement), category: category(of: statement), subject: subject,
      validFrom: date.flatMap(pastStart), validTo: end.map { Timestamp($0.span.last) },
      confidence: isHedged ? Self.hedgedConfidence : Self.plainConfidence, messageIndex: messageIndex,
      quote: text.verbatim(statement.tokens), actor: speaker.actor)
  }

  /// What is to come holds from the moment it is said.
  private func pastStart(_ date: DateMention) -> Timestamp? { date.span.first <= today ? date.span.start : nil }

  /// The words with each date explained in parentheses, without the mark at the end.
  private func annotated(_ statement: Statement) -> String {
    var result = ""
    var start = statement.tokens.lowerBound
    for date in statement.dates where !date.isAbsolute && date.tokens.upperBound > start {
      result += text.singleLine(start..<date.tokens.upperBound) + " (" + date.annotation + ")"
      start = date.tokens.upperBound
      let isFollowed = start < statement.tokens.upperBound && !text.tokens[start].shape.contains(.glued)
      if isFollowed { result += " " }
    }
    result += text.singleLine(start..<statement.tokens.upperBound)
    while let last = result.last, last == "." || last == "!" || last == " " || last == "," { result.removeLast() }
    return result
  }

  private func category(of statement: Statement) -> String {
    var counts = [Int](repeating: 0, count: Category.all.count)
    for at in statement.tokens {
      let traits = text.tokens[at].traits
      guard traits.rawValue >> UInt64(WordTraits.firstCategoryBit) != 0 else { continue }
      for index in counts.indices where traits.contains(.category(index)) { counts[index] += 1 }
    }
    guard let most = counts.max(), most > 0, let index = counts.firstIndex(of: most) else { return Category.misc }
    return Category.all[index]
  }

  /// What the speaker did on a day that the text names: the clause without its subject and its date.
  private func event(of statement: Statement) -> String? {
    guard let date = statement.dates.first, date.role == .at, date.span.first <= today else { return nil }
    let vocabulary = Vocabulary.shared
    let reader = ValueReader(text: text, limit: statement.tokens.upperBound, dates: statement.dates.map(\.tokens))
    for at in statement.tokens where at + 1 < statement.tokens.upperBound {
      let token = text.tokens[at]
      guard token.word == vocabulary.i || token.word == vocabulary.we, isPastVerb(at + 1) else { continue }
      guard let clause = reader.clause(at: at + 1) else { return nil }
      let value = clause.split { at in statement.dates.contains { $0.tokens.contains(at) } }
        .map { text.singleLine($0.lowerBound..<$0.upperBound) }.joined(separator: " ")
      return value.count <= Self.maxEventLength ? value : nil
    }
    return nil
  }

  private func isPastVerb(_ at: Int) -> Bool {
    let token = text.tokens[at]
    if Vocabulary.shared.beVerbs.contains(token.word) || token.traits.contains(.chat) { return false }
    if token.traits.contains(.pastVerb) { return true }
    let bytes = text.bytes[token.start..<token.end]
    return bytes.count > 3 && bytes.suffix(2).elementsEqual("ed".utf8)
  }

  // MARK: Slots

  private func fact(of finding: SlotFinding, in statement: Statement) -> FactCandidate {
    let date = nearestDate(to: finding, in: statement)
    var fact = FactCandidate(
      text: "", category: Attribute.named(finding.attribute)?.category ?? Category.misc,
      subject: finding.person.name ?? subject, attribute: finding.attribute, value: finding.value,
      polarity: finding.polarity, confidence: Self.slottedConfidence, messageIndex: messageIndex,
      quote: text.verbatim(statement.tokens), actor: speaker.actor)
    if finding.isEnded {
      fact.validTo = moment.at
      if let date { fact.validTo = min(moment.at, Timestamp(date.span.last)) }
    } else if let date {
      if date.role == .until {
        fact.validTo = Timestamp(date.span.last)
      } else if date.role == .since || mayCarry(fact) {
        fact.validFrom = pastStart(date)
      }
    }
    fact.text = sentence(of: finding, date: date, validFrom: fact.validFrom)
    return fact
  }

  private func nearestDate(to finding: SlotFinding, in statement: Statement) -> DateMention? {
    func distance(_ date: DateMention) -> Int {
      max(date.tokens.lowerBound - finding.tokens.upperBound, finding.tokens.lowerBound - date.tokens.upperBound, 0)
    }
    guard !Self.timeless.contains(finding.attribute) else { return nil }
    return statement.dates.filter { distance($0) <= Self.maxWordsToDate }.min { distance($0) < distance($1) }
  }

  private func sentence(of finding: SlotFinding, date: DateMention?, validFrom: Timestamp?) -> String {
    let texts = SlotText.of(finding.attribute)
    let value = finding.value ?? "that"
    let named = finding.noun.map { "\($0.lowercased()) \(value)" } ?? value
    let isNamed = finding.attribute == "pet" || SlotFinder.peopleAttributes.contains(finding.attribute)
    let template = finding.isEnded ? texts.ended : finding.polarity == .positive ? texts.positive : texts.negative
    var sentence = Self.filled(template, with: isNamed ? named : value)
    if finding.attribute == "favorite_other", let noun = finding.noun {
      sentence = "Favorite \(noun.lowercased()) is \(value)"
    }
    sentence = led(sentence, by: finding.person, isPossession: texts.isPossession)
    if validFrom != nil, let date { return sentence + " (since " + date.span.text + ")" }
    if finding.attribute == "plan" || finding.attribute == "goal", let date {
      return sentence + " (" + date.span.text + ")"
    }
    return sentence
  }

  private static func filled(_ template: String, with value: String) -> String {
    guard let at = template.firstIndex(of: "%") else { return template }
    return template[..<at] + value + template[template.index(after: at)...]
  }

  /// Puts the subject in front, where it is not the owner.
  private func led(_ sentence: String, by person: Person, isPossession: Bool) -> String {
    let display = person == .speaker ? speaker.name : person.display
    guard let display, let first = sentence.first else { return sentence }
    let rest = first.lowercased() + sentence.dropFirst()
    let subject = display.prefix(1).uppercased() + display.dropFirst()
    return isPossession ? subject + "'s " + rest : subject + " " + Self.verbal(rest)
  }

  private static let labels = ["hobby: ", "plan: ", "goal: ", "diet: ", "habit: ", "former "]

  /// "allergic to …" and "hobby: …" need a verb after a subject.
  private static func verbal(_ text: String) -> String {
    if text.hasPrefix("allergic") || text.hasPrefix("not ") || text.hasPrefix("good at") { return "is " + text }
    return labels.contains { text.hasPrefix($0) } ? "has the " + text : text
  }
}
