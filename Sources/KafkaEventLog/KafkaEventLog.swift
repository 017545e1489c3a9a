import CRdkafka
public import EventLog
public import Logging
import MnemeCore
import Synchronization

/// The log on Kafka brokers, through librdkafka: idempotent appends, transactions, consumer groups.
///
/// One object is one process's part: a reader, an administrator, a producer, and a client for each consumer.
public final class KafkaEventLog: EventLog {
  /// What it was opened with.
  public let options: Options
  let logger: Logger
  private let settings: KafkaSettings
  /// Reads partitions, and asks the brokers whatever is to be asked.
  private let client: KafkaClient
  private let state = Mutex(State())
  private let transactions: TransactionQueue

  private struct State {
    var partitionCounts: [String: Int] = [:]
    var readers: [TopicPartition: PartitionReader] = [:]
    var appender: KafkaAppender?
    var consumers: [KafkaLogConsumer] = []
    var isClosed = false
  }

  /// Prepares clients; the brokers are reached when they are needed.
  /// - Throws: `EventLogError` where a setting is refused.
  public init(options: Options, logger: Logger) throws {
    self.options = options
    self.logger = logger
    self.settings = KafkaSettings(options)
    self.client = try KafkaClient(.consumer, settings: self.settings.reader, events: 0, logger: logger)
    self.transactions = TransactionQueue(
      producer: TransactionalProducer(
        settings: self.settings.transactions(id: "append-\(KafkaSettings.randomName())"),
        requestTimeout: options.requestTimeout, logger: logger),
      options: options)
  }

  private var admin: KafkaAdmin { KafkaAdmin(client: self.client, timeout: self.options.requestTimeout) }

  /// Asks the brokers something, where it may block.
  private func ask<Value: Sendable>(
    _ what: String, _ body: @escaping @Sendable (KafkaAdmin) throws -> Value
  ) async throws -> Value {
    let admin = self.admin
    do {
      return try await self.client.ask { _ in
        // Errors and log lines of the client.
        self.client.serveEvents(of: self.client.mainQueue) { _, _ in }
        return try body(admin)
      }
    } catch let failure as KafkaFailure {
      throw failure.eventLogError(what)
    }
  }

  /// Ends consumers and then appends, and readers meanwhile.
  public func close() async {
    let (consumers, appender, readers) = self.state.withLock { state in
      state.isClosed = true
      defer {
        state.consumers = []
        state.appender = nil
        state.readers = [:]
      }
      return (state.consumers, state.appender, state.readers)
    }
    self.client.refuse()
    // Side by side: where brokers are gone, each takes its time.
    await withTaskGroup { group in
      for reader in readers.values { group.addTask { await reader.close() } }
      await withTaskGroup { group in
        for consumer in consumers { group.addTask { await consumer.close() } }
      }
      await appender?.close()
      await self.transactions.close()
    }
    await self.client.close(within: Self.closeTimeout)
  }

  /// How long an answer is waited for that nobody waits for any more.
  private static let closeTimeout: Duration = .seconds(5)

  private func checkOpen() throws {
    if self.state.withLock(\.isClosed) { throw EventLogError(.closed, "the log is closed") }
  }

  // MARK: Topics

  /// What members with names subscribe to at first, beside their topics. It has no records: see
  /// `KafkaLogConsumer.join`.
  static let membersTopic = TopicSpecification(
    name: "mneme.members", partitionCount: 1, retention: .age(.seconds(86_400)))

  /// Creates what is missing, once it is clear that everything fits.
  public func ensureTopics(_ topics: [TopicSpecification]) async throws {
    let options = self.options
    try await self.ask("making topics") { admin in
      let found = try admin.metadata(of: nil)
      var missing: [(name: String, partitions: Int, replicas: Int?, config: [String: String])] = []
      for topic in topics {
        guard let known = found[options.prefix + topic.name] else {
          missing.append(
            (
              options.prefix + topic.name, topic.partitionCount, topic.replicationFactor ?? options.replicationFactor,
              topic.retention.configuration
            ))
          continue
        }
        guard known.partitionCount == topic.partitionCount else {
          throw EventLogError(
            .topicMismatch,
            "topic \(topic.name) has \(known.partitionCount) partitions, not \(topic.partitionCount): "
              + "the number is fixed once a topic exists; set it back, or use another prefix")
        }
      }
      guard !missing.isEmpty else { return }
      try admin.create(missing)
      // Brokers tell each other of new topics in their own time.
      let deadline = ContinuousClock.now + options.requestTimeout
      for topic in missing {
        while try admin.metadata(of: topic.name)[topic.name]?.partitionCount != topic.partitions {
          if ContinuousClock.now >= deadline {
            throw EventLogError(.unreachable, "topic \(topic.name) was made, but the brokers do not know it in time")
          }
        }
      }
    }
  }

