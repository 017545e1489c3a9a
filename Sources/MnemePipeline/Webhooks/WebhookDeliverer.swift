import EventLog
import Logging
import MnemeCore
import Synchronization

/// Serves the messages of one partition: the shell around `WebhookBacklog` and `WebhookRetry`.
struct WebhookDeliverer: Sendable {
  let log: any EventLog
  let projects: ProjectLog
  let poster: any WebhookPoster
  let codec: EventRecordCodec
  let environment: PipelineEnvironment
  let retry: WebhookRetry
  let bounds: WebhookBacklog.Bounds
  let logger: Logger

  /// How long nothing is looked at, at most, where nothing happens.
  static let maxIdle: Duration = .seconds(1)
  /// Messages that stay in memory for their first attempt; others are read again from the log.
  static let maxHeldCount = 1000

  /// What an attempt came to.
  struct Ended: Sendable {
    var attempt: WebhookBacklog.Attempt
    var retryAt: Timestamp?
    /// What is written of it: the outcome, and the dead letter where it was given up.
    var records: [NewRecord]
  }

  /// Works until it is cancelled.
  /// - Throws: `EventLogError`, `CancellationError`.
  func run(_ partition: TopicPartition, _ consumer: any LogConsumer) async throws {
    let committed = try await log.committedOffsets(of: DeliveryService.group)[partition] ?? 0
    let earliest = try await log.bounds(of: partition.topic)[partition.partition].earliest
    var backlog = WebhookBacklog(from: max(committed, earliest), bounds: bounds)
    var held: [Int64: LogRecord] = [:]
    // What was told before, and of which the log says so further on, is not told again; where more waits than there is
    // room for, some may be, with the same id.
    while backlog.hasRoom, try await read(partition, into: &backlog, &held) {}
    let outbox = Outbox()
    try await withThrowingTaskGroup(of: Bool.self) { group in
      var isWaiting = false
      while true {
        try Task.checkCancellation()
        if backlog.hasRoom { _ = try await read(partition, into: &backlog, &held) }
        try await commit(outbox.takeAll(), &backlog, partition, consumer)
        let due = backlog.takeDue(now: environment.now())
        if !due.isEmpty {
          let catalog = try await projects.refresh()
          for attempt in due {
            let record = held.removeValue(forKey: attempt.offset)
            group.addTask {
              let result = try await self.make(attempt, record, in: partition, catalog)
              outbox.add(result)
              return false
            }
          }
        }
        if !isWaiting {
          isWaiting = true
          let (hasRoom, next, pause) = (backlog.hasRoom, backlog.readNext, self.pause(backlog.nextDue))
          group.addTask {
            if hasRoom {
              try await log.waitForRecords(partition, from: next, timeout: pause)
            } else {
              try await environment.sleep(pause)
            }
            return true
          }
        }
        if try await group.next() == true { isWaiting = false }
      }
    }
  }

  /// What attempts came to and nobody has written yet, so that those that end together are written together.
  private final class Outbox: Sendable {
    private let ended = Mutex([Ended]())

    func add(_ result: Ended) { ended.withLock { $0.append(result) } }

    func takeAll() -> [Ended] {
      ended.withLock { ended in
        defer { ended = [] }
        return ended
      }
    }
  }

  private func pause(_ due: Timestamp?) -> Duration {
    guard let due else { return Self.maxIdle }
    return min(Self.maxIdle, max(.milliseconds(1), .milliseconds(due.milliseconds - environment.now().milliseconds)))
  }

  /// Reads what comes next. Returns whether there was anything.
  private func read(
    _ partition: TopicPartition, into backlog: inout WebhookBacklog, _ held: inout [Int64: LogRecord]
  ) async throws -> Bool {
    let records = try await log.read(partition, from: backlog.readNext, limit: ReadLimit())
    for record in records {
      let offset = record.position.offset
      if record.header("ce_type") == EventType.webhookTriggered.rawValue,
        let webhookID = record.header(EventAttribute.header(EventAttribute.webhook))
      {
        backlog.add(offset, for: webhookID, due: Timestamp(milliseconds: 0))
        if held.count < Self.maxHeldCount { held[offset] = record }
        continue
      }
      if record.header("ce_type") == EventType.webhookAttempted.rawValue, let event = try? codec.decode(record),
        let attempted = try? EventBodyCoding.decode(WebhookAttempted.self, from: event.data)
      {
        backlog.note(attempted)
        held[attempted.offset] = nil
      }
      backlog.didRead(offset)
    }
    return !records.isEmpty
  }

  /// Writes what attempts came to, and up to where all is done.
  private func commit(
    _ ended: [Ended], _ backlog: inout WebhookBacklog, _ partition: TopicPartition, _ consumer: any LogConsumer
  ) async throws {
    guard !ended.isEmpty else { return }
    for result in ended { backlog.end(result.attempt, retryAt: result.retryAt) }
    try await consumer.commit(appending: ended.flatMap(\.records), offsets: [partition: backlog.next])
  }

