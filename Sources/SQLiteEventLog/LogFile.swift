import EventLog
import Foundation
import GRDB
import Glibc
import Synchronization

/// The file and its connections.
final class LogFile: Sendable {
  let path: String
  let options: SQLiteEventLog.Options
  let database: DatabasePool
  /// How large the write-ahead log is.
  let writeAheadPages: WriteAheadPages
  private let patience: Patience

  /// What readers are waited for, at most so many milliseconds.
  enum Occasion: Int {
    /// The write-ahead log could begin anew.
    case restart = 5
    /// It is too large.
    case truncation = 100
  }

  /// How long a lock is waited for. SQLite's own pauses grow to 100 ms, in which a busy process would win every time.
  private final class Patience: Sendable {
    static let pause: Duration = .milliseconds(1)
    let maxPauseCount: Int
    /// The same at this moment.
    let maxCurrentPauseCount: Atomic<Int>

    init(_ timeout: Duration) {
      self.maxPauseCount = max(1, Int(timeout / Self.pause))
      self.maxCurrentPauseCount = Atomic(self.maxPauseCount)
    }

    func wait(_ pauseCount: Int) -> Bool {
      guard pauseCount < self.maxCurrentPauseCount.load(ordering: .relaxed) else { return false }
      // Only threads of GRDB's queues come here.
      Thread.sleep(forTimeInterval: Self.pause.seconds)
      return true
    }
  }

  /// Opens or makes it. Blocks: not for a cooperative thread.
  /// - Throws: `EventLogError`.
  init(path: String, options: SQLiteEventLog.Options) throws {
    self.path = path
    self.options = options
    let patience = Patience(options.busyTimeout)
    self.patience = patience
    let pages = WriteAheadPages()
    self.writeAheadPages = pages
    try Self.makeFile(path)
    do {
      self.database = try Self.openDatabase(path, options, patience, pages)
    } catch {
      throw LogFailure.error(error, path: path)
    }
  }

  var closedError: EventLogError { EventLogError(.closed, "the log at \(self.path) is closed") }

  /// Size of the write-ahead log, in bytes.
  var writeAheadByteCount: Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: self.path + "-wal")
    return (attributes?[.size] as? NSNumber)?.intValue ?? 0
  }

  /// Runs `body` without much patience for others' locks. On the writer's queue.
  func whileWaiting(at occasion: Occasion, _ body: () -> Void) {
    let patience = self.patience
    patience.maxCurrentPauseCount.store(min(occasion.rawValue, patience.maxPauseCount), ordering: .relaxed)
    defer { patience.maxCurrentPauseCount.store(patience.maxPauseCount, ordering: .relaxed) }
    body()
  }

  /// One more connection, which makes no changes.
  /// - Throws: GRDB's errors.
  func connection(label: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.label = label
    configuration.busyMode = .callback { [patience] in patience.wait($0) }
    return try DatabaseQueue(path: self.path, configuration: configuration)
  }

  // MARK: Opening

  private static func makeFile(_ path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    do {
      if !FileManager.default.fileExists(atPath: folder) {
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      }
    } catch {
      throw EventLogError(.readOnly, "folder \(folder) for the log cannot be made; check its parent's permissions")
    }
    // Made here for its mode, which SQLite gives to the files beside it too. By `mknod`, as it never touches a file
    // that another process has just made, and opens none: closing one would drop this process's locks on it.
    guard unsafe mknod(path, S_IFREG | 0o600, 0) == 0 || errno == EEXIST else {
      throw EventLogError(.readOnly, "the log at \(path) cannot be made; check its folder's permissions")
    }
  }

  /// Another process may be opening the file too, and SQLite does not wait at every step of that.
  private static func openDatabase(
    _ path: String, _ options: SQLiteEventLog.Options, _ patience: Patience, _ pages: WriteAheadPages
  ) throws -> DatabasePool {
    var pauseCount = 0
    while true {
      do {
        let database = try DatabasePool(path: path, configuration: self.configuration(options, patience, pages))
        // An append is durable when it returns: every commit is synced. Not said before the pool is there, as GRDB
        // sets NORMAL when it turns on the write-ahead log, which then is synced at checkpoints alone.
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        let newer = try database.write { try LogSchema.prepare($0) }
        guard let newer else { return database }
        throw EventLogError(
          .storage,
          "the log at \(path) has version \(newer), this program knows \(LogSchema.version); use a newer mneme")
      } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
        guard patience.wait(pauseCount) else { throw error }
        pauseCount += 1
      }
    }
  }

  private static func configuration(
    _ options: SQLiteEventLog.Options, _ patience: Patience, _ pages: WriteAheadPages
  ) -> Configuration {
    var configuration = Configuration()
    configuration.label = "mneme-log"
    configuration.foreignKeysEnabled = true
    configuration.maximumReaderCount = options.maxReaderCount
    configuration.busyMode = .callback { patience.wait($0) }
    configuration.prepareDatabase { database in
      // A dropped generation gives its pages back to the file system. That can be said of a new file only; an older
      // one uses them again for what comes.
      if !database.configuration.readonly, try Int.fetchOne(database, sql: "PRAGMA page_count") == 0 {
        try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
      }
      // What retention discards is overwritten.
      try database.execute(sql: "PRAGMA secure_delete = ON")
      try database.execute(sql: "PRAGMA journal_size_limit = \(options.maxWriteAheadByteCount)")
      if let count = options.maxPageCount { try database.execute(sql: "PRAGMA max_page_count = \(count)") }
      // Each connection keeps its configuration, and with it what it reports to.
      if !database.configuration.readonly { pages.follow(database) }
    }
    return configuration
  }
}

extension Duration {
  /// In seconds.
  var seconds: Double { self / .seconds(1) }

  /// In milliseconds, rounded down.
  var milliseconds: Int64 {
    let parts = self.components
    return parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000
  }
}
