/// All rules, ready to match: built once.
struct RuleSet: Sendable {
  static let shared = RuleSet()

  let lexicon: Lexicon
  let dates: DateTable
  let predicates: PatternTable<SlotRule>
  let possessions: PatternTable<SlotRule>
  let phrases: PatternTable<SlotRule>
  let openings: PatternTable<SlotRule>
  let gates: PatternTable<Gate>

  private init() {
    var lexicon = Lexicon()
    self.dates = DateTable(DateRules.rows, lexicon: &lexicon)
    self.predicates = PatternTable(PredicateRules.rows, lexicon: &lexicon)
    self.possessions = PatternTable(PossessionRules.rows, lexicon: &lexicon)
    self.phrases = PatternTable(PhraseRules.rows, lexicon: &lexicon)
    self.openings = PatternTable(OpeningRules.rows, lexicon: &lexicon)
    self.gates = PatternTable(GateRules.rows, lexicon: &lexicon)
    Vocabulary.addWords(to: &lexicon)
    self.lexicon = lexicon
  }
}