  /// Gives a topic another retention.
  public func setRetention(_ retention: TopicSpecification.Retention, of topic: String) async throws {
    _ = try await self.partitionCount(of: topic)
    let name = self.options.prefix + topic
    try await self.ask("changing topic \(topic)") { try $0.setConfiguration(retention.configuration, of: name) }
  }

  /// All topics that begin with the prefix and are no brokers' own, in order of name.
  public func topics() async throws -> [TopicSpecification] {
    let prefix = self.options.prefix
    return try await self.ask("listing topics") { admin in
      let found = try admin.metadata(of: nil).filter { name, _ in
        name.hasPrefix(prefix) && !name.hasPrefix("__") && name != prefix + Self.membersTopic.name
      }
      guard !found.isEmpty else { return [] }
      let configurations = try admin.configurations(of: found.keys.sorted())
      return found.map { name, shape in
        TopicSpecification(
          name: String(name.dropFirst(prefix.count)), partitionCount: shape.partitionCount,
          retention: TopicSpecification.Retention(configuration: configurations[name] ?? [:]),
          replicationFactor: shape.replicaCount)
      }.sorted { $0.name < $1.name }
    }
  }

  /// Removes a topic. Offsets that groups have committed for it go with it, in the brokers' own time.
  public func deleteTopic(_ name: String) async throws {
    let readers = self.forget(name)
    for reader in readers { await reader.close() }
    let topic = self.options.prefix + name
    let timeout = self.options.requestTimeout
    try await self.ask("deleting topic \(name)") { admin in
      try admin.delete(topic)
      let deadline = ContinuousClock.now + timeout
      while try admin.metadata(of: topic)[topic] != nil {
        if ContinuousClock.now >= deadline {
          throw EventLogError(.unreachable, "topic \(name) is being deleted, but the brokers still know it")
        }
      }
    }
  }

  private func forget(_ topic: String) -> [PartitionReader] {
    self.state.withLock { state in
      state.partitionCounts[topic] = nil
      let readers = state.readers.filter { $0.key.topic == topic }
      for partition in readers.keys { state.readers[partition] = nil }
      return Array(readers.values)
    }
  }

  /// Partitions of a topic; the number is fixed for its life, so it is asked for once.
  func partitionCount(of topic: String) async throws -> Int {
    try self.checkOpen()
    if let count = self.state.withLock({ $0.partitionCounts[topic] }) { return count }
    let name = self.options.prefix + topic
    let count = try await self.ask("looking for topic \(topic)") { try $0.metadata(of: name)[name]?.partitionCount }
    guard let count else { throw EventLogError(.unknownTopic, "the brokers have no topic \(topic); create it first") }
    self.state.withLock { $0.partitionCounts[topic] = count }
    return count
  }

  // MARK: Appending

  /// A single record is appended by itself, several in a transaction; where there are none, in order, one after the
  /// other, and an append that fails may leave some of them.
  public func append(_ records: [NewRecord]) async throws -> [LogPosition] {
    guard !records.isEmpty else { return [] }
    let placed = try await self.place(records)
    do {
      guard placed.count > 1, self.options.usesTransactions else { return try await self.appender().append(placed) }
      return try await withCheckedThrowingContinuation { continuation in
        self.transactions.submit(TransactionQueue.Job(records: placed) { continuation.resume(with: $0) })
      }
    } catch let error as EventLogError where error.code == .unknownTopic {
      for topic in Set(records.map(\.topic)) { _ = self.forget(topic) }
      throw error
    }
  }

  func place(_ records: [NewRecord]) async throws -> [PlacedRecord] {
    var placed: [PlacedRecord] = []
    placed.reserveCapacity(records.count)
    for record in records {
      guard record.byteCount <= self.options.maxRecordByteCount else {
        throw EventLogError(
          .recordTooLarge,
          "a record for topic \(record.topic) has \(record.byteCount) bytes, "
            + "more than the \(self.options.maxRecordByteCount) that the log takes")
      }
      let count = try await self.partitionCount(of: record.topic)
      let partition = record.partition ?? Partitioner.partition(key: record.key ?? record.value, count: count)
      guard (0..<count).contains(partition) else {
        throw EventLogError(.unknownTopic, "topic \(record.topic) has no partition \(partition)")
      }
      placed.append(
        PlacedRecord(topic: self.options.prefix + record.topic, partition: Int32(partition), record: record))
    }
    return placed
  }

  private func appender() throws -> KafkaAppender {
    try self.state.withLock { state in
      if state.isClosed { throw EventLogError(.closed, "the log is closed") }
      if let appender = state.appender {
        if appender.fatalError == nil { return appender }
        self.logger.warning("the producer cannot go on, and is made anew")
        appender.closeSoon()
      }
      let appender = try KafkaAppender(settings: self.settings.appender, options: self.options, logger: self.logger)
      appender.start()
      state.appender = appender
      return appender
    }
  }

