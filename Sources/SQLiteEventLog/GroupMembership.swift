import EventLog
import GRDB

/// Who is in a consumer group and who has which partition. All of it changes inside the writer's transactions, so that
/// every process on the file sees one order of events.
struct GroupMembership: Sendable {
  let group: String
  let instance: String
  /// Unique to this consumer object: a later consumer of the same instance name fences this one.
  let token: String
  let topics: [String]
  let leaseMilliseconds: Int64

  /// Joins; takes over at once what an earlier consumer of the same instance name had.
  func join(now: Int64, _ database: Database) throws {
    let predecessor = try String.fetchOne(
      database, sql: "SELECT token FROM members WHERE \"group\" = ? AND instance = ?", arguments: [group, instance])
    try database.execute(
      sql: """
        INSERT INTO members ("group", instance, token, topics, seen_at) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT ("group", instance) DO UPDATE
          SET token = excluded.token, topics = excluded.topics, seen_at = excluded.seen_at
        """, arguments: [group, instance, token, topics.joined(separator: "\n"), now])
    if let predecessor {
      try database.execute(
        sql: "UPDATE assignments SET token = ? WHERE \"group\" = ? AND token = ?",
        arguments: [token, group, predecessor])
    }
    try rebalance(now: now, database)
  }

  /// Leaves; others take over.
  func leave(now: Int64, _ database: Database) throws {
    try database.execute(
      sql: "DELETE FROM members WHERE \"group\" = ? AND instance = ? AND token = ?",
      arguments: [group, instance, token])
    try rebalance(now: now, database)
  }

  /// Says that this member lives, and takes partitions from members that do not. A member whose lease ran out joins
  /// again; one whose name was taken over stays out.
  func heartbeat(now: Int64, _ database: Database) throws {
    let current = try String.fetchOne(
      database, sql: "SELECT token FROM members WHERE \"group\" = ? AND instance = ?", arguments: [group, instance])
    guard let current else { return try join(now: now, database) }
    guard current == token else { return }
    try database.execute(
      sql: "UPDATE members SET seen_at = ? WHERE \"group\" = ? AND instance = ?", arguments: [now, group, instance])
    let hasExpired = try Bool.fetchOne(
      database, sql: "SELECT EXISTS (SELECT 1 FROM members WHERE \"group\" = ? AND seen_at < ?)",
      arguments: [group, now - leaseMilliseconds])
    if hasExpired == true { try rebalance(now: now, database) }
  }

  /// The partitions of this member, with their row ids.
  func assignment(_ database: Database) throws -> [TopicPartition: Int64] {
    let rows = try Row.fetchAll(
      database.cachedStatement(
        sql: """
          SELECT topics.name, partitions.number, partitions.id FROM assignments
          JOIN partitions ON partitions.id = assignments.partition JOIN topics ON topics.id = partitions.topic
          WHERE assignments."group" = ? AND assignments.token = ?
          """), arguments: [group, token])
    return Dictionary(uniqueKeysWithValues: rows.map { (TopicPartition($0[0], $0[1]), $0[2] as Int64) })
  }

  /// - Throws: `EventLogError` (`.fenced`) where a partition is another member's.
  func checkOwnership(of partitions: [(partition: TopicPartition, rowID: Int64)], _ database: Database) throws {
    let owner = try database.cachedStatement(
      sql: "SELECT token FROM assignments WHERE \"group\" = ? AND partition = ?")
    for (partition, rowID) in partitions where try String.fetchOne(owner, arguments: [group, rowID]) != token {
      throw EventLogError(
        .fenced, "\(partition) belongs to another member of group \(group) now; its work under way is given up")
    }
  }

  /// Gives each partition to the living members that subscribe to its topic, in turn, by order of instance name.
  private func rebalance(now: Int64, _ database: Database) throws {
    try database.execute(
      sql: "DELETE FROM members WHERE \"group\" = ? AND seen_at < ?", arguments: [group, now - leaseMilliseconds])
    let members = try Row.fetchAll(
      database, sql: "SELECT token, topics FROM members WHERE \"group\" = ? ORDER BY instance", arguments: [group])
    var wanted: [Int64: String] = [:]
    var subscribers: [String: [String]] = [:]
    for member in members {
      for topic in (member["topics"] as String).split(separator: "\n") {
        subscribers[String(topic), default: []].append(member["token"])
      }
    }
    for (topic, tokens) in subscribers {
      let partitions = try Int64.fetchAll(
        database,
        sql: """
          SELECT partitions.id FROM partitions JOIN topics ON topics.id = partitions.topic
          WHERE topics.name = ? ORDER BY partitions.number
          """, arguments: [topic])
      for (number, partition) in partitions.enumerated() { wanted[partition] = tokens[number % tokens.count] }
    }
    try store(wanted, database)
  }

  private func store(_ wanted: [Int64: String], _ database: Database) throws {
    let rows = try Row.fetchAll(
      database, sql: "SELECT partition, token FROM assignments WHERE \"group\" = ?", arguments: [group])
    let current = Dictionary(uniqueKeysWithValues: rows.map { ($0["partition"] as Int64, $0["token"] as String) })
    for partition in current.keys where wanted[partition] == nil {
      try database.execute(
        sql: "DELETE FROM assignments WHERE \"group\" = ? AND partition = ?", arguments: [group, partition])
    }
    for (partition, token) in wanted where current[partition] != token {
      try database.execute(
        sql: """
          INSERT INTO assignments ("group", partition, token) VALUES (?, ?, ?)
          ON CONFLICT ("group", partition) DO UPDATE SET token = excluded.token
          """, arguments: [group, partition, token])
    }
  }
}
