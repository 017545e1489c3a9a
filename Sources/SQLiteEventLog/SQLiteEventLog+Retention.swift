import EventLog
import GRDB

extension SQLiteEventLog {
  /// Most records that are discarded by one transaction, so that appends need not wait long.
  private static let maxDiscardedCount = 2000

  /// Discards by age, and by key. What goes is found by a reader, and discarded piece by piece.
  public func enforceRetention(nowMilliseconds: Int64) async throws -> Int {
    _ = try await self.discardDeletedPartitions()
    var count = 0
    for topic in try await self.topics() {
      guard let entry = try await self.read({ try Self.topic(topic.name, $0) }) else { continue }
      for rowID in entry.partitions {
        switch topic.retention {
        case .forever: break
        case .age(let age): count += try await self.discard(rowID, before: nowMilliseconds - age.milliseconds)
        case .compacted: count += try await self.compact(rowID)
        }
      }
    }
    return count
  }

  /// Up to the first record that is young enough: a clock that went back must not make holes.
  private func discard(_ partition: Int64, before milliseconds: Int64) async throws -> Int {
    let past = LogSchema.rowID(partition: partition + 1, offset: 0)
    let earliest = try await self.read { database in
      let kept = try Int64.fetchOne(
        database, sql: "SELECT id FROM records WHERE id >= ? AND id < ? AND appended_at >= ? ORDER BY id LIMIT 1",
        arguments: [LogSchema.rowID(partition: partition, offset: 0), past, milliseconds])
      if let kept { return LogSchema.offset(ofRowID: kept) }
      return try Int64.fetchOne(
        database, sql: "SELECT \"end\" FROM partitions WHERE id = ?", arguments: [partition]) ?? 0
    }
    // First the bound, then the records: nobody reads records that are half gone.
    try await self.writer.write { database in
      try database.execute(
        sql: "UPDATE partitions SET earliest = max(earliest, ?) WHERE id = ?", arguments: [earliest, partition])
    }
    return try await self.discard(partition, offsetsBelow: earliest)
  }

  private func discard(_ partition: Int64, offsetsBelow end: Int64) async throws -> Int {
    var count = 0
    while true {
      let discarded = try await self.writer.write { database in
        try database.execute(
          sql: "DELETE FROM records WHERE id IN (SELECT id FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?)",
          arguments: [
            LogSchema.rowID(partition: partition, offset: 0), LogSchema.rowID(partition: partition, offset: 0) + end,
            Self.maxDiscardedCount,
          ])
        return database.changesCount
      }
      guard discarded > 0 else { return count }
      count += discarded
    }
  }

  /// All but the last record of each key. The bounds stay, as with a broker: readers step over what is gone.
  private func compact(_ partition: Int64) async throws -> Int {
    let first = LogSchema.rowID(partition: partition, offset: 0)
    let past = LogSchema.rowID(partition: partition + 1, offset: 0)
    // A record that has a successor has one for ever, so what a reader finds still holds when it is discarded.
    let discarded = try await self.read { database in
      try Int64.fetchAll(
        database,
        sql: """
          SELECT id FROM records WHERE id >= :first AND id < :past AND key IS NOT NULL AND id NOT IN
            (SELECT max(id) FROM records WHERE id >= :first AND id < :past AND key IS NOT NULL GROUP BY key)
          """, arguments: ["first": first, "past": past])
    }
    for start in stride(from: 0, to: discarded.count, by: Self.maxDiscardedCount) {
      let ids = discarded[start..<min(start + Self.maxDiscardedCount, discarded.count)]
      try await self.writer.write { database in
        let delete = try database.cachedStatement(sql: "DELETE FROM records WHERE id = ?")
        for id in ids { try delete.execute(arguments: [id]) }
      }
    }
    return discarded.count
  }

  /// Goes on with the records of deleted topics, also where an earlier process was stopped in the middle.
  func discardDeletedPartitions() async throws -> Int {
    var count = 0
    let partitions = try await self.read { try Int64.fetchAll($0, sql: "SELECT id FROM discarded_partitions") }
    for partition in partitions {
      count += try await self.discard(partition, offsetsBelow: 1 << LogSchema.offsetBitCount)
      try await self.writer.write { database in
        try database.execute(sql: "DELETE FROM discarded_partitions WHERE id = ?", arguments: [partition])
      }
    }
    if !partitions.isEmpty { try await self.giveBackPages() }
    return count
  }

  /// Pages that are given back in one transaction, at most, so that appends get in between.
  static let maxReturnedPageCount = 1024

  /// Gives pages that nothing uses back to the file system.
  private func giveBackPages() async throws {
    var rest = Int.max
    while rest > 0 {
      let (before, after) = try await self.writer.write { database in
        let before = try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0
        // Each row that is stepped to is a page.
        _ = try Row.fetchAll(database, sql: "PRAGMA incremental_vacuum(\(Self.maxReturnedPageCount))")
        return (before, try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0)
      }
      // A file that an older version made keeps its pages for what comes.
      rest = after < before ? after : 0
    }
  }
}
