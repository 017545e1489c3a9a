import GRDB
import MnemeCore

extension ProjectionReader {
  /// As `MemoryReader` has it.
  public func entities(matching query: MemoryQuery) async throws -> [EntitySummary] {
    guard query.asOf == nil else { throw ProjectionError.pastOfMany }
    var entities: [Entity: EntitySummary] = [:]
    for shard in self.shards(for: query) {
      let found = try await self.read(shard) { database, _ in try EntitySummary.fetch(database, query) }
      entities.merge(found) { $0.merged(with: $1) }
    }
    return entities.values.sorted { ($0.kind.order, $0.id) < ($1.kind.order, $1.id) }
  }
}

/// What tells one from another.
private struct Entity: Hashable, Sendable {
  let kind: EntitySummary.Kind
  let id: String
}

extension EntitySummary {
  /// Those of one shard. Memories of the same ids are counted together, so that few rows are read of many memories.
  fileprivate static func fetch(_ database: Database, _ query: MemoryQuery) throws -> [Entity: EntitySummary] {
    guard let selection = try query.selection(database) else { return [:] }
    let columns = "m.user_id, m.agent_id, m.app_id, m.run_id"
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT \(columns), sum(m.valid_to IS NULL AND m.superseded_by IS NULL), min(m.recorded_at), max(m.updated_at)
        \(selection.sql) GROUP BY \(columns)
        """, arguments: selection.arguments)
    var entities: [Entity: EntitySummary] = [:]
    while let row = try rows.next() {
      for (index, kind) in Kind.allCases.enumerated() {
        guard let text = row[index] as String? else { continue }
        let found = EntitySummary(
          kind: kind, id: StoredText.decode(text), currentMemoryCount: row[4], firstAt: Timestamp(milliseconds: row[5]),
          lastAt: Timestamp(milliseconds: row[6]))
        let entity = Entity(kind: kind, id: found.id)
        entities[entity] = entities[entity].map(found.merged) ?? found
      }
    }
    return entities
  }

  /// One entity of which some memories stand elsewhere.
  fileprivate func merged(with other: EntitySummary) -> EntitySummary {
    var merged = self
    merged.currentMemoryCount += other.currentMemoryCount
    merged.firstAt = min(firstAt, other.firstAt)
    merged.lastAt = max(lastAt, other.lastAt)
    return merged
  }
}

extension EntitySummary.Kind {
  /// Place in lists, and of the column that holds its ids.
  fileprivate var order: Int {
    switch self {
    case .user: 0
    case .agent: 1
    case .app: 2
    case .run: 3
    }
  }
}
