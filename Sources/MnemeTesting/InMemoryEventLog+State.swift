import EventLog
import MnemeCore

/// A member of a group on the log in memory.
struct InMemoryMember: Sendable {
  var group: String
  var instance: String
  var token: Int
  var topics: Set<String>
}

extension InMemoryEventLog {
  struct State {
    var topics: [String: Topic] = [:]
    var offsets: [String: [TopicPartition: Int64]] = [:]
    var groups: [String: Group] = [:]
    var fault: FaultHook?
    var appendFailures: [EventLogError] = []
    var now: Int64 = 0
    var nextToken = 0
    var maxRecordByteCount = Int.max
    /// Counts what others may wait for: appends and new assignments.
    var changeCount = 0
    var isClosed = false
  }

  struct Topic {
    var specification: TopicSpecification
    var partitions: [Partition]
  }

  struct Partition {
    /// In order of their offsets.
    var records: [LogRecord] = []
    var earliest: Int64 = 0
    var end: Int64 = 0
  }

  struct Group {
    /// In order of instance name.
    var members: [InMemoryMember] = []
    var assignments: [TopicPartition: Assignment] = [:]
    /// Counts changes of the assignment.
    var epoch = 0
  }

  struct Assignment: Equatable {
    var token: Int
    /// When, in the group's order of changes, the member got the partition.
    var epoch: Int
  }
}

// MARK: - Records

extension InMemoryEventLog.State {
  func checkOpen() throws {
    if self.isClosed { throw EventLogError(.closed, "the log in memory is closed") }
  }

  mutating func takeFault(_ operation: InMemoryEventLog.Operation) -> InMemoryEventLog.Fault? {
    if case .append = operation, !self.appendFailures.isEmpty { return .before(self.appendFailures.removeFirst()) }
    return self.fault?(operation)
  }

  func topic(_ name: String) throws -> InMemoryEventLog.Topic {
    guard let topic = self.topics[name] else { throw EventLogError(.unknownTopic, "there is no topic \(name)") }
    return topic
  }

  func partition(_ partition: TopicPartition) throws -> InMemoryEventLog.Partition {
    let topic = try self.topic(partition.topic)
    guard topic.partitions.indices.contains(partition.partition) else {
      throw EventLogError(.unknownTopic, "topic \(partition.topic) has no partition \(partition.partition)")
    }
    return topic.partitions[partition.partition]
  }

  mutating func append(_ records: [NewRecord]) throws -> [LogPosition] {
    let partitions = try records.map { try self.place($0) }
    self.changeCount += 1
    return zip(records, partitions).map { self.append($0, to: $1) }
  }

  private func place(_ record: NewRecord) throws -> TopicPartition {
    let count = try self.topic(record.topic).partitions.count
    guard record.byteCount <= self.maxRecordByteCount else {
      throw EventLogError(
        .recordTooLarge, "a record has \(record.byteCount) bytes, more than \(self.maxRecordByteCount)")
    }
    let number = record.partition ?? Partitioner.partition(key: record.key ?? record.value, count: count)
    guard (0..<count).contains(number) else {
      throw EventLogError(.unknownTopic, "topic \(record.topic) has no partition \(number)")
    }
    return TopicPartition(record.topic, number)
  }

  private mutating func append(_ record: NewRecord, to partition: TopicPartition) -> LogPosition {
    let offset = self.topics[partition.topic]?.partitions[partition.partition].end ?? 0
    let position = LogPosition(partition, offset)
    let stored = LogRecord(
      position: position, appendedAtMilliseconds: self.now, key: record.key, value: record.value,
      headers: RecordHeaders(record.headers))
    self.topics[partition.topic]?.partitions[partition.partition].records.append(stored)
    self.topics[partition.topic]?.partitions[partition.partition].end += 1
    return position
  }

  /// The first record may be larger than the limit where `allowsLargerFirst`.
  func read(
    _ partition: TopicPartition, from offset: Int64, limit: ReadLimit, allowsLargerFirst: Bool = true
  ) throws -> [LogRecord] {
    let held = try self.partition(partition)
    guard offset >= held.earliest else {
      throw EventLogError(.offsetOutOfRange, "\(partition) begins at offset \(held.earliest), after \(offset)")
    }
    var records: [LogRecord] = []
    var byteCount = 0
    for record in held.records[held.firstIndex(from: offset)...] {
      byteCount += record.byteCount
      if records.count == limit.maxRecordCount { break }
      if byteCount > limit.maxByteCount, !(records.isEmpty && allowsLargerFirst) { break }
      records.append(record)
    }
    return records
  }
}

extension InMemoryEventLog.Partition {
  /// Index of the first record at or after `offset`.
  fileprivate func firstIndex(from offset: Int64) -> Int {
    var (low, high) = (0, self.records.count)
    while low < high {
      let middle = (low + high) / 2
      if self.records[middle].position.offset < offset { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

// MARK: - Groups

extension InMemoryEventLog.State {
  /// Joins, in the place of whoever has the same instance name.
  mutating func add(_ member: InMemoryMember) {
    self.groups[member.group, default: .init()].members.removeAll { $0.instance == member.instance }
    self.groups[member.group]?.members.append(member)
    self.groups[member.group]?.members.sort { $0.instance < $1.instance }
    self.rebalance(member.group)
  }

  mutating func remove(_ member: InMemoryMember) {
    self.groups[member.group]?.members.removeAll { $0.token == member.token }
    self.rebalance(member.group)
  }

  mutating func rebalanceAll() {
    for group in self.groups.keys { self.rebalance(group) }
  }

  /// Gives partitions in turn to the members that subscribe to their topic, by order of instance name.
  private mutating func rebalance(_ name: String) {
    guard var group = self.groups[name] else { return }
    var wanted: [TopicPartition: Int] = [:]
    for (topic, entry) in self.topics {
      let tokens = group.members.filter { $0.topics.contains(topic) }.map(\.token)
      guard !tokens.isEmpty else { continue }
      for number in entry.partitions.indices { wanted[TopicPartition(topic, number)] = tokens[number % tokens.count] }
    }
    guard wanted != group.assignments.mapValues(\.token) else { return }
    self.changeCount += 1
    group.epoch += 1
    let epoch = group.epoch
    group.assignments = Dictionary(
      uniqueKeysWithValues: wanted.map { partition, token in
        let current = group.assignments[partition]
        if let current, current.token == token { return (partition, current) }
        return (partition, .init(token: token, epoch: epoch))
      })
    self.groups[name] = group
  }

  enum Standing { case member, expired, replaced }

  func standing(of member: InMemoryMember) -> Standing {
    let current = self.groups[member.group]?.members.first { $0.instance == member.instance }
    return current.map { $0.token == member.token ? .member : .replaced } ?? .expired
  }

  /// The partitions of a member, with the epochs at which it got them.
  func assignments(of member: InMemoryMember) -> [TopicPartition: Int] {
    (self.groups[member.group]?.assignments ?? [:]).filter { $0.value.token == member.token }.mapValues(\.epoch)
  }
}
