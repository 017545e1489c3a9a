public import EventLog
import GRDB

extension SQLiteEventLog {
  /// Creates what is missing.
  public func ensureTopics(_ topics: [TopicSpecification]) async throws {
    for topic in topics { Self.check(topic) }
    try await self.writer.write(for: .everybody) { database in
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

  private static func check(_ topic: TopicSpecification) {
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
    let (retention, age) = columns(of: topic.retention)
    try database.execute(
      sql: "INSERT INTO topics (name, partition_count, retention, retention_ms) VALUES (?, ?, ?, ?)",
      arguments: [topic.name, topic.partitionCount, retention, age])
    let id = database.lastInsertedRowID
    for number in 0..<topic.partitionCount {
      try database.execute(sql: "INSERT INTO partitions (topic, number) VALUES (?, ?)", arguments: [id, number])
    }
    try GroupMembership.rebalanceSubscribers(of: topic.name, database)
  }

  private static func columns(of retention: TopicSpecification.Retention) -> (name: String, milliseconds: Int64?) {
    switch retention {
    case .forever: ("forever", nil)
    case .age(let age): ("age", age.milliseconds)
    case .compacted: ("compacted", nil)
    }
  }

  /// Gives a topic another retention.
  public func setRetention(_ retention: TopicSpecification.Retention, of topic: String) async throws {
    let path = self.path
    try await self.writer.write { database in
      let (name, age) = Self.columns(of: retention)
      try database.execute(
        sql: "UPDATE topics SET retention = ?, retention_ms = ? WHERE name = ?", arguments: [name, age, topic])
      guard database.changesCount > 0 else {
        throw EventLogError(.unknownTopic, "the log at \(path) has no topic \(topic); create it first")
      }
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
    try await self.writer.write(for: .everybody) { database in
      // The topic is gone at once; its records may be many, and go piece by piece.
      try database.execute(
        sql: """
          INSERT INTO discarded_partitions SELECT partitions.id FROM partitions
          JOIN topics ON topics.id = partitions.topic WHERE topics.name = ?
          """, arguments: [name])
      try database.execute(sql: "DELETE FROM topics WHERE name = ?", arguments: [name])
    }
    _ = try await self.discardDeletedPartitions()
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
      return Dictionary(uniqueKeysWithValues: rows.map { (TopicPartition($0[0], $0[1]), $0[2] as Int64) })
    }
  }
}

extension TopicSpecification {
  init(_ row: Row) {
    let retention: Retention =
      switch row["retention"] as String {
      case "age": .age(.milliseconds(row["retention_ms"] as Int64))
      case "compacted": .compacted
      default: .forever
      }
    self.init(name: row["name"], partitionCount: row["partition_count"], retention: retention)
  }
}
