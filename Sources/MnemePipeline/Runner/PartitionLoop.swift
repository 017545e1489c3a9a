import EventLog
import Logging
import MnemeCore

/// A member of a consumer group that serves each partition it has by itself, as long as it has it.
struct PartitionLoop: Sendable {
  let log: any EventLog
  let group: String
  let topic: String
  let instance: String?
  /// What one poll reads, at most, and how long it waits.
  let limit: ReadLimit
  let pollTimeout: Duration
  let environment: PipelineEnvironment
  let logger: Logger

  /// Polls until it is cancelled. Each partition that comes is served by `serve`, until its lane is closed; `take` is
  /// told what each poll brought, once the lanes of new partitions are there.
  func run(
    serve: @escaping @Sendable (TopicPartition, LaneBuffer, any LogConsumer) async throws -> Void,
    take: (PollResult, [TopicPartition: LaneBuffer], any LogConsumer) async -> Void
  ) async throws {
    let consumer = try await log.subscribe(group: group, topics: [topic], instance: instance)
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        var lanes: [TopicPartition: LaneBuffer] = [:]
        defer { for lane in lanes.values { lane.close() } }
        while !Task.isCancelled {
          let seeks = lanes.compactMapValues { $0.takeSeekTarget() }
          if !seeks.isEmpty { await consumer.seek(seeks) }
          let result = try await poll(consumer)
          for partition in result.revoked { lanes.removeValue(forKey: partition)?.close() }
          for partition in result.assigned {
            let lane = LaneBuffer()
            lanes[partition] = lane
            group.addTask { try await serve(partition, lane, consumer) }
          }
          await take(result, lanes, consumer)
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
        return try await consumer.poll(limit: limit, timeout: pollTimeout)
      } catch let error as EventLogError where error.isRetriable {
        logger.error("poll failed, trying again", metadata: ["group": "\(group)", "error": "\(error)"])
        try await environment.recover(after: attempt)
        attempt += 1
      }
    }
  }
}

extension PipelineEnvironment {
  /// Waits before what has failed `attempt` times is tried again.
  func recover(after attempt: Int) async throws {
    let delay = PartitionLane.recovery.delay(afterAttempt: attempt, retryAfter: nil, jitter: jitter())
    try await sleep(delay ?? PartitionLane.recovery.maxDelay)
  }
}
