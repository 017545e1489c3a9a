public import EventLog
import MnemeCore
import Synchronization

/// The log in memory, driven by hand: nothing happens but by a call, and a fault hook decides what fails.
public final class InMemoryEventLog: EventLog {
  /// What is about to happen.
  public enum Operation: Hashable, Sendable {
    /// An append of so many records.
    case append(Int)
    /// A consumer's commit of a group.
    case commit(group: String)
    /// A read.
    case read(TopicPartition)
    /// A consumer's poll of a group.
    case poll(group: String)
  }

  /// How it fails.
  public enum Fault: Sendable {
    /// Nothing happens, and the caller is told so.
    case before(EventLogError)
    /// It happens, but the caller is told otherwise: the answer got lost.
    case after(EventLogError)
  }

  /// Decides about each operation; nil lets it pass.
  public typealias FaultHook = @Sendable (Operation) -> Fault?

  struct State {
    var topics: [String: Topic] = [:]
    var offsets: [String: [TopicPartition: Int64]] = [:]
    var groups: [String: [Member]] = [:]
    var fault: FaultHook?
    var now: Int64 = 0
    var nextToken = 0
    var isClosed = false
  }

  struct Topic {
    var specification: TopicSpecification
    var partitions: [Partition]
  }

  struct Partition {
    var records: [LogRecord] = []
    var earliest: Int64 = 0
    var end: Int64 = 0
  }

  struct Member {
    var instance: String
    var token: Int
    var topics: [String]
  }

  let state = Mutex(State())
  private let maxRecordByteCount: Int

  /// An empty log.
  public init(maxRecordByteCount: Int = 16 << 20) {
    self.maxRecordByteCount = maxRecordByteCount
  }

  /// Sets what decides about faults.
  public func setFaults(_ hook: FaultHook?) {
    self.state.withLock { $0.fault = hook }
  }

  /// Sets the clock that stamps records.
  public func setNow(milliseconds: Int64) {
    self.state.withLock { $0.now = milliseconds }
  }

  func perform<Value>(_ operation: Operation, _ body: (inout State) throws -> Value) throws -> Value {
    try self.state.withLock { state in
      if state.isClosed { throw EventLogError(.closed, "the log in memory is closed") }
      switch state.fault?(operation) {
      case nil: return try body(&state)
      case .before(let error): throw error
      case .after(let error):
        _ = try body(&state)
        throw error
      }
    }
  }

  // MARK: EventLog

  /// Creates what is missing.
  public func ensureTopics(_ topics: [TopicSpecification]) async throws {
    try self.state.withLock { state in
      if state.isClosed { throw EventLogError(.closed, "the log in memory is closed") }
      for topic in topics {
        if let found = state.topics[topic.name], found.specification.partitionCount != topic.partitionCount {
          throw EventLogError(.topicMismatch, "topic \(topic.name) has another number of partitions")
        }
      }
      for topic in topics where state.topics[topic.name] == nil {
        state.topics[topic.name] = Topic(
          specification: topic, partitions: Array(repeating: Partition(), count: topic.partitionCount))
      }
    }
  }

  /// All topics, in order of name.
  public func topics() async throws -> [TopicSpecification] {
    self.state.withLock { $0.topics.values.map(\.specification).sorted { $0.name < $1.name } }
  }

  /// Removes a topic.
  public func deleteTopic(_ name: String) async throws {
    self.state.withLock { state in
      state.topics[name] = nil
      for group in state.offsets.keys {
        state.offsets[group] = state.offsets[group]?.filter { $0.key.topic != name }
      }
    }
  }

  /// Appends all or none.
  public func append(_ records: [NewRecord]) async throws -> [LogPosition] {
    try self.perform(.append(records.count)) { state in
      let partitions = try records.map { try self.place($0, state) }
      return zip(records, partitions).map { state.append($0, to: $1) }
    }
  }

  func place(_ record: NewRecord, _ state: State) throws -> TopicPartition {
    guard let topic = state.topics[record.topic] else {
      throw EventLogError(.unknownTopic, "there is no topic \(record.topic)")
    }
    let byteCount = record.value.count + (record.key?.count ?? 0)
    guard byteCount <= self.maxRecordByteCount else {
      throw EventLogError(.recordTooLarge, "a record has \(byteCount) bytes, more than \(self.maxRecordByteCount)")
    }
    let count = topic.partitions.count
    let number = record.partition ?? Partitioner.partition(key: record.key ?? record.value, count: count)
    guard (0..<count).contains(number) else {
      throw EventLogError(.unknownTopic, "topic \(record.topic) has no partition \(number)")
    }
    return TopicPartition(record.topic, number)
  }

