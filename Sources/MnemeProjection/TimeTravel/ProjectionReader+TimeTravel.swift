public import FoundationEssentials
import GRDB
public import MnemeCore

extension ProjectionReader {
  /// As `MemoryReader` has it.
  public func memory(_ id: UUID, tenant: String, asOf instant: Timestamp) async throws -> MemoryView? {
    for shard in self.shards {
      let found = try await self.read(shard) { database, _ -> MemoryView?? in
        guard let number = try MemoryLookup.number(database, of: id, tenant: tenant) else { return nil }
        return .some(try PastMemories(database, asOf: instant).memory(number))
      }
      if let found { return found }
    }
    return nil
  }

  /// A page of the memories of `query` as they were recorded by `instant`.
  func pastMemories(
    _ query: MemoryQuery, asOf instant: Timestamp, offset: Int, limit: Int
  ) async throws -> MemoryPage {
    try await self.readPast(query) { database, owner in
      let views = try PastMemories(database, asOf: instant).all(of: owner).map(\.view).filter(query.asksForPast)
        .sorted { ($1.memory.recordedAt, $0.memory.id) < ($0.memory.recordedAt, $1.memory.id) }
      return MemoryPage(totalCount: views.count, memories: Array(views.dropFirst(max(0, offset)).prefix(max(0, limit))))
    } ?? MemoryPage(totalCount: 0, memories: [])
  }

  /// The best hits among the memories as they were recorded by `instant`.
  func searchPast(_ request: SearchRequest, asOf instant: Timestamp) async throws -> [SearchHit] {
    let dimension = self.configuration.dimension
    return try await self.readPast(request.query) { database, owner in
      let entries = try PastMemories(database, asOf: instant).all(of: owner)
      return try PastSearch(request, entries, database, dimension: dimension).run()
    } ?? []
  }

  /// Reads the one owner whom `query` is about; nil where nothing is known of them.
  private func readPast<Value: Sendable>(
    _ query: MemoryQuery, _ body: @escaping @Sendable (Database, OwnerRow) throws -> Value
  ) async throws -> Value? {
    guard let key = query.owner else { throw ProjectionError.pastOfMany }
    return try await self.read(self.shards(for: query)[0]) { database, _ in
      guard let owner = try OwnerRow.fetch(database, key) else { return nil }
      return try body(database, owner)
    }
  }
}

extension MemoryQuery {
  /// Whether the query is about `view`, which is a memory as it was.
  func asksForPast(_ view: MemoryView) -> Bool {
    let memory = view.memory
    if let validAt {
      guard memory.validFrom.at <= validAt, memory.validTo.map({ validAt < $0.at }) ?? true else { return false }
    } else if !includesEnded, !memory.isCurrent {
      return false
    }
    if let now = notExpiredAt, let expiresAt = memory.expiresAt, expiresAt <= now { return false }
    return filter?.matches(view) ?? true
  }
}
