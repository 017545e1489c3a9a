import NIOCore
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

/// Watches over the stages of one request, each with a timeout of its own, by a timer of the request's event loop.
final class StageWatch: Sendable {
  private struct State {
    var deadline: ContinuousClock.Instant
    var failure: RequestFailure
    /// Ends the operation; nil before it is known and after it has ended.
    var cancel: (@Sendable () -> Void)?
    var timer: Scheduled<Void>?
    var isGivenUp = false
  }

  private let state: Mutex<State>
  private let step: Duration
  private let executor: LoopExecutor

  /// A watch over a first stage that ends with `failure` after `timeout`.
  /// - Parameters:
  ///   - step: How often the watch looks for a new stage; no stage is given up later than this after its timeout.
  ///   - executor: Of the event loop that the request belongs to.
  init(_ timeout: Duration, step: Duration, failure: RequestFailure, executor: LoopExecutor) {
    self.state = Mutex(State(deadline: .now.advanced(by: timeout), failure: failure))
    self.step = step
    self.executor = executor
  }

  /// The next stage, which ends with `failure` after `timeout`.
  func begin(_ timeout: Duration, failure: RequestFailure) {
    let deadline = ContinuousClock.now.advanced(by: timeout)
    self.state.withLock { ($0.deadline, $0.failure) = (deadline, failure) }
  }

  /// Gives the operation up now, whatever its stage, with `failure`.
  func giveUp(_ failure: RequestFailure) {
    let cancel = self.state.withLock { state in
      (state.isGivenUp, state.failure) = (true, failure)
      return state.cancel
    }
    cancel?()
  }

  /// Runs `operation` and gives it up once the stage that it has begun is over its time.
  /// - Throws: What `operation` throws, or the failure of the stage.
  func run<Value: Sendable>(_ operation: @escaping @Sendable () async throws -> Value) async throws -> Value {
    // It begins here and now: most requests are complete when they are handled, and no other thread is waited for.
    let task = Task.immediate(executorPreference: self.executor) { try await operation() }
    let isGivenUp = self.state.withLock { state in
      state.cancel = { task.cancel() }
      return state.isGivenUp
    }
    if isGivenUp { task.cancel() }
    self.look()
    let result = await withTaskCancellationHandler {
      await task.result
    } onCancel: {
      task.cancel()
    }
    let (timer, failure) = self.state.withLock { state in
      defer { (state.cancel, state.timer) = (nil, nil) }
      return (state.timer, state.isGivenUp ? state.failure : nil)
    }
    timer?.cancel()
    if let failure { throw failure }
    return try result.get()
  }

  /// Gives the operation up where its time is over, or looks again later.
  private func look() {
    let now = ContinuousClock.now
    let cancel = self.state.withLock { state -> (@Sendable () -> Void)? in
      guard let cancel = state.cancel else { return nil }
      guard now < state.deadline else {
        state.isGivenUp = true
        return cancel
      }
      let pause = min(self.step, now.duration(to: state.deadline))
      state.timer = self.executor.loop.scheduleTask(in: TimeAmount(pause)) { self.look() }
      return nil
    }
    cancel?()
  }
}
