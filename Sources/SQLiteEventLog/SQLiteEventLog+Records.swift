public import EventLog
import GRDB
import MnemeCore

extension SQLiteEventLog {
  /// Appends, durably, all or none.
  public func append(_ records: [NewRecord]) async throws -> [LogPosition] {
    guard !records.isEmpty else { return [] }
    return try await self.withFreshTopics {
      let placed = try await self.place(records)
      let now = self.options.nowMilliseconds()
      return try await self.writer.write(byteCount: placed.byteCount, for: .partitions(placed.rowIDs)) { database in
        try RecordRows.insert(placed, now: now, database)
      }
    }
  }

  func place(_ records: [NewRecord]) async throws -> RecordRows.Placed {
    var placed = RecordRows.Placed()
    placed.entries.reserveCapacity(records.count)
    var topics: [String: TopicEntry] = [:]
    for record in records {
      let byteCount = record.byteCount
      guard byteCount <= self.options.maxRecordByteCount else {
        throw EventLogError(
          .recordTooLarge,
          "a record for topic \(record.topic) has \(byteCount) bytes, more than \(self.options.maxRecordByteCount)")
      }
      let topic: TopicEntry
      if let known = topics[record.topic] { topic = known } else { topic = try await self.topic(record.topic) }
      topics[record.topic] = topic
      let number =
        record.partition
        ?? Partitioner.partition(key: record.key ?? record.value, count: topic.partitions.count)
      let partition = TopicPartition(record.topic, number)
      placed.entries.append(.init(partition: partition, rowID: try topic.rowID(of: partition), record: record))
      placed.byteCount += byteCount
    }
    return placed
  }

  /// Reads at once.
  public func read(_ partition: TopicPartition, from offset: Int64, limit: ReadLimit) async throws -> [LogRecord] {
    try await self.withFreshTopics {
      let rowID = try await self.topic(partition.topic).rowID(of: partition)
      return try await self.read { database in
        let bounds = try Self.bounds(of: partition, rowID: rowID, database)
        guard offset >= bounds.earliest else {
          throw EventLogError(
            .offsetOutOfRange,
            "\(partition) begins at offset \(bounds.earliest); \(offset) was discarded by its retention")
        }
        guard offset < bounds.end else { return [] }
        return try RecordRows.fetch(
          partition, rowID: rowID, from: offset, limit: limit, allowsLargerFirst: true, database)
      }
    }
  }

  /// Bounds by partition number.
  public func bounds(of topic: String) async throws -> [OffsetBounds] {
    try await self.withFreshTopics {
      let entry = try await self.topic(topic)
      return try await self.read { database in
        try entry.partitions.enumerated().map { number, rowID in
          try Self.bounds(of: TopicPartition(topic, number), rowID: rowID, database)
        }
      }
    }
  }

  private static func bounds(
    of partition: TopicPartition, rowID: Int64, _ database: Database
  ) throws -> OffsetBounds {
    let row = try Row.fetchOne(
      database.cachedStatement(sql: "SELECT earliest, \"end\" FROM partitions WHERE id = ?"), arguments: [rowID])
    guard let row else { throw EventLogError(.unknownTopic, "topic \(partition.topic) was deleted") }
    return OffsetBounds(earliest: row[0], end: row[1])
  }

  /// Waits for this partition.
  public func waitForRecords(_ partition: TopicPartition, from offset: Int64, timeout: Duration) async throws {
    let deadline = ContinuousClock.now + timeout
    while true {
      let mark = self.bell.mark
      let (rowID, end) = try await self.withFreshTopics {
        let rowID = try await self.topic(partition.topic).rowID(of: partition)
        return (rowID, try await self.read { try Self.bounds(of: partition, rowID: rowID, $0).end })
      }
      let rest = deadline - .now
      guard end <= offset, rest > .zero else { return }
      await self.bell.wait(for: [rowID], since: mark, timeout: rest)
      try Task.checkCancellation()
    }
  }
}
