/// What the publisher of a turn asks of its extraction, beyond what every turn gets. What is empty is not asked.
public struct ExtractionWishes: Hashable, Sendable {
  /// What to heed in choosing facts.
  public var customInstructions: String?
  /// The same, for what the assistant says.
  public var agentCustomInstructions: String?
  /// What alone is to be remembered.
  public var includes: String?
  /// What is not to be remembered.
  public var excludes: String?
  /// Categories in place of the built-in ones; empty for those.
  public var categories: [CustomCategory]

  /// The wishes of a turn.
  public init(_ turn: TurnBody) {
    func asked(_ text: String?) -> String? { text?.isEmpty == false ? text : nil }
    self.customInstructions = asked(turn.customInstructions)
    self.agentCustomInstructions = asked(turn.agentCustomInstructions)
    self.includes = asked(turn.includes)
    self.excludes = asked(turn.excludes)
    self.categories = turn.customCategories ?? []
  }
}

extension TurnBody {
  /// What is asked of the extraction of this turn.
  public var wishes: ExtractionWishes { ExtractionWishes(self) }

  /// The texts among the wishes, by the names of their members.
  package var wishedTexts: [(name: String, text: String)] {
    let texts: [(CodingKeys, String?)] = [
      (.customInstructions, customInstructions), (.agentCustomInstructions, agentCustomInstructions),
      (.includes, includes), (.excludes, excludes),
    ]
    return texts.compactMap { key, text in text.map { (key.rawValue, $0) } }
  }
}
