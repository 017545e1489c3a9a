import MnemeCore

/// A stretch of a message that stands by itself, with what was found in it.
struct Statement: Sendable {
  /// First to last token.
  var tokens: Range<Int>
  var dates: [DateMention]
  var findings: [SlotFinding]
  /// Whether its sentence is worth keeping besides its slots.
  var keepsSentence: Bool
  /// Whether it is a question or a request: what it says of the speaker it says by the way.
  var isAside = false

  /// The statement with each correction as what it corrects: the slot that held the old value so far, as `known` finds
  /// it by that value in lower case.
  func corrected(_ known: (String) -> FactCandidate?) -> Statement {
    guard findings.contains(where: { $0.attribute == SlotRule.correction }) else { return self }
    var statement = self
    statement.findings = findings.compactMap { finding in
      guard finding.attribute == SlotRule.correction else { return finding }
      guard let attribute = finding.noun.flatMap({ known($0.lowercased()) })?.attribute else { return nil }
      var corrected = finding
      corrected.attribute = attribute
      return corrected
    }
    return statement
  }
}

/// Reads a message into statements.
struct StatementReader: Sendable {
  /// Longest statement that sentences are merged into, in bytes.
  static let maxMergedBytes = 320
  /// A sentence with fewer telling words is a fragment.
  static let minContentWords = 2
  /// "Well, so in my novel …": a story opens a sentence.
  static let maxWordsBeforeStory = 3

  /// Slots that a command can fill: "answer briefly", "call me Sam".
  static let standingOrders: Set<String> = ["reply_style", "nickname"]

  let text: TokenizedText
  let today: CivilDay
  let isConversation: Bool

  /// The statements of the message, in order.
  func statements() -> [Statement] {
    let sentenceReader = SentenceReader(text: text, isConversation: isConversation)
    var statements: [Statement] = []
    var fragments: [Statement] = []
    var lastPerson: Person?
    // Where the sentence before this one ended, if it is part of the last statement.
    var openEnd: Int?
    for sentence in Sentences.split(text) {
      switch gate(sentence) {
      case .injection: return statements
      case .unreal, .fiction:
        openEnd = nil
        continue
      case nil: break
      }
      let core = sentenceReader.core(of: sentence)
      let kind = sentenceReader.kind(of: core)
      guard kind != .empty, let statement = read(core, kind, &lastPerson) else {
        openEnd = nil
        continue
      }
      let isOpen = openEnd == sentence.lowerBound
      if kind == .fragment, !isOpen, statement.findings.isEmpty {
        if !leansOnOthers(core) { fragments.append(statement) }
        openEnd = nil
        continue
      }
      if isOpen, let last = statements.last, joins(statement, to: last) {
        statements[statements.count - 1] = merged(last, statement)
      } else {
        statements.append(statement)
      }
      openEnd = sentence.upperBound
    }
    // An answer of one word is all that was said.
    return statements.isEmpty ? Array(fragments.prefix(1)) : statements
  }

  /// "It was fun" and "A boat!" are about what somebody else said.
  private func leansOnOthers(_ core: Range<Int>) -> Bool {
    guard let first = core.first, let last = core.last else { return true }
    return Vocabulary.shared.pronounSubjects.contains(text.tokens[first].word) || text.tokens[last].is("!")
  }

  private func gate(_ sentence: Range<Int>) -> Gate? {
    let reader = ValueReader(text: text, limit: sentence.upperBound)
    var found: Gate?
    for at in sentence where found == nil && text.tokens[at].word != 0 {
      let isOpening = at - sentence.lowerBound <= Self.maxWordsBeforeStory
      RuleSet.shared.gates.forEachMatch(at: at, of: reader) { gate, _ in
        if gate == .fiction, !isOpening { return true }
        found = gate
        return false
      }
    }
    return found
  }

  private func read(_ core: Range<Int>, _ kind: SentenceKind, _ lastPerson: inout Person?) -> Statement? {
    let dates = DateFinder.mentions(in: text, range: core, today: today)
    var findings: [SlotFinding] = []
    if let told = kind == .question ? toldInQuestion(core) : core {
      var finder = SlotFinder(text, range: told, dates: dates, lastPerson: lastPerson)
      findings = finder.find()
      lastPerson = finder.lastPerson
    }
    if kind == .command { findings.removeAll { !Self.standingOrders.contains($0.attribute) } }
    let keepsSentence = kind != .command && (kind != .question || informs(core))
    guard keepsSentence || !findings.isEmpty else { return nil }
    return Statement(
      tokens: core, dates: dates, findings: findings, keepsSentence: keepsSentence,
      isAside: kind == .question || kind == .request)
  }

  private func informs(_ core: Range<Int>) -> Bool {
    SentenceReader(text: text, isConversation: isConversation).informs(core)
  }

  /// The part of a question that is not asked: "…, since I am vegan?", "Did you know I moved?".
  private func toldInQuestion(_ core: Range<Int>) -> Range<Int>? {
    let vocabulary = Vocabulary.shared
    for at in core.dropFirst() where vocabulary.declarativeStarts.contains(text.tokens[at].word) {
      var before = text.tokens[at - 1]
      if before.word == vocabulary.that, at - 1 > core.lowerBound { before = text.tokens[at - 2] }
      if before.is(",") || vocabulary.tellingWords.contains(before.word) { return at..<core.upperBound }
    }
    return nil
  }

  // MARK: Merging

  /// "It was amazing!" says nothing without the sentence before it; nor does a fragment.
  private func joins(_ statement: Statement, to last: Statement) -> Bool {
    guard statement.keepsSentence, last.keepsSentence, let first = statement.tokens.first,
      let end = statement.tokens.last, let start = last.tokens.first
    else { return false }
    guard text.tokens[end].end - text.tokens[start].start <= Self.maxMergedBytes else { return false }
    guard !text.tokens[first].is("["), !text.tokens[first].shape.contains(.startsLine) else { return false }
    let opensWithPronoun = Vocabulary.shared.pronounSubjects.contains(text.tokens[first].word)
    return opensWithPronoun || isFragment(statement) || isFragment(last)
  }

  private func isFragment(_ statement: Statement) -> Bool {
    statement.findings.isEmpty
      && text.tokens[statement.tokens].count(where: \.isContent) < Self.minContentWords
  }

  private func merged(_ left: Statement, _ right: Statement) -> Statement {
    Statement(
      tokens: left.tokens.lowerBound..<right.tokens.upperBound, dates: left.dates + right.dates,
      findings: left.findings + right.findings, keepsSentence: true, isAside: left.isAside && right.isAside)
  }
}
