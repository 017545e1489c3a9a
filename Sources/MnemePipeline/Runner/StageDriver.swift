public import EventLog
public import Logging

/// Runs a stage by hand: one poll, and what it brought, at each step. For simulations and tests, where the order of
/// everything is decided by a seed; `StageRunner` is what runs in a deployment.
public struct StageDriver: Sendable {
  private let stage: any Stage
  private let log: any EventLog
  private let consumer: any LogConsumer
  private let environment: PipelineEnvironment
  private let logger: Logger

  /// Joins the stage's group.
  public init(
    stage: any Stage, log: any EventLog, instance: String?, environment: PipelineEnvironment, logger: Logger
  ) async throws {
    self.stage = stage
    self.log = log
    self.environment = environment
    self.logger = logger
    self.consumer = try await log.subscribe(group: stage.group, topics: [stage.topic], instance: instance)
  }

  /// Polls at most `maxRecordCount` records and takes them through the stage; returns how many there were.
  public func step(maxRecordCount: Int) async throws -> Int {
    let result = try await consumer.poll(limit: ReadLimit(maxRecordCount: maxRecordCount), timeout: .zero)
    for partition in result.assigned.union(result.revoked) { await stage.reset(partition.partition) }
    let batches = Dictionary(grouping: result.records, by: \.position.topicPartition)
    for (partition, records) in batches.sorted(by: { $0.key < $1.key }) {
      let lane = PartitionLane(
        stage: stage, log: log, consumer: consumer, partition: partition, environment: environment, logger: logger)
      switch try await lane.run(records) {
      case .committed: break
      case .continueFrom(let offset): await consumer.seek([partition: offset])
      }
    }
    return result.records.count
  }

  /// Leaves the group.
  public func close() async {
    await consumer.close()
  }
}
