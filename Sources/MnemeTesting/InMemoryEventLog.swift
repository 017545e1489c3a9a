public import EventLog
import Synchronization

/// The log in memory, driven by hand: nothing happens but by a call, and a hook decides what fails. Two runs that make
/// the same calls in the same order see the same; only a wait with a timeout, where there is nothing yet, takes real
/// time, so a simulation passes `.zero`.
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
    /// It happens, but the caller is told otherwise: the answer got lost. A poll or read has not moved on then.
    case after(EventLogError)
    /// The group takes the member for dead before its commit or poll: its partitions go to others, its commit is
    /// fenced, and its next poll joins again. Does nothing to appends and reads.
    case fence
  }

  /// Decides about each operation; nil lets it pass. It must not call the log.
  public typealias FaultHook = @Sendable (Operation) -> Fault?

  let state = Mutex(State())
  let bell = ChangeBell()

  /// An empty log.
  public init(maxRecordByteCount: Int = 16 << 20) {
    self.state.withLock { $0.maxRecordByteCount = maxRecordByteCount }
  }

  /// Sets what decides about faults.
  public func setFaults(_ hook: FaultHook?) {
    self.state.withLock { $0.fault = hook }
  }

  /// Makes the next append fail, with nothing of it written; called again, the one after it too.
  public func failNextAppend(with error: EventLogError) {
    self.state.withLock { $0.appendFailures.append(error) }
  }

  /// Sets the clock that stamps records.
  public func setNow(milliseconds: Int64) {
    self.state.withLock { $0.now = milliseconds }
  }

  /// Takes the clock on.
  public func advance(by duration: Duration) {
    self.state.withLock { $0.now += duration.milliseconds }
  }

  /// Runs `body` on the state, or fails as the hook says. A `body` that only looks is undone where its answer gets
  /// lost.
  func perform<Value>(
    _ operation: Operation, by member: InMemoryMember? = nil, _ body: (inout State) throws -> Value
  ) throws -> Value {
    let epoch = self.changeCount
    defer { if self.changeCount != epoch { self.bell.ring() } }
    return try self.state.withLock { state in
      try state.checkOpen()
      switch state.takeFault(operation) {
      case nil: return try body(&state)
      case .before(let error): throw error
      case .after(let error):
        switch operation {
        case .append, .commit: _ = try body(&state)
        case .read, .poll: break
        }
        throw error
      case .fence:
        if let member { state.remove(member) }
        return try body(&state)
      }
    }
  }

  private var changeCount: Int { self.state.withLock { $0.changeCount } }

  /// Changes the state, and wakes those who wait.
  func change<Value>(_ body: (inout State) throws -> Value) throws -> Value {
    defer { self.bell.ring() }
    return try self.state.withLock { state in
      try state.checkOpen()
      return try body(&state)
    }
  }

  // MARK: EventLog

  /// Creates what is missing.
  public func ensureTopics(_ topics: [TopicSpecification]) async throws {
    try self.change { state in
      for topic in topics {
        if let found = state.topics[topic.name], found.specification.partitionCount != topic.partitionCount {
          throw EventLogError(.topicMismatch, "topic \(topic.name) has another number of partitions")
        }
      }
      for topic in topics where state.topics[topic.name] == nil {
        state.topics[topic.name] = Topic(
          specification: topic, partitions: Array(repeating: Partition(), count: topic.partitionCount))
      }
      state.rebalanceAll()
    }
  }

  /// Gives a topic another retention.
  public func setRetention(_ retention: TopicSpecification.Retention, of topic: String) async throws {
    try self.change { state in
      guard state.topics[topic] != nil else { throw EventLogError(.unknownTopic, "there is no topic \(topic)") }
      state.topics[topic]?.specification.retention = retention
    }
  }

  /// All topics, in order of name.
  public func topics() async throws -> [TopicSpecification] {
    try self.state.withLock { state in
      try state.checkOpen()
      return state.topics.values.map(\.specification).sorted { $0.name < $1.name }
    }
  }

  /// Removes a topic.
  public func deleteTopic(_ name: String) async throws {
    try self.change { state in
      state.topics[name] = nil
      for group in state.offsets.keys {
        state.offsets[group] = state.offsets[group]?.filter { $0.key.topic != name }
      }
      state.rebalanceAll()
    }
  }

  /// Appends all or none.
  public func append(_ records: [NewRecord]) async throws -> [LogPosition] {
    try self.perform(.append(records.count)) { try $0.append(records) }
  }

  /// Reads at once.
  public func read(_ partition: TopicPartition, from offset: Int64, limit: ReadLimit) async throws -> [LogRecord] {
    try self.perform(.read(partition)) { try $0.read(partition, from: offset, limit: limit) }
  }

  /// Bounds by partition number.
  public func bounds(of topic: String) async throws -> [OffsetBounds] {
    try self.state.withLock { state in
      try state.checkOpen()
      return try state.topic(topic).partitions.map { OffsetBounds(earliest: $0.earliest, end: $0.end) }
    }
  }

  /// What a group has committed.
  public func committedOffsets(of group: String) async throws -> [TopicPartition: Int64] {
    try self.state.withLock { state in
      try state.checkOpen()
      return state.offsets[group] ?? [:]
    }
  }

  /// Waits for this partition.
  public func waitForRecords(_ partition: TopicPartition, from offset: Int64, timeout: Duration) async throws {
    let deadline = ContinuousClock.now + timeout
    while true {
      let mark = self.bell.mark
      let end = try self.state.withLock { state in
        try state.checkOpen()
        return try state.partition(partition).end
      }
      guard end <= offset, .now < deadline else { return }
      await self.bell.wait(since: mark, until: deadline)
      try Task.checkCancellation()
    }
  }

  /// Discards by age, and by key.
  public func enforceRetention(nowMilliseconds: Int64) async throws -> Int {
    try self.change { state in
      var count = 0
      for name in state.topics.keys.sorted() {
        guard let topic = state.topics[name] else { continue }
        for number in topic.partitions.indices {
          count +=
            state.topics[name]?.partitions[number].discard(
              topic.specification.retention, now: nowMilliseconds) ?? 0
        }
      }
      return count
    }
  }

  /// Refuses all later calls; members leave.
  public func close() async {
    self.state.withLock { state in
      state.isClosed = true
      for group in state.groups.keys { state.groups[group]?.members.removeAll() }
    }
    self.bell.ring()
  }

  /// The same log after a restart: what was appended and committed is there, members are gone.
  public func reopened() -> InMemoryEventLog {
    let copy = InMemoryEventLog()
    var state = self.state.withLock { $0 }
    state.isClosed = false
    state.fault = nil
    state.appendFailures = []
    for group in state.groups.keys { state.groups[group]?.members.removeAll() }
    state.rebalanceAll()
    copy.state.withLock { [state] in $0 = state }
    return copy
  }
}

extension Duration {
  /// In milliseconds, rounded down.
  fileprivate var milliseconds: Int64 {
    let parts = self.components
    return parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000
  }
}

extension InMemoryEventLog.Partition {
  /// Returns how many records went.
  fileprivate mutating func discard(_ retention: TopicSpecification.Retention, now: Int64) -> Int {
    let before = self.records.count
    switch retention {
    case .forever: break
    case .age(let age):
      self.records = Array(self.records.drop { $0.appendedAtMilliseconds < now - age.milliseconds })
      self.earliest = self.records.first?.position.offset ?? self.end
    case .compacted:
      var last: [[UInt8]: Int64] = [:]
      for record in self.records { if let key = record.key { last[key] = record.position.offset } }
      self.records.removeAll { record in record.key.map { last[$0] != record.position.offset } ?? false }
    }
    return before - self.records.count
  }
}
