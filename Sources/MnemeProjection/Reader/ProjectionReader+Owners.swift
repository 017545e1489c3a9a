import GRDB
public import MnemeCore

extension ProjectionReader {
  /// The owners of one partition that have memories, ended ones included, in order of their names.
  public func owners(ofPartition partition: Int) async throws -> [OwnerKey] {
    let owners = try await self.read(self.shards[partition]) { database, _ in
      try Int64.fetchAll(database, sql: "SELECT owner FROM owners WHERE memory_count > 0")
        .compactMap { try OwnerRow.fetch(database, number: $0)?.key }
    }
    return owners.sorted { $0.description < $1.description }
  }

  /// Every memory of `owner`, ended ones included, in the order in which they became known.
  public func memories(of owner: OwnerKey) async throws -> [Memory] {
    let partition = Partitioner.partition(key: owner.bytes, count: self.shards.count)
    return try await self.read(self.shards[partition]) { database, _ in
      guard let row = try OwnerRow.fetch(database, owner) else { return [] }
      let range = Schema.memories(of: row.number)
      let numbers = try Int64.fetchAll(
        database, sql: "SELECT memory FROM memories WHERE memory BETWEEN ? AND ? ORDER BY memory",
        arguments: [range.lowerBound, range.upperBound])
      return try numbers.compactMap { try MemoryRow.fetch(database, $0)?.memory }
    }
  }

  /// How many memories there are, ended ones included.
  public func memoryCount() async throws -> Int {
    var count = 0
    for shard in self.shards {
      count += try await self.read(shard) { database, _ in
        try Int.fetchOne(database, sql: "SELECT coalesce(sum(memory_count), 0) FROM owners") ?? 0
      }
    }
    return count
  }

  /// At most `count` current memories, chosen by chance from all shards alike.
  public func sample(count: Int) async throws -> [MemoryView] {
    let share = (count + self.shards.count - 1) / self.shards.count
    var sample: [MemoryView] = []
    for shard in self.shards {
      sample += try await self.read(shard) { database, _ in
        let numbers = try Int64.fetchAll(
          database,
          sql: """
            SELECT memory FROM memories WHERE valid_to IS NULL AND superseded_by IS NULL ORDER BY random() LIMIT ?
            """, arguments: [share])
        let lookup = MemoryLookup(database)
        return try numbers.compactMap { try lookup.view($0) }
      }
    }
    return Array(sample.prefix(count))
  }
}
