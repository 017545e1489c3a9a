import EventLog
import FoundationEssentials
import MnemeCore
import MnemePipeline

/// One event of every type of every version, as it was when the version was new. What is here never changes: a new
/// version gets a new sample.
enum GoldenSamples {
  static let owner = OwnerKey(tenant: "default", owner: Owner(kind: .user, id: "alex"))
  static let time = Timestamp(CivilDay(year: 2026, month: 11, day: 20), hour: 18, minute: 30)
  static let memoryID = Derivation.uuid("golden", "memory")
  static let otherID = Derivation.uuid("golden", "other")

  /// The record of every type.
  static var records: [(type: EventType, record: NewRecord)] {
    get throws {
      let codec = EventRecordCodec()
      return try EventType.allCases.map { type in
        if type == .recordParked { return (type, deadLetter.record) }
        if let event = generationEvents[type] { return (type, GenerationLog.encode(event, at: time)) }
        if type == .projectChanged { return (type, ProjectLog.encode(projectEvent, at: time)) }
        let event = CloudEvent(
          id: "golden-1", type: type.rawValue, source: "/mneme/test", time: time, owner: owner, data: body(type))
        return (type, try codec.encode(event, topic: "golden"))
      }
    }
  }

  static func body(_ type: EventType) -> [UInt8] {
    switch type {
    case .turnRecorded: EventBodyCoding.encode(turn)
    case .memoryEditRequested: EventBodyCoding.encode(MemoryEditRequest(memoryID: memoryID, revision: revision))
    case .memoryDeletionRequested:
      EventBodyCoding.encode(MemoryDeletionRequest(memoryID: memoryID, includesSuperseded: true))
    case .memoriesDeletionRequested:
      EventBodyCoding.encode(MemoriesDeletionRequest(scope: Scope(userID: "alex", runID: "chat-1")))
    case .memoryFeedbackGiven: EventBodyCoding.encode(feedback)
    case .factsExtracted: EventBodyCoding.encode(facts)
    case .turnParked: EventBodyCoding.encode(TurnParked(input: input, reason: reason))
    case .memoriesResolved: EventBodyCoding.encode(resolved)
    case .memoriesEmbedded: EventBodyCoding.encode(embedded)
    case .recordParked: []
    case .deadLetterClosed:
      EventBodyCoding.encode(DeadLetterClosed(deadLetterID: memoryID.text, decision: .redriven))
    case .generationCreated, .generationFilled, .generationPromoted, .generationRolledBack, .generationDropped,
      .generationExtractionChanged:
      generationEvents[type]?.body ?? []
    case .projectChanged: projectEvent.body
    case .webhookTriggered: EventBodyCoding.encode(webhookTriggered)
    case .webhookAttempted: EventBodyCoding.encode(webhookAttempted)
    }
  }

  static let projectEvent = ProjectEvent(
    ProjectKey(tenant: "default", project: "shop"),
    .settingsChanged([
      .customInstructions: "only what lasts", .customCategories: [["food": "what is eaten"]], .decay: false,
      .description: nil,
    ]))

  static let webhookTriggered = WebhookTriggered(
    webhookID: "wh-0123456789abcdef", event: .memoryAdd,
    payload: ["event_details": ["id": "golden", "event": "ADD", "data": ["memory": "Lives in Berlin"]]])

  static let webhookAttempted = WebhookAttempted(
    messageID: "golden-1", offset: 42, webhookID: "wh-0123456789abcdef", attempt: 2, result: .retrying, status: 503,
    error: "http_status", nextAt: time)

  static let generation = Generation(
    id: "g2@model-4", origin: .reembed, parent: "g1",
    extraction: ExtractionSpecification(model: "gpt", url: "https://example.org/v1", prompt: "Find facts."),
    policy: PolicySpecification(nearDuplicateCosine: 0.875),
    embedding: EmbeddingSpecification(
      embedder: "openai:model", url: "https://example.org/v1", requestedDimension: 4, space: "model-4", dimension: 4),
    facts: "g1", selection: ReplaySelection(tenant: "default", owner: owner, since: time, until: time))

