import CRdkafka
import Dispatch
import EventLog
import Glibc
import Synchronization

/// Reads one partition with no group, in order from wherever it is asked to, and fetches ahead while it is read on.
///
/// Unchecked: every variable is used on `queue` only.
final class PartitionReader: @unchecked Sendable {
  /// Rings when something has been fetched.
  let bell = ChangeBell()
  private let client: KafkaClient
  private let partition: TopicPartition
  private let options: KafkaEventLog.Options
  private let queue: DispatchQueue
  private let topic: OpaquePointer
  private let records: OpaquePointer
  private var isStarted = false
  private var isClosed = false
  /// What waits on the queue fails from then on: a close does not wait for it.
  private let isClosing = Atomic(false)
  /// Offset to be read next.
  private var position: Int64 = -1
  /// Fetched and not read yet.
  private var buffered: [LogRecord] = []
  /// How far the partition has been fetched with nothing left.
  private var reachedEnd: Int64 = -1

  /// Before a new leader is asked, in microseconds.
  private static let leaderPause: UInt32 = 50_000
  /// How long one question for the bounds blocks; it is asked again within the request timeout.
  private static let boundsTimeout: Duration = .seconds(5)
  /// How long one wait for a fetch blocks.
  private static let stepTimeout: Duration = .milliseconds(100)
  private static let seekTimeout: Duration = .seconds(5)
  private static let closeTimeout: Duration = .seconds(5)

  init(_ partition: TopicPartition, client: KafkaClient, options: KafkaEventLog.Options) throws {
    self.client = client
    self.partition = partition
    self.options = options
    self.queue = DispatchQueue(label: "mneme-kafka-\(partition)")
    guard let topic = rd_kafka_topic_new(client.handle, options.prefix + partition.topic, nil),
      let records = rd_kafka_queue_new(client.handle)
    else { throw EventLogError(.storage, "librdkafka cannot open topic \(partition.topic)") }
    self.topic = topic
    self.records = records
    KafkaClient.ring(self.bell, for: records)
  }

