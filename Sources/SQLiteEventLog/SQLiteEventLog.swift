public import EventLog
import FoundationEssentials
import GRDB
import MnemeCore
import Synchronization

/// The embedded log: one SQLite file in WAL mode, with the partitions, offsets, consumer groups and transactions of a
/// broker, for one machine. Several processes may use one file.
public final class SQLiteEventLog: EventLog {
  /// Bounds and intervals.
  public struct Options: Sendable {
    /// Largest record: key, value and headers together, in bytes.
    public var maxRecordByteCount = 16 << 20
    /// Appends and commits that wait for the disk, at most.
    public var maxWaitingAppendCount = 10_000
    /// Their records together, in bytes.
    public var maxWaitingAppendByteCount = 256 << 20
    /// How long a member of a consumer group may be silent before its partitions go to others.
    public var memberLease: Duration = .seconds(10)
    /// How often the file is checked for what other processes appended, while somebody waits.
    public var externalCheckInterval: Duration = .milliseconds(20)
    /// How long a change waits for another process's change.
    public var busyTimeout: Duration = .seconds(30)
    /// Largest size of the file in pages of 4096 bytes; nil for no limit but the disk's.
    public var maxPageCount: Int?
    /// The wall clock, in milliseconds since 1970, UTC.
    public var nowMilliseconds: @Sendable () -> Int64 = {
      Int64((Date().timeIntervalSince1970 * 1000).rounded(.down))
    }

    /// The defaults.
    public init() {}
  }

  let database: DatabasePool
  let writer: LogWriter
  let options: Options
  /// Where the file is.
  public let path: String
  let bell = Doorbell()
  private let watcher: ExternalWatcher
  private let catalog = Mutex<[String: TopicEntry]>([:])

  /// Opens, or makes, the log at `path`, with its folder.
  /// - Throws: `EventLogError`.
  public static func open(path: String, options: Options = Options()) async throws -> SQLiteEventLog {
    do {
      return try SQLiteEventLog(path: path, options: options)
    } catch {
      throw LogFailure.error(error, path: path)
    }
  }

  private init(path: String, options: Options) throws {
    self.path = path
    self.options = options
    try Self.makeFile(path)
    let configuration = Self.configuration(options)
    self.database = try DatabasePool(path: path, configuration: configuration)
    let newer = try self.database.write { try LogSchema.prepare($0) }
    if let newer {
      throw EventLogError(
        .storage, "the log at \(path) has version \(newer), this program knows \(LogSchema.version); use a newer mneme")
    }
    self.watcher = try ExternalWatcher(path: path, interval: options.externalCheckInterval)
    self.writer = LogWriter(
      database: self.database, path: path, maxWaitingCount: options.maxWaitingAppendCount,
      maxWaitingByteCount: options.maxWaitingAppendByteCount)
  }

  private static func makeFile(_ path: String) throws {
    let folder = URL(filePath: path).deletingLastPathComponent().path()
    do {
      if !FileManager.default.fileExists(atPath: folder) {
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      }
    } catch {
      throw EventLogError(.readOnly, "folder \(folder) for the log cannot be made; check its parent's permissions")
    }
    guard !FileManager.default.fileExists(atPath: path) else { return }
    guard FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]) else {
      throw EventLogError(.readOnly, "the log at \(path) cannot be made; check its folder's permissions")
    }
  }

  private static func configuration(_ options: Options) -> Configuration {
    var configuration = Configuration()
    configuration.label = "mneme-log"
    configuration.foreignKeysEnabled = true
    configuration.maximumReaderCount = 8
    configuration.busyMode = .timeout(options.busyTimeout.seconds)
    configuration.prepareDatabase { database in
      // An append is durable when it returns: every commit is synced.
      try database.execute(sql: "PRAGMA synchronous = FULL")
      if let pages = options.maxPageCount { try database.execute(sql: "PRAGMA max_page_count = \(pages)") }
    }
    return configuration
  }

  /// Ends all work: changes that wait are still made.
  public func close() async {
    self.writer.close()
    // A last change on the writer's queue: those before it are done when it runs.
    _ = try? await self.database.writeWithoutTransaction { _ in }
    self.watcher.close()
    self.bell.ring()
    try? self.database.close()
  }

  // MARK: Reading the catalog

  struct TopicEntry: Sendable {
    let specification: TopicSpecification
    /// Row ids of the partitions, by number.
    let partitions: [Int64]
  }

  func topic(_ name: String) async throws -> TopicEntry {
    if let entry = self.catalog.withLock({ $0[name] }) { return entry }
    guard let entry = try await self.read({ try Self.topic(name, $0) }) else {
      throw EventLogError(.unknownTopic, "the log at \(self.path) has no topic \(name); create it first")
    }
    self.catalog.withLock { $0[name] = entry }
    return entry
  }

  func forgetTopic(_ name: String) {
    self.catalog.withLock { $0[name] = nil }
  }

  static func topic(_ name: String, _ database: Database) throws -> TopicEntry? {
    guard let row = try Row.fetchOne(database, sql: "SELECT * FROM topics WHERE name = ?", arguments: [name]) else {
      return nil
    }
    let partitions = try Int64.fetchAll(
      database, sql: "SELECT id FROM partitions WHERE topic = ? ORDER BY number", arguments: [row["id"] as Int64])
    return TopicEntry(specification: TopicSpecification(row), partitions: partitions)
  }

  func rowID(of partition: TopicPartition) async throws -> Int64 {
    let entry = try await self.topic(partition.topic)
    guard entry.partitions.indices.contains(partition.partition) else {
      throw EventLogError(.unknownTopic, "topic \(partition.topic) has no partition \(partition.partition)")
    }
    return entry.partitions[partition.partition]
  }

  func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
    do {
      return try await self.database.read(body)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_MISUSE || error.resultCode == .SQLITE_INTERRUPT {
      try Task.checkCancellation()
      throw EventLogError(.closed, "the log at \(self.path) is closed")
    } catch {
      throw LogFailure.error(error, path: self.path)
    }
  }

  // MARK: Waiting

  /// Returns once something may have been appended since `seen` rings, here or by another process, or after `timeout`.
  func waitForChange(beyond seen: Int, timeout: Duration) async throws {
    let deadline = ContinuousClock.now + timeout
    while self.bell.ringCount == seen {
      try Task.checkCancellation()
      let rest = deadline - .now
      guard rest > .zero else { return }
      await self.bell.wait(beyond: seen, timeout: min(rest, self.options.externalCheckInterval))
      if try await self.watcher.sawChange() { self.bell.ring() }
    }
  }
}

extension TopicSpecification {
  init(_ row: Row) {
    let retention: Retention =
      switch row["retention"] as String {
      case "age": .age(.milliseconds(row["retention_ms"] as Int64))
      case "compacted": .compacted
      default: .forever
      }
    self.init(name: row["name"], partitionCount: row["partition_count"], retention: retention)
  }
}

extension Duration {
  /// In seconds.
  var seconds: Double {
    let parts = self.components
    return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
  }

  /// In milliseconds, rounded down.
  var milliseconds: Int64 {
    let parts = self.components
    return parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000
  }
}