  static let generationEvents: [EventType: GenerationEvent] = {
    let events: [GenerationEvent] = [
      .created(generation), .filled(id: "g2"), .promoted(id: "g2"), .rolledBack(id: "g2"), .dropped(id: "g2"),
      .extractionChanged(id: "g2", generation.extraction),
    ]
    return Dictionary(uniqueKeysWithValues: events.map { ($0.type, $0) })
  }()

  static let turn = TurnBody(
    scope: Scope(userID: "alex", agentID: "concierge", appID: "app", runID: "chat-1"),
    messages: [
      Message(role: "user", content: "I moved to Berlin last month", name: "Alex", timestamp: time, id: "m1"),
      Message(role: "assistant", content: "Noted — “Berlin” 🙂"),
    ], timestamp: time, infer: true, metadata: ["source": "web", "nested": ["n": 1, "list": [true, nil]]],
    expirationDate: time, customInstructions: "only what lasts", agentCustomInstructions: "what was recommended",
    includes: "where people live", excludes: "salaries",
    customCategories: [CustomCategory("home", "where somebody lives"), CustomCategory("plans")])

  static let feedback = FeedbackGiven(
    memoryID: memoryID, feedback: Feedback(.veryNegative, reason: "It was Bern"), targets: [memory])

  static let revision = MemoryEvent.Revision(
    text: "Lives in Berlin", metadata: ["checked": true], expiresAt: time, clearsExpiry: false, validFrom: time,
    at: time)

  static let input = InputReference(
    id: "golden-1", type: EventType.turnRecorded.rawValue, partition: 3, offset: 42, receivedAt: time)

  static let reason = ParkingReason(
    stage: "extract", code: "rate_limited", detail: "the endpoint answered 429", attempts: 5)

  static let fact = FactCandidate(
    text: "Lives in Berlin (since October 2026)", category: "personal_details", subject: "user", attribute: "home",
    value: "Berlin", polarity: .positive, validFrom: Timestamp(CivilDay(year: 2026, month: 10, day: 1)), validTo: time,
    confidence: 0.9, messageIndex: 0, quote: "I moved to Berlin last month", actor: "Alex")

  static let facts = FactsExtracted(
    input: input, turn: TurnContext(Turn(id: "golden-1", owner: owner, receivedAt: time, body: turn)), facts: [fact],
    recipe: "extract-1/model/0123456789abcdef", reply: "{}", promptTokens: 700, completionTokens: 60)

  static let source = Source(
    eventID: "golden-1", messageIndex: 0, messageID: "m1", role: "user", time: Moment(time, .stated),
    quote: "I moved to Berlin last month", runID: "chat-1")

  static let memory = Memory(
    id: memoryID, text: fact.text, category: fact.category, scope: turn.scope, actor: "Alex", subject: "user",
    attribute: "home", value: "Berlin", polarity: .positive, confidence: 0.9, validFrom: Moment(time, .received),
    validTo: Moment(time, .stated), sources: [source], supersededBy: otherID, metadata: turn.metadata, expiresAt: time,
    recipe: facts.recipe, isEdited: true, recordedAt: time, updatedAt: time)

  static let resolved = MemoriesResolved(
    input: input, outcome: .stored,
    events: [
      .added(memory), .reinforced(id: memoryID, source: source, at: time), .revised(id: memoryID, revision),
      .superseded(id: otherID, by: memoryID, validTo: Moment(time, .stated), at: time),
      .retracted(id: otherID, at: time),
    ], reason: reason)

  static let embedded = MemoriesEmbedded(
    space: "all-minilm-l6-v2-384", dimension: 4, backend: "int8-avx512vnni",
    entries: [
      .init(
        memoryID: memoryID, textHash: Derivation.sha256(fact.text), vector: VectorCoding.encode([0.5, -0.5, 0.5, 0.5]))
    ])

  static let deadLetter = DeadLetter(
    LogRecord(
      position: LogPosition(TopicPartition(Topics.turns, 3), 42), appendedAtMilliseconds: time.milliseconds,
      key: owner.bytes, value: Array("not JSON".utf8),
      headers: [LogHeader("ce_id", "golden-1"), LogHeader("ce_type", EventType.turnRecorded.rawValue)]),
    reason: reason, at: time)
}
