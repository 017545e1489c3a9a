import EventLog
import GRDB
import Synchronization

/// The one writer: changes that arrive while a commit is being synced share the next one (group commit).
final class LogWriter: Sendable {
  private struct Job: Sendable {
    let byteCount: Int
    let body: @Sendable (Database) throws -> Void
    /// Called once, after the commit or with the reason why there is none.
    let finish: @Sendable ((any Error)?) -> Void
  }

  private struct State {
    var waiting: [Job] = []
    var waitingByteCount = 0
    var isDraining = false
    var isClosed = false
  }

  private let database: any DatabaseWriter
  private let path: String
  private let maxWaitingCount: Int
  private let maxWaitingByteCount: Int
  private let state = Mutex(State())

  /// Most changes that share one commit.
  private static let maxGroupCount = 512

  init(database: any DatabaseWriter, path: String, maxWaitingCount: Int, maxWaitingByteCount: Int) {
    self.database = database
    self.path = path
    self.maxWaitingCount = maxWaitingCount
    self.maxWaitingByteCount = maxWaitingByteCount
  }

  /// Runs `body` in a transaction that may hold other changes too, each of which can fail alone.
  /// Returns once it is on disk.
  func write<Value: Sendable>(
    byteCount: Int = 0, _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    let result = Mutex<Value?>(nil)
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      let job = Job(byteCount: byteCount) { database in
        let value = try body(database)
        result.withLock { $0 = value }
      } finish: { error in
        continuation.resume(with: error.map { .failure($0) } ?? .success(()))
      }
      self.enqueue(job)
    }
    guard let value = result.withLock({ $0 }) else { preconditionFailure("a committed change has its result") }
    return value
  }

  /// Takes no more changes; those that wait are still made.
  func close() {
    self.state.withLock { $0.isClosed = true }
  }

  private func enqueue(_ job: Job) {
    let refusal: EventLogError? = self.state.withLock { state in
      if state.isClosed { return EventLogError(.closed, "the log at \(self.path) is closed") }
      guard state.waiting.count < self.maxWaitingCount,
        state.waiting.isEmpty || state.waitingByteCount + job.byteCount <= self.maxWaitingByteCount
      else {
        return EventLogError(
          .backpressure, "\(state.waiting.count) appends wait for the log at \(self.path); try again later")
      }
      state.waiting.append(job)
      state.waitingByteCount += job.byteCount
      return nil
    }
    if let refusal { return job.finish(refusal) }
    self.drainIfIdle()
  }

  private func drainIfIdle() {
    let starts = self.state.withLock { state in
      if state.isDraining || state.waiting.isEmpty { return false }
      state.isDraining = true
      return true
    }
    guard starts else { return }
    // GRDB's own queue: a commit blocks until the disk has it, which no cooperative thread may.
    self.database.asyncWriteWithoutTransaction { database in
      while let group = self.takeGroup() { self.commit(group, database) }
    }
  }

  private func takeGroup() -> [Job]? {
    self.state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.isDraining = false
        return nil
      }
      let group = Array(state.waiting.prefix(Self.maxGroupCount))
      state.waiting.removeFirst(group.count)
      state.waitingByteCount -= group.reduce(0) { $0 + $1.byteCount }
      return group
    }
  }

  private func commit(_ group: [Job], _ database: Database) {
    var failures = [(any Error)?](repeating: nil, count: group.count)
    do {
      try database.inTransaction(.immediate) {
        for (index, job) in group.enumerated() {
          do {
            try database.inSavepoint {
              try job.body(database)
              return .commit
            }
          } catch {
            // A full disk ends the whole transaction, not the savepoint alone.
            guard database.isInsideTransaction else { throw error }
            failures[index] = LogFailure.error(error, path: self.path)
          }
        }
        return .commit
      }
    } catch {
      let failure = LogFailure.error(error, path: self.path)
      failures = failures.map { $0 ?? failure }
    }
    for (job, failure) in zip(group, failures) { job.finish(failure) }
  }
}
