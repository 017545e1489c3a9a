import EventLog
import MnemeCore
import MnemeProjection

/// How far an event is, in the platform's words.
enum EventStatus: String, Sendable, CaseIterable {
  case pending = "PENDING"
  case succeeded = "SUCCEEDED"
  case failed = "FAILED"

  /// The status of what ended so.
  init(_ outcome: InputOutcome) {
    switch outcome.outcome {
    case .stored, .nothing: self = .succeeded
    case .notFound, .parked: self = .failed
    }
  }

  /// Why it failed; nil where it did not.
  static func errorText(_ outcome: InputOutcome) -> String? {
    switch outcome.outcome {
    case .stored, .nothing: nil
    case .notFound: "not_found: the memory does not exist"
    case .parked: outcome.reason.map { "\($0.stage)/\($0.code): \($0.detail)" } ?? "parked"
    }
  }
}

extension QueryAPI {
  /// `GET /v1/event/{id}/`: how far a write is.
  func event(_ request: APIRequest) async throws -> APIResponse {
    let id = request.pathValues[0]
    try await self.awaitPosition(request)
    let entry = self.acceptedEntry(id, tenant: request.tenant)
    if let entry, entry.recordCount != 1 {
      // Its last record is not necessarily the last one processed.
      let isProcessed = try await self.wait(for: entry.position, timeout: .zero)
      if !isProcessed { return APIResponse(Self.pendingEvent(id, type: entry.type.rawValue, at: entry.at)) }
      if entry.recordCount == 0 { return APIResponse(Self.emptyEvent(id, type: entry.type.rawValue, at: entry.at)) }
    }
    let outcomes = try await self.reader.outcomes(ofEvent: id, tenant: request.tenant)
    if let last = outcomes.last { return APIResponse(Self.finishedEvent(last, parts: outcomes)) }
    if let entry { return APIResponse(Self.pendingEvent(id, type: entry.type.rawValue, at: entry.at)) }
    if let found = try await self.scanForEvent(id, tenant: request.tenant) {
      return APIResponse(Self.pendingEvent(id, type: found.type, at: found.at))
    }
    throw RequestFailure(.notFound, "Event not found or you don't have permission to access it.")
  }

  /// An event that was taken in, and has no outcome yet.
  static func pendingEvent(_ id: String, type: String, at: Timestamp) -> JSONValue {
    .object(eventObject(id, type: type, status: .pending, at: at))
  }

  /// An event that reached nothing, and so has no record.
  private static func emptyEvent(_ id: String, type: String, at: Timestamp) -> JSONValue {
    var object = eventObject(id, type: type, status: .succeeded, at: at)
    object["completed_at"] = object["created_at"]
    return .object(object)
  }

  /// An event whose records ended as `parts` tells, `last` the last one.
  static func finishedEvent(_ last: InputOutcome, parts: [InputOutcome]) -> JSONValue {
    let failures = parts.filter { EventStatus($0) == .failed }
    let status = failures.isEmpty ? EventStatus.succeeded : .failed
    var object = eventObject(last.input.id, type: last.input.type, status: status, at: last.input.receivedAt)
    let completedAt = parts.map(\.completedAt).max() ?? last.completedAt
    object["results"] = .array(parts.flatMap(\.effects).map(MemoryObject.effect))
    if let error = failures.first.flatMap(EventStatus.errorText) {
      object["error"] = .string(parts.count == 1 ? error : "\(failures.count) of \(parts.count) parts failed: \(error)")
    }
    object["updated_at"] = .string(completedAt.description)
    object["completed_at"] = .string(completedAt.description)
    object["latency"] = .int(max(0, completedAt.milliseconds - last.input.receivedAt.milliseconds))
    if let reason = failures.lazy.compactMap(\.reason).first {
      object["error_details"] = [
        "stage": .string(reason.stage), "code": .string(reason.code), "detail": .string(reason.detail),
        "attempts": .int(Int64(reason.attempts)),
      ]
    }
    return .object(object)
  }

  private static func eventObject(
    _ id: String, type: String, status: EventStatus, at: Timestamp
  ) -> [String: JSONValue] {
    let time = JSONValue.string(at.description)
    return [
      "id": .string(id), "event_type": .string(eventType(type)), "status": .string(status.rawValue), "payload": [:],
      "metadata": nil, "results": [], "created_at": time, "updated_at": time, "started_at": time,
      "completed_at": nil, "latency": nil, "graph_status": nil, "error": nil,
    ]
  }

  private static func eventType(_ type: String) -> String {
    switch EventType(rawValue: type) {
    case .memoryEditRequested: "UPDATE"
    case .memoryDeletionRequested, .memoriesDeletionRequested: "DELETE"
    case .memoryFeedbackGiven: "FEEDBACK"
    case .turnRecorded, nil: "ADD"
    case .factsExtracted, .turnParked, .memoriesResolved, .memoriesEmbedded, .recordParked, .deadLetterClosed,
      .generationCreated, .generationFilled, .generationPromoted, .generationRolledBack, .generationDropped,
      .generationExtractionChanged, .projectChanged, .webhookTriggered, .webhookAttempted:
      "ADD"
    }
  }

  /// Looks for an event that another process accepted, among the newest records of the log.
  private func scanForEvent(_ id: String, tenant: String) async throws -> (type: String, at: Timestamp)? {
    for (partition, bounds) in try await self.log.bounds(of: Topics.turns).enumerated() {
      var offset = max(bounds.earliest, bounds.end - Int64(self.configuration.maxScannedRecordCount))
      while offset < bounds.end {
        let records = try await self.log.read(
          TopicPartition(Topics.turns, partition), from: offset, limit: ReadLimit())
        guard let last = records.last else { break }
        if let found = records.first(where: { $0.header("ce_id") == id && self.isOf(tenant, $0) }) {
          let time = found.header("ce_time").flatMap { Timestamp($0) }
          return (found.header("ce_type") ?? "", time ?? Timestamp(milliseconds: found.appendedAtMilliseconds))
        }
        offset = last.position.offset + 1
      }
    }
    return nil
  }

  private func isOf(_ tenant: String, _ record: LogRecord) -> Bool {
    guard let owner = record.key.flatMap({ OwnerKey(String(decoding: $0, as: UTF8.self)) }) else { return false }
    return owner.tenant == tenant && self.reach.includes(owner.owner)
  }
}
