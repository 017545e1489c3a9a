import Synchronization

/// Wakes those who wait for a change, within this process: what a log's shells wait with.
public final class ChangeBell: Sendable {
  private struct State {
    var ringCount = 0
    var nextTicket = 0
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
  }

  private let state = Mutex(State())

  /// A bell that has not rung.
  public init() {}

  /// Where it stands. Take it before looking for what to wait for, so that no ring in between is missed.
  public var mark: Int { self.state.withLock { $0.ringCount } }

  /// Wakes everybody.
  public func ring() {
    let woken = self.state.withLock { state in
      state.ringCount += 1
      defer { state.waiters.removeAll() }
      return state.waiters.values
    }
    for continuation in woken { continuation.resume() }
  }

  /// Returns once it has rung after `mark`, at `deadline`, or on cancellation.
  public func wait(since mark: Int, until deadline: ContinuousClock.Instant) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.wait(since: mark) }
      group.addTask { try? await Task.sleep(until: deadline, clock: .continuous) }
      await group.next()
      group.cancelAll()
    }
  }

  private func wait(since mark: Int) async {
    let ticket = self.state.withLock { state in
      state.nextTicket += 1
      return state.nextTicket
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDone = self.state.withLock { state in
          if state.ringCount > mark || Task.isCancelled { return true }
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
