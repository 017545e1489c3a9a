import EventLog
import FoundationEssentials
import GRDB

/// Records as rows: how they are written, found and read.
enum RecordRows {
  /// Records with the partition that each goes to.
  struct Placed: Sendable {
    struct Entry: Sendable {
      let partition: TopicPartition
      let rowID: Int64
      let record: NewRecord
    }

    var entries: [Entry] = []
    var byteCount = 0

    var rowIDs: Set<Int64> { Set(self.entries.lazy.map(\.rowID)) }
  }

  /// Writes them at the ends of their partitions.
  static func insert(_ placed: Placed, now: Int64, _ database: Database) throws -> [LogPosition] {
    var counts: [Int64: Int64] = [:]
    for entry in placed.entries { counts[entry.rowID, default: 0] += 1 }
    var next: [Int64: Int64] = [:]
    let claim = try database.cachedStatement(
      sql: "UPDATE partitions SET \"end\" = \"end\" + ? WHERE id = ? RETURNING \"end\"")
    for (rowID, count) in counts {
      guard let end = try Int64.fetchOne(claim, arguments: [count, rowID]) else {
        throw EventLogError(.unknownTopic, "a topic was deleted while records for it were on their way")
      }
      precondition(end >> LogSchema.offsetBitCount == 0, "a partition holds at most 2^40 records in its life")
      next[rowID] = end - count
    }
    let insert = try database.cachedStatement(
      sql: "INSERT INTO records (id, appended_at, key, value, headers) VALUES (?, ?, ?, ?, ?)")
    return try placed.entries.map { entry in
      let offset = next[entry.rowID] ?? 0
      next[entry.rowID] = offset + 1
      try insert.execute(arguments: [
        LogSchema.rowID(partition: entry.rowID, offset: offset), now, entry.record.key.map { Data($0) },
        Data(entry.record.value), Data(HeaderCoding.encode(entry.record.headers)),
      ])
      return LogPosition(entry.partition, offset)
    }
  }

  /// Records of one partition within `limit`. The first may be larger than the limit where `allowsLargerFirst`.
  static func fetch(
    _ partition: TopicPartition, rowID: Int64, from offset: Int64, limit: ReadLimit, allowsLargerFirst: Bool,
    _ database: Database
  ) throws -> [LogRecord] {
    let rows = try Row.fetchCursor(
      database.cachedStatement(
        sql: "SELECT id, appended_at, key, value, headers FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"),
      arguments: [
        LogSchema.rowID(partition: rowID, offset: offset), LogSchema.rowID(partition: rowID + 1, offset: 0),
        limit.maxRecordCount,
      ])
    var records: [LogRecord] = []
    var byteCount = 0
    while let row = try rows.next() {
      let record = try self.record(row, partition, like: records.last?.headers ?? [])
      byteCount += record.byteCount
      if byteCount > limit.maxByteCount, !(records.isEmpty && allowsLargerFirst) { break }
      records.append(record)
    }
    return records
  }

  private static func record(
    _ row: Row, _ partition: TopicPartition, like known: [LogHeader]
  ) throws -> LogRecord {
    let offset = LogSchema.offset(ofRowID: row[0])
    let headers = try row.withUnsafeData(atIndex: 4) { blob in
      blob.flatMap { blob in unsafe blob.withUnsafeBytes { unsafe HeaderCoding.decode($0, like: known) } }
    }
    guard let headers else {
      throw EventLogError(.storage, "the headers of \(partition) at offset \(offset) are damaged; restore a backup")
    }
    return LogRecord(
      position: LogPosition(partition, offset), appendedAtMilliseconds: row[1], key: try self.bytes(row, 2),
      value: try self.bytes(row, 3) ?? [], headers: headers)
  }

  /// One copy, straight from SQLite's memory.
  private static func bytes(_ row: Row, _ index: Int) throws -> [UInt8]? {
    try row.withUnsafeData(atIndex: index) { data in data.map { Array($0) } }
  }
}

extension LogRecord {
  var byteCount: Int { (key?.count ?? 0) + value.count + HeaderCoding.byteCount(headers) }
}

extension NewRecord {
  var byteCount: Int { (key?.count ?? 0) + value.count + HeaderCoding.byteCount(headers) }
}
