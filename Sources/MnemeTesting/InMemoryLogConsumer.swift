public import EventLog
import Synchronization

extension InMemoryEventLog {
  /// Joins a group; a member of the same instance name is replaced, and fenced.
  public func subscribe(group: String, topics: [String], instance: String) async throws -> any LogConsumer {
    let token = try self.state.withLock { state in
      if state.isClosed { throw EventLogError(.closed, "the log in memory is closed") }
      for topic in topics where state.topics[topic] == nil {
        throw EventLogError(.unknownTopic, "there is no topic \(topic)")
      }
      state.nextToken += 1
      state.groups[group, default: []].removeAll { $0.instance == instance }
      state.groups[group, default: []].append(Member(instance: instance, token: state.nextToken, topics: topics))
      state.groups[group]?.sort { $0.instance < $1.instance }
      return state.nextToken
    }
    return InMemoryLogConsumer(log: self, group: group, token: token)
  }
}

/// A member of a group on the log in memory.
final class InMemoryLogConsumer: LogConsumer {
  private struct State {
    var next: [TopicPartition: Int64] = [:]
    var paused: Set<TopicPartition> = []
    var isClosed = false
  }

  private let log: InMemoryEventLog
  private let group: String
  private let token: Int
  private let state = Mutex(State())

  init(log: InMemoryEventLog, group: String, token: Int) {
    self.log = log
    self.group = group
    self.token = token
  }

  /// Returns at once, whatever the timeout: whoever drives the log by hand knows when there is more.
  func poll(limit: ReadLimit, timeout: Duration) async throws -> PollResult {
    guard !self.state.withLock({ $0.isClosed }) else { throw EventLogError(.closed, "this consumer is closed") }
    let result = try self.log.perform(.poll(group: self.group)) { log in
      try self.state.withLock { state in
        let owned = log.assignment(group: self.group, token: self.token)
        var result = PollResult(
          assigned: owned.subtracting(state.next.keys), revoked: Set(state.next.keys).subtracting(owned))
        for partition in result.revoked { state.next[partition] = nil }
        for partition in owned.sorted() {
          let start = state.next[partition] ?? log.start(of: partition, group: self.group)
          state.next[partition] = start
          guard !state.paused.contains(partition) else { continue }
          let share = ReadLimit(
            maxRecordCount: max(1, limit.maxRecordCount / owned.count),
            maxByteCount: max(1, limit.maxByteCount / owned.count))
          let records = try log.read(partition, from: start, limit: share)
          if let last = records.last { state.next[partition] = last.position.offset + 1 }
          result.records += records
        }
        return result
      }
    }
    await Task.yield()
    return result
  }

  func commit(appending records: [NewRecord], offsets: [TopicPartition: Int64]) async throws {
    guard !self.state.withLock({ $0.isClosed }) else { throw EventLogError(.closed, "this consumer is closed") }
    try self.log.perform(.commit(group: self.group)) { log in
      let owned = log.assignment(group: self.group, token: self.token)
      for (partition, next) in offsets {
        guard owned.contains(partition), next >= log.offsets[self.group]?[partition] ?? 0 else {
          throw EventLogError(.fenced, "\(partition) belongs to another member of group \(self.group) now")
        }
      }
      let partitions = try records.map { try self.log.place($0, log) }
      for (record, partition) in zip(records, partitions) { _ = log.append(record, to: partition) }
      log.offsets[self.group, default: [:]].merge(offsets) { $1 }
    }
  }

  func pause(_ partitions: Set<TopicPartition>) async {
    self.state.withLock { $0.paused.formUnion(partitions) }
  }

  func resume(_ partitions: Set<TopicPartition>) async {
    self.state.withLock { $0.paused.subtract(partitions) }
  }

  func seek(_ offsets: [TopicPartition: Int64]) async {
    self.state.withLock { state in
      for (partition, offset) in offsets where state.next[partition] != nil { state.next[partition] = offset }
    }
  }

  func close() async {
    self.state.withLock { $0.isClosed = true }
    self.log.state.withLock { log in log.groups[self.group]?.removeAll { $0.token == self.token } }
  }
}

extension InMemoryEventLog.State {
  /// Partitions in turn over the members that subscribe to the topic, by order of instance name.
  func assignment(group: String, token: Int) -> Set<TopicPartition> {
    var result: Set<TopicPartition> = []
    for (name, topic) in self.topics {
      let tokens = (self.groups[group] ?? []).filter { $0.topics.contains(name) }.map(\.token)
      guard !tokens.isEmpty else { continue }
      for number in topic.partitions.indices where tokens[number % tokens.count] == token {
        result.insert(TopicPartition(name, number))
      }
    }
    return result
  }

  func start(of partition: TopicPartition, group: String) -> Int64 {
    let earliest = self.topics[partition.topic]?.partitions[partition.partition].earliest ?? 0
    return max(self.offsets[group]?[partition] ?? 0, earliest)
  }
}
