public import FoundationEssentials

/// A person's change of one memory: body of `memory.edit-requested`.
public struct MemoryEditRequest: Hashable, Sendable, Codable {
  /// The memory.
  public var memoryID: UUID
  /// The change.
  public var revision: MemoryEvent.Revision
  /// The memory as it stood when the person asked, by which another generation finds its own one; nil in old records.
  public var targets: [Memory]?

  enum CodingKeys: String, CodingKey {
    case revision, targets
    case memoryID = "memory_id"
  }

  /// A request with all its parts. `targets` are such as `MemorySnapshot` makes them.
  public init(memoryID: UUID, revision: MemoryEvent.Revision, targets: [Memory]? = nil) {
    self.memoryID = memoryID
    self.revision = revision
    self.targets = targets
  }
}

/// A person's deletion of one memory: body of `memory.deletion-requested`.
public struct MemoryDeletionRequest: Hashable, Sendable, Codable {
  /// The memory.
  public var memoryID: UUID
  /// Whether the memories that it superseded, and those they superseded, go with it.
  public var includesSuperseded: Bool
  /// The memory as it stood when the person asked, and behind it those that it superseded, where they go with it; by
  /// them another generation finds its own ones. Nil in old records.
  public var targets: [Memory]?

  enum CodingKeys: String, CodingKey {
    case targets
    case memoryID = "memory_id"
    case includesSuperseded = "includes_superseded"
  }

  /// A request with all its parts. `targets` are such as `MemorySnapshot` makes them.
  public init(memoryID: UUID, includesSuperseded: Bool, targets: [Memory]? = nil) {
    self.memoryID = memoryID
    self.includesSuperseded = includesSuperseded
    self.targets = targets
  }
}

/// A person's deletion of an owner's memories: body of `memories.deletion-requested`.
public struct MemoriesDeletionRequest: Hashable, Sendable, Codable {
  /// Which of the owner's memories: those whose ids equal all that are set here.
  public var scope: Scope

  /// A request with all its parts.
  public init(scope: Scope) {
    self.scope = scope
  }
}

/// What of a turn its memories need, so that resolution never has to read the turn again.
public struct TurnContext: Hashable, Sendable, Codable {
  /// The ids on the turn.
  public var scope: Scope
  /// The publisher's data.
  public var metadata: [String: JSONValue]?
  /// From when its memories are no longer shown.
  public var expirationDate: Timestamp?
  /// For each message: its role, its publisher's id, and when it was said.
  public var messages: [MessageContext]
  /// Whether messages are stored as they stand.
  public var isVerbatim: Bool

  /// What of a message its memories need.
  public struct MessageContext: Hashable, Sendable, Codable {
    /// The role.
    public var role: String
    /// The publisher's id.
    public var id: String?
    /// When it was said.
    public var time: Moment
    /// What was said, as `SpokenMessage.excerpt` has it, where a fact was read there or just beside it; nil elsewhere,
    /// where messages are stored as they stand, and in old records.
    public var text: String?

    /// A context with all its parts.
    public init(role: String, id: String?, time: Moment, text: String? = nil) {
      self.role = role
      self.id = id
      self.time = time
      self.text = text
    }
  }

  enum CodingKeys: String, CodingKey {
    case scope, metadata, messages
    case expirationDate = "expiration_date"
    case isVerbatim = "verbatim"
  }

  /// The context of `turn`, in which `facts` were found.
  public init(_ turn: Turn, facts: [FactCandidate] = []) {
    self.scope = turn.body.scope
    self.metadata = turn.body.metadata
    self.expirationDate = turn.body.expirationDate
    self.messages = turn.body.messages.indices.map { index in
      MessageContext(
        role: turn.body.messages[index].role, id: turn.body.messages[index].id, time: turn.moment(ofMessage: index))
    }
    self.isVerbatim = !turn.body.infer
    addTexts(of: turn, around: facts)
  }
}

/// What was found in a turn: body of `facts.extracted`.
public struct FactsExtracted: Hashable, Sendable, Codable {
  /// The turn.
  public var input: InputReference
  /// What of the turn its memories need.
  public var turn: TurnContext
  /// The facts, in order.
  public var facts: [FactCandidate]
  /// `ExtractionRecipe.id`.
  public var recipe: String
  /// What the model said, verbatim; nil without a model.
  public var reply: String?
  /// Tokens spent on it.
  public var promptTokens: Int
  /// Tokens received for it.
  public var completionTokens: Int
  /// What stands for prompt, model and turn together: the same facts may be taken for another turn of the same hash
  /// without asking again. nil without a model, and where nobody noted it.
  public var inputHash: String?

  enum CodingKeys: String, CodingKey {
    case input, turn, facts, recipe, reply
    case promptTokens = "prompt_tokens"
    case completionTokens = "completion_tokens"
    case inputHash = "input_hash"
  }

