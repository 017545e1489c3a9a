import Synchronization

/// Wakes whoever waits for a change of the log in memory.
final class InMemoryEventLogBell: Sendable {
  private struct State {
    var ringCount = 0
    var nextTicket = 0
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
  }

  private let state = Mutex(State())

  /// How often it has rung. Take it before looking for what to wait for, so that no ring in between is missed.
  var ringCount: Int { self.state.withLock { $0.ringCount } }

  /// Wakes all who wait.
  func ring() {
    let waiters = self.state.withLock { state in
      state.ringCount += 1
      defer { state.waiters.removeAll() }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Returns once it has rung more than `seen` times, after `timeout`, or on cancellation.
  func wait(beyond seen: Int, timeout: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.wait(beyond: seen) }
      group.addTask { try? await Task.sleep(for: timeout) }
      await group.next()
      group.cancelAll()
    }
  }

  private func wait(beyond seen: Int) async {
    let ticket = self.state.withLock { state in
      state.nextTicket += 1
      return state.nextTicket
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDone = self.state.withLock { state in
          if state.ringCount > seen || Task.isCancelled { return true }
          state.waiters[ticket] = continuation
          return false
        }
        if isDone { continuation.resume() }
      }
    } onCancel: {
      self.state.withLock { $0.waiters.removeValue(forKey: ticket) }?.resume()
    }
  }
}
