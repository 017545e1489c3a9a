import EventLog
import Synchronization

/// Records of one partition that wait for its lane. One task appends, one task takes.
final class LaneBuffer: Sendable {
  private struct State {
    var records: [LogRecord] = []
    var isClosed = false
    /// Ends what runs while the lane is open.
    var closing: CheckedContinuation<Void, Never>?
    var isPaused = false
    var seekTarget: Int64?
    var waiter: CheckedContinuation<Void, Never>?

    mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
      defer { self.waiter = nil }
      return self.waiter
    }
  }

  private let state = Mutex(State())

  /// Adds records; returns how many wait now. Records read before a seek was asked for are dropped: it brings them
  /// again.
  func append(_ records: [LogRecord]) -> Int {
    let (count, waiter) = self.state.withLock { state in
      if state.seekTarget == nil { state.records += records }
      return (state.records.count, state.takeWaiter())
    }
    waiter?.resume()
    return count
  }

  /// Forgets what waits, and asks the polling task to read on from `offset`.
  func requestSeek(to offset: Int64) {
    self.state.withLock { state in
      state.records.removeAll()
      state.seekTarget = offset
    }
  }

  /// The offset that was asked for; the polling task seeks there before it polls again.
  func takeSeekTarget() -> Int64? {
    self.state.withLock { state in
      defer { state.seekTarget = nil }
      return state.seekTarget
    }
  }

  /// Notes that the log was told to hold back records.
  func markPaused() {
    self.state.withLock { $0.isPaused = true }
  }

  /// Whether the log holds back records although none wait here; it has to be told to go on.
  func takeResumption() -> Bool {
    self.state.withLock { state in
      guard state.isPaused, state.records.isEmpty else { return false }
      state.isPaused = false
      return true
    }
  }

  /// Ends the lane: `next` returns nil from now on, and what runs while it is open is cancelled.
  func close() {
    let (waiter, closing) = self.state.withLock { state in
      state.isClosed = true
      return (state.takeWaiter(), state.closing.take())
    }
    closing?.resume()
    waiter?.resume()
  }

  /// Runs `operation`, and cancels it where the lane is closed meanwhile: what another worker does now is not done
  /// twice.
  /// - Throws: `CancellationError` where the lane is closed, and what `operation` throws.
  func whileOpen<Value: Sendable>(
    _ operation: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    do {
      return try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await operation() }
        group.addTask {
          await self.waitForClose()
          throw CancellationError()
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { preconditionFailure("a group with tasks has a result") }
        return value
      }
    } catch {
      if self.state.withLock({ $0.isClosed }) { throw CancellationError() }
      throw error
    }
  }

  /// Returns once the lane is closed or the task is cancelled.
  private func waitForClose() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = self.state.withLock { state in
          if state.isClosed || Task.isCancelled { return true }
          precondition(state.closing == nil, "one operation runs in a lane")
          state.closing = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      self.state.withLock { $0.closing.take() }?.resume()
    }
  }

  /// The next records, at most `maxCount`; nil once it is closed or the task is cancelled.
  func next(maxCount: Int) async -> [LogRecord]? {
    while true {
      if Task.isCancelled { return nil }
      let (records, isClosed) = self.state.withLock { state -> ([LogRecord], Bool) in
        if state.isClosed { return ([], true) }
        let records = Array(state.records.prefix(maxCount))
        state.records.removeFirst(records.count)
        return (records, false)
      }
      if isClosed { return nil }
      if !records.isEmpty { return records }
      await self.waitForChange()
    }
  }

  private func waitForChange() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isReady = self.state.withLock { state in
          precondition(state.waiter == nil, "one task takes from a lane")
          if state.isClosed || !state.records.isEmpty || Task.isCancelled { return true }
          state.waiter = continuation
          return false
        }
        if isReady { continuation.resume() }
      }
    } onCancel: {
      self.state.withLock { $0.takeWaiter() }?.resume()
    }
  }
}
