import Synchronization

/// Lets at most so many things through per second, evenly: a bucket that holds one second's worth.
public final class RateLimit: Sendable {
  private let perSecond: Double
  private let state: Mutex<(level: Double, at: ContinuousClock.Instant)>

  /// At most `perSecond` things per second.
  public init(perSecond: Double) {
    precondition(perSecond > 0, "a rate is positive")
    self.perSecond = perSecond
    self.state = Mutex((perSecond, .now))
  }

  /// Returns once `count` things may go. More than a second's worth go late rather than never: the next ones wait for
  /// them.
  /// - Throws: `CancellationError`.
  public func take(_ count: Int) async throws {
    let wait = self.state.withLock { state in
      let now = ContinuousClock.now
      let passed = state.at.duration(to: now)
      state.level = min(self.perSecond, state.level + passed / .seconds(1) * self.perSecond) - Double(count)
      state.at = now
      return state.level < 0 ? Duration.seconds(-state.level / self.perSecond) : .zero
    }
    if wait > .zero { try await Task.sleep(for: wait) }
  }
}
