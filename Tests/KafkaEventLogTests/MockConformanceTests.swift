import CRdkafka
import EventLog
import KafkaEventLog
import MnemeTesting
import Testing

/// The conformance suite once more, over librdkafka's mock cluster of three brokers and without transactions: leaders
/// and coordinators on different brokers, members that rebalance, commits outside transactions.
@Suite struct MockConformanceTests {
  /// What the mock cluster cannot do is checked on the broker process, by `ConformanceTests`.
  static let capabilities: EventLogConformance.Capabilities = []

  @Test(arguments: EventLogConformance.all(for: capabilities))
  func mockClusterKeepsThePromises(check: EventLogConformance) async throws {
    try await Turnstile.shared.pass {
      try await MockCluster.with { cluster in
        try await check.run(
          EventLogConformance.Harness(
            make: { try MockLog(cluster) },
            reopen: { log in try MockLog(cluster, prefix: (log as? MockLog)?.log.options.prefix ?? "") },
            discardsOnDemand: false, deletesOffsetsWithTopics: false, capabilities: Self.capabilities))
      }
    }
  }
}

/// A log on a mock cluster, which makes topics by a call of its own and not at a client's request.
struct MockLog: EventLog {
  let log: KafkaEventLog
  private let cluster: MockCluster

  init(_ cluster: MockCluster, prefix: String = "test-\(UInt64.random(in: 0 ... .max)).") throws {
    var options = KafkaEventLog.Options(
      bootstrapServers: cluster.bootstrap, prefix: prefix, usesTransactions: false)
    options.sessionTimeout = .seconds(6)
    self.log = try KafkaEventLog(options: options, logger: testLogger)
    self.cluster = cluster
  }

  func ensureTopics(_ topics: [TopicSpecification]) async throws {
    for topic in topics {
      // One that exists already stays as it is, and the log says whether it fits.
      try? await cluster.makeTopic(log.options.prefix + topic.name, partitionCount: topic.partitionCount)
    }
    try await log.ensureTopics(topics)
  }

  func setRetention(_ retention: TopicSpecification.Retention, of topic: String) async throws {
    try await log.setRetention(retention, of: topic)
  }

  func topics() async throws -> [TopicSpecification] { try await log.topics() }
  func deleteTopic(_ name: String) async throws { try await log.deleteTopic(name) }
  func append(_ records: [NewRecord]) async throws -> [LogPosition] { try await log.append(records) }

  func read(_ partition: TopicPartition, from offset: Int64, limit: ReadLimit) async throws -> [LogRecord] {
    try await log.read(partition, from: offset, limit: limit)
  }

  func bounds(of topic: String) async throws -> [OffsetBounds] { try await log.bounds(of: topic) }

  func committedOffsets(of group: String) async throws -> [TopicPartition: Int64] {
    try await log.committedOffsets(of: group)
  }

  func subscribe(group: String, topics: [String], instance: String?) async throws -> any LogConsumer {
    // The mock cluster knows no static members: all are of the moment.
    try await log.subscribe(group: group, topics: topics, instance: nil)
  }

  func waitForRecords(_ partition: TopicPartition, from offset: Int64, timeout: Duration) async throws {
    try await log.waitForRecords(partition, from: offset, timeout: timeout)
  }

  func enforceRetention(nowMilliseconds: Int64) async throws -> Int {
    try await log.enforceRetention(nowMilliseconds: nowMilliseconds)
  }

  func close() async { await log.close() }
}
