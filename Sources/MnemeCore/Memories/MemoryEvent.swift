public import FoundationEssentials

/// What happens to a memory. A storage format: these are the events that a projection folds, for ever.
/// Never rename a case, a member or a coding key; add another version and upcast.
public enum MemoryEvent: Hashable, Sendable {
  /// A fact became known.
  case added(Memory)
  /// It was said again.
  case reinforced(id: UUID, source: Source, at: Timestamp)
  /// Its words or data were changed by a person.
  case revised(id: UUID, Revision)
  /// Another fact took its place; it held until `validTo`.
  case superseded(id: UUID, by: UUID, validTo: Moment, at: Timestamp)
  /// It is withdrawn: a person deleted it.
  case retracted(id: UUID, at: Timestamp)
  /// A person said what they think of it; nil takes that back.
  case rated(id: UUID, Feedback?, at: Timestamp)

  /// A person's change. What is nil stays.
  public struct Revision: Hashable, Sendable, Codable {
    /// New words.
    public var text: String?
    /// New data, in place of the old.
    public var metadata: [String: JSONValue]?
    /// New expiry.
    public var expiresAt: Timestamp?
    /// Whether the expiry is removed.
    public var clearsExpiry: Bool
    /// New beginning of validity.
    public var validFrom: Timestamp?
    /// When it was changed.
    public var at: Timestamp

    enum CodingKeys: String, CodingKey {
      case text, metadata, at
      case expiresAt = "expires_at"
      case clearsExpiry = "clears_expiry"
      case validFrom = "valid_from"
    }

    /// A change with all its parts.
    public init(
      text: String? = nil, metadata: [String: JSONValue]? = nil, expiresAt: Timestamp? = nil,
      clearsExpiry: Bool = false, validFrom: Timestamp? = nil, at: Timestamp
    ) {
      self.text = text
      self.metadata = metadata
      self.expiresAt = expiresAt
      self.clearsExpiry = clearsExpiry
      self.validFrom = validFrom
      self.at = at
    }
  }

  /// The memory that it happens to.
  public var memoryID: UUID {
    switch self {
    case .added(let memory): memory.id
    case .reinforced(let id, _, _), .revised(let id, _), .superseded(let id, _, _, _), .retracted(let id, _),
      .rated(let id, _, _):
      id
    }
  }
}

extension Memory {
  /// The memory after `event`; nil where the event withdraws it. A memory that is already gone, or an event of another
  /// one, is the caller's mistake, except that `added` makes it anew.
  public static func evolve(_ memory: Memory?, _ event: MemoryEvent) -> Memory? {
    if case .added(let added) = event { return added }
    guard var next = memory, next.id == event.memoryID else { return memory }
    switch event {
    case .added: preconditionFailure("handled above")
    case .reinforced(_, let source, let at):
      next.sources.append(source)
      next.updatedAt = at
    case .revised(_, let revision):
      next.apply(revision)
    case .superseded(_, let by, let validTo, let at):
      next.supersededBy = by
      next.validTo = validTo
      next.updatedAt = at
    case .rated(_, let feedback, _):
      // Its words stay as they are, and so does when they last changed.
      next.feedback = feedback
    case .retracted:
      return nil
    }
    return next
  }

  private mutating func apply(_ revision: MemoryEvent.Revision) {
    if let text = revision.text, text != self.text {
      self.text = text
      self.isEdited = true
      // The slot stays, but which value the new words give it is not known.
      self.value = nil
    }
    if let metadata = revision.metadata { self.metadata = metadata }
    if revision.clearsExpiry { self.expiresAt = nil }
    if let expiresAt = revision.expiresAt { self.expiresAt = expiresAt }
    if let validFrom = revision.validFrom { self.validFrom = Moment(validFrom, .stated) }
    self.updatedAt = revision.at
  }
}

extension MemoryEvent: Codable {
  private enum CodingKeys: String, CodingKey {
    case event, memory, id, source, revision, by, at, feedback
    case validTo = "valid_to"
  }

  private enum Name: String, Codable {
    case added = "MemoryAdded"
    case reinforced = "MemoryReinforced"
    case revised = "MemoryRevised"
    case superseded = "MemorySuperseded"
    case retracted = "MemoryRetracted"
    case rated = "MemoryRated"
  }

  /// Reads what `encode(to:)` writes.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func id() throws -> UUID { try container.decode(UUID.self, forKey: .id) }
    func at() throws -> Timestamp { try container.decode(Timestamp.self, forKey: .at) }
    switch try container.decode(Name.self, forKey: .event) {
    case .added:
      self = .added(try container.decode(Memory.self, forKey: .memory))
    case .reinforced:
      self = .reinforced(id: try id(), source: try container.decode(Source.self, forKey: .source), at: try at())
    case .revised:
      self = .revised(id: try id(), try container.decode(Revision.self, forKey: .revision))
    case .superseded:
      self = .superseded(
        id: try id(), by: try container.decode(UUID.self, forKey: .by),
        validTo: try container.decode(Moment.self, forKey: .validTo), at: try at())
    case .retracted:
      self = .retracted(id: try id(), at: try at())
    case .rated:
      self = .rated(id: try id(), try container.decodeIfPresent(Feedback.self, forKey: .feedback), at: try at())
    }
  }

  /// Writes an object with the event's name under `event`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .added(let memory):
      try container.encode(Name.added, forKey: .event)
      try container.encode(memory, forKey: .memory)
    case .reinforced(let id, let source, let at):
      try container.encode(Name.reinforced, forKey: .event)
      try container.encode(id, forKey: .id)
      try container.encode(source, forKey: .source)
      try container.encode(at, forKey: .at)
    case .revised(let id, let revision):
      try container.encode(Name.revised, forKey: .event)
      try container.encode(id, forKey: .id)
      try container.encode(revision, forKey: .revision)
    case .superseded(let id, let by, let validTo, let at):
      try container.encode(Name.superseded, forKey: .event)
      try container.encode(id, forKey: .id)
      try container.encode(by, forKey: .by)
      try container.encode(validTo, forKey: .validTo)
      try container.encode(at, forKey: .at)
    case .retracted(let id, let at):
      try container.encode(Name.retracted, forKey: .event)
      try container.encode(id, forKey: .id)
      try container.encode(at, forKey: .at)
    case .rated(let id, let feedback, let at):
      try container.encode(Name.rated, forKey: .event)
      try container.encode(id, forKey: .id)
      try container.encodeIfPresent(feedback, forKey: .feedback)
      try container.encode(at, forKey: .at)
    }
  }
}
