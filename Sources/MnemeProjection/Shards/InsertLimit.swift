import FoundationEssentials
import GRDB
import Glibc

/// What SQLite alone would need for the rows of a projection: the yardstick of a rebuild.
package enum InsertLimit {
  /// What inserting took.
  package struct Result: Sendable {
    /// Rows inserted.
    package var rowCount: Int
    /// From the first insertion until the last file was closed.
    package var elapsed: Duration
    /// What all threads of this process spent meanwhile.
    package var processorTime: Duration
  }

  /// How the rows are inserted. Each transaction goes table by table, in order of the keys, as a fold's does. All end
  /// in files as durable as a rebuilt shard.
  package enum Way: String, Sendable, CaseIterable {
    /// In batches as the log brings them, into a shard as it is served: with a write-ahead log, `synchronous = NORMAL`.
    case live = "live, in log order"
    /// The same batches with the settings of a rebuild: no journal and no sync until the end, in a file that nobody
    /// else may open.
    case bulk = "without a journal, in log order"
    /// With those settings, all of a shard's rows in one transaction, each table from its first key to its last. No
    /// fold of a log can do that, as it learns a shard's keys one batch at a time.
    case sorted = "without a journal, in key order"
  }

  /// Rows of one table, in order of their keys.
  private struct Table: Sendable {
    let insertion: String
    var rows: [[DatabaseValue]]
  }

  /// What one transaction inserts.
  private typealias Batch = [Table]

  private static let tables = [
    "watermarks", "vector_mark", "turn_positions", "tenants", "owners", "numbers", "memories", "sources", "runs",
    "vectors", "other_vectors", "early_vectors", "inputs", "changes", "successions",
  ]

  /// Inserts the rows of a projection's shards, read back beforehand, into new databases of the same tables in
  /// `scratch`: prepared statements, as many shards at once, and the same settings of the allocator as a rebuild.
  /// Reading the rows and making them is no part of it.
  package static func measure(
    directory: String, configuration: ProjectionConfiguration, way: Way, scratch: String
  ) async throws -> Result {
    try await BulkAllocation.whileActive {
      try await insertAll(directory: directory, configuration: configuration, way: way, scratch: scratch)
    }
  }

  private static func insertAll(
    directory: String, configuration: ProjectionConfiguration, way: Way, scratch: String
  ) async throws -> Result {
    let source = ProjectionDirectory.path(directory, configuration)
    var shards: [[Batch]] = []
    for partition in 0..<configuration.partitionCount {
      let files = ShardFiles(directory: source, partition: partition)
      shards.append(
        try await ShardReader(files: files, configuration: configuration).read { database in
          let places = way != .sorted ? try BatchPlaces(database, configuration.bounds) : BatchPlaces()
          return try readBatches(database, places)
        })
    }
    try ShardFiles.makeDirectory(scratch)
    let started = (ContinuousClock.now, clock())
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (partition, batches) in shards.enumerated() {
        if partition >= Projector.maxConcurrentShardCount { try await group.next() }
        let store = ShardStore(
          files: ShardFiles(directory: scratch, partition: partition), configuration: configuration)
        group.addTask { try await insert(batches, store, way) }
      }
      try await group.waitForAll()
    }
    return Result(
      rowCount: shards.joined().joined().reduce(0) { $0 + $1.rows.count }, elapsed: ContinuousClock.now - started.0,
      processorTime: .seconds(1) * Double(clock() - started.1) / Double(CLOCKS_PER_SEC))
  }

  /// In which batch each row comes.
  private struct BatchPlaces {
    /// Batches that there are.
    private(set) var count = 1
    private var ofInput: [Int64: Int] = [:]
    private var ofMemory: [Int64: Int] = [:]

    /// All rows in one batch.
    init() {}

    /// Batches as a rebuild makes them: inputs have their numbers in order of the log, and a memory comes with the
    /// first input that changed it.
    init(_ database: Database, _ bounds: ProjectionConfiguration.Bounds) throws {
      var size = (records: 0, bytes: 0)
      for row in try Row.fetchAll(database, sql: "SELECT input, length(body) FROM inputs ORDER BY input") {
        let byteCount: Int = row[1]
        if size.records == bounds.maxRebuildBatchRecordCount
          || size.records > 0 && size.bytes + byteCount > bounds.maxBatchByteCount
        {
          size = (0, 0)
          count += 1
        }
        size = (size.records + 1, size.bytes + byteCount)
        ofInput[row[0]] = count - 1
      }
      for row in try Row.fetchAll(database, sql: "SELECT memory, min(input) FROM changes GROUP BY memory") {
        ofMemory[row[0]] = ofInput[row[1] as Int64]
      }
    }

    /// The batch of a row; the first one for what is of no input and no memory.
    func place(of row: Row) -> Int {
      if let input = row["input"] as Int64? { return ofInput[input] ?? 0 }
      if let memory = (row["memory"] ?? row["successor"]) as Int64? { return ofMemory[memory] ?? 0 }
      return 0
    }
  }

  private static func readBatches(_ database: Database, _ places: BatchPlaces) throws -> [Batch] {
    var batches = Array(repeating: Batch(), count: places.count)
    func add(_ insertion: String, _ rows: [(place: Int, values: [DatabaseValue])]) {
      for place in batches.indices {
        let own = rows.compactMap { $0.place == place ? $0.values : nil }
        if !own.isEmpty { batches[place].append(Table(insertion: insertion, rows: own)) }
      }
    }
    for table in self.tables {
      let rows = try Row.fetchAll(database, sql: "SELECT * FROM \(table)")
      // An empty table costs nothing, and does not tell how many columns it has.
      guard let columnCount = rows.first?.count else { continue }
      let marks = Array(repeating: "?", count: columnCount).joined(separator: ", ")
      add("INSERT INTO \(table) VALUES (\(marks))", rows.map { (places.place(of: $0), Array($0.databaseValues)) })
    }
    return batches
  }

  private static func insert(_ batches: [Batch], _ store: ShardStore, _ way: Way) async throws {
    guard way != .live else { return try await insertLive(batches, store) }
    let name = try store.files.create()
    let queue = try store.openUnshared(name)
    for batch in batches { try await queue.write { try insert(batch, $0) } }
    try queue.close()
    try store.files.install(name)
  }

  private static func insertLive(_ batches: [Batch], _ store: ShardStore) async throws {
    var connection: ShardConnection?
    for batch in batches { try await store.write(&connection) { try insert(batch, $0) } }
    try await connection?.queue.writeWithoutTransaction { database in _ = try database.checkpoint(.truncate) }
    try connection?.queue.close()
  }

  private static func insert(_ batch: Batch, _ database: Database) throws {
    for table in batch {
      var statement = try RowStatement(database, table.insertion)
      for row in table.rows {
        for value in row { statement.add(value) }
        try statement.run()
      }
    }
  }
}
