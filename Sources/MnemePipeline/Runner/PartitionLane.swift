import EventLog
import Logging
import MnemeCore

/// Takes one batch of one partition through a stage: process, commit, and recovery where either fails.
struct PartitionLane: Sendable {
  let stage: any Stage
  let log: any EventLog
  let consumer: any LogConsumer
  let partition: TopicPartition
  let environment: PipelineEnvironment
  let logger: Logger
  /// Where its records wait; nil where they are handed over by hand.
  var buffer: LaneBuffer?

  /// Pauses between attempts on what may pass: there is no last attempt, as nothing may be skipped.
  static let recovery = RetryPolicy(maxAttemptCount: .max, initialDelay: .milliseconds(100), maxDelay: .seconds(10))

  enum Outcome: Equatable {
    /// The batch is in the log.
    case committed
    /// It may be in the log or not, or the partition may be another worker's: read on from this offset, where the
    /// group stands.
    case continueFrom(Int64)
  }

  /// - Throws: `CancellationError` only, and errors that no retry can mend.
  func run(_ records: [LogRecord]) async throws -> Outcome {
    guard let last = records.last else { return .committed }
    let output = try await process(records)
    do {
      return try await commit(output, through: last)
    } catch let error as EventLogError where error.code == .recordTooLarge {
      await stage.reset(partition.partition)
      return try await records.count > 1 ? runEach(records) : park(last, error)
    } catch {
      return try await giveUp(error)
    }
  }

  private func commit(_ output: [NewRecord], through last: LogRecord) async throws -> Outcome {
    try await consumer.commit(appending: output, offsets: [partition: last.position.offset + 1])
    await stage.didCommit(partition.partition)
    return .committed
  }

  private func giveUp(_ error: any Error) async throws -> Outcome {
    await stage.reset(partition.partition)
    logger.warning("commit failed, reading on from the committed offset", metadata: metadata(error))
    return try await .continueFrom(committedOffset())
  }

  /// One of them has an output that the log does not take: each by itself.
  private func runEach(_ records: [LogRecord]) async throws -> Outcome {
    for record in records {
      let outcome = try await run([record])
      guard outcome == .committed else { return outcome }
    }
    return .committed
  }

  private func park(_ record: LogRecord, _ error: EventLogError) async throws -> Outcome {
    logger.error("the output is too large, the record is parked", metadata: metadata(error))
    let reason = ParkingReason(
      stage: stage.name, code: error.code.rawValue, detail: error.description, attempts: 1)
    do {
      let output = try await stage.park(record, of: partition.partition, for: reason)
      return try await commit(output, through: record)
    } catch {
      return try await giveUp(error)
    }
  }

  private func process(_ records: [LogRecord]) async throws -> [NewRecord] {
    var attempt = 1
    while true {
      do {
        guard let buffer else { return try await stage.process(records, of: partition.partition) }
        return try await buffer.whileOpen { [stage, partition] in
          try await stage.process(records, of: partition.partition)
        }
      } catch {
        await stage.reset(partition.partition)
        try Task.checkCancellation()
        if error is CancellationError { throw error }
        logger.error("stage failed, trying again", metadata: metadata(error))
        try await pause(after: attempt)
        attempt += 1
      }
    }
  }

  private func committedOffset() async throws -> Int64 {
    var attempt = 1
    while true {
      do {
        if let offset = try await log.committedOffsets(of: stage.group)[partition] { return offset }
        return try await log.bounds(of: partition.topic)[partition.partition].earliest
      } catch {
        try Task.checkCancellation()
        if let error = error as? EventLogError, error.code == .closed { throw error }
        logger.error("committed offsets cannot be read, trying again", metadata: metadata(error))
        try await pause(after: attempt)
        attempt += 1
      }
    }
  }

  /// Waits longer after each failure in a row.
  func pause(after attempt: Int) async throws {
    try await environment.recover(after: attempt)
  }

  private func metadata(_ error: any Error) -> Logger.Metadata {
    ["group": "\(stage.group)", "partition": "\(partition)", "error": "\(error)"]
  }
}
