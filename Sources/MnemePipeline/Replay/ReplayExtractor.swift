public import LanguageModel
public import MnemeCore

/// An extractor that asks only what was never answered, and only as long as the budget lasts.
public struct ReplayExtractor: Extractor {
  private let base: any Extractor
  private let replies: ReplyStore
  private let budget: ReplayBudget

  /// Asks `base` where `replies` has no answer.
  public init(_ base: any Extractor, replies: ReplyStore, budget: ReplayBudget) {
    self.base = base
    self.replies = replies
    self.budget = budget
  }

  /// The base's.
  public var recipe: ExtractionRecipe { base.recipe }
  /// The base's.
  public var maxTurnsPerCall: Int { base.maxTurnsPerCall }

  /// At most one call, about the turns without an answer. Never returns once the budget is used up: whoever watches it
  /// cancels the task.
  public func extract(_ turns: [Turn]) async throws -> [Extraction] {
    guard let owner = turns.first?.owner else { return [] }
    let hashes = turns.map { ExtractionInput.hash(of: $0, recipe: recipe) }
    guard hashes.allSatisfy({ $0 != nil }) else { return try await base.extract(turns) }
    let known = try await replies.facts(of: owner, hashes: hashes.compactMap { $0 })
    let missing = turns.indices.filter { known[$0] == nil }
    var fresh: [Int: Extraction] = [:]
    if !missing.isEmpty {
      try await budget.admit()
      // Not before the answers are noted: what was paid for is to be kept.
      defer { budget.endCall() }
      let answers = try await ask(missing.map { turns[$0] })
      for (index, answer) in zip(missing, answers) { fresh[index] = answer }
      try await replies.note(
        zip(missing, answers).compactMap { index, answer in hashes[index].map { ($0, answer.facts) } }, of: owner)
    }
    budget.noteReused(turns.count - missing.count)
    return turns.indices.map { fresh[$0] ?? Extraction(facts: known[$0] ?? []) }
  }

  private func ask(_ turns: [Turn]) async throws -> [Extraction] {
    do {
      let answers = try await base.extract(turns)
      guard answers.count == turns.count else {
        throw ModelError(.malformedReply, "the extractor gave \(answers.count) results for \(turns.count) turns")
      }
      budget.noteCall(
        promptTokens: answers.reduce(0) { $0 + $1.promptTokens },
        completionTokens: answers.reduce(0) { $0 + $1.completionTokens })
      return answers
    } catch {
      budget.noteFailedCall(ReplayBudget.estimatedTokens(of: turns))
      throw error
    }
  }
}