  // MARK: Reading

  /// Reads at once.
  public func read(_ partition: TopicPartition, from offset: Int64, limit: ReadLimit) async throws -> [LogRecord] {
    try await self.reader(partition).read(from: offset, limit: limit)
  }

  /// Bounds by partition number.
  public func bounds(of topic: String) async throws -> [OffsetBounds] {
    let count = try await self.partitionCount(of: topic)
    return try await withThrowingTaskGroup(of: (Int, OffsetBounds).self) { group in
      for number in 0..<count {
        let reader = try await self.reader(TopicPartition(topic, number))
        group.addTask { (number, try await reader.queryBounds()) }
      }
      return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  /// Waits for this partition.
  public func waitForRecords(_ partition: TopicPartition, from offset: Int64, timeout: Duration) async throws {
    let deadline = ContinuousClock.now + timeout
    let reader = try await self.reader(partition)
    while true {
      let mark = reader.bell.mark
      if try await reader.hasRecord(from: offset) || ContinuousClock.now >= deadline { return }
      await reader.bell.wait(since: mark, until: deadline)
      try Task.checkCancellation()
    }
  }

  private func reader(_ partition: TopicPartition) async throws -> PartitionReader {
    let count = try await self.partitionCount(of: partition.topic)
    guard (0..<count).contains(partition.partition) else {
      throw EventLogError(.unknownTopic, "topic \(partition.topic) has no partition \(partition.partition)")
    }
    return try self.state.withLock { state in
      if state.isClosed { throw EventLogError(.closed, "the log is closed") }
      if let reader = state.readers[partition] { return reader }
      let reader = try PartitionReader(partition, client: self.client, options: self.options)
      state.readers[partition] = reader
      return reader
    }
  }

  // MARK: Groups

  /// What a group has committed.
  public func committedOffsets(of group: String) async throws -> [TopicPartition: Int64] {
    let prefix = self.options.prefix
    let offsets = try await self.ask("asking for the offsets of group \(group)") {
      try $0.committedOffsets(of: prefix + group)
    }
    return Dictionary(
      uniqueKeysWithValues: offsets.filter { $0.key.topic.hasPrefix(prefix) }.map {
        (TopicPartition(String($0.key.topic.dropFirst(prefix.count)), $0.key.partition), $0.value)
      })
  }

  /// Joins a group. With a name of its own, the member's transactional id follows from it: whoever had the name can
  /// write nothing when this returns.
  public func subscribe(group: String, topics: [String], instance: String?) async throws -> any LogConsumer {
    for topic in topics { _ = try await self.partitionCount(of: topic) }
    if instance != nil { try await self.ensureTopics([Self.membersTopic]) }
    let client = try KafkaClient(
      .consumer, settings: self.settings.consumer(group: group, instance: instance), events: RD_KAFKA_EVENT_REBALANCE,
      logger: self.logger)
    let fence = FenceCall()
    let writer = self.writer(group: group, instance: instance, client, fence)
    let consumer = KafkaLogConsumer(group: group, client: client, writer: writer, options: self.options)
    fence.set { [weak consumer] in consumer?.fence($0) }
    do {
      try await writer.prepare()
      try await consumer.join(topics: topics, beside: instance == nil ? nil : Self.membersTopic.name)
    } catch {
      await consumer.close()
      throw error
    }
    self.state.withLock { $0.consumers.append(consumer) }
    return consumer
  }

  private func writer(
    group: String, instance: String?, _ client: KafkaClient, _ fence: FenceCall
  ) -> any ConsumerWriter {
    guard self.options.usesTransactions else {
      return SequentialWriter(
        client: client, prefix: self.options.prefix, sessionTimeout: self.options.sessionTimeout
      ) { _ = try await self.append($0) }
    }
    let producer = TransactionalProducer(
      settings: self.settings.transactions(id: "\(group)-\(instance ?? KafkaSettings.randomName())"),
      requestTimeout: self.options.requestTimeout, logger: self.logger, onFenced: { fence.call($0) })
    let transactions = TransactionQueue(producer: producer, options: self.options) {
      rd_kafka_consumer_group_metadata(client.handle)
    }
    return TransactionalWriter(transactions: transactions) { try await self.place($0) }
  }

  /// The brokers discard by themselves what the topics' retention allows.
  public func enforceRetention(nowMilliseconds: Int64) async throws -> Int { 0 }
}

/// Tells a consumer, which is made later, that its writer was fenced.
private final class FenceCall: Sendable {
  private let body = Mutex<(@Sendable (EventLogError) -> Void)?>(nil)

  func set(_ body: @escaping @Sendable (EventLogError) -> Void) {
    self.body.withLock { $0 = body }
  }

  func call(_ error: EventLogError) {
    self.body.withLock { $0 }?(error)
  }
}
