import Synchronization

/// Tells those who wait that something was folded. A ring that nobody waits for is forgotten.
final class Doorbell: Sendable {
  private struct State {
    var nextID = 0
    var waiters: [Int: AsyncStream<Void>.Continuation] = [:]
  }

  private let state = Mutex(State())

  /// A stream with one element for the rings since the last element was taken. It rings until it is let go of.
  func rings() -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let id = self.state.withLock { state in
      state.nextID += 1
      state.waiters[state.nextID] = continuation
      return state.nextID
    }
    continuation.onTermination = { [weak self] _ in
      _ = self?.state.withLock { $0.waiters.removeValue(forKey: id) }
    }
    return stream
  }

  /// Wakes everybody who waits.
  func ring() {
    let waiters = self.state.withLock { Array($0.waiters.values) }
    for waiter in waiters { waiter.yield() }
  }
}
