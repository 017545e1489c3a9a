public import MnemeCore

/// What a pipeline takes from the world besides its ports: time and chance, so that tests can hold both in hand.
public struct PipelineEnvironment: Sendable {
  /// The wall clock.
  public var now: @Sendable () -> Timestamp
  /// Waits; throws `CancellationError` where the task is cancelled.
  public var sleep: @Sendable (Duration) async throws -> Void
  /// A random number in 0…1, for jitter only.
  public var jitter: @Sendable () -> Double

  /// An environment with all its parts.
  public init(
    now: @escaping @Sendable () -> Timestamp, sleep: @escaping @Sendable (Duration) async throws -> Void,
    jitter: @escaping @Sendable () -> Double
  ) {
    self.now = now
    self.sleep = sleep
    self.jitter = jitter
  }
}
