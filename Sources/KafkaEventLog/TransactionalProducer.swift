import CRdkafka
import EventLog
import Logging

/// Writes records, and offsets of a consumer group, in transactions of one transactional id. Who begins to write under
/// the id fences whoever wrote under it before.
///
/// Unchecked: every member is used on one queue only, that of the `TransactionQueue` that owns it.
final class TransactionalProducer: @unchecked Sendable {
  private let settings: [String: String]
  private let requestTimeout: Duration
  private let logger: Logger
  private let onFenced: @Sendable (EventLogError) -> Void
  private var client: KafkaClient?
  /// What the next record's delivery report is known by; 0 would be NULL.
  private var nextOpaque = 1
  /// Why nothing can be written under this id any more.
  private var fenced: EventLogError?

  /// How long one call of librdkafka may block before it is looked at again.
  private static let stepTimeout: Duration = .seconds(1)
  /// How long the wait for a delivery may block.
  private static let deliveryTimeout: Duration = .milliseconds(100)

  init(
    settings: [String: String], requestTimeout: Duration, logger: Logger,
    onFenced: @escaping @Sendable (EventLogError) -> Void = { _ in }
  ) {
    self.onFenced = onFenced
    self.settings = settings
    self.requestTimeout = requestTimeout
    self.logger = logger
  }

  /// Takes the id over, so that nobody else writes under it. Blocks.
  func prepare() throws {
    _ = try self.ready()
  }

  /// Writes all or nothing, and tells where the records stand. Blocks.
  func write(
    _ records: [PlacedRecord], offsets: [TopicPartition: Int64], topicName: (String) -> String,
    groupMetadata: OpaquePointer?
  ) throws -> [LogPosition] {
    let deadline = ContinuousClock.now + self.requestTimeout
    while true {
      let client = try self.ready()
      do throws(KafkaFailure) {
        return try self.transact(
          records, offsets: offsets, topicName: topicName, groupMetadata: groupMetadata, client, until: deadline)
      } catch {
        let settled = self.settle(error, client)
        // What an abort purges may be records of the transaction after it (librdkafka 2.0.2).
        guard error.code == RD_KAFKA_RESP_ERR__PURGE_QUEUE, ContinuousClock.now < deadline else { throw settled }
      }
    }
  }

  private func transact(
    _ records: [PlacedRecord], offsets: [TopicPartition: Int64], topicName: (String) -> String,
    groupMetadata: OpaquePointer?, _ client: KafkaClient, until deadline: ContinuousClock.Instant
  ) throws(KafkaFailure) -> [LogPosition] {
    try check(rd_kafka_begin_transaction(client.handle))
    let positions = try self.deliver(records, client, until: deadline)
    if !offsets.isEmpty, let groupMetadata {
      let items = offsets.map { (topic: topicName($0.key.topic), partition: $0.key.partition, offset: $0.value) }
      try withPartitionList(items.map { ($0.topic, $0.partition, Optional($0.offset)) }) {
        list throws(KafkaFailure) in
        try self.repeating(until: deadline) {
          rd_kafka_send_offsets_to_transaction(client.handle, list, groupMetadata, $0)
        }
      }
    }
    try self.repeating(until: deadline) { rd_kafka_commit_transaction(client.handle, $0) }
    return positions
  }

  /// Lets go of the client. What was under way is aborted by whoever writes under the id next, or by the brokers'
  /// timeout.
  func discard() {
    guard let client = self.client else { return }
    self.client = nil
    client.closeSoon()
  }

  // MARK: The client

  private func ready() throws -> KafkaClient {
    if let fenced { throw fenced }
    if let client { return client }
    let client = try KafkaClient(
      .producer, settings: self.settings, events: RD_KAFKA_EVENT_DR, logger: self.logger)
    do {
      let deadline = ContinuousClock.now + self.requestTimeout
      try self.repeating(until: deadline) { rd_kafka_init_transactions(client.handle, $0) }
    } catch {
      client.closeSoon()
      throw error.eventLogError("beginning transactions")
    }
    self.client = client
    return client
  }

  /// Makes a call again as long as librdkafka says that this may help.
  private func repeating(
    until deadline: ContinuousClock.Instant, _ call: (Int32) -> OpaquePointer?
  ) throws(KafkaFailure) {
    while true {
      let rest = deadline - ContinuousClock.now
      guard let error = call(max(min(rest, Self.stepTimeout), .milliseconds(1)).milliseconds) else { return }
      let failure = KafkaFailure(error)
      guard failure.isRetriable, rest > .zero else { throw failure }
    }
  }

  private func deliver(
    _ records: [PlacedRecord], _ client: KafkaClient, until deadline: ContinuousClock.Instant
  ) throws(KafkaFailure) -> [LogPosition] {
    var offsets = [Int64](repeating: -1, count: records.count)
    var missing = records.count
    let first = self.nextOpaque
    self.nextOpaque += records.count
    var failed: KafkaFailure?
    func serve(_ timeout: Duration) {
      client.serveEvents(of: client.mainQueue, timeout: timeout) { type, event in
        guard type == RD_KAFKA_EVENT_DR else { return }
        while let message = rd_kafka_event_message_next(event) {
          // Reports of a transaction that was aborted may come late.
          let index = Int(bitPattern: message.pointee._private) - first
          guard records.indices.contains(index) else { continue }
          missing -= 1
          offsets[index] = message.pointee.offset
          if message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR { failed = KafkaFailure(message.pointee.err) }
        }
      }
    }
    for (index, record) in records.enumerated() {
      while true {
        do throws(KafkaFailure) {
          try record.produce(by: client.handle, opaque: first + index)
          break
        } catch {
          guard error.code == RD_KAFKA_RESP_ERR__QUEUE_FULL, ContinuousClock.now < deadline else { throw error }
          serve(Self.deliveryTimeout)
        }
      }
    }
    while missing > 0 {
      serve(Self.deliveryTimeout)
      if let failed { throw failed }
      if ContinuousClock.now >= deadline { throw KafkaFailure(RD_KAFKA_RESP_ERR__TIMED_OUT) }
    }
    if let failed { throw failed }
    return zip(records, offsets).map {
      LogPosition(TopicPartition($0.record.topic, Int($0.partition)), $1)
    }
  }

  /// Brings the producer back to where it can begin anew, and tells the error for the log's users.
  private func settle(_ failure: KafkaFailure, _ client: KafkaClient) -> any Error {
    let fatal = failure.isFatal ? failure : client.fatalError()
    if let fatal {
      self.discard()
      let error = fatal.eventLogError("a transaction")
      // Taking the id back would fence the one who has it now.
      if error.code == .fenced {
        self.fenced = error
        self.onFenced(error)
      }
      return error
    }
    let deadline = ContinuousClock.now + self.requestTimeout
    do {
      try self.repeating(until: deadline) { rd_kafka_abort_transaction(client.handle, $0) }
    } catch {
      self.logger.warning(
        "a transaction could not be aborted, its producer is made anew", metadata: ["error": "\(error.text)"])
      self.discard()
    }
    let error = failure.eventLogError("a transaction")
    return failure.isGenerationStale ? StaleGeneration(error: error) : error
  }
}

/// Nothing was written, as the group had gone on to a generation that its member here had not heard of.
struct StaleGeneration: Error {
  let error: EventLogError
}
