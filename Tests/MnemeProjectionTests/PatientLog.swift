import EventLog
import MnemeTesting
import Synchronization

/// The log in memory, with waits that last: whoever follows it does not spin.
final class PatientLog: EventLog {
  let inner = InMemoryEventLog()
  private struct State {
    var nextID = 0
    var waiters: [Int: AsyncStream<Void>.Continuation] = [:]
    var waits: [TopicPartition] = []
    var readCount = 0
    var readRecordCount = 0
  }

  private let state = Mutex(State())

  /// What was waited for so far, and how often records were read.
  var waits: [TopicPartition] { self.state.withLock { $0.waits } }
  var readCount: Int { self.state.withLock { $0.readCount } }
  /// How many records were read since counting began.
  var readRecordCount: Int { self.state.withLock { $0.readRecordCount } }
  func startCounting() { self.state.withLock { $0.readRecordCount = 0 } }

  func ensureTopics(_ topics: [TopicSpecification]) async throws { try await self.inner.ensureTopics(topics) }
  func topics() async throws -> [TopicSpecification] { try await self.inner.topics() }
  func setRetention(_ retention: TopicSpecification.Retention, of topic: String) async throws {
    try await self.inner.setRetention(retention, of: topic)
  }
  func deleteTopic(_ name: String) async throws { try await self.inner.deleteTopic(name) }

  func append(_ records: [NewRecord]) async throws -> [LogPosition] {
    let positions = try await self.inner.append(records)
    for waiter in self.state.withLock({ Array($0.waiters.values) }) { waiter.yield() }
    return positions
  }

  func read(_ partition: TopicPartition, from offset: Int64, limit: ReadLimit) async throws -> [LogRecord] {
    let records = try await self.inner.read(partition, from: offset, limit: limit)
    self.state.withLock { state in
      state.readCount += 1
      state.readRecordCount += records.count
    }
    return records
  }

  func bounds(of topic: String) async throws -> [OffsetBounds] { try await self.inner.bounds(of: topic) }

  func committedOffsets(of group: String) async throws -> [TopicPartition: Int64] {
    try await self.inner.committedOffsets(of: group)
  }

  func subscribe(group: String, topics: [String], instance: String?) async throws -> any LogConsumer {
    try await self.inner.subscribe(group: group, topics: topics, instance: instance)
  }

  func waitForRecords(_ partition: TopicPartition, from offset: Int64, timeout: Duration) async throws {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let id = self.state.withLock { state in
      state.waits.append(partition)
      state.nextID += 1
      state.waiters[state.nextID] = continuation
      return state.nextID
    }
    defer { self.state.withLock { _ = $0.waiters.removeValue(forKey: id) } }
    let end = try await self.bounds(of: partition.topic)[partition.partition].end
    guard end <= offset else { return }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { for await _ in stream { return } }
      group.addTask { try? await Task.sleep(for: timeout) }
      await group.next()
      group.cancelAll()
    }
  }

  func enforceRetention(nowMilliseconds: Int64) async throws -> Int {
    try await self.inner.enforceRetention(nowMilliseconds: nowMilliseconds)
  }

  func close() async { await self.inner.close() }
}
