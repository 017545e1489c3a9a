public import EventLog
public import Logging
import MnemeCore
public import ServiceLifecycle

/// Runs a stage: one consumer, and for each partition that it is given a lane of its own, so that a slow owner holds up
/// its own partition only. Every buffer is bounded: a lane that is full pauses its partition at the log.
public struct StageRunner: Service {
  /// How much waits in memory.
  public struct Bounds: Sendable {
    /// Records that wait in one lane before its partition is paused.
    public var maxWaitingRecordCount: Int
    /// How long one poll waits for records.
    public var pollTimeout: Duration

    /// How many records per second are taken up at most, over all partitions; nil for no bound.
    public var rate: RateLimit?

    /// Bounds with all their parts.
    public init(
      maxWaitingRecordCount: Int = 1000, pollTimeout: Duration = .milliseconds(500), rate: RateLimit? = nil
    ) {
      self.maxWaitingRecordCount = maxWaitingRecordCount
      self.pollTimeout = pollTimeout
      self.rate = rate
    }
  }

  private let stage: any Stage
  private let log: any EventLog
  private let instance: String?
  private let environment: PipelineEnvironment
  private let bounds: Bounds
  private let logger: Logger

  /// A runner of `stage`; `instance` names this worker within the stage's group; nil for none but that of
  /// this moment.
  public init(
    stage: any Stage, log: any EventLog, instance: String?, environment: PipelineEnvironment, bounds: Bounds = Bounds(),
    logger: Logger
  ) {
    self.stage = stage
    self.log = log
    self.instance = instance
    self.environment = environment
    self.bounds = bounds
    self.logger = logger
  }

  /// Works until it is cancelled or asked to shut down; batches under way are finished or given up whole.
  public func run() async throws {
    try await cancelWhenGracefulShutdown {
      do {
        try await self.work()
      } catch is CancellationError {
        // Asked to stop: what was not committed is done again by whoever comes next.
      }
    }
  }

  private func work() async throws {
    let loop = PartitionLoop(
      log: log, group: stage.group, topic: stage.topic, instance: instance, limit: ReadLimit(),
      pollTimeout: bounds.pollTimeout, environment: environment, logger: logger)
    try await loop.run {
      try await self.run($0, $1, $2)
    } take: {
      await self.deliver($0.records, to: $1, $2)
    }
  }

  private func deliver(
    _ records: [LogRecord], to lanes: [TopicPartition: LaneBuffer], _ consumer: any LogConsumer
  ) async {
    var full: Set<TopicPartition> = []
    for (partition, records) in Dictionary(grouping: records, by: \.position.topicPartition) {
      guard let lane = lanes[partition] else { continue }
      if lane.append(records) >= bounds.maxWaitingRecordCount { full.insert(partition) }
    }
    guard !full.isEmpty else { return }
    await consumer.pause(full)
    for partition in full {
      lanes[partition]?.markPaused()
      // The lane may have emptied its buffer before it was marked, and would wait for ever.
      if lanes[partition]?.takeResumption() == true { await consumer.resume([partition]) }
    }
  }

  private func run(_ partition: TopicPartition, _ buffer: LaneBuffer, _ consumer: any LogConsumer) async throws {
    let lane = PartitionLane(
      stage: stage, log: log, consumer: consumer, partition: partition, environment: environment, logger: logger,
      buffer: buffer)
    await stage.reset(partition.partition)
    var failureCount = 0
    while let records = await buffer.next(maxCount: stage.maxBatchRecordCount) {
      try await bounds.rate?.take(records.count)
      guard let outcome = try await outcome(of: records, lane) else { break }
      switch outcome {
      case .committed: failureCount = 0
      case .continueFrom(let offset):
        buffer.requestSeek(to: offset)
        failureCount += 1
        try await lane.pause(after: failureCount)
      }
      if buffer.takeResumption() { await consumer.resume([partition]) }
    }
    await stage.reset(partition.partition)
  }

  /// How the batch ended; nil where the partition went to another worker meanwhile.
  private func outcome(of records: [LogRecord], _ lane: PartitionLane) async throws -> PartitionLane.Outcome? {
    do {
      return try await lane.run(records)
    } catch is CancellationError where !Task.isCancelled {
      return nil
    }
  }
}
