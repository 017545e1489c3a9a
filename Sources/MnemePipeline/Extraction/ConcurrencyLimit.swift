import Synchronization

/// Lets at most so many operations run at a time; the others wait in order of arrival.
public final class ConcurrencyLimit: Sendable {
  private struct State {
    var freeCount: Int
    var nextTicket = 0
    var waiters: [(ticket: Int, continuation: CheckedContinuation<Bool, Never>)] = []
  }

  private let state: Mutex<State>

  /// At most `maxConcurrentCount` at a time.
  public init(maxConcurrentCount: Int) {
    precondition(maxConcurrentCount > 0, "at least one operation can run")
    self.state = Mutex(State(freeCount: maxConcurrentCount))
  }

  /// Runs `operation` once there is room.
  /// - Throws: `CancellationError` where the task is cancelled while it waits, and what `operation` throws.
  public func run<Value: Sendable>(_ operation: @Sendable () async throws -> Value) async throws -> Value {
    guard await self.acquire() else { throw CancellationError() }
    defer { self.release() }
    return try await operation()
  }

  private func acquire() async -> Bool {
    let ticket = self.state.withLock { state in
      state.nextTicket += 1
      return state.nextTicket
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer: Bool? = self.state.withLock { state in
          if Task.isCancelled { return false }
          if state.freeCount > 0 {
            state.freeCount -= 1
            return true
          }
          state.waiters.append((ticket, continuation))
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let waiter = self.state.withLock { state in
        state.waiters.firstIndex { $0.ticket == ticket }.map { state.waiters.remove(at: $0) }
      }
      waiter?.continuation.resume(returning: false)
    }
  }

  private func release() {
    let waiter = self.state.withLock { state -> CheckedContinuation<Bool, Never>? in
      guard !state.waiters.isEmpty else {
        state.freeCount += 1
        return nil
      }
      return state.waiters.removeFirst().continuation
    }
    waiter?.resume(returning: true)
  }
}
