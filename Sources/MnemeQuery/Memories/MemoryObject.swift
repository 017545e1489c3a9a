import FoundationEssentials
import MnemeCore
import MnemeProjection

/// JSON shapes of memories and of what happens to them: the platform's members, and ours beside them.
enum MemoryObject {
  /// A memory, as it stands at `now`.
  static func object(_ view: MemoryView, now: Timestamp) -> JSONMembers {
    let memory = view.memory
    let replacedBy = text(memory.supersededBy?.text)
    var object = JSONMembers(minimumCapacity: memberCount)
    addIDs(memory.scope, to: &object)
    object.add("id", .string(memory.id.text))
    object.add("memory", .string(memory.text))
    object.add("metadata", .value(.object(memory.metadata ?? [:])))
    object.add("categories", .array([.string(memory.category)]))
    object.add("structured_attributes", attributes(memory))
    object.add("replaced_by", replacedBy)
    object.add("superseded_by", replacedBy)
    object.add("synthesized", .bool(false))
    object.add("expiration_date", memory.expiresAt.map { .string(dateText($0)) } ?? .null)
    object.add("created_at", .string(memory.recordedAt.description))
    object.add("updated_at", .string(memory.updatedAt.description))
    object.add("lifecycle_state", .string(lifecycleState(memory, now: now)))
    object.add("valid_from", .string(memory.validFrom.at.description))
    object.add("valid_to", text(memory.validTo?.at.description))
    object.add("actor", .string(memory.actor))
    object.add("confidence", .double(memory.confidence))
    object.add("reinforcement_count", .int(Int64(view.reinforcementCount)))
    object.add("edited", .bool(memory.isEdited))
    object.add("feedback", text(memory.feedback?.rating.rawValue))
    object.add("feedback_reason", text(memory.feedback?.reason))
    object.add("recipe", .string(memory.recipe))
    object.add("sources", .array(memory.sources.map(source)))
    return object
  }

  /// The ids of a scope. The platform calls a run `session_id` in some answers and `run_id` in others.
  private static func addIDs(_ scope: Scope, to object: inout JSONMembers) {
    object.add("user_id", text(scope.userID))
    object.add("agent_id", text(scope.agentID))
    object.add("app_id", text(scope.appID))
    object.add("run_id", text(scope.runID))
    object.add("session_id", text(scope.runID))
  }

  /// Room for all members of a memory and those that answers add, so that no array grows while it is filled.
  private static let memberCount = 32

  private static func attributes(_ memory: Memory) -> JSONOutput {
    guard let attribute = memory.attribute else { return .null }
    return .object([
      "subject": .string(memory.subject), "attribute": .string(attribute), "value": text(memory.value),
      "polarity": .string(memory.polarity.rawValue),
    ])
  }

  private static func source(_ source: Source) -> JSONOutput {
    .object([
      "event_id": .string(source.eventID), "message_index": .int(Int64(source.messageIndex)),
      "message_id": text(source.messageID), "role": .string(source.role),
      "time": .string(source.time.at.description), "quote": .string(source.quote),
      "run_id": text(source.runID),
    ])
  }

  private static func lifecycleState(_ memory: Memory, now: Timestamp) -> String {
    if memory.supersededBy != nil { return "superseded" }
    if memory.validTo != nil { return "ended" }
    if let expiresAt = memory.expiresAt, expiresAt <= now { return "expired" }
    return "active"
  }

  private static func text(_ text: String?) -> JSONOutput { text.map { .string($0) } ?? .null }

  /// A date where the instant is midnight, UTC, as the platform writes expiry; else RFC 3339.
  static func dateText(_ time: Timestamp) -> String {
    Timestamp(time.day) == time ? time.day.description : time.description
  }

  /// What happened to one memory, in the platform's words, with ours under `change`.
  static func effect(_ effect: InputOutcome.Effect) -> JSONValue {
    [
      "id": .string(effect.memoryID.text), "memory": .string(effect.text), "data": ["memory": .string(effect.text)],
      "event": .string(eventName(effect.change)), "change": .string(effect.change.rawValue),
    ]
  }

  /// The platform's word for a change. It knows neither reinforcing nor superseding, and feedback changes no memory.
  static func eventName(_ change: HistoryEntry.Change) -> String {
    switch change {
    case .add: "ADD"
    case .reinforce, .feedback: "NOOP"
    case .update, .supersede: "UPDATE"
    case .delete: "DELETE"
    }
  }

  /// One entry of a memory's history.
  static func history(_ entry: HistoryEntry) -> JSONOutput {
    let memory = entry.memory
    var object = JSONMembers(minimumCapacity: memberCount)
    addIDs(memory.scope, to: &object)
    let input = memory.sources.filter { $0.eventID == entry.inputID }
    object.add("id", .string(entry.id.text))
    object.add("memory_id", .string(entry.memoryID.text))
    object.add("input", .array(input.map { .object(["role": .string($0.role), "content": .string($0.quote)]) }))
    object.add("event_id", .string(entry.inputID))
    object.add("old_memory", text(entry.oldText))
    object.add("new_memory", text(entry.newText))
    object.add("categories", .array([.string(memory.category)]))
    object.add("event", .string(eventName(entry.change)))
    object.add("change", .string(entry.change.rawValue))
    object.add("metadata", .value(.object(memory.metadata ?? [:])))
    object.add("replaced_by", text(memory.supersededBy?.text))
    object.add("created_at", .string(entry.at.description))
    object.add("updated_at", .string(entry.at.description))
    return .object(object)
  }
}
