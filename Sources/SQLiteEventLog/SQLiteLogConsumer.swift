public import EventLog
import FoundationEssentials
import GRDB
import Synchronization

extension SQLiteEventLog {
  /// Joins a group.
  public func subscribe(group: String, topics: [String], instance: String) async throws -> any LogConsumer {
    for topic in topics { _ = try await self.topic(topic) }
    let membership = GroupMembership(
      group: group, instance: instance, token: UUID().uuidString, topics: topics,
      leaseMilliseconds: self.options.memberLease.milliseconds)
    let now = self.options.nowMilliseconds()
    try await self.writer.write { database in try membership.join(now: now, database) }
    self.bell.ring()
    return SQLiteLogConsumer(log: self, membership: membership, joinedAt: now)
  }
}

/// A member of a consumer group on the embedded log.
final class SQLiteLogConsumer: LogConsumer {
  private struct State {
    /// Next offset to be polled, for each partition that this member has.
    var next: [TopicPartition: Int64] = [:]
    var paused: Set<TopicPartition> = []
    var lastHeartbeat: Int64
    var isClosed = false
  }

  private let log: SQLiteEventLog
  private let membership: GroupMembership
  private let state: Mutex<State>

  init(log: SQLiteEventLog, membership: GroupMembership, joinedAt: Int64) {
    self.log = log
    self.membership = membership
    self.state = Mutex(State(lastHeartbeat: joinedAt))
  }

  // MARK: Polling

  func poll(limit: ReadLimit, timeout: Duration) async throws -> PollResult {
    let deadline = ContinuousClock.now + timeout
    while true {
      try self.checkOpen()
      try await self.heartbeatIfDue()
      let seen = self.log.bell.ringCount
      let result = try await self.pollOnce(limit)
      let rest = deadline - .now
      if !result.records.isEmpty || !result.assigned.isEmpty || !result.revoked.isEmpty || rest <= .zero {
        return result
      }
      try await self.log.waitForChange(beyond: seen, timeout: min(rest, self.heartbeatInterval))
    }
  }

  private func pollOnce(_ limit: ReadLimit) async throws -> PollResult {
    let (known, paused) = self.state.withLock { (($0.next), $0.paused) }
    let (fetched, assignment) = try await self.log.read { database in
      let assignment = try self.membership.assignment(database)
      return (try self.fetch(assignment, known, paused, limit, database), assignment)
    }
    return self.state.withLock { state in
      let owned = Set(assignment.keys)
      let before = Set(state.next.keys)
      var result = PollResult(assigned: owned.subtracting(before), revoked: before.subtracting(owned))
      for partition in result.revoked {
        state.next[partition] = nil
        state.paused.remove(partition)
      }
      for (partition, batch) in fetched {
        // A seek or a pause that came meanwhile counts.
        guard state.next[partition] == known[partition], !state.paused.contains(partition) else { continue }
        state.next[partition] = batch.last.map { $0.position.offset + 1 } ?? batch.start
        result.records += batch.records
      }
      return result
    }
  }

  private struct Batch: Sendable {
    var start: Int64
    var records: [LogRecord]
    var last: LogRecord? { records.last }
  }

  private func fetch(
    _ assignment: [TopicPartition: Int64], _ known: [TopicPartition: Int64], _ paused: Set<TopicPartition>,
    _ limit: ReadLimit, _ database: Database
  ) throws -> [TopicPartition: Batch] {
    var batches: [TopicPartition: Batch] = [:]
    let open = assignment.filter { !paused.contains($0.key) }.sorted { $0.key < $1.key }
    // An equal share for each partition, so that a busy one does not starve the others.
    let share = ReadLimit(
      maxRecordCount: max(1, limit.maxRecordCount / max(1, open.count)),
      maxByteCount: max(1, limit.maxByteCount / max(1, open.count)))
    for (partition, rowID) in open {
      let start = try known[partition] ?? self.start(of: rowID, database)
      let records = try SQLiteEventLog.fetch(partition, rowID: rowID, from: start, limit: share, database)
      batches[partition] = Batch(start: start, records: records)
    }
    return batches
  }

