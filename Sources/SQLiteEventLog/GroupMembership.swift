import EventLog
import GRDB

/// One member of a consumer group. Who is in it and who has which partition changes inside the writer's transactions
/// only, so that every process on the file sees one order of events.
struct GroupMembership: Sendable {
  let group: String
  let instance: String
  /// Unique to this consumer object: a later consumer of the same instance name fences this one.
  let token: String
  let topics: [String]
  let leaseMilliseconds: Int64

  /// How a member stands in its group.
  enum Standing: Sendable {
    /// It is one.
    case member
    /// Its lease ran out, and it has no partitions; it may join again.
    case expired
    /// A later consumer of the same instance name took its place, for good.
    case replaced
  }

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
        sql: "UPDATE assignments SET token = ?, epoch = ? WHERE \"group\" = ? AND token = ?",
        arguments: [token, try Self.nextEpoch(of: group, database), group, predecessor])
    }
    try expireOthers(now: now, database)
    try Self.rebalance(group, database)
  }

  /// Leaves; others take over.
  func leave(now: Int64, _ database: Database) throws {
    try database.execute(
      sql: "DELETE FROM members WHERE \"group\" = ? AND instance = ? AND token = ?",
      arguments: [group, instance, token])
    guard database.changesCount > 0 else { return }
    try expireOthers(now: now, database)
    try Self.rebalance(group, database)
  }

  /// Says that this member lives, and takes partitions from members that do not.
  /// Returns whether anybody's partitions changed.
  func heartbeat(now: Int64, _ database: Database) throws -> Bool {
    try database.cachedStatement(
      sql: "UPDATE members SET seen_at = ? WHERE \"group\" = ? AND instance = ? AND token = ?"
    ).execute(arguments: [now, group, instance, token])
    guard try expireOthers(now: now, database) > 0 else { return false }
    try Self.rebalance(group, database)
    return true
  }

  func standing(_ database: Database) throws -> Standing {
    let current = try String.fetchOne(
      database.cachedStatement(sql: "SELECT token FROM members WHERE \"group\" = ? AND instance = ?"),
      arguments: [group, instance])
    return current.map { $0 == token ? .member : .replaced } ?? .expired
  }

  /// A partition that a member has.
  struct Assignment: Sendable {
    let partition: TopicPartition
    let rowID: Int64
    let epoch: Int64
    let bounds: OffsetBounds
  }

  /// The partitions of this member, in order.
  func assignments(_ database: Database) throws -> [Assignment] {
    let rows = try Row.fetchAll(
      database.cachedStatement(
        sql: """
          SELECT topics.name, partitions.number, partitions.id, assignments.epoch, partitions.earliest,
            partitions."end"
          FROM assignments JOIN partitions ON partitions.id = assignments.partition
            JOIN topics ON topics.id = partitions.topic
          WHERE assignments."group" = ? AND assignments.token = ? ORDER BY topics.name, partitions.number
          """), arguments: [group, token])
    return rows.map {
      Assignment(
        partition: TopicPartition($0[0], $0[1]), rowID: $0[2], epoch: $0[3],
        bounds: OffsetBounds(earliest: $0[4], end: $0[5]))
    }
  }

  /// Stores the next offset of a partition for the group.
  /// - Throws: `EventLogError` (`.fenced`) where this member did not have the partition all the time since `epoch`.
  func commit(_ next: Int64, of partition: TopicPartition, rowID: Int64, epoch: Int64, _ database: Database) throws {
    let owner = try Row.fetchOne(
      database.cachedStatement(sql: "SELECT token, epoch FROM assignments WHERE \"group\" = ? AND partition = ?"),
      arguments: [group, rowID])
    guard let owner, owner[0] == token, owner[1] == epoch else { throw EventLogError.fenced(partition, group: group) }
    try database.cachedStatement(
      sql: """
        INSERT INTO offsets ("group", partition, next) VALUES (?, ?, ?)
        ON CONFLICT ("group", partition) DO UPDATE SET next = excluded.next WHERE excluded.next >= next
        """
    ).execute(arguments: [group, rowID, next])
    guard database.changesCount == 1 else {
      throw EventLogError(
        .fenced, "group \(group) has committed \(partition) beyond offset \(next); that work was done already")
    }
  }
}

