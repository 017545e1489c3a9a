import FoundationEssentials
import GRDB
import Glibc

/// What SQLite alone would need for the rows of a projection: the yardstick of a rebuild.
package enum InsertLimit {
  /// What inserting took.
  package struct Result: Sendable {
    /// Rows inserted, one for each memory's keywords included.
    package var rowCount: Int
    /// From the first insertion until the last file was closed.
    package var elapsed: Duration
    /// What all threads of this process spent meanwhile.
    package var processorTime: Duration
  }

  /// One table's rows, in order of their keys.
  private struct Table: Sendable {
    let insertion: String
    let rows: [[DatabaseValue]]
  }

  private static let tables = [
    "watermarks", "vector_mark", "turn_positions", "tenants", "owners", "numbers", "memories", "sources", "runs",
    "vectors", "other_vectors", "early_vectors", "inputs", "changes", "successions",
  ]

  /// Inserts the rows of a projection's shards, read back beforehand, into new databases of the same tables in
  /// `scratch`: prepared statements, one transaction for each shard, as many shards at once and the same settings as a
  /// rebuild.
  package static func measure(
    directory: String, configuration: ProjectionConfiguration, scratch: String
  ) async throws -> Result {
    let source = ProjectionDirectory.path(directory, configuration)
    var shards: [[Table]] = []
    for partition in 0..<configuration.partitionCount {
      let files = ShardFiles(directory: source, partition: partition)
      shards.append(try await ShardReader(files: files, configuration: configuration).read(readTables))
    }
    try ShardFiles.makeDirectory(scratch)
    let started = (ContinuousClock.now, clock())
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (partition, tables) in shards.enumerated() {
        if partition >= Projector.maxConcurrentShardCount { try await group.next() }
        let store = ShardStore(
          files: ShardFiles(directory: scratch, partition: partition), configuration: configuration)
        group.addTask { try await insert(tables, store) }
      }
      try await group.waitForAll()
    }
    return Result(
      rowCount: shards.joined().reduce(0) { $0 + $1.rows.count }, elapsed: ContinuousClock.now - started.0,
      processorTime: .seconds(1) * Double(clock() - started.1) / Double(CLOCKS_PER_SEC))
  }

  private static func readTables(_ database: Database) throws -> [Table] {
    var tables: [Table] = []
    for table in self.tables {
      // An empty table costs nothing, and does not tell how many columns it has.
      let rows = try Row.fetchAll(database, sql: "SELECT * FROM \(table)").map { Array($0.databaseValues) }
      guard let columnCount = rows.first?.count else { continue }
      let marks = Array(repeating: "?", count: columnCount).joined(separator: ", ")
      tables.append(Table(insertion: "INSERT INTO \(table) VALUES (\(marks))", rows: rows))
    }
    let keywords = try KeywordIndex(database)
    let texts = try Row.fetchAll(
      database,
      sql: """
        SELECT m.memory, m.text, o.tenant, o.owner FROM memories m JOIN owners o ON o.owner = m.memory >> 32
        ORDER BY m.memory
        """)
    let documents = try texts.map { row -> [DatabaseValue] in
      let document = try keywords.document(of: StoredText.decode(row[1]), tenant: row[2], owner: row[3])
      return [(row[0] as Int64).databaseValue, String(decoding: document.terms, as: UTF8.self).databaseValue]
    }
    tables.append(Table(insertion: "INSERT INTO keywords (rowid, terms) VALUES (?, ?)", rows: documents))
    return tables
  }

  private static func insert(_ tables: [Table], _ store: ShardStore) async throws {
    let queue = try store.openUnshared(try store.files.create())
    try await queue.write { database in
      for table in tables {
        var statement = try RowStatement(database, table.insertion)
        for row in table.rows {
          for value in row { statement.add(value) }
          try statement.run()
        }
      }
    }
    try queue.close()
  }
}
