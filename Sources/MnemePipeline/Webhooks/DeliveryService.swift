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
    let loop = PartitionLoop(
      log: log, group: Self.group, topic: Topics.webhooks, instance: instance, limit: ReadLimit(maxRecordCount: 1),
      pollTimeout: Self.pollTimeout, environment: deliverer.environment, logger: deliverer.logger)
    // The lanes read by themselves, as far as they have room: of the consumer they need what it may commit.
    try await loop.run {
      try await self.run($0, $1, $2)
    } take: { result, _, consumer in
      if !result.assigned.isEmpty { await consumer.pause(result.assigned) }
    }
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
        try await deliverer.environment.recover(after: attempt)
        attempt += 1
      }
    }
  }
}
