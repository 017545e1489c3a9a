public import EventLog
import GRDB

extension SQLiteEventLog {
  /// Creates what is missing.
  public func ensureTopics(_ topics: [TopicSpecification]) async throws {
    for topic in topics { try Self.check(topic) }
    try await self.writer.write { database in
      for topic in topics {
        guard let found = try Self.topic(topic.name, database) else {
          try Self.create(topic, database)
          continue
        }
        guard found.specification.partitionCount == topic.partitionCount else {
          throw EventLogError(
            .topicMismatch,
            "topic \(topic.name) has \(found.specification.partitionCount) partitions, not \(topic.partitionCount): "
              + "the number is fixed once a topic exists; set it back, or start with an empty log")
        }
      }
    }
  }

  private static func check(_ topic: TopicSpecification) throws {
    let isLegal = topic.name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    precondition(
      isLegal && (1...249).contains(topic.name.utf8.count), "a topic's name holds a-z A-Z 0-9 . _ - only")
    precondition(topic.partitionCount > 0, "a topic has at least one partition")
  }

  private static func create(_ topic: TopicSpecification, _ database: Database) throws {
    let (retention, age): (String, Int64?) =
      switch topic.retention {
      case .forever: ("forever", nil)
      case .age(let age): ("age", age.milliseconds)
      case .compacted: ("compacted", nil)
      }
    try database.execute(
      sql: "INSERT INTO topics (name, partition_count, retention, retention_ms) VALUES (?, ?, ?, ?)",
      arguments: [topic.name, topic.partitionCount, retention, age])
    let id = database.lastInsertedRowID
    for number in 0..<topic.partitionCount {
      try database.execute(sql: "INSERT INTO partitions (topic, number) VALUES (?, ?)", arguments: [id, number])
    }
  }

  /// All topics, in order of name.
  public func topics() async throws -> [TopicSpecification] {
    try await self.read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM topics ORDER BY name").map(TopicSpecification.init)
    }
  }

  /// Removes a topic with all that hangs on it.
  public func deleteTopic(_ name: String) async throws {
    try await self.writer.write { database in
      guard let topic = try Self.topic(name, database) else { return }
      for partition in topic.partitions {
        try database.execute(
          sql: "DELETE FROM records WHERE id >= ? AND id < ?",
          arguments: [LogSchema.rowID(partition: partition, offset: 0), LogSchema.rowID(partition: partition + 1, offset: 0)])
      }
      try database.execute(sql: "DELETE FROM topics WHERE name = ?", arguments: [name])
    }
    self.forgetTopic(name)
    self.bell.ring()
  }

  /// Bounds by partition number.
  public func bounds(of topic: String) async throws -> [OffsetBounds] {
    let entry = try await self.topic(topic)
    return try await self.read { database in
      try entry.partitions.map { id in
        let row = try Row.fetchOne(
          database.cachedStatement(sql: "SELECT earliest, \"end\" FROM partitions WHERE id = ?"), arguments: [id])
        guard let row else { throw EventLogError(.unknownTopic, "topic \(topic) was deleted") }
        return OffsetBounds(earliest: row["earliest"], end: row["end"])
      }
    }
  }

  /// What a group has committed.
  public func committedOffsets(of group: String) async throws -> [TopicPartition: Int64] {
    try await self.read { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT topics.name, partitions.number, offsets.next FROM offsets
          JOIN partitions ON partitions.id = offsets.partition JOIN topics ON topics.id = partitions.topic
          WHERE offsets."group" = ?
          """, arguments: [group])
      return Dictionary(
        uniqueKeysWithValues: rows.map { (TopicPartition($0["name"], $0["number"]), $0["next"] as Int64) })
    }
  }

  /// Discards by age, and by key.
  public func enforceRetention(nowMilliseconds: Int64) async throws -> Int {
    try await self.writer.write { database in
      var count = 0
      for row in try Row.fetchAll(database, sql: "SELECT * FROM topics WHERE retention <> 'forever'") {
        let topic = TopicSpecification(row)
        let partitions = try Int64.fetchAll(
          database, sql: "SELECT id FROM partitions WHERE topic = ?", arguments: [row["id"] as Int64])
        for partition in partitions {
          count += try Self.discard(partition, topic.retention, nowMilliseconds, database)
        }
      }
      return count
    }
  }

  private static func discard(
    _ partition: Int64, _ retention: TopicSpecification.Retention, _ now: Int64, _ database: Database
  ) throws -> Int {
    let first = LogSchema.rowID(partition: partition, offset: 0)
    let past = LogSchema.rowID(partition: partition + 1, offset: 0)
    switch retention {
    case .forever: return 0
    case .age(let age):
      // Up to the first record that is young enough: a clock that went back must not make holes.
      let keep = try Int64.fetchOne(
        database, sql: "SELECT id FROM records WHERE id >= ? AND id < ? AND appended_at >= ? ORDER BY id LIMIT 1",
        arguments: [first, past, now - age.milliseconds])
      try database.execute(sql: "DELETE FROM records WHERE id >= ? AND id < ?", arguments: [first, keep ?? past])
    case .compacted:
      try database.execute(
        sql: """
          DELETE FROM records WHERE id >= :first AND id < :past AND key IS NOT NULL AND id NOT IN
            (SELECT max(id) FROM records WHERE id >= :first AND id < :past AND key IS NOT NULL GROUP BY key)
          """, arguments: ["first": first, "past": past])
    }
    let count = database.changesCount
    let oldest = try Int64.fetchOne(
      database, sql: "SELECT min(id) FROM records WHERE id >= ? AND id < ?", arguments: [first, past])
    try database.execute(
      sql: "UPDATE partitions SET earliest = coalesce(?, \"end\") WHERE id = ?",
      arguments: [oldest.map(LogSchema.offset(ofRowID:)), partition])
    return count
  }
}
