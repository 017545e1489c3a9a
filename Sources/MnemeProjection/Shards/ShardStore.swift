import GRDB

/// A shard's database, open for writing.
struct ShardConnection: Sendable {
  /// Name of the file, as `ShardFiles` has it.
  let name: String
  /// The connection.
  let queue: DatabaseQueue
}

/// Writes one shard: opens, makes and replaces its database.
struct ShardStore: Sendable {
  let files: ShardFiles
  let configuration: ProjectionConfiguration

  /// How long SQLite waits for another connection; writers are kept apart by the shard's lock, so that hardly anything
  /// is waited for.
  static let busyTimeoutSeconds = 5.0
  /// Bytes of the write-ahead log that are kept for reuse.
  static let maxIdleWALByteCount = 64 << 20

  /// Runs `body` in a transaction of the shard's current database, which `connection` holds open from one call to the
  /// next.
  /// Makes the database where there is none, and anew where an older version made it.
  func write<Value: Sendable>(
    _ connection: inout ShardConnection?, _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    var open = connection
    defer { connection = open }
    return try await FileLock.whileHeld(path: files.lockPath) {
      let current = try current(open)
      open = current
      return try await failing(current.name) { try await current.queue.write(body) }
    }
  }

  /// The open current database. The caller holds the lock.
  private func current(_ connection: ShardConnection?) throws -> ShardConnection {
    guard let name = try files.currentName() else { return try makeAnew(replacing: nil) }
    if let connection, connection.name == name { return connection }
    return try failing(name) {
      let opened = ShardConnection(name: name, queue: try Self.openLive(files.path(name)))
      let verdict = try opened.queue.read { database in
        try Schema.check(database, for: configuration, path: files.linkPath)
      }
      switch verdict {
      case .current: return opened
      case .outdated:
        try opened.queue.close()
        return try makeAnew(replacing: name)
      }
    }
  }

  private func makeAnew(replacing old: String?) throws -> ShardConnection {
    let name = try files.create()
    return try failing(name) {
      let queue = try Self.openLive(files.path(name))
      try queue.write { database in try Schema.create(database, for: configuration) }
      // Installing opens and closes the file to make it durable, which would take this process's locks on it away from
      // a connection that is open (POSIX): another process could then think that it is the last one, and remove the
      // write-ahead log under it.
      try queue.close()
      try files.install(name)
      if let old { files.remove(old) }
      return ShardConnection(name: name, queue: try Self.openLive(files.path(name)))
    }
  }

  private static func openLive(_ path: String, allowsUnsafeTransactions: Bool = false) throws -> DatabaseQueue {
    var options = Configuration()
    options.allowsUnsafeTransactions = allowsUnsafeTransactions
    options.busyMode = .timeout(busyTimeoutSeconds)
    options.prepareDatabase { database in
      // The page size counts for a new file only. The log is the truth: after a power cut the last transactions may be
      // missing
      // here, and are folded again.
      try database.execute(
        sql: """
          PRAGMA page_size = \(Schema.pageByteCount);
          PRAGMA journal_mode = WAL;
          PRAGMA synchronous = NORMAL;
          PRAGMA journal_size_limit = \(maxIdleWALByteCount);
          """)
    }
    return try DatabaseQueue(path: path, configuration: options)
  }

  /// Opens a file that nobody else sees, for a rebuild: no journal and no sync until it is finished.
  func openUnshared(_ name: String) throws -> DatabaseQueue {
    try failing(name) {
      var options = Configuration()
      // A transaction spans several batches.
      options.allowsUnsafeTransactions = true
      options.prepareDatabase { database in
        try database.execute(
          sql: """
            PRAGMA page_size = \(Schema.pageByteCount);
            PRAGMA journal_mode = OFF;
            PRAGMA synchronous = OFF;
            PRAGMA locking_mode = EXCLUSIVE;
            PRAGMA cache_size = -\(Self.rebuildCacheKibibyteCount);
            """)
      }
      let queue = try DatabaseQueue(path: files.path(name), configuration: options)
      try queue.write { database in try Schema.create(database, for: configuration) }
      return queue
    }
  }

  /// Opens a database that `openUnshared` made, to finish it.
  func openFinished(_ name: String) throws -> DatabaseQueue {
    // A transaction spans several batches.
    try failing(name) { try Self.openLive(files.path(name), allowsUnsafeTransactions: true) }
  }

  /// Page cache of one shard under rebuild, in KiB.
  static let rebuildCacheKibibyteCount = 128 << 10

  /// Runs `body`; failures of SQLite become `ProjectionError`s that name the file.
  func failing<Value>(_ name: String, _ body: () throws -> Value) throws -> Value {
    do { return try body() } catch { throw StorageFailure.describing(error, path: files.path(name)) }
  }

  /// Runs `body`; failures of SQLite become `ProjectionError`s that name the file.
  func failing<Value: Sendable>(_ name: String, _ body: () async throws -> Value) async throws -> Value {
    do { return try await body() } catch { throw StorageFailure.describing(error, path: files.path(name)) }
  }
}
