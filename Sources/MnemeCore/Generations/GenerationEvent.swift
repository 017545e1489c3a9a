/// What happens to generations: events of topic `mneme.generations`, one ordered stream for the whole log.
public enum GenerationEvent: Hashable, Sendable {
  /// One begins to be filled, beside those that are there. The first one of a log is active at once.
  case created(Generation)
  /// It has caught up with the log; workers keep it current from here on.
  case filled(id: String)
  /// Readers read it from here on. `turns` is the next offset of each partition of `mneme.turns` when that was decided:
  /// webhooks are told of what follows from there by this one; empty in old records.
  case promoted(id: String, turns: [Int64] = [])
  /// Readers read the one again that was active before `id`; `turns` likewise.
  case rolledBack(id: String, turns: [Int64] = [])
  /// Its topics and its projection go.
  case dropped(id: String)
  /// From here on its facts come from turns otherwise, at the wish of whoever runs it; those before stay.
  case extractionChanged(id: String, ExtractionSpecification)

  /// The type that names it in the log.
  public var type: EventType {
    switch self {
    case .created: .generationCreated
    case .filled: .generationFilled
    case .promoted: .generationPromoted
    case .rolledBack: .generationRolledBack
    case .dropped: .generationDropped
    case .extractionChanged: .generationExtractionChanged
    }
  }

  /// The generation that it is about.
  public var id: String {
    switch self {
    case .created(let generation): generation.id
    case .filled(let id), .promoted(let id, _), .rolledBack(let id, _), .dropped(let id), .extractionChanged(let id, _):
      id
    }
  }

  private struct Body: Codable {
    var id: String
    var extraction: ExtractionSpecification?
    var turns: [Int64]?
  }

  /// The event's body.
  public var body: [UInt8] {
    switch self {
    case .created(let generation): EventBodyCoding.encode(generation)
    case .extractionChanged(let id, let extraction): EventBodyCoding.encode(Body(id: id, extraction: extraction))
    case .promoted(let id, let turns), .rolledBack(let id, let turns):
      EventBodyCoding.encode(Body(id: id, turns: turns.isEmpty ? nil : turns))
    case .filled(let id), .dropped(let id): EventBodyCoding.encode(Body(id: id))
    }
  }

  /// The event of that type and body.
  /// - Throws: `EventDecodingError` where it is none.
  public init(_ type: EventType, body: [UInt8]) throws {
    func read() throws -> Body { try EventBodyCoding.decode(Body.self, from: body) }
    func id() throws -> String { try read().id }
    switch type {
    case .generationCreated: self = .created(try EventBodyCoding.decode(Generation.self, from: body))
    case .generationFilled: self = .filled(id: try id())
    case .generationPromoted: self = .promoted(id: try id(), turns: try read().turns ?? [])
    case .generationRolledBack: self = .rolledBack(id: try id(), turns: try read().turns ?? [])
    case .generationDropped: self = .dropped(id: try id())
    case .generationExtractionChanged:
      let change = try read()
      guard let extraction = change.extraction else {
        throw EventDecodingError(.malformedBody, "extraction is missing from the document")
      }
      self = .extractionChanged(id: change.id, extraction)
    case .turnRecorded, .memoryEditRequested, .memoryDeletionRequested, .memoriesDeletionRequested,
      .memoryFeedbackGiven, .factsExtracted, .turnParked, .memoriesResolved, .memoriesEmbedded, .recordParked,
      .deadLetterClosed, .projectChanged, .webhookTriggered, .webhookAttempted:
      throw EventDecodingError(.unknownType, "type \"\(type.rawValue)\" does not belong on \(Topics.generations)")
    }
  }
}
