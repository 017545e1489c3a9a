import EventLog
import FoundationEssentials
import GRDB
import GRDBSQLite

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
        Data(entry.record.value), Data(RecordHeaders(entry.record.headers).bytes),
      ])
      return LogPosition(entry.partition, offset)
    }
  }

  /// Records of one partition within `limit`. The first may be larger than the limit where `allowsLargerFirst`.
  static func fetch(
    _ partition: TopicPartition, rowID: Int64, from offset: Int64, limit: ReadLimit, allowsLargerFirst: Bool,
    _ database: Database
  ) throws -> [LogRecord] {
    let statement = try database.cachedStatement(
      sql: "SELECT id, appended_at, key, value, headers FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?")
    try statement.setArguments([
      LogSchema.rowID(partition: rowID, offset: offset), LogSchema.rowID(partition: rowID + 1, offset: 0),
      limit.maxRecordCount,
    ])
    let rows = unsafe RowReader(statement.sqliteStatement)
    defer { rows.end() }
    var records: [LogRecord] = []
    var byteCount = 0
    while try rows.next(database) {
      let record = try record(rows, partition)
      byteCount += record.byteCount
      if byteCount > limit.maxByteCount, !(records.isEmpty && allowsLargerFirst) { break }
      records.append(record)
    }
    return records
  }

  private static func record(_ row: RowReader, _ partition: TopicPartition) throws -> LogRecord {
    let offset = LogSchema.offset(ofRowID: row.integer(0))
    guard let headers = RecordHeaders(bytes: row.bytes(4) ?? []) else {
      throw EventLogError(.storage, "the headers of \(partition) at offset \(offset) are damaged; restore a backup")
    }
    return LogRecord(
      position: LogPosition(partition, offset), appendedAtMilliseconds: row.integer(1), key: row.bytes(2),
      value: row.bytes(3) ?? [], headers: headers)
  }
}

/// Rows straight from SQLite's memory, one copy of each value.
@safe private struct RowReader {
  private let statement: OpaquePointer

  init(_ statement: OpaquePointer) { unsafe self.statement = statement }

  /// Goes to the next row. Returns whether there is one.
  func next(_ database: Database) throws -> Bool {
    switch unsafe sqlite3_step(statement) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw DatabaseError(resultCode: ResultCode(rawValue: code), message: database.lastErrorMessage)
    }
  }

  /// Lets go of the rows.
  func end() { unsafe sqlite3_reset(statement) }

  func integer(_ column: CInt) -> Int64 { unsafe sqlite3_column_int64(statement, column) }

  func byteCount(_ column: CInt) -> Int { Int(unsafe sqlite3_column_bytes(statement, column)) }

  /// A blob; nil where the column is null.
  func bytes(_ column: CInt) -> [UInt8]? {
    guard unsafe sqlite3_column_type(statement, column) != SQLITE_NULL else { return nil }
    // An empty blob has no address.
    guard let start = unsafe sqlite3_column_blob(statement, column) else { return [] }
    return unsafe Array(UnsafeRawBufferPointer(start: start, count: byteCount(column)))
  }
}
