import EventLog
import MnemeCore
import MnemeTesting
import Synchronization

/// The log in memory, with a failure that can be switched on and a hook that sees what was appended.
final class LogTwin: EventLog {
  private static let topics = [
    TopicSpecification(name: Topics.turns, partitionCount: 4, retention: .forever), ProjectLog.topic(),
    TopicSpecification(name: Topics.webhooks, partitionCount: 4, retention: .forever),
  ]

  private struct State {
    var records: [LogRecord] = []
    var failure: EventLogError?
    var onAppend: (@Sendable (LogRecord) -> Void)?
  }

  private let log = InMemoryEventLog()
  private let state = Mutex(State())

  /// Every record of the turns topic, in the order of appends.
  var records: [LogRecord] { self.state.withLock { $0.records } }

  /// Every event, decoded.
  var events: [CloudEvent] { get throws { try self.records.map { try EventRecordCodec().decode($0) } } }

  /// Makes every later append and look at bounds fail, or work again.
  func fail(_ failure: EventLogError?) { self.state.withLock { $0.failure = failure } }

  /// Called after each append, outside of the lock.
  func onAppend(_ body: @escaping @Sendable (LogRecord) -> Void) { self.state.withLock { $0.onAppend = body } }

  private func prepare() async throws {
    if let failure = self.state.withLock({ $0.failure }) { throw failure }
    try await self.log.ensureTopics(Self.topics)
  }

  func append(_ records: [NewRecord]) async throws -> [LogPosition] {
    try await self.prepare()
    let positions = try await self.log.append(records)
    let appended = zip(records, positions).filter { $0.0.topic == Topics.turns }.map { record, position in
      LogRecord(
        position: position, appendedAtMilliseconds: 0, key: record.key, value: record.value,
        headers: RecordHeaders(record.headers))
    }
    let hook = self.state.withLock { state in
      state.records += appended
      return state.onAppend
    }
    if let hook { appended.forEach(hook) }
    return positions
  }

  func read(_ partition: TopicPartition, from offset: Int64, limit: ReadLimit) async throws -> [LogRecord] {
    try await self.prepare()
    return try await self.log.read(partition, from: offset, limit: limit)
  }

  func bounds(of topic: String) async throws -> [OffsetBounds] {
    try await self.prepare()
    return try await self.log.bounds(of: topic)
  }

  func ensureTopics(_ topics: [TopicSpecification]) async throws { try await self.log.ensureTopics(topics) }
  func topics() async throws -> [TopicSpecification] { try await self.log.topics() }
  func setRetention(_ retention: TopicSpecification.Retention, of topic: String) async throws {
    try await self.log.setRetention(retention, of: topic)
  }
  func deleteTopic(_ name: String) async throws { try await self.log.deleteTopic(name) }
  func committedOffsets(of group: String) async throws -> [TopicPartition: Int64] {
    try await self.log.committedOffsets(of: group)
  }
  func subscribe(group: String, topics: [String], instance: String?) async throws -> any LogConsumer {
    try await self.log.subscribe(group: group, topics: topics, instance: instance)
  }
  func waitForRecords(_ partition: TopicPartition, from offset: Int64, timeout: Duration) async throws {
    try await self.log.waitForRecords(partition, from: offset, timeout: timeout)
  }
  func enforceRetention(nowMilliseconds: Int64) async throws -> Int {
    try await self.log.enforceRetention(nowMilliseconds: nowMilliseconds)
  }
  func close() async { await self.log.close() }
}
