import GRDB
import MnemeCore

extension ProjectionSummary {
  /// What all shards hold together.
  static func read(_ shards: [ShardStore]) async throws -> ProjectionSummary {
    let readers = shards.map { ShardReader(files: $0.files, configuration: $0.configuration) }
    return try await read(readers)
  }

  /// What all shards hold together.
  static func read(_ readers: [ShardReader]) async throws -> ProjectionSummary {
    var total = ProjectionSummary()
    try await withThrowingTaskGroup(of: ProjectionSummary.self) { group in
      for (index, reader) in readers.enumerated() {
        if index >= maxConcurrentShardCount, let part = try await group.next() { total.add(part) }
        group.addTask { try await reader.read(ProjectionSummary.scan) }
      }
      for try await part in group { total.add(part) }
    }
    return total
  }

  /// Shards that are read at once.
  static let maxConcurrentShardCount = 4

  /// Adds what other shards hold.
  mutating func add(_ part: ProjectionSummary) {
    digest.add(part.digest)
    memoryCount += part.memoryCount
    currentMemoryCount += part.currentMemoryCount
    turnCount += part.turnCount
    parkedCount += part.parkedCount
    vectorCount += part.vectorCount
  }

  /// What one shard holds.
  static func scan(_ database: Database) throws -> ProjectionSummary {
    var summary = ProjectionSummary()
    let rows = try Row.fetchCursor(database, sql: "SELECT \(MemoryRow.columns) FROM memories m ORDER BY m.memory")
    while let row = try rows.next() {
      let memory = try MemoryRow(row, sources: try MemoryRow.sources(database, of: row[0])).memory
      summary.digest.add(memory)
      summary.memoryCount += 1
      if memory.isCurrent { summary.currentMemoryCount += 1 }
    }
    let counts = try Row.fetchOne(
      database,
      sql: """
        SELECT (SELECT count(*) FROM inputs), (SELECT count(*) FROM inputs WHERE outcome = ?),
          (SELECT count(*) FROM vectors)
        """, arguments: [MemoriesResolved.Outcome.parked.rawValue])
    summary.turnCount = counts?[0] ?? 0
    summary.parkedCount = counts?[1] ?? 0
    summary.vectorCount = counts?[2] ?? 0
    return summary
  }
}
