import Synchronization

/// Runs `operation` and gives it up after `timeout`.
/// - Throws: What `operation` throws, or `failure` where the time is up first.
func withDeadline<Value: Sendable>(
  _ timeout: Duration, failure: RequestFailure, _ operation: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  try await withThrowingTaskGroup(of: Value?.self) { group in
    group.addTask { try await operation() }
    group.addTask {
      try await Task.sleep(for: timeout)
      return nil
    }
    defer { group.cancelAll() }
    guard let value = try await group.next().flatMap({ $0 }) else { throw failure }
    return value
  }
}

/// Watches over the stages of one request, each with a timeout of its own, at the price of one task.
final class StageWatch: Sendable {
  private struct Stage {
    var deadline: ContinuousClock.Instant
    var failure: RequestFailure
  }

  private let stage: Mutex<Stage>
  private let step: Duration

  /// A watch over a first stage that ends with `failure` after `timeout`.
  /// - Parameter step: How often the watch looks for a new stage; no stage is given up later than this after its
  ///   timeout.
  init(_ timeout: Duration, step: Duration, failure: RequestFailure) {
    self.stage = Mutex(Stage(deadline: .now.advanced(by: timeout), failure: failure))
    self.step = step
  }

  /// The next stage, which ends with `failure` after `timeout`.
  func begin(_ timeout: Duration, failure: RequestFailure) {
    self.stage.withLock { $0 = Stage(deadline: .now.advanced(by: timeout), failure: failure) }
  }

  /// Runs `operation` and gives it up once the stage that it has begun is over its time.
  /// - Throws: What `operation` throws, or the failure of the stage.
  func run<Value: Sendable>(_ operation: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
      group.addTask { try await operation() }
      group.addTask {
        while true {
          let stage = self.stage.withLock { $0 }
          guard ContinuousClock.now < stage.deadline else { throw stage.failure }
          try await Task.sleep(
            until: min(stage.deadline, ContinuousClock.now.advanced(by: self.step)), clock: .continuous)
        }
      }
      defer { group.cancelAll() }
      guard let value = try await group.next().flatMap({ $0 }) else { throw CancellationError() }
      return value
    }
  }
}
