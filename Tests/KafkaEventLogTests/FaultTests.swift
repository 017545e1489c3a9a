import CRdkafka
import EventLog
import KafkaEventLog
import MnemeTesting
import Testing

/// What brokers may answer, and what the log makes of it, as tables: on librdkafka's mock cluster, whose brokers fail
/// as they are told to.
@Suite struct FaultTests {
  typealias Code = EventLogError.Code

  /// What is to come of a call.
  enum Outcome: Sendable {
    /// It succeeds, with what the brokers did left to the log.
    case done
    /// It fails, and the next call succeeds.
    case fails(Code)
    /// It fails, and so does every later one: another worker has this one's place.
    case ends(Code)
  }

  struct Fault: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let outcome: Outcome
    let inject: @Sendable (MockCluster) async throws -> Void

    init(
      _ description: String, _ outcome: Outcome, inject: @escaping @Sendable (MockCluster) async throws -> Void
    ) {
      self.testDescription = description
      self.outcome = outcome
      self.inject = inject
    }

    /// The next requests of a kind are answered with an error.
    init(
      _ description: String, _ request: MockCluster.Request, _ error: rd_kafka_resp_err_t, count: Int = 1,
      _ outcome: Outcome
    ) {
      self.init(description, outcome) {
        try await $0.pushErrors(request, [rd_kafka_resp_err_t](repeating: error, count: count))
      }
    }
  }

  // MARK: Appends

  static let appends: [Fault] = [
    Fault("not the leader", .produce, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, count: 2, .done),
    Fault("request timed out", .produce, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, count: 2, .done),
    Fault("too few replicas", .produce, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, .done),
    Fault("replicas lost after the write", .produce, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, .done),
    Fault("connection closed", .produce, RD_KAFKA_RESP_ERR__TRANSPORT, count: 2, .done),
    Fault("ids are not ready", .initProducerID, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, .done),
    Fault("message too large", .produce, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, .fails(.recordTooLarge)),
    Fault("not allowed", .produce, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, .fails(.readOnly)),
    Fault(
      "sequence lost: the producer is made anew", .produce, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
      .fails(.storage)),
    Fault("throttled: each answer comes late", .done) { try await $0.setRoundTripTime(.milliseconds(300)) },
    Fault("another broker leads", .done) { cluster in
      for broker in 1...3 { try await cluster.moveLeader(of: "fault.t", partition: 0, to: broker) }
    },
    Fault("brokers go down and come up", .done) { cluster in
      try await cluster.takeDown()
      Task {
        try await Task.sleep(for: .milliseconds(500))
        try await cluster.bringUp()
      }
    },
  ]

  @Test(arguments: appends)
  func anAppendIsWrittenOnceOrFails(fault: Fault) async throws {
    try await withLog { cluster, log in
      _ = try await log.append([record("before")])
      try await fault.inject(cluster)
      let error = await failure { _ = try await log.append([record("during")]) }
      try await cluster.clearErrors()
      #expect(await eventually { _ = try await log.append([record("after")]) } == nil)
      let isDone = expect(error, fault.outcome)
      let values = try await values(of: log)
      #expect(values == ["before"] + (isDone ? ["during"] : []) + ["after"])
    }
  }

  @Test func brokersThatStayDownAreUnreachable() async throws {
    try await withLog(requestTimeout: .seconds(2)) { cluster, log in
      _ = try await log.append([record("before")])
      try await cluster.takeDown()
      let error = await failure { _ = try await log.append([record("lost")]) }
      #expect(error?.code == .unreachable && error?.isRetriable == true)
      try await cluster.bringUp()
    }
  }

  // MARK: Commits in a transaction

  static let commits: [Fault] = [
    Fault("commit under way", .endTransaction, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, .done),
    Fault("coordinator loads", .endTransaction, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, .done),
    Fault("not the coordinator", .endTransaction, RD_KAFKA_RESP_ERR_NOT_COORDINATOR, .done),
    Fault("connection closed at the commit", .endTransaction, RD_KAFKA_RESP_ERR__TRANSPORT, .done),
    Fault("connection closed at the offsets", .transactionOffsetCommit, RD_KAFKA_RESP_ERR__TRANSPORT, .done),
    Fault(
      "partitions cannot be added yet", .addPartitionsToTransaction, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, .done),
    Fault(
      "the group's coordinator loads", .transactionOffsetCommit, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, .done),
    Fault("a generation has passed", .transactionOffsetCommit, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, .done),
    Fault(
      "the group knows no such member", .transactionOffsetCommit, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, .fails(.fenced)),
    Fault("another has the name", .transactionOffsetCommit, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, .fails(.fenced)),
    Fault("message too large", .produce, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, .fails(.recordTooLarge)),
    Fault("not allowed", .produce, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, .fails(.readOnly)),
    Fault("producer fenced", .endTransaction, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, .ends(.fenced)),
    Fault("producer's epoch has passed", .endTransaction, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, .ends(.fenced)),
  ]

  @Test(arguments: commits)
  func aCommitIsWholeOrFails(fault: Fault) async throws {
    try await withLog { cluster, log in
      _ = try await log.append((0..<3).map { record("\($0)") })
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: nil)
      let records = try await poll(consumer, count: 3)
      func commit(_ index: Int) async -> EventLogError? {
        await failure {
          try await consumer.commit(
            appending: [record("out", topic: "out")],
            offsets: [TopicPartition("t", 0): records[index].position.offset + 1])
        }
      }
      #expect(await commit(0) == nil)
      try await fault.inject(cluster)
      let error = await commit(1)
      try await cluster.clearErrors()
      _ = expect(error, fault.outcome)
      if case .ends(let code) = fault.outcome {
        #expect(await commit(2)?.code == code)
      } else {
        let next = await eventually { if let error = await commit(2) { throw error } }
        #expect(next == nil)
      }
      await consumer.close()
    }
  }

  // MARK: Members

  static let members: [Fault] = [
    Fault("rebalance", .heartbeat, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, .done),
    Fault("the member is forgotten", .heartbeat, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, .done),
    Fault("a generation has passed", .heartbeat, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, .done),
    Fault("the group's coordinator moves", .done) {
      for broker in 1...3 { try await $0.moveCoordinator(of: .group, "fault.g", to: broker) }
    },
    Fault("not the leader of what is fetched", .fetch, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, .done),
    Fault("connection closed at a fetch", .fetch, RD_KAFKA_RESP_ERR__TRANSPORT, .done),
    Fault("another has the name", .heartbeat, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, .ends(.fenced)),
  ]

  @Test(arguments: members)
  func aMemberGoesOnOrEnds(fault: Fault) async throws {
    try await withLog { cluster, log in
      _ = try await log.append([record("0")])
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: nil)
      _ = try await poll(consumer, count: 1)
      try await consumer.commit(appending: [], offsets: [TopicPartition("t", 0): 1])
      try await fault.inject(cluster)
      if case .ends(let code) = fault.outcome {
        let error = await failure {
          for _ in 0..<300 { _ = try await consumer.poll(limit: ReadLimit(), timeout: .milliseconds(100)) }
        }
        #expect(error?.code == code && error?.isRetriable == false)
      } else {
        _ = try await log.append([record("1")])
        // The mock cluster keeps no offsets of transactions: after a rejoin, reading may begin anew.
        let values = try await poll(consumer, count: 1, last: "1").map { String(decoding: $0.value, as: UTF8.self) }
        #expect(values.last == "1")
      }
      await consumer.close()
    }
  }

  @Test func aMemberIsClosedThoughBrokersAreGone() async throws {
    try await withLog { cluster, log in
      _ = try await log.append([record("0")])
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: nil)
      _ = try await poll(consumer, count: 1)
      try await cluster.takeDown()
      await consumer.close()
      let error = await failure { _ = try await consumer.poll(limit: ReadLimit(), timeout: .zero) }
      #expect(error?.code == .closed)
    }
  }

  // MARK: Tools

  private func withLog(
    requestTimeout: Duration = .seconds(20), _ body: (MockCluster, KafkaEventLog) async throws -> Void
  ) async throws {
    try await Turnstile.shared.pass {
      try await MockCluster.with { cluster in
        for topic in ["t", "out"] { try await cluster.makeTopic("fault.\(topic)", partitionCount: 1) }
        var options = KafkaEventLog.Options(bootstrapServers: cluster.bootstrap, prefix: "fault.")
        options.sessionTimeout = .seconds(6)
        options.requestTimeout = requestTimeout
        let log = try KafkaEventLog(options: options, logger: testLogger)
        do {
          try await body(cluster, log)
        } catch {
          await log.close()
          throw error
        }
        await log.close()
      }
    }
  }

  private func record(_ value: String, topic: String = "t") -> NewRecord {
    NewRecord(topic: topic, key: nil, value: Array(value.utf8), headers: [])
  }

  private func failure(_ body: () async throws -> Void) async -> EventLogError? {
    do {
      try await body()
      return nil
    } catch {
      return error as? EventLogError ?? EventLogError(.closed, "not an error of the log: \(error)")
    }
  }

  /// What `body` fails with at last. A client may take its time to learn that brokers have changed their minds.
  private func eventually(_ body: () async throws -> Void) async -> EventLogError? {
    for _ in 0..<200 {
      let error = await failure(body)
      guard error?.code == .readOnly else { return error }
      try? await Task.sleep(for: .milliseconds(100))
    }
    return await failure(body)
  }

  /// Compares, and tells whether the call is to have succeeded.
  private func expect(_ error: EventLogError?, _ outcome: Outcome) -> Bool {
    switch outcome {
    case .done:
      #expect(error == nil)
      return true
    case .fails(let code), .ends(let code):
      #expect(error?.code == code)
      return false
    }
  }

  private func values(of log: KafkaEventLog) async throws -> [String] {
    var values: [String] = []
    var next: Int64 = 0
    while true {
      let page = try await log.read(TopicPartition("t", 0), from: next, limit: ReadLimit())
      guard let last = page.last else { return values }
      values += page.map { String(decoding: $0.value, as: UTF8.self) }
      next = last.position.offset + 1
    }
  }

  /// Polls until there are `count` records, and the last one is as it should be.
  private func poll(_ consumer: any LogConsumer, count: Int, last: String? = nil) async throws -> [LogRecord] {
    var records: [LogRecord] = []
    for _ in 0..<600 {
      records += try await consumer.poll(limit: ReadLimit(), timeout: .milliseconds(50)).records
      let isLast = last.map { Array($0.utf8) == records.last?.value } ?? true
      if records.count >= count, isLast { return records }
    }
    throw MockCluster.Refusal(description: "\(records.count) records after 30 s")
  }
}
