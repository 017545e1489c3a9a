public import EventLog
import FoundationEssentials
import GRDB
import Synchronization

extension SQLiteEventLog {
  /// Joins a group.
  public func subscribe(group: String, topics: [String], instance: String?) async throws -> any LogConsumer {
    for topic in topics { _ = try await self.withFreshTopics { try await self.topic(topic) } }
    let token = UUID().uuidString
    let membership = GroupMembership(
      group: group, instance: instance ?? token, token: token, topics: Set(topics).sorted(),
      leaseMilliseconds: self.options.memberLease.milliseconds)
    let now = self.options.nowMilliseconds()
    try await self.writer.write(for: .everybody) { database in try membership.join(now: now, database) }
    let lease = MemberLease(membership, joinedAt: now)
    self.leases.add(lease)
    return SQLiteLogConsumer(log: self, lease: lease)
  }
}

/// A member of a consumer group on the embedded log.
final class SQLiteLogConsumer: LogConsumer {
  private struct State {
    var positions = ConsumerPositions()
    /// Counts polls, so that each begins with another partition.
    var turn = 0
    var isReplaced = false
    /// Where the bell stood before a look that saw all that there was: until it rings, another one brings nothing.
    var exhaustedMark: Int?
  }

  private let log: SQLiteEventLog
  private let lease: MemberLease
  private let state = Mutex(State())

  private var membership: GroupMembership { self.lease.membership }

  init(log: SQLiteEventLog, lease: MemberLease) {
    self.log = log
    self.lease = lease
  }

  deinit {
    // One that is dropped without being closed is no longer kept alive: its lease runs out.
    self.log.leases.remove(self.lease)
  }

  // MARK: Polling

  func poll(limit: ReadLimit, timeout: Duration) async throws -> PollResult {
    let deadline = ContinuousClock.now + timeout
    while true {
      try self.checkOpen()
      try await self.heartbeatIfDue()
      try await self.waitWhereExhausted(until: deadline)
      let result = try await self.pollOnce(limit)
      if let result, !Self.isEmpty(result) { return result }
      guard deadline > .now else { return result ?? PollResult() }
    }
  }

  /// Waits for the bell, until `deadline` or the next heartbeat, where the last look saw all that there was.
  private func waitWhereExhausted(until deadline: ContinuousClock.Instant) async throws {
    let rest = deadline - .now
    guard rest > .zero else { return }
    let (mark, wanted) = self.state.withLock { ($0.exhaustedMark.take(), $0.positions.wantedRowIDs) }
    guard let mark else { return }
    await self.log.bell.wait(for: wanted, since: mark, timeout: min(rest, self.log.options.memberLease / 3))
    try Task.checkCancellation()
    try self.checkOpen()
  }

  private static func isEmpty(_ result: PollResult) -> Bool {
    result.records.isEmpty && result.assigned.isEmpty && result.revoked.isEmpty
  }

  /// What there is now; nil where the lease had run out, and this member joined again.
  private func pollOnce(_ limit: ReadLimit) async throws -> PollResult? {
    let mark = self.log.bell.mark
    let (before, turn) = self.state.withLock { state in
      state.turn += 1
      state.exhaustedMark = nil
      return (state.positions, state.turn)
    }
    let look = try await self.log.read { database in try self.look(before, turn, limit, database) }
    switch look.standing {
    case .member:
      return self.state.withLock { state in
        let result = state.positions.apply(look.assignments, look.batches, before: before.held)
        state.exhaustedMark = look.isExhausted || Self.isEmpty(result) ? mark : nil
        return result
      }
    case .expired:
      try await self.rejoin()
      return nil
    case .replaced:
      let revoked = self.state.withLock { state in
        state.isReplaced = true
        return state.positions.dropAll()
      }
      guard !revoked.isEmpty else { throw self.replacedError }
      return PollResult(revoked: revoked)
    }
  }

  private struct Look: Sendable {
    let standing: GroupMembership.Standing
    var assignments: [GroupMembership.Assignment] = []
    var batches: [TopicPartition: ConsumerPositions.Batch] = [:]
    /// Whether nothing is left that the limit kept out.
    var isExhausted = true
  }

