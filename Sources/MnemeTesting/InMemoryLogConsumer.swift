public import EventLog
import Synchronization

extension InMemoryEventLog {
  /// Joins a group; a member of the same instance name is replaced, and fenced.
  public func subscribe(group: String, topics: [String], instance: String?) async throws -> any LogConsumer {
    let member = try self.change { state in
      for topic in topics { _ = try state.topic(topic) }
      state.nextToken += 1
      let member = InMemoryMember(
        group: group, instance: instance ?? "member \(state.nextToken)", token: state.nextToken, topics: Set(topics))
      state.add(member)
      return member
    }
    return InMemoryLogConsumer(log: self, member: member)
  }
}

/// A member of a group on the log in memory.
final class InMemoryLogConsumer: LogConsumer {
  private struct Held {
    var epoch: Int
    var next: Int64
  }

  private struct State {
    var held: [TopicPartition: Held] = [:]
    var paused: Set<TopicPartition> = []
    /// Counts polls, so that each begins with another partition.
    var turn = 0
    var isClosed = false
    var isReplaced = false
  }

  private let log: InMemoryEventLog
  private let member: InMemoryMember
  private let state = Mutex(State())

  init(log: InMemoryEventLog, member: InMemoryMember) {
    self.log = log
    self.member = member
  }

  // MARK: Polling

  func poll(limit: ReadLimit, timeout: Duration) async throws -> PollResult {
    let deadline = ContinuousClock.now + timeout
    while true {
      try self.checkOpen()
      let mark = self.log.bell.mark
      let result = try self.pollOnce(limit)
      guard result.records.isEmpty, result.assigned.isEmpty, result.revoked.isEmpty, .now < deadline else {
        return result
      }
      await self.log.bell.wait(since: mark, until: deadline)
      try Task.checkCancellation()
    }
  }

  private func pollOnce(_ limit: ReadLimit) throws -> PollResult {
    try self.log.perform(.poll(group: self.member.group), by: self.member) { log in
      try self.state.withLock { state in
        switch log.standing(of: self.member) {
        case .member: break
        case .expired: log.add(self.member)
        case .replaced:
          let revoked = Set(state.held.keys)
          state.held = [:]
          state.isReplaced = true
          if revoked.isEmpty { throw self.replacedError }
          return PollResult(revoked: revoked)
        }
        return try self.poll(&state, limit, log)
      }
    }
  }

  private func poll(_ state: inout State, _ limit: ReadLimit, _ log: InMemoryEventLog.State) throws -> PollResult {
    let owned = log.assignments(of: self.member)
    var result = PollResult()
    for (partition, held) in state.held where owned[partition] != held.epoch {
      result.revoked.insert(partition)
      state.held[partition] = nil
      state.paused.remove(partition)
    }
    for (partition, epoch) in owned where state.held[partition] == nil {
      result.assigned.insert(partition)
      state.held[partition] = Held(epoch: epoch, next: log.offsets[self.member.group]?[partition] ?? 0)
    }
    let open = state.held.keys.filter { !state.paused.contains($0) }.sorted()
    guard !open.isEmpty else { return result }
    state.turn += 1
    var rest = limit
    // An equal share of each first, then what is left of the limit.
    for isShared in [true, false] {
      for index in open.indices where rest.maxRecordCount > 0 && rest.maxByteCount > 0 {
        var share = rest
        if isShared { share.maxRecordCount = max(1, limit.maxRecordCount / open.count) }
        share.maxRecordCount = min(share.maxRecordCount, rest.maxRecordCount)
        let records = try self.take(
          open[(index + state.turn) % open.count], share, allowsLargerFirst: result.records.isEmpty, &state, log)
        rest.maxRecordCount -= records.count
        rest.maxByteCount -= records.reduce(0) { $0 + $1.byteCount }
        result.records += records
      }
    }
    result.records.sort {
      ($0.position.topicPartition, $0.position.offset) < ($1.position.topicPartition, $1.position.offset)
    }
    return result
  }

  private func take(
    _ partition: TopicPartition, _ limit: ReadLimit, allowsLargerFirst: Bool, _ state: inout State,
    _ log: InMemoryEventLog.State
  ) throws -> [LogRecord] {
    // What retention has discarded is stepped over.
    let start = max(state.held[partition]?.next ?? 0, try log.partition(partition).earliest)
    let records = try log.read(partition, from: start, limit: limit, allowsLargerFirst: allowsLargerFirst)
    state.held[partition]?.next = records.last.map { $0.position.offset + 1 } ?? start
    return records
  }

  // MARK: Committing

  func commit(appending records: [NewRecord], offsets: [TopicPartition: Int64]) async throws {
    try self.checkOpen()
    let group = self.member.group
    try self.log.perform(.commit(group: group), by: self.member) { log in
      if case .replaced = log.standing(of: self.member) { throw self.replacedError }
      let owned = log.assignments(of: self.member)
      let held = self.state.withLock { $0.held }
      for (partition, next) in offsets {
        guard let epoch = held[partition]?.epoch, owned[partition] == epoch else {
          throw EventLogError(.fenced, "\(partition) belongs to another member of group \(group) now")
        }
        guard next >= log.offsets[group]?[partition] ?? 0 else {
          throw EventLogError(.fenced, "group \(group) has committed \(partition) beyond offset \(next)")
        }
      }
      _ = try log.append(records)
      log.offsets[group, default: [:]].merge(offsets) { $1 }
    }
  }

  private func checkOpen() throws {
    let (isClosed, isReplaced) = self.state.withLock { ($0.isClosed, $0.isReplaced) }
    if isClosed { throw EventLogError(.closed, "this consumer is closed") }
    if isReplaced { throw self.replacedError }
  }

  private var replacedError: EventLogError {
    EventLogError(
      .fenced, "member \(self.member.instance) of group \(self.member.group) was replaced by a newer one of that name")
  }

  // MARK: Steering

  func pause(_ partitions: Set<TopicPartition>) async {
    self.state.withLock { state in state.paused.formUnion(partitions.filter { state.held[$0] != nil }) }
  }

  func resume(_ partitions: Set<TopicPartition>) async {
    self.state.withLock { $0.paused.subtract(partitions) }
    self.log.bell.ring()
  }

  func seek(_ offsets: [TopicPartition: Int64]) async {
    self.state.withLock { state in
      for (partition, offset) in offsets { state.held[partition]?.next = offset }
    }
    self.log.bell.ring()
  }

  func close() async {
    self.state.withLock { $0.isClosed = true }
    self.log.state.withLock { $0.remove(self.member) }
    self.log.bell.ring()
  }
}