  private func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await self.queue.abandonable {
      guard !self.isClosing.load(ordering: .relaxed) else { throw EventLogError(.closed, "the log is closed") }
      do {
        return try body()
      } catch let failure as KafkaFailure {
        throw failure.eventLogError("reading \(self.partition)")
      }
    }
  }

  /// Lets go of librdkafka's objects. A call that librdkafka does not come back from, though its timeout has passed, is
  /// not waited for beyond `closeTimeout`, and its client outlives it.
  func close() async {
    self.isClosing.store(true, ordering: .relaxed)
    let isDone = await isSignalled(within: Self.closeTimeout) { done in
      self.queue.async {
        self.release()
        done()
      }
    }
    if !isDone { self.client.leaveBehind() }
    self.bell.ring()
  }

  private func release() {
    guard !self.isClosed else { return }
    self.isClosed = true
    if self.isStarted { rd_kafka_consume_stop(self.topic, Int32(self.partition.partition)) }
    rd_kafka_queue_cb_event_enable(self.records, nil, nil)
    rd_kafka_queue_destroy(self.records)
    rd_kafka_topic_destroy(self.topic)
  }

  // MARK: Reading

  /// Committed records from `offset` on, at once: what is not fetched yet, and there, is waited for.
  func read(from offset: Int64, limit: ReadLimit) async throws -> [LogRecord] {
    try await self.run {
      // Where it is being read on, what has been fetched is as good as what the brokers would tell.
      if offset == self.position, let records = try self.take(limit) { return records }
      let bounds = try self.bounds()
      guard offset >= bounds.earliest else {
        throw EventLogError(
          .offsetOutOfRange,
          "\(self.partition) begins at offset \(bounds.earliest); \(offset) was discarded by its retention")
      }
      guard offset < bounds.end else { return [] }
      try self.go(to: offset)
      let deadline = ContinuousClock.now + self.options.requestTimeout
      // Markers of transactions have offsets too: there may be nothing to read before the end.
      while self.reachedEnd < bounds.end {
        try self.fetch(timeout: Self.stepTimeout)
        if let records = try self.take(limit) { return records }
        if ContinuousClock.now >= deadline || self.isClosing.load(ordering: .relaxed) {
          throw EventLogError(.unreachable, "\(self.partition) cannot be fetched; the brokers do not answer in time")
        }
      }
      return []
    }
  }

  /// Whether there is a record at or after `offset` already, as far as has been fetched.
  func hasRecord(from offset: Int64) async throws -> Bool {
    try await self.run {
      // Brokers fetch nothing from beyond the end.
      if offset != self.position, try offset > self.bounds().end { return false }
      try self.go(to: offset)
      try self.fetch(timeout: .zero)
      return !self.buffered.isEmpty
    }
  }

  /// The bounds as the brokers tell them; the end is that of what is committed.
  func queryBounds() async throws -> OffsetBounds {
    try await self.run { try self.bounds() }
  }

  private func bounds() throws(KafkaFailure) -> OffsetBounds {
    var earliest: Int64 = 0
    var end: Int64 = 0
    let deadline = ContinuousClock.now + self.options.requestTimeout
    while true {
      do {
        try check(
          rd_kafka_query_watermark_offsets(
            self.client.handle, self.options.prefix + self.partition.topic, Int32(self.partition.partition),
            &earliest, &end, min(Self.boundsTimeout, self.options.requestTimeout).milliseconds))
        return OffsetBounds(earliest: earliest, end: end)
      } catch {
        let mayAsk = ContinuousClock.now < deadline && !self.isClosing.load(ordering: .relaxed)
        guard mayAsk, error.isLeaderUnknown || error.code == RD_KAFKA_RESP_ERR__TIMED_OUT else { throw error }
        // Another broker leads now: the client is learning which one.
        if error.isLeaderUnknown { usleep(Self.leaderPause) }
      }
    }
  }

  private func go(to offset: Int64) throws(KafkaFailure) {
    guard offset != self.position else { return }
    self.buffered.removeAll()
    self.reachedEnd = -1
    if self.isStarted {
      let code = rd_kafka_seek(
        self.topic, Int32(self.partition.partition), offset, Self.seekTimeout.milliseconds)
      if code != RD_KAFKA_RESP_ERR_NO_ERROR {
        // It may not be fetching yet: begun anew there.
        rd_kafka_consume_stop(self.topic, Int32(self.partition.partition))
        self.isStarted = false
      }
    }
    if !self.isStarted {
      guard rd_kafka_consume_start_queue(self.topic, Int32(self.partition.partition), offset, self.records) == 0 else {
        throw KafkaFailure(rd_kafka_last_error())
      }
      self.isStarted = true
    }
    self.position = offset
  }

  /// Takes what librdkafka has fetched into the buffer, as much as one read may take.
  private func fetch(timeout: Duration) throws(KafkaFailure) {
    var timeout = timeout.milliseconds
    while self.buffered.count < ReadLimit().maxRecordCount,
      let message = rd_kafka_consume_queue(self.records, timeout)
    {
      timeout = 0
      defer { rd_kafka_message_destroy(message) }
      switch message.pointee.err {
      case RD_KAFKA_RESP_ERR_NO_ERROR:
        if message.pointee.offset >= self.position { self.buffered.append(LogRecord(message, self.partition)) }
      case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        self.reachedEnd = message.pointee.offset
      default:
        // The next read begins anew.
        self.position = -1
        throw KafkaFailure(message.pointee.err)
      }
    }
  }

  /// What is at hand, within `limit`; nil for nothing.
  private func take(_ limit: ReadLimit) throws(KafkaFailure) -> [LogRecord]? {
    if self.buffered.isEmpty { try self.fetch(timeout: .zero) }
    var count = 0
    var byteCount = 0
    for record in self.buffered.prefix(limit.maxRecordCount) {
      byteCount += record.byteCount
      if count > 0, byteCount > limit.maxByteCount { break }
      count += 1
    }
    guard count > 0 else { return nil }
    let records = Array(self.buffered.prefix(count))
    self.buffered.removeFirst(count)
    self.position = records[count - 1].position.offset + 1
    return records
  }
}