  private func look(
    _ positions: ConsumerPositions, _ turn: Int, _ limit: ReadLimit, _ database: Database
  ) throws -> Look {
    var look = Look(standing: try self.membership.standing(database))
    guard case .member = look.standing else { return look }
    look.assignments = try self.membership.assignments(database)
    var sources: [PartitionFetch.Source] = []
    for assignment in look.assignments where !positions.paused.contains(assignment.partition) {
      let held = positions.held[assignment.partition].flatMap { $0.epoch == assignment.epoch ? $0.next : nil }
      let start = try held ?? self.committed(assignment.rowID, database) ?? 0
      // What retention has discarded is stepped over.
      sources.append(.init(assignment: assignment, start: max(start, assignment.bounds.earliest)))
    }
    var fetch = PartitionFetch(limit: limit)
    try fetch.run(sources, turn: turn, database)
    look.batches = fetch.batches
    look.isExhausted = fetch.isExhausted(sources)
    return look
  }

  private func committed(_ rowID: Int64, _ database: Database) throws -> Int64? {
    try Int64.fetchOne(
      database.cachedStatement(sql: "SELECT next FROM offsets WHERE \"group\" = ? AND partition = ?"),
      arguments: [self.membership.group, rowID])
  }

  // MARK: Membership

  private func heartbeatIfDue() async throws {
    let now = self.log.options.nowMilliseconds()
    guard self.lease.takeHeartbeat(now: now) else { return }
    let didChange = try await self.log.writer.write(isBounded: false) { [membership] database in
      try membership.heartbeat(now: now, database)
    }
    if didChange { self.log.bell.ringAll() }
  }

  private func rejoin() async throws {
    let now = self.log.options.nowMilliseconds()
    try await self.log.writer.write(for: .everybody, isBounded: false) { [lease] database in
      // One that was closed or replaced meanwhile stays out.
      guard !lease.isClosed, case .expired = try lease.membership.standing(database) else { return }
      try lease.membership.join(now: now, database)
    }
  }

  private func checkOpen() throws {
    if self.lease.isClosed {
      throw EventLogError(.closed, "this consumer of group \(self.membership.group) is closed")
    }
    if self.state.withLock({ $0.isReplaced }) { throw self.replacedError }
  }

  private var replacedError: EventLogError {
    EventLogError(
      .fenced,
      "member \(self.membership.instance) of group \(self.membership.group) was replaced by a newer one of that name; "
        + "stop this one, or give it another name")
  }

  // MARK: Committing

  func commit(appending records: [NewRecord], offsets: [TopicPartition: Int64]) async throws {
    try self.checkOpen()
    let held = self.state.withLock { $0.positions.held }
    for partition in offsets.keys where held[partition] == nil {
      throw EventLogError.fenced(partition, group: self.membership.group)
    }
    let commits = offsets.sorted { $0.key < $1.key }
    try await self.log.withFreshTopics {
      let placed = try await self.log.place(records)
      let now = self.log.options.nowMilliseconds()
      let beats = self.lease.takeHeartbeat(now: now)
      try await self.log.writer.write(
        byteCount: placed.byteCount, for: .partitions(placed.rowIDs)
      ) { [membership, replacedError] database in
        if beats { _ = try membership.heartbeat(now: now, database) }
        if case .replaced = try membership.standing(database) { throw replacedError }
        for (partition, next) in commits {
          guard let held = held[partition] else { continue }
          try membership.commit(next, of: partition, rowID: held.rowID, epoch: held.epoch, database)
        }
        _ = try RecordRows.insert(placed, now: now, database)
      }
    }
  }

  // MARK: Steering

  func pause(_ partitions: Set<TopicPartition>) async {
    self.state.withLock { $0.positions.pause(partitions) }
  }

  func resume(_ partitions: Set<TopicPartition>) async {
    self.log.bell.ring(self.state.withLock { $0.positions.resume(partitions) })
  }

  func seek(_ offsets: [TopicPartition: Int64]) async {
    self.log.bell.ring(self.state.withLock { $0.positions.seek(offsets) })
  }

  func close() async {
    self.log.leases.remove(self.lease)
    guard self.lease.close() else { return }
    let now = self.log.options.nowMilliseconds()
    // In a log that is closed it has left already.
    try? await self.log.writer.write(for: .everybody, isBounded: false) { [membership] database in
      try membership.leave(now: now, database)
    }
  }
}
