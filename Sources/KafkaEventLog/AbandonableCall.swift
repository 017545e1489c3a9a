import Dispatch
import Synchronization

extension DispatchQueue {
  /// Runs `body`, which may block, after what was given before, and returns what it gives.
  ///
  /// Whoever is cancelled waits no longer: `body` goes on, or is not begun, and what it gives is dropped. So it is for
  /// calls that can be made again as if they had never been made.
  /// - Throws: `CancellationError`, and what `body` throws.
  func abandonable<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    let answer = Answer<Value>()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        answer.awaited(by: continuation)
        self.async {
          if !answer.isGiven { answer.give(Result { try body() }) }
        }
      }
    } onCancel: {
      answer.give(.failure(CancellationError()))
    }
  }
}

/// Waits until `body`, or whatever it has begun, calls what it is given, for `timeout` at most; returns whether it did.
func isSignalled(within timeout: Duration, _ body: (@escaping @Sendable () -> Void) -> Void) async -> Bool {
  let answer = Answer<Bool>()
  let result = try? await withCheckedThrowingContinuation { continuation in
    answer.awaited(by: continuation)
    body { answer.give(.success(true)) }
    DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(Int(timeout.milliseconds))) {
      answer.give(.success(false))
    }
  }
  return result ?? false
}

/// What a call gives, or that nobody waits for it any more; the first of both counts.
private final class Answer<Value: Sendable>: Sendable {
  private enum State {
    case open
    case awaited(CheckedContinuation<Value, any Error>)
    case given(Result<Value, any Error>)
  }

  private let state = Mutex(State.open)

  var isGiven: Bool {
    self.state.withLock { state in
      if case .given = state { true } else { false }
    }
  }

  func awaited(by continuation: CheckedContinuation<Value, any Error>) {
    let given: Result<Value, any Error>? = self.state.withLock { state in
      if case .given(let result) = state { return result }
      state = .awaited(continuation)
      return nil
    }
    if let given { continuation.resume(with: given) }
  }

  func give(_ result: Result<Value, any Error>) {
    let continuation: CheckedContinuation<Value, any Error>? = self.state.withLock { state in
      defer { if case .given = state {} else { state = .given(result) } }
      if case .awaited(let continuation) = state { return continuation }
      return nil
    }
    continuation?.resume(with: result)
  }
}
