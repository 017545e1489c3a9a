import CRdkafka
import Dispatch

/// librdkafka's mock cluster: brokers in this process that fail as they are told to. They keep no transactions, no
/// static members and no topic settings, and make a topic that they are asked about.
///
/// Unchecked: both handles never change and may be used from any thread (rdkafka_mock.c takes a lock, or asks its own
/// thread); they are destroyed by the last work on `queue`, after which `run` calls nothing.
final class MockCluster: @unchecked Sendable {
  /// What a request is for: its number in Kafka's protocol.
  enum Request: Int16, CaseIterable {
    case produce = 0
    case fetch = 1
    case listOffsets = 2
    case offsetCommit = 8
    case offsetFetch = 9
    case findCoordinator = 10
    case joinGroup = 11
    case heartbeat = 12
    case leaveGroup = 13
    case syncGroup = 14
    case initProducerID = 22
    case addPartitionsToTransaction = 24
    case addOffsetsToTransaction = 25
    case endTransaction = 26
    case transactionOffsetCommit = 28
  }

  /// Whose coordinator it is.
  enum Coordination: String {
    case group
    case transaction
  }

  /// A call that the mock cluster refuses.
  struct Refusal: Error, CustomStringConvertible {
    let description: String
  }

  /// Brokers to begin with, for clients.
  let bootstrap: String
  let brokerCount: Int
  private let client: OpaquePointer
  private let cluster: OpaquePointer
  /// Calls wait for the cluster's thread.
  private let queue = DispatchQueue(label: "mneme-mock-cluster")
  /// Used on `queue` only.
  private var isClosed = false

  private init(brokerCount: Int) throws {
    var text = [CChar](repeating: 0, count: 256)
    let configuration = rd_kafka_conf_new()
    // Only what the cluster itself is for: it talks to nobody.
    rd_kafka_conf_set(configuration, "log_level", "0", nil, 0)
    guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, &text, text.count) else {
      rd_kafka_conf_destroy(configuration)
      throw Refusal(description: "no client for a mock cluster")
    }
    guard let cluster = rd_kafka_mock_cluster_new(client, Int32(brokerCount)),
      let bootstrap = rd_kafka_mock_cluster_bootstraps(cluster)
    else {
      rd_kafka_destroy(client)
      throw Refusal(description: "no mock cluster of \(brokerCount) brokers")
    }
    self.bootstrap = String(cString: bootstrap)
    self.brokerCount = brokerCount
    self.client = client
    self.cluster = cluster
  }

  /// Runs `body` with a cluster whose brokers have the numbers `1...brokerCount`, and closes it.
  static func with<Value>(brokerCount: Int = 3, _ body: (MockCluster) async throws -> Value) async throws -> Value {
    let cluster = try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(with: Result { try MockCluster(brokerCount: brokerCount) })
      }
    }
    do {
      let value = try await body(cluster)
      await cluster.close()
      return value
    } catch {
      await cluster.close()
      throw error
    }
  }

  /// Ends the cluster; its brokers are gone when this returns. Closing again does nothing.
  func close() async {
    await withCheckedContinuation { continuation in
      queue.async {
        if !self.isClosed {
          self.isClosed = true
          rd_kafka_mock_cluster_destroy(self.cluster)
          rd_kafka_destroy(self.client)
        }
        continuation.resume()
      }
    }
  }

  private func run(
    _ what: String, _ body: @escaping @Sendable (OpaquePointer) -> rd_kafka_resp_err_t
  ) async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      queue.async {
        let code = self.isClosed ? RD_KAFKA_RESP_ERR__DESTROY : body(self.cluster)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
          let refusal = Refusal(description: "\(what): \(String(cString: rd_kafka_err2str(code)))")
          return continuation.resume(throwing: refusal)
        }
        continuation.resume()
      }
    }
  }

  // MARK: Topics

  /// Makes a topic, kept by as many brokers as there are, three at most.
  func makeTopic(_ name: String, partitionCount: Int) async throws {
    let copies = Int32(min(brokerCount, 3))
    try await run("making topic \(name)") {
      rd_kafka_mock_topic_create($0, name, Int32(partitionCount), copies)
    }
  }

  /// Makes another broker the leader of a partition.
  func moveLeader(of topic: String, partition: Int, to broker: Int) async throws {
    try await run("moving a leader") {
      rd_kafka_mock_partition_set_leader($0, topic, Int32(partition), Int32(broker))
    }
  }

  /// Makes a broker the coordinator of a group or a transactional id.
  func moveCoordinator(of coordination: Coordination, _ name: String, to broker: Int) async throws {
    try await run("moving a coordinator") {
      rd_kafka_mock_coordinator_set($0, coordination.rawValue, name, Int32(broker))
    }
  }

  // MARK: Faults

  /// Answers the next requests of a kind with these errors, one each. `RD_KAFKA_RESP_ERR__TRANSPORT` closes the
  /// connection; `RD_KAFKA_RESP_ERR_NO_ERROR` lets one pass.
  func pushErrors(_ request: Request, _ errors: [rd_kafka_resp_err_t]) async throws {
    try await run("pushing errors") { cluster in
      rd_kafka_mock_push_request_errors_array(cluster, request.rawValue, errors.count, errors)
      return RD_KAFKA_RESP_ERR_NO_ERROR
    }
  }

  /// Forgets errors that no request has taken yet.
  func clearErrors() async throws {
    try await run("clearing errors") { cluster in
      for request in Request.allCases { rd_kafka_mock_clear_request_errors(cluster, request.rawValue) }
      return RD_KAFKA_RESP_ERR_NO_ERROR
    }
  }

  /// Closes all connections of a broker, or of every broker, and accepts none.
  func takeDown(broker: Int? = nil) async throws {
    try await run("taking brokers down") { rd_kafka_mock_broker_set_down($0, Int32(broker ?? -1)) }
  }

  /// Accepts connections again.
  func bringUp(broker: Int? = nil) async throws {
    try await run("bringing brokers up") { rd_kafka_mock_broker_set_up($0, Int32(broker ?? -1)) }
  }

  /// Holds every answer of every broker for so long.
  func setRoundTripTime(_ time: Duration) async throws {
    let milliseconds = Int32(clamping: time / .milliseconds(1) > 0 ? Int64(time / .milliseconds(1)) : 0)
    try await run("setting the round-trip time") { rd_kafka_mock_broker_set_rtt($0, -1, milliseconds) }
  }
}