  /// A body with all its parts.
  public init(
    input: InputReference, turn: TurnContext, facts: [FactCandidate], recipe: String, reply: String? = nil,
    promptTokens: Int = 0, completionTokens: Int = 0, inputHash: String? = nil
  ) {
    self.input = input
    self.turn = turn
    self.facts = facts
    self.recipe = recipe
    self.reply = reply
    self.promptTokens = promptTokens
    self.completionTokens = completionTokens
    self.inputHash = inputHash
  }
}

/// Why a turn or a record stands in dead letters.
public struct ParkingReason: Hashable, Sendable, Codable {
  /// Which stage gave up: `ingress`, `extract`, `resolve`, `embed`, `project`.
  public var stage: String
  /// The failure's code, e.g. `rate_limited`.
  public var code: String
  /// What happened and what to do next; no user data.
  public var detail: String
  /// How often it was tried.
  public var attempts: Int

  /// A reason with all its parts.
  public init(stage: String, code: String, detail: String, attempts: Int) {
    self.stage = stage
    self.code = code
    self.detail = detail
    self.attempts = attempts
  }
}

/// A turn's outcome where it could not be processed: body of `turn.parked`.
public struct TurnParked: Hashable, Sendable, Codable {
  /// The turn or command.
  public var input: InputReference
  /// Why.
  public var reason: ParkingReason

  /// A body with all its parts.
  public init(input: InputReference, reason: ParkingReason) {
    self.input = input
    self.reason = reason
  }
}

/// What follows from a turn or a command: body of `memories.resolved`.
public struct MemoriesResolved: Hashable, Sendable, Codable {
  /// How an input ended.
  public enum Outcome: String, Sendable, Codable, CaseIterable {
    /// At least one memory changed.
    case stored
    /// There was nothing to remember.
    case nothing
    /// A command asked for what does not exist.
    case notFound = "not_found"
    /// It stands in dead letters.
    case parked
  }

  /// The turn or command.
  public var input: InputReference
  /// How it ended.
  public var outcome: Outcome
  /// What happened to the owner's memories, in order.
  public var events: [MemoryEvent]
  /// What was said in the messages of the turn that the memories come from, and just beside them, in order of their
  /// indices; nil where nothing is known of it, and in old records.
  public var messages: [SpokenMessage]?
  /// Why it was parked.
  public var reason: ParkingReason?
  /// What a command leaves behind in the owner's state; nil where it leaves nothing, and in old records.
  public var marks: [CommandMark]?
  /// The scope of a deletion of all memories: nothing of it that was said before the input is remembered any more.
  public var deletedScope: Scope?

  enum CodingKeys: String, CodingKey {
    case input, outcome, events, messages, reason, marks
    case deletedScope = "deleted_scope"
  }

  /// A body with all its parts.
  public init(
    input: InputReference, outcome: Outcome, events: [MemoryEvent], messages: [SpokenMessage]? = nil,
    reason: ParkingReason? = nil, marks: [CommandMark]? = nil, deletedScope: Scope? = nil
  ) {
    self.input = input
    self.outcome = outcome
    self.events = events
    self.messages = messages
    self.reason = reason
    self.marks = marks
    self.deletedScope = deletedScope
  }
}

/// Vectors of memories' texts: body of `memories.embedded`.
public struct MemoriesEmbedded: Hashable, Sendable, Codable {
  /// One memory's vector.
  public struct Entry: Hashable, Sendable, Codable {
    /// The memory.
    public var memoryID: UUID
    /// SHA-256 of the text that was embedded, hexadecimal.
    public var textHash: String
    /// Components as little-endian 32-bit floats.
    public var vector: Data

    enum CodingKeys: String, CodingKey {
      case vector
      case memoryID = "memory_id"
      case textHash = "text_hash"
    }

    /// An entry with all its parts.
    public init(memoryID: UUID, textHash: String, vector: Data) {
      self.memoryID = memoryID
      self.textHash = textHash
      self.vector = vector
    }
  }

  /// `EmbeddingSpace.name`.
  public var space: String
  /// Components of each vector.
  public var dimension: Int
  /// Which code computed them.
  public var backend: String
  /// The vectors.
  public var entries: [Entry]

  /// A body with all its parts.
  public init(space: String, dimension: Int, backend: String, entries: [Entry]) {
    self.space = space
    self.dimension = dimension
    self.backend = backend
    self.entries = entries
  }
}

/// A person's decision about a dead letter: body of `deadletter.closed`.
public struct DeadLetterClosed: Hashable, Sendable, Codable {
  /// What was decided.
  public enum Decision: String, Sendable, Codable {
    /// Put back to where it came from.
    case redriven
    /// Given up.
    case dropped
  }

  /// Id of the dead letter.
  public var deadLetterID: String
  /// What was decided.
  public var decision: Decision

  enum CodingKeys: String, CodingKey {
    case decision
    case deadLetterID = "dead_letter_id"
  }

  /// A body with all its parts.
  public init(deadLetterID: String, decision: Decision) {
    self.deadLetterID = deadLetterID
    self.decision = decision
  }
}
