import GRDB
import MnemeCore

extension ProjectionReader {
  /// As `MemoryReader` has it. It looks at every outcome of the tenant.
  public func inputs(_ query: InputQuery, offset: Int, limit: Int) async throws -> InputPage {
    let (offset, limit) = (max(0, offset), max(0, limit))
    let needed = offset.addingReportingOverflow(limit)
    let bound = needed.overflow ? Int.max : needed.partialValue
    var totalCount = 0
    var heads: [InputHead] = []
    for index in self.shards.indices {
      let found = try await self.read(self.shards[index]) { database, _ in
        try InputHead.fetch(database, query, limit: bound, shard: index)
      }
      totalCount += found.totalCount
      heads += found.heads
      heads.sort()
      if heads.count > bound { heads.removeLast(heads.count - bound) }
    }
    let page = heads.dropFirst(offset).prefix(limit)
    var outcomes: [InputHead: InputOutcome] = [:]
    for (index, shard) in self.shards.enumerated() {
      let wanted = page.filter { $0.shard == index }
      guard !wanted.isEmpty else { continue }
      let found = try await self.read(shard) { database, _ in
        let history = History(database)
        return try wanted.compactMap { head in try history.outcome(ofInput: head.number).map { (head, $0) } }
      }
      for (head, outcome) in found { outcomes[head] = outcome }
    }
    return InputPage(totalCount: totalCount, outcomes: page.compactMap { outcomes[$0] })
  }
}

/// What the order of a page of inputs depends on.
private struct InputHead: Comparable, Hashable, Sendable {
  let completedAt: Int64
  let shard: Int
  let number: Int64

  /// What ended later comes first.
  static func < (left: Self, right: Self) -> Bool {
    (right.completedAt, left.shard, right.number) < (left.completedAt, right.shard, left.number)
  }

  /// The first `limit` of one shard, and how many there are in all.
  static func fetch(
    _ database: Database, _ query: InputQuery, limit: Int, shard: Int
  ) throws -> (totalCount: Int, heads: [InputHead]) {
    let (sql, arguments) = selection(query)
    let count = try Int.fetchOne(database, sql: "SELECT count(*) \(sql)", arguments: arguments) ?? 0
    let rows = try Row.fetchAll(
      database,
      sql: "SELECT i.completed_at, i.input \(sql) ORDER BY i.completed_at DESC, i.input DESC LIMIT ?",
      arguments: arguments + [limit])
    return (count, rows.map { InputHead(completedAt: $0[0], shard: shard, number: $0[1]) })
  }

  /// `FROM … WHERE …`.
  private static func selection(_ query: InputQuery) -> (sql: String, arguments: StatementArguments) {
    var sql = """
      FROM inputs i JOIN owners o ON o.owner = i.owner
      WHERE o.tenant = (SELECT tenant FROM tenants WHERE name = ?) AND NOT \(isPart)
      """
    var arguments: StatementArguments = [StoredText.encode(query.tenant)]
    func list(_ texts: some Sequence<String>) -> String {
      let texts = texts.sorted()
      arguments += StatementArguments(texts)
      return "(" + texts.map { _ in "?" }.joined(separator: ", ") + ")"
    }
    if let owners = query.owners {
      let places = owners.sorted { "\($0)" < "\($1)" }.map { owner in
        arguments += [owner.kind.rawValue, StoredText.encode(owner.id)]
        return "(?, ?)"
      }
      sql += places.isEmpty ? " AND 0" : " AND (o.kind, o.id) IN (VALUES \(places.joined(separator: ", ")))"
    }
    if let from = query.from {
      sql += " AND i.completed_at >= ?"
      arguments += [from.milliseconds]
    }
    if let to = query.to {
      sql += " AND i.completed_at <= ?"
      arguments += [to.milliseconds]
    }
    if let outcomes = query.outcomes { sql += " AND i.outcome IN \(list(outcomes.map(\.rawValue)))" }
    if let types = query.types { sql += " AND \(type) IN \(list(types.map(\.rawValue)))" }
    return (sql, arguments)
  }

  /// The type of input `i`, which its body alone tells.
  private static let type = "json_extract(CAST(i.body AS TEXT), '$.input.type')"

  /// Whether input `i` is a part of an event but not its last, by the form of its id: an edit or a deletion with a
  /// memory's id at the end, or a deletion with an owner's. A turn is never a part, whatever its publisher calls it.
  private static let isPart = """
    CASE
      WHEN i.id GLOB '*/????????-????-????-????-????????????'
        THEN \(type) IN ('\(EventType.memoryEditRequested.rawValue)', '\(EventType.memoryDeletionRequested.rawValue)')
      WHEN i.id GLOB '*/user:*' OR i.id GLOB '*/agent:*' OR i.id GLOB '*/run:*' OR i.id GLOB '*/app:*'
        THEN \(type) = '\(EventType.memoriesDeletionRequested.rawValue)'
      ELSE 0
    END
    """
}
