public import FoundationEssentials

/// What resolution has to know of a memory to compare it with a new fact.
public struct KnownMemory: Hashable, Sendable {
  /// The memory.
  public var id: UUID
  /// Its words.
  public var text: String
  /// Its ids.
  public var scope: Scope
  /// The slot that it fills; nil for a plain statement.
  public var slot: Slot?
  /// The slot's value, normalised; nil where there is none, or where a person's edit left it open.
  public var value: String?
  /// Whether it says so or denies it.
  public var polarity: Polarity
  /// Whom it is about, normalised.
  public var subject: String
  /// From when it holds.
  public var validFrom: Moment
  /// When it was last said.
  public var assertedAt: Timestamp
  /// The memory that took its place.
  public var supersededBy: UUID?
  /// Whether it has ended.
  public var isEnded: Bool
  /// Where it was said, the first time first, at most `SourceSpan.maxCount`.
  public var spans: [SourceSpan]
  /// Which extractor derived it, as `Memory.recipe`.
  public var recipe: String

  /// Whether it is neither ended nor superseded.
  public var isCurrent: Bool { !isEnded && supersededBy == nil }

  /// What resolution has to know of `memory`.
  public init(_ memory: Memory) {
    self.id = memory.id
    self.text = memory.text
    self.scope = memory.scope
    let canonical = Slot.canonical(
      subject: memory.subject, attribute: memory.attribute, polarity: memory.polarity)
    self.slot = canonical.slot
    self.polarity = canonical.polarity
    self.value = memory.value.map(NormalizedText.of)
    self.subject = NormalizedText.of(memory.subject)
    self.validFrom = memory.validFrom
    self.assertedAt = memory.sources.map(\.time.at).max() ?? memory.recordedAt
    self.supersededBy = memory.supersededBy
    self.isEnded = memory.validTo != nil
    self.spans = memory.sources.prefix(SourceSpan.maxCount).map { SourceSpan($0) }
    self.recipe = memory.recipe
  }

  /// A known memory with all its parts, as a state store holds it.
  public init(
    id: UUID, text: String, scope: Scope, slot: Slot?, value: String?, polarity: Polarity, subject: String,
    validFrom: Moment, assertedAt: Timestamp, supersededBy: UUID?, isEnded: Bool,
    spans: [SourceSpan], recipe: String
  ) {
    self.id = id
    self.text = text
    self.scope = scope
    self.slot = slot
    self.value = value
    self.polarity = polarity
    self.subject = subject
    self.validFrom = validFrom
    self.assertedAt = assertedAt
    self.supersededBy = supersededBy
    self.isEnded = isEnded
    self.spans = spans
    self.recipe = recipe
  }

  /// Folds an event of this memory; a retraction is the holder's to carry out.
  public mutating func evolve(_ event: MemoryEvent) {
    switch event {
    case .added(let memory): self = KnownMemory(memory)
    case .reinforced(_, let source, _):
      assertedAt = max(assertedAt, source.time.at)
      if spans.count < SourceSpan.maxCount { spans.append(SourceSpan(source)) }
    case .revised(_, let revision):
      if let text = revision.text, text != self.text {
        self.text = text
        self.value = nil
      }
      if let validFrom = revision.validFrom { self.validFrom = Moment(validFrom, .stated) }
      // What a person wrote counts as said at that time: nothing said earlier replaces it.
      assertedAt = max(assertedAt, revision.at)
    case .superseded(_, let by, _, _):
      supersededBy = by
      isEnded = true
    case .retracted, .rated: break
    }
  }
}

/// A slot of one subject: facts in the same slot are about the same thing.
public struct Slot: Hashable, Sendable, Codable {
  /// Whom it is about, normalised.
  public var subject: String
  /// `Attribute.name`.
  public var attribute: String

  /// The slot `attribute` of `subject`.
  public init(subject: String, attribute: String) {
    self.subject = subject
    self.attribute = attribute
  }

  /// Whether a new value replaces the old one.
  public var isSingleValued: Bool { Attribute.named(attribute)?.isSingleValued ?? false }

  /// The slot and the polarity in the form in which opposites meet: to dislike is not to like.
  public static func canonical(
    subject: String, attribute: String?, polarity: Polarity
  ) -> (slot: Slot?, polarity: Polarity) {
    guard let attribute else { return (nil, polarity) }
    let subject = NormalizedText.of(subject)
    guard attribute == "dislikes" else { return (Slot(subject: subject, attribute: attribute), polarity) }
    return (Slot(subject: subject, attribute: "likes"), polarity == .positive ? .negative : .positive)
  }
}

extension Scope {
  /// Whether two scopes differ in nothing but the session: what is said again in another session is said again.
  public func hasSameAudience(as other: Scope) -> Bool {
    userID == other.userID && agentID == other.agentID && appID == other.appID
  }

  /// Whether every id that is set in `pattern` is the same here.
  public func matches(_ pattern: Scope) -> Bool {
    func holds(_ wanted: String?, _ actual: String?) -> Bool { wanted == nil || wanted == actual }
    return holds(pattern.userID, userID) && holds(pattern.agentID, agentID) && holds(pattern.appID, appID)
      && holds(pattern.runID, runID)
  }
}
