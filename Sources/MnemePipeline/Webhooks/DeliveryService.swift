public import EventLog
public import Logging
public import MnemeCore
public import ServiceLifecycle

/// Tells webhooks what they are to be told: calls each, and again where that fails, until it has taken the message or
/// is given up.
///
/// What was tried is written to `mneme.webhooks` beside the message, and the group's offset is the first message that
/// is not done with; so whoever takes the partition over goes on where the one before was. A call whose outcome was not
/// written any more is made again, with the same id.
public struct DeliveryService: Service {
  /// `mneme.deliver`.
  public static let group = Webhook.deliveryGroup
  /// Its name in the reasons of dead letters.
  public static let stage = "deliver"
  /// How long one poll waits for news of the assignment.
  static let pollTimeout: Duration = .milliseconds(500)

  private let log: any EventLog
  private let instance: String?
  private let deliverer: WebhookDeliverer

  /// A service that calls through `poster`. `instance` names this worker within the group; nil for one of the moment.
  public init(
    log: any EventLog, instance: String?, poster: any WebhookPoster, codec: EventRecordCodec,
    environment: PipelineEnvironment, retry: WebhookRetry = WebhookRetry(),
    bounds: WebhookBacklog.Bounds = WebhookBacklog.Bounds(), logger: Logger
  ) {
    self.log = log
    self.instance = instance
    self.deliverer = WebhookDeliverer(
      log: log, projects: ProjectLog(log: log, now: environment.now), poster: poster, codec: codec,
      environment: environment, retry: retry, bounds: bounds, logger: logger)
  }

  /// Works until it is cancelled or asked to shut down; calls under way are given up, and made again by whoever comes
  /// next.
  public func run() async throws {
    try await cancelWhenGracefulShutdown {
      do {
        try await self.work()
      } catch is CancellationError {
        // Asked to stop.
      }
    }
  }

  private func work() async throws {
    let consumer = try await log.subscribe(group: Self.group, topics: [Topics.webhooks], instance: instance)
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        var lanes: [TopicPartition: LaneBuffer] = [:]
        defer { for lane in lanes.values { lane.close() } }
        while !Task.isCancelled {
          let result = try await poll(consumer)
          for partition in result.revoked { lanes.removeValue(forKey: partition)?.close() }
          // The lanes read by themselves, as far as they have room: of the consumer they need what it may commit.
          if !result.assigned.isEmpty { await consumer.pause(result.assigned) }
          for partition in result.assigned {
            let lane = LaneBuffer()
            lanes[partition] = lane
            group.addTask { try await self.run(partition, lane, consumer) }
          }
        }
        group.cancelAll()
      }
    } catch {
      await consumer.close()
      throw error
    }
    await consumer.close()
  }

  private func poll(_ consumer: any LogConsumer) async throws -> PollResult {
    var attempt = 1
    while true {
      do {
        return try await consumer.poll(limit: ReadLimit(maxRecordCount: 1), timeout: Self.pollTimeout)
      } catch let error as EventLogError where error.isRetriable {
        deliverer.logger.error(
          "poll failed, trying again", metadata: ["group": "\(Self.group)", "error": "\(error)"])
        try await pause(after: attempt)
        attempt += 1
      }
    }
  }

  private func pause(after attempt: Int) async throws {
    let delay = PartitionLane.recovery.delay(
      afterAttempt: attempt, retryAfter: nil, jitter: deliverer.environment.jitter())
    try await deliverer.environment.sleep(delay ?? PartitionLane.recovery.maxDelay)
  }

  /// Serves one partition as long as this worker has it.
  private func run(_ partition: TopicPartition, _ lane: LaneBuffer, _ consumer: any LogConsumer) async throws {
    var attempt = 1
    while true {
      do {
        return try await lane.whileOpen { try await deliverer.run(partition, consumer) }
      } catch is CancellationError {
        try Task.checkCancellation()
        return
      } catch let error as EventLogError where error.isRetriable || error.code == .fenced {
        deliverer.logger.warning(
          "webhooks of a partition wait, trying again",
          metadata: ["partition": "\(partition)", "error": "\(error)"])
        try await pause(after: attempt)
        attempt += 1
      }
    }
  }
}
