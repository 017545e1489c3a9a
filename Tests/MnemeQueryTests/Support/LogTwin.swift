import EventLog
import MnemeCore
import Synchronization

/// A log in memory that appends at once, and tells what was appended.
final class LogTwin: EventLog {
  static let partitionCount = 4

  private struct State {
    var partitions = [[LogRecord]](repeating: [], count: LogTwin.partitionCount)
    var failure: EventLogError?
    var onAppend: (@Sendable (LogRecord) -> Void)?
  }

  private let state = Mutex(State())

  /// Every record, by partition, then by offset.
  var records: [LogRecord] { self.state.withLock { $0.partitions.flatMap(\.self) } }

  /// Every event, decoded.
  var events: [CloudEvent] { get throws { try self.records.map { try EventRecordCodec().decode($0) } } }

  /// Makes every later append and look at bounds fail, or work again.
  func fail(_ failure: EventLogError?) { self.state.withLock { $0.failure = failure } }

  /// Called after each append, outside of the lock.
  func onAppend(_ body: @escaping @Sendable (LogRecord) -> Void) { self.state.withLock { $0.onAppend = body } }

  func append(_ records: [NewRecord]) async throws -> [LogPosition] {
    let (appended, hook) = try self.state.withLock { state in
      if let failure = state.failure { throw failure }
      let appended = records.map { record in
        let partition = Partitioner.partition(key: record.key ?? [], count: Self.partitionCount)
        let position = LogPosition(
          TopicPartition(record.topic, partition), Int64(state.partitions[partition].count))
        let record = LogRecord(
          position: position, appendedAtMilliseconds: 0, key: record.key, value: record.value, headers: record.headers)
        state.partitions[partition].append(record)
        return record
      }
      return (appended, state.onAppend)
    }
    if let hook { appended.forEach(hook) }
    return appended.map(\.position)
  }

  func read(_ partition: TopicPartition, from offset: Int64, limit: ReadLimit) async throws -> [LogRecord] {
    self.state.withLock {
      Array($0.partitions[partition.partition].dropFirst(Int(offset)).prefix(limit.maxRecordCount))
    }
  }

  func bounds(of topic: String) async throws -> [OffsetBounds] {
    try self.state.withLock { state in
      if let failure = state.failure { throw failure }
      return state.partitions.map { OffsetBounds(earliest: 0, end: Int64($0.count)) }
    }
  }

  func ensureTopics(_ topics: [TopicSpecification]) async throws {}
  func topics() async throws -> [TopicSpecification] { [] }
  func deleteTopic(_ name: String) async throws {}
  func committedOffsets(of group: String) async throws -> [TopicPartition: Int64] { [:] }
  func subscribe(group: String, topics: [String], instance: String) async throws -> any LogConsumer {
    throw EventLogError(.closed, "the query service consumes nothing")
  }
  func waitForRecords(_ partition: TopicPartition, from offset: Int64, timeout: Duration) async throws {}
  func enforceRetention(nowMilliseconds: Int64) async throws -> Int { 0 }
  func close() async {}
}
