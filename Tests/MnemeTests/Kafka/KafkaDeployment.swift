import EventLog
import Foundation
import KafkaEventLog
import Logging
import MnemeCore
import MnemeTesting
import SQLiteEventLog
import Testing

/// A deployment on the brokers under test: its names, its folder, and a log of the test's own beside its processes.
struct KafkaDeployment {
  let folder: TemporaryFolder
  let log: any EventLog
  /// Brokers to begin with.
  let bootstrap: String
  /// What the names of its topics begin with.
  let prefix: String
  /// What every process of it is started with.
  let arguments: [String]

  /// Long enough for a machine that runs every other test at the same time.
  private static let maxIdleWait: Duration = .seconds(180)

  /// On `cluster`, or else on the one that all tests share.
  static func open(usesTransactions: Bool = true, on cluster: KafkaTestCluster? = nil) async throws -> KafkaDeployment {
    let cluster = if let cluster { cluster } else { try await KafkaTestCluster.shared() }
    let prefix = "chaos-\(UInt64.random(in: 0 ... .max))."
    var arguments = ["--log", "kafka://\(cluster.bootstrap)", "--kafka-prefix", prefix, "--replication-factor", "1"]
    arguments += ["--kafka-transactions", usesTransactions ? "on" : "off"]
    for (name, value) in cluster.settings { arguments += ["--kafka", "\(name)=\(value)"] }
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let log = try KafkaEventLog(
      options: KafkaEventLog.Options(
        bootstrapServers: cluster.bootstrap, settings: cluster.settings, prefix: prefix, replicationFactor: 1),
      logger: logger)
    let deployment = KafkaDeployment(
      folder: TemporaryFolder(), log: log, bootstrap: cluster.bootstrap, prefix: prefix, arguments: arguments)
    let applied = try await deployment.run(["topics", "apply", "--json"])
    #expect(applied.status == 0, "\(applied.errors)")
    return deployment
  }

  func close() async {
    await log.close()
    folder.remove()
  }

  func run(_ command: [String]) async throws -> MnemeProcess.Result {
    try await MnemeProcess.run(command + arguments)
  }

  /// A worker with a name, in a folder of its own. It tells when it joins a group.
  func worker(_ name: String, folder suffix: String = "") -> FleetMember {
    FleetMember(
      "work", directory: "\(folder.path)/\(name)\(suffix)",
      arguments: arguments + ["--instance", name, "--log-level", "info"])
  }

  /// Groups that a worker is in, one of each stage.
  static let workerGroupCount = 3

  func projector(_ name: String) -> FleetMember {
    FleetMember("project", directory: "\(folder.path)/\(name)", arguments: arguments)
  }

  /// Waits until a projection has the outcome of every turn.
  func waitUntilIdle(_ directory: String) async throws {
    let deadline = ContinuousClock.now + Self.maxIdleWait
    var report: JSONValue = .null
    while ContinuousClock.now < deadline {
      report = try await run(["lag", "--json", "--data-dir", directory]).json()
      if report["total"] == 0 { return }
      try await Task.sleep(for: .milliseconds(200))
    }
    throw Server.Failure(description: "the lag does not come to 0 within \(Self.maxIdleWait): \(report)")
  }

  /// What a projection says.
  func content(_ directory: String) async throws -> JSONValue {
    try await run(["verify", "--json", "--data-dir", directory]).content()
  }

  /// Every record of a topic, by partition.
  func records(_ topic: String) async throws -> [[LogRecord]] {
    var partitions: [[LogRecord]] = []
    for bounds in try await log.bounds(of: topic).enumerated() {
      let partition = TopicPartition(topic, bounds.offset)
      var records: [LogRecord] = []
      var next = bounds.element.earliest
      while true {
        let page = try await log.read(partition, from: next, limit: ReadLimit())
        guard let last = page.last else { break }
        records += page
        next = last.position.offset + 1
      }
      partitions.append(records)
    }
    return partitions
  }

  /// What an undisturbed `mneme up` on the embedded log makes of the same turns.
  static func undisturbedContent(of turns: ChaosTurns) async throws -> JSONValue {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let directory = folder.path + "/calm"
    let server = try await Server.start(directory)
    let log = try await SQLiteEventLog.open(path: directory + "/log.sqlite")
    _ = try await log.append(turns.records)
    await log.close()
    try await server.waitUntilIdle()
    #expect(await server.stop() == 0)
    return try await MnemeProcess.run(["verify", "--json", "--data-dir", directory]).content()
  }
}