  /// The group's committed offset, or the earliest record where there is none or it was discarded.
  private func start(of rowID: Int64, _ database: Database) throws -> Int64 {
    let committed = try Int64.fetchOne(
      database, sql: "SELECT next FROM offsets WHERE \"group\" = ? AND partition = ?",
      arguments: [self.membership.group, rowID])
    let earliest = try Int64.fetchOne(database, sql: "SELECT earliest FROM partitions WHERE id = ?", arguments: [rowID])
    return max(committed ?? 0, earliest ?? 0)
  }

  // MARK: Membership

  private var heartbeatInterval: Duration { self.log.options.memberLease / 3 }

  private func heartbeatIfDue() async throws {
    let now = self.log.options.nowMilliseconds()
    let isDue = self.state.withLock { state in
      guard now - state.lastHeartbeat >= self.heartbeatInterval.milliseconds else { return false }
      state.lastHeartbeat = now
      return true
    }
    guard isDue else { return }
    try await self.log.writer.write { database in try self.membership.heartbeat(now: now, database) }
  }

  private func checkOpen() throws {
    guard !self.state.withLock({ $0.isClosed }) else {
      throw EventLogError(.closed, "this consumer of group \(self.membership.group) is closed")
    }
  }

  // MARK: Committing

  func commit(appending records: [NewRecord], offsets: [TopicPartition: Int64]) async throws {
    try self.checkOpen()
    let placed = try await self.log.place(records)
    var rows: [(partition: TopicPartition, rowID: Int64)] = []
    for partition in offsets.keys.sorted() { rows.append((partition, try await self.log.rowID(of: partition))) }
    let now = self.log.options.nowMilliseconds()
    try await self.log.writer.write(byteCount: placed.byteCount) { [rows] database in
      try self.membership.checkOwnership(of: rows, database)
      for (partition, rowID) in rows {
        try self.store(offsets[partition] ?? 0, partition, rowID, database)
      }
      _ = try SQLiteEventLog.insert(placed, now: now, database)
    }
    if !records.isEmpty { self.log.bell.ring() }
  }

  private func store(_ next: Int64, _ partition: TopicPartition, _ rowID: Int64, _ database: Database) throws {
    let stored = try Int64.fetchOne(
      database.cachedStatement(sql: "SELECT next FROM offsets WHERE \"group\" = ? AND partition = ?"),
      arguments: [self.membership.group, rowID])
    guard next >= stored ?? 0 else {
      throw EventLogError(
        .fenced, "group \(self.membership.group) has committed \(partition) beyond \(next); this work was done already")
    }
    try database.cachedStatement(
      sql: """
        INSERT INTO offsets ("group", partition, next) VALUES (?, ?, ?)
        ON CONFLICT ("group", partition) DO UPDATE SET next = excluded.next
        """
    ).execute(arguments: [self.membership.group, rowID, next])
  }

  // MARK: Steering

  func pause(_ partitions: Set<TopicPartition>) async {
    self.state.withLock { state in state.paused.formUnion(partitions.filter { state.next[$0] != nil }) }
  }

  func resume(_ partitions: Set<TopicPartition>) async {
    let changed = self.state.withLock { state in
      defer { state.paused.subtract(partitions) }
      return !state.paused.isDisjoint(with: partitions)
    }
    if changed { self.log.bell.ring() }
  }

  func seek(_ offsets: [TopicPartition: Int64]) async {
    self.state.withLock { state in
      for (partition, offset) in offsets where state.next[partition] != nil { state.next[partition] = offset }
    }
    self.log.bell.ring()
  }

  func close() async {
    let wasOpen = self.state.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
    guard wasOpen else { return }
    let now = self.log.options.nowMilliseconds()
    // A log that is closed already has let the lease go its way.
    try? await self.log.writer.write { database in try self.membership.leave(now: now, database) }
    self.log.bell.ring()
  }
}