  // MARK: One attempt

  private func make(
    _ attempt: WebhookBacklog.Attempt, _ held: LogRecord?, in partition: TopicPartition, _ catalog: ProjectCatalog
  ) async throws -> Ended {
    guard let record = try await message(attempt.offset, held, in: partition),
      let event = try? codec.decode(record),
      let body = try? EventBodyCoding.decode(WebhookTriggered.self, from: event.data)
    else {
      // Retention was quicker, or the bytes are none of ours: nobody can be told.
      return Ended(attempt: attempt, retryAt: nil, records: [])
    }
    let key = ProjectKey(realm: event.owner.tenant)
    guard let webhook = catalog[key].webhooks.first(where: { $0.id == attempt.webhookID }), webhook.isActive else {
      let number = attempt.number - 1
      return try end(attempt, event, .cancelled, number: number, record: record)
    }
    let answer = try await call(webhook, event, body)
    let verdict = retry.verdict(
      answer, attempt: attempt.number, madeAt: event.time, now: environment.now(), jitter: environment.jitter())
    switch verdict {
    case .delivered: return try end(attempt, event, .delivered, answer, record: record)
    case .retry(let at): return try end(attempt, event, .retrying, answer, nextAt: at, record: record)
    case .giveUp: return try end(attempt, event, .failed, answer, record: record)
    case .switchOff:
      do {
        try await projects.append(ProjectEvent(key, .webhookSwitchedOff(id: webhook.id)))
      } catch is ProjectError {
        // It was deleted at the same moment.
      }
      logger.notice("a webhook says that it is gone, and is switched off", metadata: ["webhook": "\(webhook.id)"])
      return try end(attempt, event, .failed, answer, record: record)
    }
  }

  /// The record of a message; nil where it is gone.
  private func message(_ offset: Int64, _ held: LogRecord?, in partition: TopicPartition) async throws -> LogRecord? {
    if let held { return held }
    do {
      let record = try await log.read(partition, from: offset, limit: ReadLimit(maxRecordCount: 1)).first
      return record?.position.offset == offset ? record : nil
    } catch let error as EventLogError where error.code == .offsetOutOfRange {
      return nil
    }
  }

  private func call(_ webhook: Webhook, _ event: CloudEvent, _ body: WebhookTriggered) async throws
    -> WebhookRetry.Answer
  {
    let bytes = EventBodyCoding.encode(body.payload)
    let seconds = environment.now().milliseconds / 1000
    guard
      let signature = WebhookSignature.sign(id: event.id, timestamp: seconds, body: bytes, secret: webhook.secret)
    else { return .failure(code: "malformed_secret", isRetriable: false) }
    return try await poster.post(
      bytes,
      headers: [
        ("Content-Type", "application/json"), (WebhookSignature.idHeader, event.id),
        (WebhookSignature.timestampHeader, String(seconds)), (WebhookSignature.signatureHeader, signature),
      ], to: webhook.url)
  }

  private func end(
    _ attempt: WebhookBacklog.Attempt, _ message: CloudEvent, _ result: WebhookAttempted.Result,
    _ answer: WebhookRetry.Answer? = nil, number: Int? = nil, nextAt: Timestamp? = nil, record: LogRecord
  ) throws -> Ended {
    let number = number ?? attempt.number
    let body = WebhookAttempted(
      messageID: message.id, offset: attempt.offset, webhookID: attempt.webhookID, attempt: number, result: result,
      status: answer?.status, error: result == .delivered ? nil : answer?.errorCode, nextAt: nextAt)
    let event = CloudEvent(
      id: Derivation.uuid(
        "webhook-attempted", message.id, String(attempt.offset), String(number), result.rawValue
      ).text,
      type: EventType.webhookAttempted.rawValue, source: "/mneme/deliver", time: environment.now(),
      owner: message.owner, data: EventBodyCoding.encode(body),
      extensions: [EventAttribute.webhook: attempt.webhookID])
    var records = [
      try codec.encode(
        event, topic: Topics.webhooks, partition: record.position.topicPartition.partition)
    ]
    if result == .failed {
      let code = answer?.errorCode ?? "failed"
      let reason = ParkingReason(
        stage: DeliveryService.stage, code: code,
        detail: "webhook \(attempt.webhookID) did not take it"
          + (answer?.status.map { ": it answered \($0)" } ?? ": \(code)") + "; mend that, and redrive it",
        attempts: number)
      records.append(DeadLetter(record, reason: reason, at: environment.now()).record)
    }
    return Ended(attempt: attempt, retryAt: nextAt, records: records)
  }
}
