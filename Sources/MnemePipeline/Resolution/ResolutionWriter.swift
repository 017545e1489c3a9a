import EventLog
import FoundationEssentials
import LanguageModel
import MnemeCore

/// Writes what resolution decided as records of one partition.
struct ResolutionWriter: Sendable {
  let partition: Int
  let memoriesTopic: String
  let vectorsTopic: String
  let space: EmbeddingSpace
  let backend: String
  let codec: EventRecordCodec
  let now: @Sendable () -> Timestamp

  /// The memories record of an input, and the vectors record where texts are new.
  func resolved(_ input: ResolutionInput, _ resolved: Resolved) throws -> [NewRecord] {
    let events = resolved.changes.map(\.event)
    let body = MemoriesResolved(
      input: input.reference, outcome: outcome(input, resolved.changes), events: events,
      messages: messages(input, events),
      marks: resolved.marks.isEmpty ? nil : resolved.marks, deletedScope: resolved.deletedScope)
    var records = [try memories(input, body)]
    let entries = resolved.changes.compactMap { change -> MemoriesEmbedded.Entry? in
      guard let vector = change.vector, let text = change.event.newText else { return nil }
      return MemoriesEmbedded.Entry(
        memoryID: change.event.memoryID, textHash: Derivation.sha256(text), vector: VectorCoding.encode(vector))
    }
    guard !entries.isEmpty else { return records }
    let vectors = MemoriesEmbedded(space: space.name, dimension: space.dimension, backend: backend, entries: entries)
    records.append(
      try record(.memoriesEmbedded, "vectors", input, EventBodyCoding.encode(vectors), topic: vectorsTopic))
    return records
  }

  /// The record of an input that was decided before.
  func nothingNew(_ input: ResolutionInput) throws -> NewRecord {
    try memories(input, MemoriesResolved(input: input.reference, outcome: .nothing, events: []))
  }

  /// The record of a turn that extraction parked.
  func passedOn(_ body: TurnParked, owner: OwnerKey) throws -> NewRecord {
    let resolved = MemoriesResolved(input: body.input, outcome: .parked, events: [], reason: body.reason)
    return try parkedMemories(resolved, owner: owner)
  }

  /// The records of an input whose texts cannot be embedded.
  func parked(_ input: ResolutionInput, failure: EmbeddingCaller.Failure) throws -> [NewRecord] {
    try parked(
      input,
      reason: ParkingReason(
        stage: "resolve", code: failure.error.code.rawValue, detail: failure.error.description,
        attempts: failure.attempts))
  }

  /// The records of an input that cannot be processed.
  func parked(_ input: ResolutionInput, reason: ParkingReason) throws -> [NewRecord] {
    let resolved = MemoriesResolved(input: input.reference, outcome: .parked, events: [], reason: reason)
    return [
      DeadLetter(input.record, reason: reason, at: now()).record, try parkedMemories(resolved, owner: input.owner),
    ]
  }

  /// The record of bytes that are no event of ours.
  func parked(_ record: LogRecord, error: any Error) -> NewRecord {
    let error = error as? EventDecodingError
    let reason = ParkingReason(
      stage: "resolve", code: (error?.code ?? .malformedBody).rawValue,
      detail: error?.description ?? "the record cannot be read", attempts: 1)
    return parked(record, reason: reason)
  }

  /// The dead letter of bytes that are no event of ours.
  func parked(_ record: LogRecord, reason: ParkingReason) -> NewRecord {
    DeadLetter(record, reason: reason, at: now()).record
  }

  /// What was said around the facts that changed anything.
  private func messages(_ input: ResolutionInput, _ events: [MemoryEvent]) -> [SpokenMessage]? {
    switch input.content {
    case .facts(let body): body.turn.spoken(around: events, of: input.reference.id)
    case .edit, .deletion, .ownerDeletion, .feedback, .parked: nil
    }
  }

  private func outcome(_ input: ResolutionInput, _ changes: [Change]) -> MemoriesResolved.Outcome {
    guard changes.isEmpty else { return .stored }
    switch input.content {
    case .facts, .ownerDeletion, .parked: return .nothing
    case .edit, .deletion, .feedback: return .notFound
    }
  }

  private func memories(_ input: ResolutionInput, _ body: MemoriesResolved) throws -> NewRecord {
    try record(
      .memoriesResolved, "memories", input, EventBodyCoding.encode(body), topic: memoriesTopic,
      extensions: [EventAttribute.space: space.name])
  }

  private func record(
    _ type: EventType, _ name: String, _ input: ResolutionInput, _ body: [UInt8], topic: String,
    extensions: [String: String] = [:]
  ) throws -> NewRecord {
    let derived = input.record.header("ce_id") ?? input.reference.id
    let event = CloudEvent(
      id: Derivation.uuid(name, input.owner.description, derived).text, type: type.rawValue,
      source: "/mneme/resolve", time: now(), owner: input.owner, data: body,
      extensions: extensions)
    return try codec.encode(event, topic: topic, partition: partition)
  }

  private func parkedMemories(_ body: MemoriesResolved, owner: OwnerKey) throws -> NewRecord {
    let event = CloudEvent(
      // A parked input may be parked again after a redrive: each time is an event of its own.
      id: Derivation.uuid("parked-memories", owner.description, body.input.id, String(body.input.offset)).text,
      type: EventType.memoriesResolved.rawValue, source: "/mneme/resolve", time: now(), owner: owner,
      data: EventBodyCoding.encode(body), extensions: [EventAttribute.space: space.name])
    return try codec.encode(event, topic: memoriesTopic, partition: partition)
  }
}