// MARK: - Rebalancing

extension GroupMembership {
  /// Removes other members that were silent for longer than the lease; returns how many. One that was seen later than
  /// now by more than a lease is as good as silent: the clock was set back, and a living one will be seen again soon.
  @discardableResult
  private func expireOthers(now: Int64, _ database: Database) throws -> Int {
    try database.cachedStatement(
      sql: "DELETE FROM members WHERE \"group\" = ? AND instance <> ? AND (seen_at < ? OR seen_at > ?)"
    ).execute(arguments: [group, instance, now - leaseMilliseconds, now + leaseMilliseconds])
    return database.changesCount
  }

  /// Spreads the partitions of each topic over the members that subscribe to it.
  static func rebalance(_ group: String, _ database: Database) throws {
    let rows = try Row.fetchAll(
      database, sql: "SELECT partition, token FROM assignments WHERE \"group\" = ?", arguments: [group])
    let current = Dictionary(uniqueKeysWithValues: rows.map { ($0[0] as Int64, $0[1] as String) })
    var wanted: [Int64: String] = [:]
    for (topic, members) in try subscribers(of: group, database) {
      let partitions = try Int64.fetchAll(
        database,
        sql: """
          SELECT partitions.id FROM partitions JOIN topics ON topics.id = partitions.topic
          WHERE topics.name = ? ORDER BY partitions.number
          """, arguments: [topic])
      wanted.merge(PartitionAssignor.assign(partitions: partitions, members: members, current: current)) { $1 }
    }
    guard wanted != current else { return }
    let epoch = try nextEpoch(of: group, database)
    for partition in current.keys where wanted[partition] == nil {
      try database.execute(
        sql: "DELETE FROM assignments WHERE \"group\" = ? AND partition = ?", arguments: [group, partition])
    }
    for (partition, token) in wanted where current[partition] != token {
      try database.execute(
        sql: """
          INSERT INTO assignments ("group", partition, token, epoch) VALUES (?, ?, ?, ?)
          ON CONFLICT ("group", partition) DO UPDATE SET token = excluded.token, epoch = excluded.epoch
          """, arguments: [group, partition, token, epoch])
    }
  }

  /// Spreads the partitions of a topic that was made while members wait for it already.
  static func rebalanceSubscribers(of topic: String, _ database: Database) throws {
    for group in try String.fetchAll(database, sql: "SELECT DISTINCT \"group\" FROM members") {
      guard try subscribers(of: group, database)[topic] != nil else { continue }
      try rebalance(group, database)
    }
  }

  /// Members of each topic that the group reads, in order of instance name.
  private static func subscribers(of group: String, _ database: Database) throws -> [String: [String]] {
    var subscribers: [String: [String]] = [:]
    let members = try Row.fetchAll(
      database, sql: "SELECT token, topics FROM members WHERE \"group\" = ? ORDER BY instance", arguments: [group])
    for member in members {
      for topic in (member[1] as String).split(separator: "\n") {
        subscribers[String(topic), default: []].append(member[0])
      }
    }
    return subscribers
  }

  private static func nextEpoch(of group: String, _ database: Database) throws -> Int64 {
    try database.execute(
      sql: """
        INSERT INTO groups (name, epoch) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET epoch = epoch + 1
        """, arguments: [group])
    return try Int64.fetchOne(database, sql: "SELECT epoch FROM groups WHERE name = ?", arguments: [group]) ?? 1
  }
}

extension EventLogError {
  static func fenced(_ partition: TopicPartition, group: String) -> EventLogError {
    EventLogError(
      .fenced, "\(partition) belongs to another member of group \(group) now; its work under way is given up")
  }
}
