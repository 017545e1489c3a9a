import GRDB
import GRDBSQLite
import Synchronization

/// Moves what is committed from the write-ahead log into the file: beside the commits that follow, not within one.
///
/// SQLite by itself does it in each commit that finds a thousand pages waiting, and whoever made that one waits until
/// they are written all over the file and synced.
final class Checkpointer: Sendable {
  /// Pages that wait when it begins; as many as with SQLite by itself.
  static let pageCount = 1000
  /// More pages that come before it is tried again, where readers kept the write-ahead log from beginning anew.
  static let retryPageCount = 250
  /// As few are left to the writer, between two commits.
  static let maxRemainder = 50
  /// How often what came meanwhile is moved beside the commits; then the writer moves the rest.
  static let maxRoundCount = 4

  private struct State {
    var isRunning = false
    var isClosed = false
    /// Whether the writer is to do the last of it.
    var isLastDue = false
    /// Pages of the write-ahead log that it does not begin for.
    var base = 0
  }

  private let file: LogFile
  private let connection: DatabaseQueue
  private let state = Mutex(State())

  /// - Throws: GRDB's errors.
  init(file: LogFile) throws {
    self.file = file
    self.connection = try file.connection(label: "mneme-log-checkpoint")
  }

  /// Begins where enough pages wait. After each commit, on the writer's queue.
  func begin() {
    let pageCount = self.file.writeAheadPages.count
    let begins = self.state.withLock { state in
      // Fewer than before: it began anew, maybe by another process.
      if pageCount < state.base { state.base = 0 }
      guard !state.isRunning, !state.isClosed, pageCount - state.base >= Self.pageCount else { return false }
      state.isRunning = true
      return true
    }
    guard begins else { return }
    self.connection.asyncWriteWithoutTransaction { database in
      self.movePages(database)
      self.state.withLock { $0.isLastDue = true }
      // A writer that is at work finishes between two commits, this is for one that has nothing to do.
      self.file.database.asyncWriteWithoutTransaction { self.finish($0) }
    }
  }

  private func movePages(_ database: Database) {
    for _ in 0..<Self.maxRoundCount {
      // Another process may be at it; what is left then is the writer's.
      guard let moved = try? database.checkpoint(.passive),
        moved.walFrameCount - moved.checkpointedFrameCount > Self.maxRemainder
      else { return }
    }
  }

  /// Moves the last pages and lets the write-ahead log begin anew, where that is due. Between two commits, on the
  /// writer's queue.
  func finish(_ database: Database) {
    let isDue = self.state.withLock { state in
      defer { state.isLastDue = false }
      return state.isLastDue
    }
    // A log that is closed has no connection any more, and GRDB would hand SQLite a null pointer.
    guard isDue, unsafe database.sqliteConnection != nil else { return }
    var isDone = false
    self.file.whileWaiting(at: .restart) {
      isDone = (try? database.checkpoint(.restart)) != nil
    }
    let pageCount = self.file.writeAheadPages.count
    self.state.withLock { state in
      state.isRunning = false
      state.base = isDone ? 0 : max(0, pageCount - Self.pageCount + Self.retryPageCount)
    }
  }

  /// Lets go of its connection, after what it is at. Blocks: not for a cooperative thread.
  func close() {
    self.state.withLock { $0.isClosed = true }
    try? self.connection.close()
  }
}

/// How many pages the write-ahead log holds, as of this process's last commit.
final class WriteAheadPages: Sendable {
  private let value = Atomic(0)

  var count: Int { self.value.load(ordering: .relaxed) }

  /// Counts the commits of `database`, and keeps SQLite from checkpoints of its own (SQLite, "Write-Ahead Log Commit
  /// Hook"). It must live as long as the connection.
  func follow(_ database: Database) {
    unsafe sqlite3_wal_hook(
      database.sqliteConnection,
      { context, _, _, pageCount in
        guard let context = unsafe context else { return SQLITE_OK }
        let pages = unsafe Unmanaged<WriteAheadPages>.fromOpaque(context).takeUnretainedValue()
        pages.value.store(Int(pageCount), ordering: .relaxed)
        return SQLITE_OK
      }, Unmanaged.passUnretained(self).toOpaque())
  }
}
