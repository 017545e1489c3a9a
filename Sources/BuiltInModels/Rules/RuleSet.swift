import MnemeCore

/// All rules, ready to match: built once.
struct RuleSet: Sendable {
  static let shared = RuleSet()

  let lexicon: Lexicon
  /// The number in the grammar of dates of each word of `lexicon`.
  let timeWords: [TimeLexicon.WordID]
  let predicates: PatternTable<SlotRule>
  let possessions: PatternTable<SlotRule>
  let phrases: PatternTable<SlotRule>
  let openings: PatternTable<SlotRule>
  let gates: PatternTable<Gate>

  private init() {
    var lexicon = Lexicon()
    for word in DateRules.statements.words { lexicon.add(word) }
    self.predicates = PatternTable(PredicateRules.rows, lexicon: &lexicon)
    self.possessions = PatternTable(PossessionRules.rows, lexicon: &lexicon)
    self.phrases = PatternTable(PhraseRules.rows, lexicon: &lexicon)
    self.openings = PatternTable(OpeningRules.rows, lexicon: &lexicon)
    self.gates = PatternTable(GateRules.rows, lexicon: &lexicon)
    Vocabulary.addWords(to: &lexicon)
    self.timeWords = lexicon.spellings.map { DateRules.lexicon.id(of: $0) }
    self.lexicon = lexicon
  }
}
