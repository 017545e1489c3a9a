public import MnemeCore

/// What one extractor is: part of every record derived with it.
public struct ExtractionRecipe: Hashable, Sendable {
  /// Name and version of the extractor, e.g. `builtin-1` or `prompt-1`.
  public var extractor: String
  /// The model asked, or `none`.
  public var model: String
  /// SHA-256 of the prompt or rule set, hexadecimal.
  public var promptHash: String

  /// A recipe with all its parts.
  public init(extractor: String, model: String, promptHash: String) {
    self.extractor = extractor
    self.model = model
    self.promptHash = promptHash
  }

  /// One short string that differs whenever any part does.
  public var id: String { "\(self.extractor)/\(self.model)/\(self.promptHash.prefix(16))" }
}

/// The facts of one turn.
public struct Extraction: Sendable {
  /// Candidates in the order of their appearance.
  public var facts: [FactCandidate]
  /// What the model said about this turn, verbatim; nil without a model.
  public var reply: String?
  /// Tokens spent, attributed to this turn.
  public var promptTokens: Int
  /// Tokens received, attributed to this turn.
  public var completionTokens: Int

  /// An extraction with all its parts.
  public init(facts: [FactCandidate], reply: String? = nil, promptTokens: Int = 0, completionTokens: Int = 0) {
    self.facts = facts
    self.reply = reply
    self.promptTokens = promptTokens
    self.completionTokens = completionTokens
  }
}

/// Finds facts in turns. The result depends on the turns alone; existing memories are never shown to it.
public protocol Extractor: Sendable {
  /// What is recorded with each fact.
  var recipe: ExtractionRecipe { get }
  /// How many turns of one owner one call may hold.
  var maxTurnsPerCall: Int { get }

  /// One extraction for each turn, in the order of `turns`, all of which belong to one owner. One call is one attempt.
  /// - Throws: `ModelError`.
  func extract(_ turns: [Turn]) async throws -> [Extraction]
}
