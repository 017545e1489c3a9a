public import LanguageModel
public import MnemeCore

/// Finds facts with rules alone: no language model, no network, the same result for the same turns, always.
///
/// Each message goes through the same steps: who speaks, words and sentences, what is no statement, which dates and
/// slots a statement holds, facts. Time is linear in the length of the text.
public struct RuleExtractor: Extractor {
  /// Most facts of one message; what follows in it is not read.
  public static let maxFactsPerMessage = 200

  /// Longest text of a fact, in bytes: a sentence, its speaker and its dates.
  public static let maxStatementBytes = Sentences.maxBytes + 400

  /// The version of the rules: any change of what they yield for a turn is a new one.
  static let version = "rules-1"

  /// What is recorded with each fact.
  public let recipe = ExtractionRecipe(
    extractor: "builtin-1", model: "none", promptHash: Derivation.sha256(RuleExtractor.version))
  /// How many turns of one owner one call may hold.
  public let maxTurnsPerCall = 1_000

  /// An extractor; all are alike.
  public init() {}

  /// One extraction for each turn. Throws nothing but `CancellationError`.
  public func extract(_ turns: [Turn]) async throws -> [Extraction] {
    var extractions: [Extraction] = []
    for turn in turns {
      try Task.checkCancellation()
      extractions.append(Extraction(facts: facts(of: turn)))
    }
    return extractions
  }

  /// The facts of one turn, in the order of their appearance.
  public func facts(of turn: Turn) -> [FactCandidate] {
    var facts: [FactCandidate] = []
    for index in turn.body.messages.indices {
      facts += self.facts(
        of: turn.body.messages[index], at: index, moment: turn.moment(ofMessage: index), after: facts)
    }
    return RuleWishes(turn.body.wishes)?.applied(to: facts) ?? facts
  }

  private func facts(
    of message: Message, at index: Int, moment: Moment, after earlier: [FactCandidate]
  ) -> [FactCandidate] {
    let lexicon = RuleSet.shared.lexicon
    guard
      let speaker = Speaker(role: message.role, name: message.name, content: message.content, lexicon: lexicon)
    else { return [] }
    let text = Tokenizer.tokenize(speaker.content, lexicon: lexicon)
    let reader = StatementReader(text: text, today: moment.at.day, isConversation: speaker.name != nil)
    let builder = FactBuilder(text: text, speaker: speaker, messageIndex: index, moment: moment)
    var facts: [FactCandidate] = []
    for statement in reader.statements() {
      let statement = statement.corrected { old in (earlier + facts).last { $0.value?.lowercased() == old } }
      for fact in builder.facts(of: statement) where !facts.contains(where: { $0.text == fact.text }) {
        facts.append(fact)
      }
      if facts.count >= Self.maxFactsPerMessage { return Array(facts.prefix(Self.maxFactsPerMessage)) }
    }
    return facts
  }
}
