public import FoundationEssentials
import GRDB
public import MnemeCore

extension ProjectionReader {
  /// As `MemoryReader` has it.
  public func memory(_ id: UUID, tenant: String) async throws -> MemoryView? {
    for shard in self.shards {
      let view = try await self.read(shard) { database, _ -> MemoryView? in
        guard let number = try MemoryLookup.number(database, of: id, tenant: tenant) else { return nil }
        return try MemoryLookup(database).view(number)
      }
      if let view { return view }
    }
    return nil
  }

  /// As `MemoryReader` has it.
  public func memories(_ ids: [UUID], tenant: String) async throws -> [UUID: MemoryView] {
    var views: [UUID: MemoryView] = [:]
    for shard in self.shards where views.count < ids.count {
      let missing = ids.filter { views[$0] == nil }
      let found = try await self.read(shard) { database, _ in
        let lookup = MemoryLookup(database)
        return try missing.compactMap { id in
          try MemoryLookup.number(database, of: id, tenant: tenant).flatMap { try lookup.view($0) }
        }
      }
      for view in found { views[view.memory.id] = view }
    }
    return views
  }

  /// As `MemoryReader` has it: memories recorded at the same time are in order of id.
  public func memories(_ query: MemoryQuery, offset: Int, limit: Int) async throws -> MemoryPage {
    let (offset, limit) = (max(0, offset), max(0, limit))
    if let asOf = query.asOf {
      return try await self.pastMemories(query, asOf: asOf, offset: offset, limit: limit)
    }
    let shards = self.shards(for: query)
    let needed = offset.addingReportingOverflow(limit)
    let bound = needed.overflow ? Int.max : needed.partialValue
    var totalCount = 0
    var heads: [(head: PageHead, shard: Int)] = []
    for (index, shard) in shards.enumerated() {
      let found = try await self.read(shard) { database, _ in try PageHead.fetch(database, query, limit: bound) }
      totalCount += found.totalCount
      heads += found.heads.map { ($0, index) }
      // Of all shards together no more are needed than of each.
      heads.sort { $0.head < $1.head }
      if heads.count > bound { heads.removeLast(heads.count - bound) }
    }
    let page = heads.dropFirst(offset).prefix(limit)
    var views: [UUID: MemoryView] = [:]
    for (index, shard) in shards.enumerated() {
      let numbers = page.filter { $0.shard == index }.map(\.head.number)
      guard !numbers.isEmpty else { continue }
      let found = try await self.read(shard) { database, _ in
        let lookup = MemoryLookup(database)
        return try numbers.compactMap { try lookup.view($0) }
      }
      for view in found { views[view.memory.id] = view }
    }
    // One that was deleted or changed owner rows between the two reads is left out.
    return MemoryPage(totalCount: totalCount, memories: page.compactMap { views[$0.head.id] })
  }

  /// As `MemoryReader` has it, in order of their names.
  public func owners(matching query: MemoryQuery) async throws -> [OwnerKey] {
    guard query.asOf == nil else { throw ProjectionError.pastOfMany }
    var owners: Set<OwnerKey> = []
    for shard in self.shards(for: query) {
      owners.formUnion(
        try await self.read(shard) { database, _ -> [OwnerKey] in
          guard let selection = try query.selection(database) else { return [] }
          let numbers = try Int64.fetchAll(
            database, sql: "SELECT DISTINCT m.memory >> 32 \(selection.sql)", arguments: selection.arguments)
          return try numbers.compactMap { try OwnerRow.fetch(database, number: $0)?.key }
        })
    }
    return owners.sorted { $0.description < $1.description }
  }
}

extension MemoryQuery {
  /// What the query is about in one shard; nil where that has nothing of the tenant or the user.
  func selection(_ database: Database) throws -> Selection? {
    if let owner {
      return try OwnerRow.fetch(database, owner).map { Selection(self, owner: $0) }
    }
    let number = try Int64.fetchOne(
      try database.cachedStatement(sql: "SELECT tenant FROM tenants WHERE name = ?"),
      arguments: [StoredText.encode(tenant)])
    return number.map { Selection(self, tenant: $0) }
  }
}

/// What the order of a page depends on.
private struct PageHead: Comparable, Sendable {
  let recordedAt: Int64
  let id: UUID
  let number: Int64

  static func < (left: Self, right: Self) -> Bool {
    left.recordedAt == right.recordedAt ? left.id < right.id : left.recordedAt > right.recordedAt
  }

  /// The first `limit` of one shard, and how many there are in all.
  static func fetch(
    _ database: Database, _ query: MemoryQuery, limit: Int
  ) throws -> (totalCount: Int, heads: [PageHead]) {
    guard let selection = try query.selection(database) else { return (0, []) }
    let count =
      try Int.fetchOne(database, sql: "SELECT count(*) \(selection.sql)", arguments: selection.arguments) ?? 0
    let rows = try Row.fetchAll(
      database,
      sql: "SELECT m.recorded_at, m.id, m.memory \(selection.sql) ORDER BY m.recorded_at DESC, m.id LIMIT ?",
      arguments: selection.arguments + [limit])
    return (count, rows.map { PageHead(recordedAt: $0[0], id: $0[1], number: $0[2]) })
  }
}

/// Reads whole memories by number.
final class MemoryLookup {
  private let database: Database
  private var owners: [Int64: OwnerKey] = [:]

  init(_ database: Database) {
    self.database = database
  }

  /// A lookup of memories of `owner`, which is not read again.
  convenience init(_ database: Database, of owner: OwnerRow) {
    self.init(database)
    self.owners[owner.number] = owner.key
  }

  /// The number of memory `id`, where it is the tenant's.
  static func number(_ database: Database, of id: UUID, tenant: String) throws -> Int64? {
    let statement = try database.cachedStatement(
      sql: """
        SELECT n.memory FROM numbers n JOIN owners o ON o.owner = n.memory >> 32 JOIN tenants t ON t.tenant = o.tenant
        WHERE n.id = ? AND t.name = ?
        """)
    return try Int64.fetchOne(statement, arguments: [id, StoredText.encode(tenant)])
  }

  /// The memory of that number; nil where it is gone.
  func view(_ number: Int64) throws -> MemoryView? {
    guard let row = try MemoryRow.fetch(self.database, number) else { return nil }
    return MemoryView(
      memory: row.memory, owner: try self.owner(Schema.owner(of: number)), reinforcementCount: row.reinforcementCount)
  }

  /// The owner of that number.
  func owner(_ number: Int64) throws -> OwnerKey {
    if let key = self.owners[number] { return key }
    guard let row = try OwnerRow.fetch(self.database, number: number) else { throw MemoryRow.damaged }
    self.owners[number] = row.key
    return row.key
  }
}
