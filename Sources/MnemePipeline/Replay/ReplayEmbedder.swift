public import LanguageModel

/// An embedder that asks only as long as the budget lasts. Endpoints do not tell what they count: four bytes of text
/// are
/// taken for a token.
public struct ReplayEmbedder: Embedder {
  private let base: any Embedder
  private let budget: ReplayBudget

  /// Asks `base`.
  public init(_ base: any Embedder, budget: ReplayBudget) {
    self.base = base
    self.budget = budget
  }

  /// The base's.
  public var space: EmbeddingSpace { base.space }
  /// The base's.
  public var backend: String { base.backend }

  /// The base's vectors. Never returns once the budget is used up: whoever watches it cancels the task.
  public func embed(_ texts: [String]) async throws -> [[Float]] {
    guard !texts.isEmpty else { return [] }
    try await budget.admit()
    defer { budget.endCall() }
    let vectors = try await base.embed(texts)
    budget.noteCall(promptTokens: texts.reduce(0) { $0 + ($1.utf8.count + 3) / 4 }, completionTokens: 0)
    return vectors
  }
}
