import Synchronization

/// Lets at most so many operations run at a time. Those that wait do so by tenant, and tenants take turns, so that one
/// with much to do does not hold up the others; within a tenant the order of arrival holds.
public final class ConcurrencyLimit: Sendable {
  private typealias Waiter = (ticket: Int, continuation: CheckedContinuation<Bool, Never>)

  private struct State {
    var freeCount: Int
    var nextTicket = 0
    var waiters: [String: [Waiter]] = [:]
    /// Tenants with waiters, the one whose turn it is first.
    var turns: [String] = []

    mutating func add(_ waiter: Waiter, of tenant: String) {
      if self.waiters[tenant] == nil { self.turns.append(tenant) }
      self.waiters[tenant, default: []].append(waiter)
    }

    mutating func takeNext() -> CheckedContinuation<Bool, Never>? {
      guard let tenant = self.turns.first, let next = self.waiters[tenant]?.first else { return nil }
      self.turns.removeFirst()
      self.turns.append(tenant)
      return self.take(next.ticket, of: tenant)
    }

    mutating func take(_ ticket: Int, of tenant: String) -> CheckedContinuation<Bool, Never>? {
      guard let index = self.waiters[tenant]?.firstIndex(where: { $0.ticket == ticket }) else { return nil }
      let waiter = self.waiters[tenant]?.remove(at: index)
      if self.waiters[tenant]?.isEmpty == true {
        self.waiters[tenant] = nil
        self.turns.removeAll { $0 == tenant }
      }
      return waiter?.continuation
    }
  }

  private let state: Mutex<State>

  /// At most `maxConcurrentCount` at a time.
  public init(maxConcurrentCount: Int) {
    precondition(maxConcurrentCount > 0, "at least one operation can run")
    self.state = Mutex(State(freeCount: maxConcurrentCount))
  }

  /// How many wait, of all tenants.
  var waiterCount: Int { self.state.withLock { $0.waiters.values.reduce(0) { $0 + $1.count } } }

  /// Runs `operation` once there is room and it is the turn of `tenant`.
  /// - Throws: `CancellationError` where the task is cancelled while it waits, and what `operation` throws.
  public func run<Value: Sendable>(
    for tenant: String, _ operation: @Sendable () async throws -> Value
  ) async throws -> Value {
    guard await self.acquire(tenant) else { throw CancellationError() }
    defer { self.release() }
    return try await operation()
  }

  private func acquire(_ tenant: String) async -> Bool {
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
          state.add((ticket, continuation), of: tenant)
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let waiter = self.state.withLock { $0.take(ticket, of: tenant) }
      waiter?.resume(returning: false)
    }
  }

  private func release() {
    let waiter = self.state.withLock { state in
      let next = state.takeNext()
      if next == nil { state.freeCount += 1 }
      return next
    }
    waiter?.resume(returning: true)
  }
}
