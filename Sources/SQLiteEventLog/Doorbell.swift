import Synchronization

/// Wakes those who wait for partitions (by row id), within this process.
final class Doorbell: Sendable {
  private struct Waiter {
    let partitions: Set<Int64>
    let continuation: CheckedContinuation<Void, Never>
  }

  private struct State {
    /// Number of the last ring.
    var lastRing = 0
    /// The last ring that was for everybody.
    var lastGeneralRing = 0
    /// The last ring of each partition; as many as the log has partitions, at most.
    var lastRings: [Int64: Int] = [:]
    var nextTicket = 0
    var waiters: [Int: Waiter] = [:]
    var watcher: CheckedContinuation<Void, Never>?

    func hasRung(for partitions: Set<Int64>, since mark: Int) -> Bool {
      guard self.lastRing > mark else { return false }
      return self.lastGeneralRing > mark || partitions.contains { self.lastRings[$0, default: 0] > mark }
    }

    mutating func takeWatcher() -> CheckedContinuation<Void, Never>? {
      defer { self.watcher = nil }
      return self.watcher
    }
  }

  private let state = Mutex(State())

  /// Where it stands. Take it before looking for what to wait for, so that no ring in between is missed.
  var mark: Int { self.state.withLock { $0.lastRing } }

  /// Wakes those who wait for one of these partitions.
  func ring(_ partitions: Set<Int64>) {
    guard !partitions.isEmpty else { return }
    let woken = self.state.withLock { state in
      state.lastRing += 1
      for partition in partitions { state.lastRings[partition] = state.lastRing }
      let tickets = state.waiters.filter { !$0.value.partitions.isDisjoint(with: partitions) }.keys
      return tickets.compactMap { state.waiters.removeValue(forKey: $0)?.continuation }
    }
    for continuation in woken { continuation.resume() }
  }

  /// Wakes everybody: who has which partition may have changed, or another process wrote.
  func ringAll() {
    let woken = self.state.withLock { state in
      state.lastRing += 1
      state.lastGeneralRing = state.lastRing
      defer { state.waiters.removeAll() }
      return state.waiters.values.map(\.continuation)
    }
    for continuation in woken { continuation.resume() }
  }

  /// Returns once it has rung for one of `partitions` or for everybody after `mark`, after `timeout`, or on
  /// cancellation.
  func wait(for partitions: Set<Int64>, since mark: Int, timeout: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.wait(for: partitions, since: mark) }
      group.addTask { try? await Task.sleep(for: timeout) }
      await group.next()
      group.cancelAll()
    }
  }

  private func wait(for partitions: Set<Int64>, since mark: Int) async {
    let ticket = self.state.withLock { state in
      state.nextTicket += 1
      return state.nextTicket
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let (isDone, watcher) = self.state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
          if state.hasRung(for: partitions, since: mark) || Task.isCancelled { return (true, nil) }
          state.waiters[ticket] = Waiter(partitions: partitions, continuation: continuation)
          return (false, state.takeWatcher())
        }
        watcher?.resume()
        if isDone { continuation.resume() }
      }
    } onCancel: {
      self.state.withLock { $0.waiters.removeValue(forKey: ticket) }?.continuation.resume()
    }
  }

  /// Returns once somebody waits, or on cancellation. One task watches.
  func waitForWaiter() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDone = self.state.withLock { state in
          if !state.waiters.isEmpty || Task.isCancelled { return true }
          precondition(state.watcher == nil, "one task watches a doorbell")
          state.watcher = continuation
          return false
        }
        if isDone { continuation.resume() }
      }
    } onCancel: {
      self.state.withLock { $0.takeWatcher() }?.resume()
    }
  }
}
