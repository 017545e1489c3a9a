import GRDB
import GRDBSQLite
import MnemeCore
import Synchronization

/// Reads one shard, also while another process folds it or replaces its database.
final class ShardReader: Sendable {
  private struct Connection: Sendable {
    let name: String
    let pool: DatabasePool
  }

  let files: ShardFiles
  private let configuration: ProjectionConfiguration
  private let connection = Mutex<Connection?>(nil)

  /// Reads of one shard that run at once: as many as there are threads for them, so that none waits for a connection.
  static let maxConcurrentReadCount = WorkerThreads.maxReaderCount
  /// How often a read begins again where the database was replaced while it began. A rebuild replaces it once.
  static let maxAttemptCount = 16

  /// A reader of the shard with these files; nothing is opened yet.
  init(files: ShardFiles, configuration: ProjectionConfiguration) {
    self.files = files
    self.configuration = configuration
  }

  /// The database was replaced after it had been chosen.
  private struct Replaced: Error {}

  /// Runs `body` on a snapshot of the shard that was current when it began.
  /// - Throws: `ProjectionError` (`.missing` where there is no shard).
  func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
    try await self.read { database, _ in try body(database) }
  }

  /// The same; `body` is told the name of the database, which no other one ever has.
  func read<Value: Sendable>(
    _ body: @escaping @Sendable (Database, String) throws -> Value
  ) async throws -> Value {
    let interruption = ReadInterruption()
    return try await withTaskExecutorPreference(WorkerThreads.readers) {
      try await withTaskCancellationHandler {
        do {
          return try self.readNow(interruption, body)
        } catch {
          // What was interrupted failed for that reason alone.
          try Task.checkCancellation()
          throw error
        }
      } onCancel: {
        interruption.interrupt()
      }
    }
  }

  private func readNow<Value: Sendable>(
    _ interruption: ReadInterruption, _ body: (Database, String) throws -> Value
  ) throws -> Value {
    var attempt = 1
    while true {
      try Task.checkCancellation()
      guard let name = try self.files.currentName() else {
        // The files of a projection that was removed take up space for as long as they are open.
        let left = self.connection.withLock { connection in
          defer { connection = nil }
          return connection
        }
        _ = consume left
        throw self.missing
      }
      do {
        return try self.readNow(name, interruption, body)
      } catch let error {
        if error is CancellationError { throw error }
        // Opening a database that was just removed fails in several ways; only where it is still current does that
        // count.
        guard try self.files.currentName() != name, attempt < Self.maxAttemptCount else {
          throw error is Replaced ? self.missing : StorageFailure.describing(error, path: self.files.path(name))
        }
        attempt += 1
      }
    }
  }

  private func readNow<Value: Sendable>(
    _ name: String, _ interruption: ReadInterruption, _ body: (Database, String) throws -> Value
  ) throws -> Value {
    let pool = try self.pool(name)
    return try pool.read { database in
      try interruption.whileReading(database) {
        // The snapshot begins with the first row that is read.
        _ = try Int.fetchOne(try database.cachedStatement(sql: "SELECT 1 FROM sqlite_schema LIMIT 1"))
        guard try self.files.currentName() == name else { throw Replaced() }
        return try body(database, name)
      }
    }
  }

  private var missing: ProjectionError {
    ProjectionError(
      .missing, "\(self.files.linkPath) does not exist; run 'mneme up' or 'mneme replay rebuild'")
  }

  private func pool(_ name: String) throws -> DatabasePool {
    if let open = self.connection.withLock({ $0 }), open.name == name { return open.pool }
    let pool = try self.open(name)
    // A concurrent read may have opened it too: one of the two is used, the other one goes with its last read.
    return self.connection.withLock { connection in
      if let open = connection, open.name == name { return open.pool }
      connection = Connection(name: name, pool: pool)
      return pool
    }
  }

  private func open(_ name: String) throws -> DatabasePool {
    var options = Configuration()
    options.readonly = true
    options.maximumReaderCount = Self.maxConcurrentReadCount
    options.busyMode = .timeout(ShardStore.busyTimeoutSeconds)
    options.prepareDatabase { FilterFunctions.register(in: $0) }
    let pool = try DatabasePool(path: self.files.path(name), configuration: options)
    let path = self.files.linkPath
    let verdict = try pool.read { try Schema.check($0, for: self.configuration, path: path) }
    guard verdict == .current else {
      throw ProjectionError(
        .mismatch, "\(path) was made by another version; a running projector or 'mneme replay rebuild' makes it anew")
    }
    return pool
  }
}

/// Ends what a connection is reading when the task that asked for it is cancelled.
private final class ReadInterruption: Sendable {
  @safe private enum State: @unchecked Sendable {
    case idle
    /// The connection is open until the state changes: whoever reads changes it before the connection is given back.
    case reading(OpaquePointer)
    case interrupted
  }

  private let state = Mutex(State.idle)

  /// Runs `body`, which reads `database`.
  func whileReading<Value>(_ database: Database, _ body: () throws -> Value) throws -> Value {
    guard let connection = unsafe database.sqliteConnection else { preconditionFailure("the database is open") }
    try self.state.withLock { state in
      switch state {
      case .interrupted: throw CancellationError()
      case .idle, .reading: unsafe state = .reading(connection)
      }
    }
    defer {
      self.state.withLock { state in
        switch state {
        case .interrupted: break
        case .idle, .reading: state = .idle
        }
      }
    }
    return try body()
  }

  /// Interrupts it; what begins from now on does not begin.
  func interrupt() {
    self.state.withLock { state in
      switch state {
      // "It is safe to call this routine from a thread different from the thread that is currently running the
      // database operation" (sqlite3_interrupt), as long as the connection is open.
      case .reading(let connection): unsafe sqlite3_interrupt(connection)
      case .idle, .interrupted: break
      }
      state = .interrupted
    }
  }
}
