public import FoundationEssentials
public import MnemeCore

/// A memory as it stands in the projection.
public struct MemoryView: Hashable, Sendable {
  /// The memory.
  public var memory: Memory
  /// Whose it is.
  public var owner: OwnerKey
  /// How often it was said again after the first time.
  public var reinforcementCount: Int

  /// A view with all its parts.
  public init(memory: Memory, owner: OwnerKey, reinforcementCount: Int) {
    self.memory = memory
    self.owner = owner
    self.reinforcementCount = reinforcementCount
  }
}

/// Which memories a read is about.
public struct MemoryQuery: Sendable {
  /// Whose; from the key, never from the request.
  public var tenant: String
  /// Condition on them; nil for all of the tenant.
  public var filter: Filter?
  /// Whether memories that have ended or were superseded are among them.
  public var includesEnded: Bool
  /// Memories that expired before this instant are left out; nil to keep them.
  public var notExpiredAt: Timestamp?
  /// What was believed then: memories as they were recorded by this instant, for a query that names one user. nil for
  /// what is believed now.
  public var asOf: Timestamp?
  /// What was true then: memories that held at this instant, whether they have ended since or not. nil to ask
  /// `includesEnded`.
  public var validAt: Timestamp?

  /// A query with all its parts.
  public init(
    tenant: String, filter: Filter?, includesEnded: Bool = false, notExpiredAt: Timestamp?, asOf: Timestamp? = nil,
    validAt: Timestamp? = nil
  ) {
    self.tenant = tenant
    self.filter = filter
    self.includesEnded = includesEnded
    self.notExpiredAt = notExpiredAt
    self.asOf = asOf
    self.validAt = validAt
  }
}

/// Some of the memories of a query, newest first, and how many there are in all.
public struct MemoryPage: Sendable {
  /// How many memories the query has in all.
  public var totalCount: Int
  /// Those of this page.
  public var memories: [MemoryView]

  /// A page with all its parts.
  public init(totalCount: Int, memories: [MemoryView]) {
    self.totalCount = totalCount
    self.memories = memories
  }
}

/// One change in a memory's life.
public struct HistoryEntry: Hashable, Sendable {
  /// What happened: `ADD`, `REINFORCE`, `UPDATE`, `SUPERSEDE`, `DELETE` or `FEEDBACK`.
  public enum Change: String, Sendable, CaseIterable {
    case add = "ADD"
    case reinforce = "REINFORCE"
    case update = "UPDATE"
    case supersede = "SUPERSEDE"
    case delete = "DELETE"
    case feedback = "FEEDBACK"
  }

  /// Derived from the event that it records.
  public var id: UUID
  /// The memory.
  public var memoryID: UUID
  /// What happened.
  public var change: Change
  /// The words before; nil where there were none.
  public var oldText: String?
  /// The words after; nil where there are none.
  public var newText: String?
  /// The memory after the change; for a deletion, before it.
  public var memory: Memory
  /// The event id of the turn or command that brought it.
  public var inputID: String
  /// When it was decided.
  public var at: Timestamp

  /// An entry with all its parts.
  public init(
    id: UUID, memoryID: UUID, change: Change, oldText: String?, newText: String?, memory: Memory, inputID: String,
    at: Timestamp
  ) {
    self.id = id
    self.memoryID = memoryID
    self.change = change
    self.oldText = oldText
    self.newText = newText
    self.memory = memory
    self.inputID = inputID
    self.at = at
  }
}

/// How a turn or a command ended.
public struct InputOutcome: Sendable {
  /// What happened to one memory.
  public struct Effect: Hashable, Sendable {
    /// The memory.
    public var memoryID: UUID
    /// What happened.
    public var change: HistoryEntry.Change
    /// Its words after the change; for a deletion, before it.
    public var text: String

    /// An effect with all its parts.
    public init(memoryID: UUID, change: HistoryEntry.Change, text: String) {
      self.memoryID = memoryID
      self.change = change
      self.text = text
    }
  }

  /// The turn or command.
  public var input: InputReference
  /// Whose it is.
  public var owner: OwnerKey
  /// How it ended.
  public var outcome: MemoriesResolved.Outcome
  /// What happened to memories, in order.
  public var effects: [Effect]
  /// Why it was parked.
  public var reason: ParkingReason?
  /// When it was decided.
  public var completedAt: Timestamp

  /// An outcome with all its parts.
  public init(
    input: InputReference, owner: OwnerKey, outcome: MemoriesResolved.Outcome, effects: [Effect],
    reason: ParkingReason?, completedAt: Timestamp
  ) {
    self.input = input
    self.owner = owner
    self.outcome = outcome
    self.effects = effects
    self.reason = reason
    self.completedAt = completedAt
  }
}

/// What a projection holds.
public struct ProjectionSummary: Hashable, Sendable {
  /// Digest of all memories, ended ones included.
  public var digest: ContentDigest
  /// How many memories, ended ones included.
  public var memoryCount: Int
  /// How many of them are current.
  public var currentMemoryCount: Int
  /// How many turns and commands have a terminal outcome.
  public var turnCount: Int
  /// How many of them stand in dead letters.
  public var parkedCount: Int
  /// How many vectors.
  public var vectorCount: Int

  /// A summary of nothing.
  public init() {
    self.digest = ContentDigest()
    self.memoryCount = 0
    self.currentMemoryCount = 0
    self.turnCount = 0
    self.parkedCount = 0
    self.vectorCount = 0
  }
}

