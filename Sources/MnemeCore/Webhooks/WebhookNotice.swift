/// Something that a webhook is told: what happened, and the words for it. Pure.
public struct WebhookNotice: Hashable, Sendable {
  /// What happened.
  public var event: Webhook.Event
  /// What the call's body says under `event_details`, as mem0 has it.
  public var details: JSONValue

  /// A notice with all its parts.
  public init(_ event: Webhook.Event, _ details: JSONValue) {
    self.event = event
    self.details = details
  }

  /// The call's body.
  public var payload: JSONValue { ["event_details": details] }

  /// What follows from an outcome, in order: each change of a memory, and how the turn ended. A memory that is said
  /// again does not change; of commands no job ends.
  public static func all(of resolved: MemoriesResolved) -> [WebhookNotice] {
    let added = Dictionary(
      resolved.events.compactMap { event -> (String, String)? in
        guard case .added(let memory) = event else { return nil }
        return (memory.id.text, memory.text)
      }, uniquingKeysWith: { first, _ in first })
    return resolved.events.flatMap { notices(of: $0, added: added) } + job(resolved)
  }

  private static func notices(of event: MemoryEvent, added: [String: String]) -> [WebhookNotice] {
    let id = JSONValue.string(event.memoryID.text)
    switch event {
    case .added(let memory):
      return [
        WebhookNotice(.memoryAdd, ["id": id, "event": "ADD", "data": ["memory": .string(memory.text)]]),
        WebhookNotice(
          .memoryCategorize,
          ["event": "CATEGORIZE", "memory_id": id, "categories": [.string(memory.category)]]),
      ]
    // What somebody thinks of it is no change of what it says.
    case .reinforced, .rated: return []
    case .revised(_, let revision):
      var data: [String: JSONValue] = [:]
      if let text = revision.text { data["memory"] = .string(text) }
      if let metadata = revision.metadata { data["metadata"] = .object(metadata) }
      return [WebhookNotice(.memoryUpdate, ["id": id, "event": "UPDATE", "data": .object(data)])]
    case .superseded(_, let by, _, _):
      var data: [String: JSONValue] = ["replaced_by": .string(by.text)]
      if let text = added[by.text] { data["memory"] = .string(text) }
      return [WebhookNotice(.memoryUpdate, ["id": id, "event": "UPDATE", "data": .object(data)])]
    case .retracted: return [WebhookNotice(.memoryDelete, ["id": id, "event": "DELETE", "data": [:]])]
    }
  }

  private static func job(_ resolved: MemoriesResolved) -> [WebhookNotice] {
    guard resolved.input.type == EventType.turnRecorded.rawValue else { return [] }
    let id = JSONValue.string(resolved.input.id)
    switch resolved.outcome {
    case .stored, .nothing, .notFound:
      var ids: [JSONValue] = []
      for event in resolved.events where !ids.contains(.string(event.memoryID.text)) {
        ids.append(.string(event.memoryID.text))
      }
      return [
        WebhookNotice(
          .ingestJobCompleted, ["id": id, "event": "INGEST_JOB_COMPLETED", "data": ["memory_ids": .array(ids)]])
      ]
    case .parked:
      let code = resolved.reason.map { JSONValue.string($0.code) } ?? .null
      return [WebhookNotice(.ingestJobFailed, ["id": id, "event": "INGEST_JOB_FAILED", "data": ["error": code]])]
    }
  }
}
