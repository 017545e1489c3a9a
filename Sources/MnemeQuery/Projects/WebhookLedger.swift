import EventLog
import MnemeCore

/// A message to a webhook, and what became of it so far.
struct WebhookDelivery: Sendable {
  let messageID: String
  let event: String
  let createdAt: Timestamp
  var updatedAt: Timestamp
  /// nil where it was not tried yet.
  var last: WebhookAttempted?

  /// As the API tells it.
  var object: JSONValue {
    [
      "id": .string(messageID), "event_type": .string(event), "status": .string(last?.result.rawValue ?? "pending"),
      "attempts": .int(Int64(last?.attempt ?? 0)), "response_status": last?.status.map { .int(Int64($0)) } ?? .null,
      "error": last?.error.map(JSONValue.string) ?? .null, "created_at": .string(createdAt.description),
      "updated_at": .string(updatedAt.description),
      "next_attempt_at": last?.nextAt.map { .string($0.description) } ?? .null,
    ]
  }
}

/// What became of what webhooks were to be told, as `mneme.webhooks` says: whichever process calls them.
actor WebhookLedger {
  /// Records of a webhook's partition that are looked through for its messages, the newest ones.
  static let maxScannedRecordCount: Int64 = 2000
  /// Messages of one webhook that are listed.
  static let maxListedCount = 100
  /// Records that one refresh reads, over all partitions; the next one goes on from there.
  static let maxRefreshedRecordCount = 50_000

  /// Counts, from the first message on that was pending when this process looked first.
  struct Figures: Sendable {
    var attempts: [WebhookAttempted.Result: Int] = Dictionary(
      uniqueKeysWithValues: WebhookAttempted.Result.allCases.map { ($0, 0) })
    var pendingCount = 0
  }

  private let log: any EventLog
  private let codec: EventRecordCodec
  private var figures = Figures()
  private var next: [Int: Int64] = [:]
  /// Where it began: of messages before it nothing is counted.
  private var start: [Int: Int64] = [:]

  init(log: any EventLog, codec: EventRecordCodec) {
    self.log = log
    self.codec = codec
  }

  /// The counts with what was written since the last time.
  /// - Throws: `EventLogError`.
  func refresh() async throws -> Figures {
    let committed = try await self.log.committedOffsets(of: Webhook.deliveryGroup)
    var rest = Self.maxRefreshedRecordCount
    for (partition, bounds) in try await self.log.bounds(of: Topics.webhooks).enumerated() {
      let source = TopicPartition(Topics.webhooks, partition)
      if self.next[partition] == nil {
        self.start[partition] = max(bounds.earliest, committed[source] ?? 0)
        self.next[partition] = self.start[partition]
      }
      while rest > 0 {
        let from = max(self.next[partition] ?? 0, bounds.earliest)
        let records = try await self.log.read(source, from: from, limit: ReadLimit(maxRecordCount: min(500, rest)))
        // Another call may have counted some of them while this one was reading.
        for record in records where record.position.offset >= self.next[partition] ?? 0 {
          self.count(record, partition)
          self.next[partition] = record.position.offset + 1
        }
        guard !records.isEmpty else { break }
        rest -= records.count
      }
    }
    return self.figures
  }

  private func count(_ record: LogRecord, _ partition: Int) {
    switch record.header("ce_type") {
    case EventType.webhookTriggered.rawValue: self.figures.pendingCount += 1
    case EventType.webhookAttempted.rawValue:
      guard let (attempted, _) = self.attempted(record) else { return }
      self.figures.attempts[attempted.result, default: 0] += 1
      if attempted.result.isFinal, attempted.offset >= self.start[partition] ?? 0 { self.figures.pendingCount -= 1 }
    default: break
    }
  }

  /// The latest messages to the webhook `id`, the newest first.
  /// - Throws: `EventLogError`.
  func deliveries(of id: String) async throws -> [WebhookDelivery] {
    let ends = try await self.log.bounds(of: Topics.webhooks)
    guard !ends.isEmpty else { return [] }
    let partition = Webhook.partition(of: id, count: ends.count)
    let bounds = ends[partition]
    var deliveries: [WebhookDelivery] = []
    var index: [String: Int] = [:]
    var offset = max(bounds.earliest, bounds.end - Self.maxScannedRecordCount)
    while offset < bounds.end {
      let records = try await self.log.read(
        TopicPartition(Topics.webhooks, partition), from: offset, limit: ReadLimit())
      guard let last = records.last else { break }
      for record in records where record.header(EventAttribute.header(EventAttribute.webhook)) == id {
        self.fold(record, into: &deliveries, &index)
      }
      offset = last.position.offset + 1
    }
    return deliveries.suffix(Self.maxListedCount).reversed()
  }

  private func fold(_ record: LogRecord, into deliveries: inout [WebhookDelivery], _ index: inout [String: Int]) {
    switch record.header("ce_type") {
    case EventType.webhookTriggered.rawValue:
      guard let event = try? self.codec.decode(record),
        let body = try? EventBodyCoding.decode(WebhookTriggered.self, from: event.data)
      else { return }
      // One that was put back from dead letters goes on with what it was before.
      guard index[event.id] == nil else { return }
      index[event.id] = deliveries.count
      deliveries.append(
        WebhookDelivery(messageID: event.id, event: body.event.rawValue, createdAt: event.time, updatedAt: event.time))
    case EventType.webhookAttempted.rawValue:
      guard let (attempted, at) = self.attempted(record), let found = index[attempted.messageID] else { return }
      deliveries[found].last = attempted
      deliveries[found].updatedAt = at
    default: break
    }
  }

  private func attempted(_ record: LogRecord) -> (WebhookAttempted, Timestamp)? {
    guard let event = try? self.codec.decode(record),
      let body = try? EventBodyCoding.decode(WebhookAttempted.self, from: event.data)
    else { return nil }
    return (body, event.time)
  }
}
