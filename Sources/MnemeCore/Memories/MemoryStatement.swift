public import FoundationEssentials

/// What a memory says and from which words, in the form in which facts of two generations are compared.
/// A storage format: it travels inside `CommandMark`.
public struct MemoryStatement: Hashable, Sendable, Codable {
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
  /// Whether it was neither ended nor superseded.
  public var isCurrent: Bool
  /// Where it comes from, the first source first, at most `SourceSpan.maxCount`.
  public var spans: [SourceSpan]

  enum CodingKeys: String, CodingKey {
    case text, scope, slot, value, polarity, subject, spans
    case isCurrent = "current"
  }

  /// What `known` says.
  public init(_ known: KnownMemory) {
    self.text = known.text
    self.scope = known.scope
    self.slot = known.slot
    self.value = known.value
    self.polarity = known.polarity
    self.subject = known.subject
    self.isCurrent = known.isCurrent
    self.spans = known.spans
  }

  /// What `memory` says.
  public init(_ memory: Memory) { self.init(KnownMemory(memory)) }
}

/// What a person's command leaves behind in the owner's state, so that no later fact undoes it: a tombstone, or the
/// mark of an edit. A storage format: it travels inside `MemoriesResolved`.
public struct CommandMark: Hashable, Sendable, Codable {
  /// The memory as the command named it, or as this generation has it.
  public var memoryID: UUID
  /// The memory that stands for it in this generation from now on; nil where it was deleted.
  public var standingID: UUID?
  /// What it said before the command.
  public var statement: MemoryStatement

  enum CodingKeys: String, CodingKey {
    case statement
    case memoryID = "memory_id"
    case standingID = "standing_id"
  }

  /// A mark with all its parts.
  public init(memoryID: UUID, standingID: UUID?, statement: MemoryStatement) {
    self.memoryID = memoryID
    self.standingID = standingID
    self.statement = statement
  }
}