  /// Reads at once.
  public func read(_ partition: TopicPartition, from offset: Int64, limit: ReadLimit) async throws -> [LogRecord] {
    try self.perform(.read(partition)) { try $0.read(partition, from: offset, limit: limit) }
  }

  /// Bounds by partition number.
  public func bounds(of topic: String) async throws -> [OffsetBounds] {
    try self.state.withLock { state in
      if state.isClosed { throw EventLogError(.closed, "the log in memory is closed") }
      guard let topic = state.topics[topic] else { throw EventLogError(.unknownTopic, "there is no topic \(topic)") }
      return topic.partitions.map { OffsetBounds(earliest: $0.earliest, end: $0.end) }
    }
  }

  /// What a group has committed.
  public func committedOffsets(of group: String) async throws -> [TopicPartition: Int64] {
    self.state.withLock { $0.offsets[group] ?? [:] }
  }

  /// Returns at once: whoever drives the log by hand knows when there is more.
  public func waitForRecords(_ partition: TopicPartition, from offset: Int64, timeout: Duration) async throws {
    await Task.yield()
  }

  /// Discards by age, and by key.
  public func enforceRetention(nowMilliseconds: Int64) async throws -> Int {
    self.state.withLock { state in
      var count = 0
      for name in state.topics.keys.sorted() {
        guard let topic = state.topics[name] else { continue }
        for number in topic.partitions.indices {
          count += state.topics[name]?.partitions[number].discard(
            topic.specification.retention, now: nowMilliseconds) ?? 0
        }
      }
      return count
    }
  }

  /// Refuses all later calls.
  public func close() async {
    self.state.withLock { $0.isClosed = true }
  }

  /// The same log after a restart: what was appended and committed is there, members are gone.
  public func reopened() -> InMemoryEventLog {
    let copy = InMemoryEventLog(maxRecordByteCount: self.maxRecordByteCount)
    let old = self.state.withLock { ($0.topics, $0.offsets, $0.now, $0.nextToken) }
    copy.state.withLock { ($0.topics, $0.offsets, $0.now, $0.nextToken) = old }
    return copy
  }
}

extension InMemoryEventLog.State {
  mutating func append(_ record: NewRecord, to partition: TopicPartition) -> LogPosition {
    guard var topic = self.topics[partition.topic] else { preconditionFailure("placed before") }
    let position = LogPosition(partition, topic.partitions[partition.partition].end)
    topic.partitions[partition.partition].records.append(
      LogRecord(
        position: position, appendedAtMilliseconds: self.now, key: record.key, value: record.value,
        headers: record.headers))
    topic.partitions[partition.partition].end += 1
    self.topics[partition.topic] = topic
    return position
  }

  func read(_ partition: TopicPartition, from offset: Int64, limit: ReadLimit) throws -> [LogRecord] {
    guard let topic = self.topics[partition.topic], topic.partitions.indices.contains(partition.partition) else {
      throw EventLogError(.unknownTopic, "there is no partition \(partition)")
    }
    let held = topic.partitions[partition.partition]
    guard offset >= held.earliest else {
      throw EventLogError(.offsetOutOfRange, "\(partition) begins at offset \(held.earliest), after \(offset)")
    }
    var records: [LogRecord] = []
    var byteCount = 0
    for record in held.records where record.position.offset >= offset {
      byteCount += record.value.count + (record.key?.count ?? 0)
      if records.count == limit.maxRecordCount || (byteCount > limit.maxByteCount && !records.isEmpty) { break }
      records.append(record)
    }
    return records
  }
}

extension InMemoryEventLog.Partition {
  mutating func discard(_ retention: TopicSpecification.Retention, now: Int64) -> Int {
    let before = self.records.count
    switch retention {
    case .forever: return 0
    case .age(let age):
      let parts = age.components
      let cutoff = now - parts.seconds * 1000 - parts.attoseconds / 1_000_000_000_000_000
      self.records = Array(self.records.drop { $0.appendedAtMilliseconds < cutoff })
    case .compacted:
      var last: [[UInt8]: Int64] = [:]
      for record in self.records { if let key = record.key { last[key] = record.position.offset } }
      self.records.removeAll { record in record.key.map { last[$0] != record.position.offset } ?? false }
    }
    self.earliest = self.records.first?.position.offset ?? self.end
    return before - self.records.count
  }
}
