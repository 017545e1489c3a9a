import EventLog
import FoundationEssentials
import GRDB
import Synchronization

/// The one writer: changes that arrive while a commit is being synced share the next one (group commit).
final class LogWriter: Sendable {
  /// Whom a change concerns, once it is committed.
  enum Audience: Sendable {
    case nobody
    /// Those who wait for these partitions, by row id.
    case partitions(Set<Int64>)
    case everybody
  }

  private struct Job: Sendable {
    let byteCount: Int
    let audience: Audience
    /// May run several times, each time but the last undone.
    let body: @Sendable (Database) throws -> Void
    /// Called once, after the commit or with the reason why there is none.
    let finish: @Sendable ((any Error)?) -> Void
  }

  private struct State {
    var waiting: [Job] = []
    var waitingByteCount = 0
    var isDraining = false
    var isClosed = false
    /// `PRAGMA data_version` of the writer's connection.
    var dataVersion: Int64 = 0
    /// Bytes written since the write-ahead log was last measured, roughly.
    var unmeasuredByteCount = 0
  }

  /// Most changes, and most bytes, that share one commit.
  private static let maxGroupCount = 1024
  private static let maxGroupByteCount = 32 << 20
  /// How much is written between two looks at the size of the write-ahead log.
  private static let measuringByteCount = 16 << 20
  /// What a change is taken for beyond its records: pages of the tables that it touches.
  private static let jobByteCount = 8192

  private let file: LogFile
  private let bell: Doorbell
  private let checkpointer: Checkpointer
  private let state = Mutex(State())

  init(file: LogFile, bell: Doorbell, checkpointer: Checkpointer) {
    self.file = file
    self.bell = bell
    self.checkpointer = checkpointer
  }

