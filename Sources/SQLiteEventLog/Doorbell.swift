import Synchronization

/// Wakes whoever waits for records, within this process.
final class Doorbell: Sendable {
  private struct State {
    var ringCount = 0
    var nextTicket = 0
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
  }

  private let state = Mutex(State())

  /// How often it has rung; compare it with a later value to learn whether something came.
  var ringCount: Int { self.state.withLock { $0.ringCount } }

  /// Wakes all who wait.
  func ring() {
    let waiters = self.state.withLock { state in
      state.ringCount += 1
      defer { state.waiters.removeAll() }
      return state.waiters.values.map { $0 }
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
