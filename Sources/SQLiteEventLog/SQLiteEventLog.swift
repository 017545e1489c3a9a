import Dispatch
public import EventLog
import GRDB
import Synchronization

/// The embedded log: one SQLite file in WAL mode, with the partitions, offsets, consumer groups and transactions of a
/// broker, for one machine. Several processes may use one file.
public final class SQLiteEventLog: EventLog {
  /// Where the file is.
  public var path: String { self.file.path }

  let file: LogFile
  let writer: LogWriter
  let bell = Doorbell()
  let leases = MemberLeases()
  private let checkpointer: Checkpointer
  private let tasks: [Task<Void, Never>]
  private let catalog = Mutex<[String: TopicEntry]>([:])

  var options: Options { self.file.options }

  /// Opens, or makes, the log at `path`, with its folder.
  /// - Throws: `EventLogError`.
  public static func open(path: String, options: Options = Options()) async throws -> SQLiteEventLog {
    try await Self.blocking {
      let file = try LogFile(path: path, options: options)
      do {
        return SQLiteEventLog(file, try Checkpointer(file: file))
      } catch {
        throw LogFailure.error(error, path: path)
      }
    }
  }

  private init(_ file: LogFile, _ checkpointer: Checkpointer) {
    self.file = file
    self.checkpointer = checkpointer
    let (bell, leases) = (self.bell, self.leases)
    let writer = LogWriter(file: file, bell: bell, checkpointer: checkpointer)
    self.writer = writer
    // They know nothing of this object, so that one that is dropped without being closed ends them.
    self.tasks = [
      Task { await leases.keepAlive(writer, bell, file.options) },
      Task { await Self.watch(writer, bell, interval: file.options.externalCheckInterval) },
    ]
  }

  deinit {
    for task in self.tasks { task.cancel() }
  }

  /// While somebody waits, looks for what other processes wrote.
  private static func watch(_ writer: LogWriter, _ bell: Doorbell, interval: Duration) async {
    while !Task.isCancelled {
      await bell.waitForWaiter()
      guard (try? await Task.sleep(for: interval)) != nil else { return }
      await writer.lookOutside()
    }
  }

  /// Ends all work: changes that wait are still made, and members leave their groups.
  public func close() async {
    for task in self.tasks { task.cancel() }
    for task in self.tasks { await task.value }
    await self.leaveAllGroups()
    self.writer.close()
    let (database, checkpointer) = (self.file.database, self.checkpointer)
    try? await Self.blocking { checkpointer.close() }
    // A last piece of work on the writer's queue: changes before it are done when it runs. What stands in the
    // write-ahead log goes into the file, which is whole by itself then.
    let file = self.file
    _ = try? await database.writeWithoutTransaction { database in
      // Closed twice, it has no connection any more, and GRDB would hand SQLite a null pointer.
      guard unsafe database.sqliteConnection != nil else { return }
      file.whileWaiting(at: .truncation) { _ = try? database.checkpoint(.truncate) }
    }
    try? await Self.blocking { try database.close() }
    self.bell.ringAll()
  }

  private func leaveAllGroups() async {
    let leaving = self.leases.all.filter { $0.close() }
    guard !leaving.isEmpty else { return }
    let now = self.options.nowMilliseconds()
    // Where it fails, their leases run out.
    try? await self.writer.write(isBounded: false) { database in
      for lease in leaving { try lease.membership.leave(now: now, database) }
    }
  }

  /// Runs `body` where it may block.
  private static func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
    }
  }

  // MARK: Reading

  func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
    do {
      return try await self.file.database.read(body)
    } catch let error as DatabaseError
      where error.resultCode == .SQLITE_MISUSE || error.resultCode == .SQLITE_INTERRUPT
    {
      try Task.checkCancellation()
      throw self.file.closedError
    } catch {
      throw LogFailure.error(error, path: self.path)
    }
  }

  // MARK: The catalog

  struct TopicEntry: Sendable {
    let specification: TopicSpecification
    /// Row ids of the partitions, by number.
    let partitions: [Int64]

    func rowID(of partition: TopicPartition) throws -> Int64 {
      guard self.partitions.indices.contains(partition.partition) else {
        throw EventLogError(.unknownTopic, "topic \(partition.topic) has no partition \(partition.partition)")
      }
      return self.partitions[partition.partition]
    }
  }

  func topic(_ name: String) async throws -> TopicEntry {
    if let entry = self.catalog.withLock({ $0[name] }) { return entry }
    guard let entry = try await self.read({ try Self.topic(name, $0) }) else {
      throw EventLogError(.unknownTopic, "the log at \(self.path) has no topic \(name); create it first")
    }
    self.catalog.withLock { $0[name] = entry }
    return entry
  }

  static func topic(_ name: String, _ database: Database) throws -> TopicEntry? {
    guard let row = try Row.fetchOne(database, sql: "SELECT * FROM topics WHERE name = ?", arguments: [name]) else {
      return nil
    }
    let partitions = try Int64.fetchAll(
      database, sql: "SELECT id FROM partitions WHERE topic = ? ORDER BY number", arguments: [row["id"] as Int64])
    return TopicEntry(specification: TopicSpecification(row), partitions: partitions)
  }

  /// Runs `body`, and once more with a fresh catalog where it misses a topic: another process may have deleted it and
  /// made it again.
  func withFreshTopics<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch let error as EventLogError where error.code == .unknownTopic {
      self.catalog.withLock { $0.removeAll() }
      return try await body()
    }
  }
}