  /// Runs `body` in a transaction that may hold other changes too, each of which can fail alone. Returns once it is on
  /// disk. `isBounded` is false for what keeps the log itself going, of which there is little.
  func write<Value: Sendable>(
    byteCount: Int = 0, for audience: Audience = .nobody, isBounded: Bool = true,
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    let result = Mutex<Value?>(nil)
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      let job = Job(byteCount: byteCount, audience: audience) { database in
        let value = try body(database)
        result.withLock { $0 = value }
      } finish: { error in
        continuation.resume(with: error.map { .failure($0) } ?? .success(()))
      }
      self.enqueue(job, isBounded: isBounded)
    }
    guard let value = result.withLock({ $0 }) else { preconditionFailure("a committed change has its result") }
    return value
  }

  /// Takes no more changes; those that wait are still made.
  func close() {
    self.state.withLock { $0.isClosed = true }
  }

  /// Looks whether another process has written, and rings for everybody if so.
  func lookOutside() async {
    // A change that is being made looks by itself when it is done.
    guard !self.state.withLock({ $0.isDraining || $0.isClosed }) else { return }
    try? await self.file.database.writeWithoutTransaction { self.lookOutside($0) }
  }

  // MARK: The queue

  private func enqueue(_ job: Job, isBounded: Bool) {
    let options = self.file.options
    let refusal: EventLogError? = self.state.withLock { state in
      if state.isClosed { return self.file.closedError }
      let fits =
        state.waiting.count < options.maxWaitingAppendCount
        && (state.waiting.isEmpty || state.waitingByteCount + job.byteCount <= options.maxWaitingAppendByteCount)
      guard fits || !isBounded else {
        return EventLogError(
          .backpressure, "\(state.waiting.count) appends wait for the log at \(self.file.path); try again later")
      }
      state.waiting.append(job)
      state.waitingByteCount += job.byteCount
      return nil
    }
    if let refusal { return job.finish(refusal) }
    let starts = self.state.withLock { state in
      if state.isDraining || state.waiting.isEmpty { return false }
      state.isDraining = true
      return true
    }
    guard starts else { return }
    // GRDB's own queue: a commit blocks until the disk has it, which no cooperative thread may.
    self.file.database.asyncWriteWithoutTransaction { database in
      while let group = self.takeGroup() {
        self.commit(group, database)
        self.lookOutside(database)
        self.checkpointer.begin()
        self.checkpointer.finish(database)
      }
    }
  }

  private func takeGroup() -> [Job]? {
    self.state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.isDraining = false
        return nil
      }
      var count = 0
      var byteCount = 0
      for job in state.waiting.prefix(Self.maxGroupCount) {
        if count > 0, byteCount + job.byteCount > Self.maxGroupByteCount { break }
        count += 1
        byteCount += job.byteCount
      }
      let group = Array(state.waiting.prefix(count))
      state.waiting.removeFirst(count)
      state.waitingByteCount -= byteCount
      state.unmeasuredByteCount += byteCount + count * Self.jobByteCount
      return group
    }
  }

  // MARK: Committing

  private func commit(_ group: [Job], _ database: Database) {
    var failures = [(any Error)?](repeating: nil, count: group.count)
    do {
      failures = try self.failures(of: group, database)
    } catch {
      let failure = LogFailure.error(error, path: self.file.path)
      failures = failures.map { _ in failure }
    }
    self.ring(for: zip(group, failures).filter { $0.1 == nil }.map(\.0.audience))
    for (job, failure) in zip(group, failures) { job.finish(failure) }
    self.limitWriteAheadLog(database)
  }

  /// Commits the group but for those that fail alone, and tells why these did.
  private func failures(of group: [Job], _ database: Database) throws -> [(any Error)?] {
    var jobFailure: (any Error)?
    do {
      try database.inTransaction(.immediate) {
        do {
          for job in group { try job.body(database) }
        } catch {
          jobFailure = error
          throw error
        }
        return .commit
      }
      return group.map { _ in nil }
    } catch {
      // The transaction could be neither begun nor committed.
      guard let jobFailure else { throw error }
      if group.count == 1 { return [LogFailure.error(jobFailure, path: self.file.path)] }
    }
    // One cannot be done: all again, each undone by itself if it fails. That is rare, so savepoints are not always
    // paid for.
    return try self.failuresApart(group, database)
  }

  private func failuresApart(_ group: [Job], _ database: Database) throws -> [(any Error)?] {
    var failures = [(any Error)?](repeating: nil, count: group.count)
    while true {
      var hasLostTransaction = false
      do {
        try database.inTransaction(.immediate) {
          for (index, job) in group.enumerated() where failures[index] == nil {
            do {
              try database.inSavepoint {
                try job.body(database)
                return .commit
              }
            } catch {
              failures[index] = LogFailure.error(error, path: self.file.path)
              // A full disk can end the whole transaction, not the savepoint alone (SQLite, "Response To Errors Within
              // A Transaction"): the others begin again without this one.
              hasLostTransaction = !database.isInsideTransaction
              if hasLostTransaction { throw error }
            }
          }
          return .commit
        }
        return failures
      } catch {
        guard hasLostTransaction else { throw error }
      }
    }
  }

  private func ring(for audiences: [Audience]) {
    var partitions: Set<Int64> = []
    for audience in audiences {
      switch audience {
      case .nobody: break
      case .partitions(let more): partitions.formUnion(more)
      case .everybody: return self.bell.ringAll()
      }
    }
    self.bell.ring(partitions)
  }

  // MARK: The file

  /// The number changes on one connection when another connection has committed, and all that this process writes goes
  /// through this one (SQLite, "PRAGMA data_version").
  private func lookOutside(_ database: Database) {
    guard
      let version = try? Int64.fetchOne(database.cachedStatement(sql: "PRAGMA data_version")),
      self.state.withLock({ state in
        defer { state.dataVersion = version }
        return state.dataVersion != version
      })
    else { return }
    self.bell.ringAll()
  }

  /// Begins the write-ahead log anew where readers that overlap kept SQLite from it for long (SQLite, "Write-Ahead
  /// Logging", "Avoiding Excessively Large WAL Files").
  private func limitWriteAheadLog(_ database: Database) {
    let isDue = self.state.withLock { state in
      guard state.unmeasuredByteCount > Self.measuringByteCount else { return false }
      state.unmeasuredByteCount = 0
      return true
    }
    guard isDue, self.file.writeAheadByteCount > self.file.options.maxWriteAheadByteCount else { return }
    self.file.whileWaiting(at: .truncation) {
      // Readers that stay longer than that are waited for next time.
      _ = try? database.checkpoint(.truncate)
    }
  }
}
