import EventLog
import MnemeCore

/// A record of the facts topic, read.
struct ResolutionInput: Sendable {
  enum Content: Sendable {
    case facts(FactsExtracted)
    case edit(MemoryEditRequest)
    case deletion(MemoryDeletionRequest)
    case ownerDeletion(MemoriesDeletionRequest)
    case feedback(FeedbackGiven)
    case parked(TurnParked)
  }

  let record: LogRecord
  let owner: OwnerKey
  let reference: InputReference
  let content: Content

  /// - Throws: `EventDecodingError`.
  init(_ record: LogRecord, codec: EventRecordCodec) throws {
    let (event, type) = try Upcasting.lift(try codec.decode(record))
    self.record = record
    self.owner = event.owner
    switch type {
    case .factsExtracted:
      let body = try EventBodyCoding.decode(FactsExtracted.self, from: event.data)
      guard body.facts.allSatisfy({ body.turn.messages.indices.contains($0.messageIndex) }) else {
        throw EventDecodingError(.malformedBody, "a fact names a message that its turn does not have")
      }
      self.reference = body.input
      self.content = .facts(body)
    case .turnParked:
      let body = try EventBodyCoding.decode(TurnParked.self, from: event.data)
      self.reference = body.input
      self.content = .parked(body)
    case .memoryEditRequested:
      self.reference = try Self.reference(event)
      self.content = .edit(try EventBodyCoding.decode(MemoryEditRequest.self, from: event.data))
    case .memoryDeletionRequested:
      self.reference = try Self.reference(event)
      self.content = .deletion(try EventBodyCoding.decode(MemoryDeletionRequest.self, from: event.data))
    case .memoriesDeletionRequested:
      self.reference = try Self.reference(event)
      self.content = .ownerDeletion(try EventBodyCoding.decode(MemoriesDeletionRequest.self, from: event.data))
    case .memoryFeedbackGiven:
      self.reference = try Self.reference(event)
      self.content = .feedback(try EventBodyCoding.decode(FeedbackGiven.self, from: event.data))
    case .turnRecorded, .memoriesResolved, .memoriesEmbedded, .recordParked, .deadLetterClosed,
      .generationCreated, .generationFilled, .generationPromoted, .generationRolledBack, .generationDropped,
      .generationExtractionChanged, .projectChanged, .webhookTriggered, .webhookAttempted:
      throw EventDecodingError(.unknownType, "type \"\(type.rawValue)\" does not belong on a facts topic")
    }
  }

  /// A command that passed through says in attributes where it stands on the turns topic.
  private static func reference(_ event: CloudEvent) throws -> InputReference {
    guard let partition = event.extensions[InputPosition.partition].flatMap({ Int($0) }),
      let offset = event.extensions[InputPosition.offset].flatMap({ Int64($0) })
    else {
      throw EventDecodingError(.malformedEnvelope, "a command lacks its position on the turns topic")
    }
    return InputReference(
      id: event.id, type: event.type, partition: partition, offset: offset, receivedAt: event.time,
      firstOffset: InputPosition.firstOffset(of: event))
  }

  /// The texts whose vectors its decisions and its memories need, by what is known of the owner before it.
  func texts(known: OwnerMemories) -> [String] {
    switch content {
    case .facts(let body): body.facts.map(\.text) + known.tombstones.texts(forEvent: reference.id)
    case .edit(let request):
      (request.revision.text.map { [$0] } ?? []) + Commands.texts(of: request.targets, known: known)
    case .deletion(let request): Commands.texts(of: request.targets, known: known)
    case .feedback(let given): Commands.texts(of: given.targets, known: known)
    case .ownerDeletion, .parked: []
    }
  }

  /// The turns whose positions its decision needs: those that the targets of a command come from.
  var sourceEventIDs: Set<String> {
    switch content {
    case .edit(let request): Self.eventIDs(request.targets)
    case .deletion(let request): Self.eventIDs(request.targets)
    case .feedback(let given): Self.eventIDs(given.targets)
    case .facts, .ownerDeletion, .parked: []
    }
  }

  private static func eventIDs(_ targets: [Memory]?) -> Set<String> {
    Set((targets ?? []).flatMap(\.sources).map(\.eventID))
  }

  /// Whether it is a command of a person.
  var isCommand: Bool {
    switch content {
    case .edit, .deletion, .ownerDeletion, .feedback: true
    case .facts, .parked: false
    }
  }
}
