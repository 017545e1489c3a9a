import MnemeCore
import Synchronization

/// What tokens cost, in US dollars per million.
public struct TokenPrice: Hashable, Sendable {
  /// Of the prompt.
  public var prompt: Double
  /// Of the reply.
  public var completion: Double

  /// A price with all its parts.
  public init(prompt: Double, completion: Double) {
    self.prompt = prompt
    self.completion = completion
  }
}

/// What was spent on a replay.
public struct ReplaySpending: Hashable, Sendable {
  /// Calls of the model.
  public var callCount = 0
  /// Turns whose answer was known already.
  public var reusedTurnCount = 0
  /// Tokens sent.
  public var promptTokens = 0
  /// Tokens received.
  public var completionTokens = 0

  /// Nothing spent.
  public init() {}

  /// Tokens in both directions.
  public var tokens: Int { promptTokens + completionTokens }

  /// In US dollars.
  public func cost(at price: TokenPrice) -> Double {
    (Double(promptTokens) * price.prompt + Double(completionTokens) * price.completion) / 1_000_000
  }
}

/// How much a replay may spend, all its runs and workers together. Calls in flight when it is used up are finished.
public final class ReplayBudget: Sendable {
  private struct State {
    var spending = ReplaySpending()
    var callsInFlight = 0
    /// Spent on calls that brought nothing.
    var failedTokens = 0
    /// What the log says of all runs and workers, when it was read last.
    var logged = 0
    var loggedCost = 0.0
    /// What was in the log when this run began.
    var base: (tokens: Int, cost: Double)?
  }

  private let maxTokens: Int?
  private let maxCost: Double?
  private let price: TokenPrice?
  private let state = Mutex(State())

  /// A budget of `maxTokens`, and of `maxCost` US dollars at `price`; nil for no bound. A bound of the cost needs a
  /// price.
  public init(maxTokens: Int? = nil, maxCost: Double? = nil, price: TokenPrice? = nil) {
    precondition(maxCost == nil || price != nil, "a bound of the cost needs a price")
    self.maxTokens = maxTokens
    self.maxCost = maxCost
    self.price = price
  }

  /// What this run has spent.
  public var spending: ReplaySpending { self.state.withLock { $0.spending } }

  /// Why nothing more may be spent; nil while there is some left.
  public var exhaustion: String? {
    self.state.withLock { state in
      let base = state.base ?? (0, 0)
      let own = state.spending.tokens + state.failedTokens
      if let maxTokens, max(state.logged, base.tokens + own) >= maxTokens {
        return "the budget of \(maxTokens) tokens is used up"
      }
      if let maxCost, let price {
        let cost = state.spending.cost(at: price) + Double(state.failedTokens) * price.prompt / 1_000_000
        if max(state.loggedCost, base.cost + cost) >= maxCost { return "the budget of \(maxCost) USD is used up" }
      }
      return nil
    }
  }

  /// Tells what the log says was spent in all, by every run and worker.
  public func noteLogged(_ spending: ReplaySpending) {
    let cost = self.price.map { spending.cost(at: $0) } ?? 0
    self.state.withLock { state in
      state.logged = spending.tokens
      state.loggedCost = cost
      if state.base == nil { state.base = (spending.tokens, cost) }
    }
  }

  /// Calls under way, whose answers are not noted yet.
  public var callsInFlight: Int { self.state.withLock { $0.callsInFlight } }

  /// Returns where something may be spent, and a call begins; else waits to be cancelled.
  /// - Throws: `CancellationError`.
  func admit() async throws {
    while self.exhaustion != nil { try await Task.sleep(for: .seconds(3600)) }
    self.state.withLock { $0.callsInFlight += 1 }
  }

  /// A call that was admitted has ended, and its answer is noted.
  func endCall() {
    self.state.withLock { $0.callsInFlight -= 1 }
  }

  func noteCall(promptTokens: Int, completionTokens: Int) {
    self.state.withLock { state in
      state.spending.callCount += 1
      state.spending.promptTokens += promptTokens
      state.spending.completionTokens += completionTokens
    }
  }

  func noteFailedCall(_ estimatedTokens: Int) {
    self.state.withLock { state in
      state.spending.callCount += 1
      state.failedTokens += estimatedTokens
    }
  }

  func noteReused(_ count: Int) {
    self.state.withLock { $0.spending.reusedTurnCount += count }
  }

  /// About how many tokens a prompt about `turns` has: four bytes of English are one.
  static func estimatedTokens(of turns: [Turn]) -> Int {
    let messages = turns.reduce(0) { $0 + $1.body.messages.reduce(0) { $0 + $1.content.utf8.count } }
    return (ExtractionPrompt.standard.text.utf8.count + messages) / 4
  }
}
