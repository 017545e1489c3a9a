import MnemeCore
import MnemePipeline

/// What replay commands print.
enum ReplayReports {
  private struct Filled: Encodable {
    var id: String
    var calls: Int
    var reusedTurns: Int
    var promptTokens: Int
    var completionTokens: Int
    var checks: GenerationChecks?
  }

  /// What was filled, and what it took.
  static func show(
    _ generation: Generation, _ spending: ReplaySpending, checks: GenerationChecks?, json: Bool
  ) throws {
    if json {
      return try Console.json(
        Filled(
          id: generation.id, calls: spending.callCount, reusedTurns: spending.reusedTurnCount,
          promptTokens: spending.promptTokens, completionTokens: spending.completionTokens, checks: checks))
    }
    Console.line("generation  \(generation.id)")
    if spending.callCount + spending.reusedTurnCount > 0 {
      Console.line(
        "asked       \(spending.callCount) calls, \(spending.promptTokens) + \(spending.completionTokens) tokens, "
          + "\(spending.reusedTurnCount) turns known already")
    }
    guard let checks else { return }
    checks.show()
    if checks.problems.isEmpty {
      Console.note("see what would change: mneme generations diff; go over: mneme generations promote \(generation.id)")
    }
  }

  /// What a replay would take.
  static func show(_ estimate: ReplayEstimate, unit: String, json: Bool) throws {
    if json { return try Console.json(estimate) }
    Console.line("\(unit)   \(estimate.items)")
    Console.line("calls   \(estimate.calls)")
    Console.line("tokens  about \(estimate.promptTokens) sent, \(estimate.completionTokens) received")
    Console.line(
      "cost    \(estimate.cost.map { "about \(($0 * 100).rounded() / 100) USD" } ?? "unknown; set the prices")")
    Console.line("time    about \(Int(estimate.seconds.rounded(.up))) s")
    if estimate.failedCalls > 0 {
      Console.line("failed  \(estimate.failedCalls) calls of the sample brought no usable answer")
    }
    Console.note("estimated from \(estimate.sampled) of them")
  }
}
