/// How often, and how long apart, something is tried again.
public struct RetryPolicy: Hashable, Sendable {
  /// Attempts in all, the first one included; at least 1.
  public var maxAttemptCount: Int
  /// Pause after the first failure; it doubles with each further one.
  public var initialDelay: Duration
  /// The longest pause, also where the other side asks for a longer one.
  public var maxDelay: Duration

  /// A policy with all its parts.
  public init(
    maxAttemptCount: Int = 5, initialDelay: Duration = .milliseconds(250), maxDelay: Duration = .seconds(30)
  ) {
    precondition(maxAttemptCount >= 1, "something is tried at least once")
    self.maxAttemptCount = maxAttemptCount
    self.initialDelay = initialDelay
    self.maxDelay = maxDelay
  }

  /// The pause after attempt number `attempt` (from 1) failed; nil where it was the last one.
  /// `retryAfter` is what the other side asked for; `jitter` is a random number in 0…1.
  /// Formula: full jitter over the upper half of an exponential, so that a pause is never below half of its nominal
  /// value.
  public func delay(afterAttempt attempt: Int, retryAfter: Duration?, jitter: Double) -> Duration? {
    guard attempt < maxAttemptCount else { return nil }
    let doublings = min(attempt - 1, 30)
    let nominal = min(initialDelay * (1 << doublings), maxDelay)
    let jittered = nominal / 2 + nominal / 2 * jitter
    guard let retryAfter else { return jittered }
    return min(max(retryAfter, jittered), maxDelay)
  }
}