/// What readers ask of a projection: the query service's port to it.
public protocol MemoryReader: Sendable {
  /// The memory of that id in that tenant, ended ones included; nil where there is none.
  func memory(_ id: UUID, tenant: String) async throws -> MemoryView?
  /// The same as it was recorded by `instant`; nil where it was not known then, and where a person deleted it since.
  func memory(_ id: UUID, tenant: String, asOf instant: Timestamp) async throws -> MemoryView?
  /// Those of `ids` that are the tenant's, ended ones included.
  func memories(_ ids: [UUID], tenant: String) async throws -> [UUID: MemoryView]
  /// A page of memories, newest first (by when they were recorded, then by id).
  func memories(_ query: MemoryQuery, offset: Int, limit: Int) async throws -> MemoryPage
  /// The best hits, best first.
  func search(_ request: SearchRequest) async throws -> [SearchHit]
  /// Answers a question as it was asked, on one snapshot, if all texts of its voice are embedded already: `vectors`
  /// returns theirs, or nil. The request's text is the question; its vectors and speakers are not read.
  func answer(
    _ request: SearchRequest, vectors: @escaping @Sendable (QueryVoice) -> [[Float]]?
  ) async throws -> SearchAnswer
  /// Who is meant by a question about the owner.
  func people(of owner: OwnerKey) async throws -> OwnerPeople
  /// Every change of a memory, oldest first, also where it was deleted; with the changes of those that it superseded
  /// before its own. Empty where it never existed.
  func history(_ id: UUID, tenant: String) async throws -> [HistoryEntry]
  /// How a turn or command ended; nil while it is under way, or where it never came.
  func outcome(ofInput id: String, tenant: String) async throws -> InputOutcome?
  /// How the event `id` ended that was written as several records: how each of them did, the last one last. Of an event
  /// of one record, that one's outcome; empty where the last record is under way, or never came.
  func outcomes(ofEvent id: String, tenant: String) async throws -> [InputOutcome]
  /// A page of turns and commands that ended, those that ended last first; of an event of several records, the last.
  func inputs(_ query: InputQuery, offset: Int, limit: Int) async throws -> InputPage
  /// Users, agents, applications and sessions whose ids stand on memories that match, now, in this order of kinds, each
  /// by its id. It reads every memory that may match.
  func entities(matching query: MemoryQuery) async throws -> [EntitySummary]
  /// Owners who have memories that match, now: a query of the past is refused.
  func owners(matching query: MemoryQuery) async throws -> [OwnerKey]
  /// Returns once the turn or command at `offset` of turns partition `partition` has reached the projection.
  /// Returns false after `timeout`.
  func wait(forTurnsPartition partition: Int, offset: Int64, timeout: Duration) async throws -> Bool
  /// What the projection holds, computed by reading all of it.
  func summary() async throws -> ProjectionSummary
  /// Next offset to fold, for each partition of the topics that the projection follows.
  func watermarks() async throws -> [TopicOffset]
}

extension MemoryReader {
  /// In two reads: first who is meant, then the hits.
  public func answer(
    _ request: SearchRequest, vectors: @escaping @Sendable (QueryVoice) -> [[Float]]?
  ) async throws -> SearchAnswer {
    let voice = try await self.voice(of: request.text, about: request.query)
    guard let vectors = vectors(voice) else { return .unembedded(voice) }
    return .hits(try await self.search(request.voiced(voice, vectors)))
  }

  /// `text` in the voice of the memories that `query` is about, as far as they are one owner's.
  public func voice(of text: String, about query: MemoryQuery) async throws -> QueryVoice {
    let people = if let owner = query.owner { try await self.people(of: owner) } else { OwnerPeople() }
    return QueryVoice(text, people)
  }
}

/// A position that a projection has reached.
public struct TopicOffset: Hashable, Sendable {
  /// The topic.
  public var topic: String
  /// The partition.
  public var partition: Int
  /// Next offset to fold.
  public var next: Int64

  /// A position with all its parts.
  public init(topic: String, partition: Int, next: Int64) {
    self.topic = topic
    self.partition = partition
    self.next = next
  }
}

/// Why a projection did not do as asked. Its text holds no memory.
public struct ProjectionError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure, in words that scripts may rely on.
  public enum Code: String, Sendable, CaseIterable {
    /// No space left on the device.
    case diskFull = "disk_full"
    /// The storage cannot be written.
    case readOnly = "read_only"
    /// A shard is damaged; `mneme replay rebuild` makes it anew.
    case corrupt
    /// The shards were made for another embedding space, partition count or version.
    case mismatch
    /// The storage failed.
    case storage
    /// A record of the log cannot be folded.
    case malformedRecord = "malformed_record"
    /// It does not exist yet.
    case missing
    /// What is asked cannot be answered; the text says what can.
    case unanswerable
  }

  /// The kind of failure.
  public let code: Code
  /// What happened, to what, and what to do next.
  public let description: String

  /// A failure of kind `code`.
  public init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }

  /// Whether the same call may succeed later with nothing else changed.
  public var isRetriable: Bool {
    switch self.code {
    case .diskFull, .storage: true
    case .readOnly, .corrupt, .mismatch, .malformedRecord, .missing, .unanswerable: false
    }
  }
}
