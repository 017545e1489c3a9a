public import FoundationEssentials

/// Where a memory comes from: one message of one turn.
public struct Source: Hashable, Sendable, Codable {
  /// The publisher's event id of the turn.
  public var eventID: String
  /// Index of the message in its turn.
  public var messageIndex: Int
  /// The publisher's id of the message.
  public var messageID: String?
  /// The message's role.
  public var role: String
  /// When it was said.
  public var time: Moment
  /// The words from which the fact was read.
  public var quote: String
  /// The session in which it was said.
  public var runID: String?

  enum CodingKeys: String, CodingKey {
    case role, time, quote
    case eventID = "event_id"
    case messageIndex = "message_index"
    case messageID = "message_id"
    case runID = "run_id"
  }

  /// A source with all its parts.
  public init(
    eventID: String, messageIndex: Int, messageID: String? = nil, role: String, time: Moment, quote: String,
    runID: String? = nil
  ) {
    self.eventID = eventID
    self.messageIndex = messageIndex
    self.messageID = messageID
    self.role = role
    self.time = time
    self.quote = quote
    self.runID = runID
  }
}

/// One self-contained fact about an owner. A storage format: it travels inside `MemoryEvent.added`.
public struct Memory: Hashable, Sendable, Codable {
  /// Derived from the owner, the message and what the fact says, whatever the recipe: see `Candidate.all`.
  public var id: UUID
  /// The fact in words.
  public var text: String
  /// One of `Category.all`, or the tenant's own.
  public var category: String
  /// The ids on the turn that brought it.
  public var scope: Scope
  /// Who said it: a speaker's name or a role.
  public var actor: String
  /// Whom it is about, as `FactCandidate.subject`.
  public var subject: String
  /// The slot that it fills, if any.
  public var attribute: String?
  /// The slot's value.
  public var value: String?
  /// Whether it says so or denies it.
  public var polarity: Polarity
  /// How sure the extractor was, 0…1.
  public var confidence: Double
  /// From when it holds: stated in the text, else when it was said.
  public var validFrom: Moment
  /// Until when it held; nil while it holds.
  public var validTo: Moment?
  /// The turns that said it, the first one first.
  public var sources: [Source]
  /// The memory that took its place.
  public var supersededBy: UUID?
  /// The publisher's data.
  public var metadata: [String: JSONValue]?
  /// From when it is no longer shown.
  public var expiresAt: Timestamp?
  /// Which extractor, prompt and model derived it: `ExtractionRecipe.id`.
  public var recipe: String
  /// Whether a person changed its words.
  public var isEdited: Bool
  /// What a person thinks of it; nil where nobody has said, or has taken it back.
  public var feedback: Feedback?
  /// When it was decided. Not part of the content digest.
  public var recordedAt: Timestamp
  /// When it last changed. Not part of the content digest.
  public var updatedAt: Timestamp

  enum CodingKeys: String, CodingKey {
    case id, text, category, scope, actor, subject, attribute, value, polarity, confidence, sources, metadata, recipe,
      feedback
    case validFrom = "valid_from"
    case validTo = "valid_to"
    case supersededBy = "superseded_by"
    case expiresAt = "expires_at"
    case isEdited = "edited"
    case recordedAt = "recorded_at"
    case updatedAt = "updated_at"
  }

  /// The member of the publisher's data that says, when it is true, that nobody may change the memory.
  public static let immutableMember = "immutable"
  /// Whether the publisher has said that nobody may change it. Deleting it, and later facts that end it, are no change.
  public var isImmutable: Bool { metadata?[Self.immutableMember] == true }

  /// A memory with all its parts.
  public init(
    id: UUID, text: String, category: String, scope: Scope, actor: String, subject: String, attribute: String?,
    value: String?, polarity: Polarity, confidence: Double, validFrom: Moment, validTo: Moment?, sources: [Source],
    supersededBy: UUID? = nil, metadata: [String: JSONValue]?, expiresAt: Timestamp?, recipe: String,
    isEdited: Bool = false, feedback: Feedback? = nil, recordedAt: Timestamp, updatedAt: Timestamp
  ) {
    self.id = id
    self.text = text
    self.category = category
    self.scope = scope
    self.actor = actor
    self.subject = subject
    self.attribute = attribute
    self.value = value
    self.polarity = polarity
    self.confidence = confidence
    self.validFrom = validFrom
    self.validTo = validTo
    self.sources = sources
    self.supersededBy = supersededBy
    self.metadata = metadata
    self.expiresAt = expiresAt
    self.recipe = recipe
    self.isEdited = isEdited
    self.feedback = feedback
    self.recordedAt = recordedAt
    self.updatedAt = updatedAt
  }

  /// Whether it is current: neither ended nor superseded. Expiry depends on the reader's clock and is not asked here.
  public var isCurrent: Bool { validTo == nil && supersededBy == nil }
}

extension Memory {
  /// `recipe` of what nobody interpreted: a message as it was said. A storage format.
  public static let verbatimRecipe = "verbatim"
}
