public import EventLog
import FoundationEssentials
import GRDB
import MnemeCore

extension SQLiteEventLog {
  /// Appends, durably, all or none.
  public func append(_ records: [NewRecord]) async throws -> [LogPosition] {
    guard !records.isEmpty else { return [] }
    let placed = try await self.place(records)
    let now = self.options.nowMilliseconds()
    let positions = try await self.writer.write(byteCount: placed.byteCount) { database in
      try Self.insert(placed, now: now, database)
    }
    self.bell.ring()
    return positions
  }

  /// Records with the partition that each goes to.
  struct PlacedRecords: Sendable {
    var records: [(partition: TopicPartition, rowID: Int64, record: NewRecord)]
    var byteCount: Int
  }

  func place(_ records: [NewRecord]) async throws -> PlacedRecords {
    var placed = PlacedRecords(records: [], byteCount: 0)
    placed.records.reserveCapacity(records.count)
    for record in records {
      let byteCount = record.byteCount
      guard byteCount <= self.options.maxRecordByteCount else {
        throw EventLogError(
          .recordTooLarge,
          "a record for topic \(record.topic) has \(byteCount) bytes, more than \(self.options.maxRecordByteCount)")
      }
      let topic = try await self.topic(record.topic)
      let number =
        record.partition
        ?? Partitioner.partition(key: record.key ?? record.value, count: topic.partitions.count)
      guard topic.partitions.indices.contains(number) else {
        throw EventLogError(.unknownTopic, "topic \(record.topic) has no partition \(number)")
      }
      placed.records.append((TopicPartition(record.topic, number), topic.partitions[number], record))
      placed.byteCount += byteCount
    }
    return placed
  }

  static func insert(_ placed: PlacedRecords, now: Int64, _ database: Database) throws -> [LogPosition] {
    var counts: [Int64: Int64] = [:]
    for (_, rowID, _) in placed.records { counts[rowID, default: 0] += 1 }
    var next: [Int64: Int64] = [:]
    let claim = try database.cachedStatement(
      sql: "UPDATE partitions SET \"end\" = \"end\" + ? WHERE id = ? RETURNING \"end\"")
    for (rowID, count) in counts {
      guard let end = try Int64.fetchOne(claim, arguments: [count, rowID]) else {
        throw EventLogError(.unknownTopic, "a topic was deleted while records for it were on their way")
      }
      next[rowID] = end - count
    }
    let insert = try database.cachedStatement(
      sql: "INSERT INTO records (id, appended_at, key, value, headers) VALUES (?, ?, ?, ?, ?)")
    return try placed.records.map { partition, rowID, record in
      let offset = next[rowID] ?? 0
      next[rowID] = offset + 1
      try insert.execute(arguments: [
        LogSchema.rowID(partition: rowID, offset: offset), now, record.key.map { Data($0) }, Data(record.value),
        Data(HeaderCoding.encode(record.headers)),
      ])
      return LogPosition(partition, offset)
    }
  }

  /// Reads at once.
  public func read(_ partition: TopicPartition, from offset: Int64, limit: ReadLimit) async throws -> [LogRecord] {
    let rowID = try await self.rowID(of: partition)
    return try await self.read { database in
      try Self.fetch(partition, rowID: rowID, from: offset, limit: limit, database)
    }
  }

  static func fetch(
    _ partition: TopicPartition, rowID: Int64, from offset: Int64, limit: ReadLimit, _ database: Database
  ) throws -> [LogRecord] {
    let earliest = try Int64.fetchOne(
      database.cachedStatement(sql: "SELECT earliest FROM partitions WHERE id = ?"), arguments: [rowID])
    guard let earliest else { throw EventLogError(.unknownTopic, "topic \(partition.topic) was deleted") }
    guard offset >= earliest else {
      throw EventLogError(
        .offsetOutOfRange, "\(partition) begins at offset \(earliest); \(offset) was discarded by its retention")
    }
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
      let record = try LogRecord(row, partition)
      byteCount += record.byteCount
      if byteCount > limit.maxByteCount, !records.isEmpty { break }
      records.append(record)
    }
    return records
  }

  /// Waits for this partition.
  public func waitForRecords(_ partition: TopicPartition, from offset: Int64, timeout: Duration) async throws {
    let rowID = try await self.rowID(of: partition)
    let deadline = ContinuousClock.now + timeout
    while true {
      let seen = self.bell.ringCount
      let end = try await self.read { database in
        try Int64.fetchOne(
          database.cachedStatement(sql: "SELECT \"end\" FROM partitions WHERE id = ?"), arguments: [rowID]) ?? 0
      }
      let rest = deadline - .now
      guard end <= offset, rest > .zero else { return }
      try await self.waitForChange(beyond: seen, timeout: rest)
    }
  }
}

extension LogRecord {
  fileprivate init(_ row: Row, _ partition: TopicPartition) throws {
    let id: Int64 = row[0]
    guard let headers = HeaderCoding.decode(Array(row[4] as Data)) else {
      throw EventLogError(
        .storage, "the headers of \(partition) at offset \(LogSchema.offset(ofRowID: id)) are damaged")
    }
    self.init(
      position: LogPosition(partition, LogSchema.offset(ofRowID: id)), appendedAtMilliseconds: row[1],
      key: (row[2] as Data?).map { Array($0) }, value: Array(row[3] as Data), headers: headers)
  }

  var byteCount: Int {
    (key?.count ?? 0) + value.count + headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.count }
  }
}

extension NewRecord {
  var byteCount: Int {
    (key?.count ?? 0) + value.count + headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.count }
  }
}
