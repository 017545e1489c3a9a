import EventLog
import FoundationEssentials
import LanguageModel
import MnemeCore

/// Resolution of one partition: the shell around `Resolution.decide`.
actor ResolutionWorker {
  private let store: ResolutionStore
  private let embedding: EmbeddingCaller
  private let policy: ResolutionPolicy
  private let writer: ResolutionWriter
  private let codec: EventRecordCodec
  private let now: @Sendable () -> Timestamp
  private var cache: OwnerCache
  /// Inputs that were decided here and that the store has not read back from the log. Within them the worker knows more
  /// than its store; a commit that fails ends the worker, and these with it.
  private var unread: Set<Key> = []
  private var unreadOwners: Set<OwnerKey> = []
  /// What the batch under way has decided.
  private var uncommitted: Set<Key> = []
  private var hasCaughtUp = false

  /// How many decisions may be unread before the store reads them back.
  private static let maxUnreadCount = 4096

  init(
    store: ResolutionStore, embedding: EmbeddingCaller, policy: ResolutionPolicy, writer: ResolutionWriter,
    codec: EventRecordCodec, now: @escaping @Sendable () -> Timestamp, cache: OwnerCache
  ) {
    self.store = store
    self.embedding = embedding
    self.policy = policy
    self.writer = writer
    self.codec = codec
    self.now = now
    self.cache = cache
  }

  /// The batch is in the log.
  func didCommit() {
    unread.formUnion(uncommitted)
    unreadOwners.formUnion(uncommitted.map(\.owner))
    uncommitted.removeAll()
    cache.trim()
  }

  func process(_ records: [LogRecord]) async throws -> [NewRecord] {
    if !hasCaughtUp || unread.count > Self.maxUnreadCount { try await catchUp() }
    let inputs = records.map { record in
      Result { try ResolutionInput(record, codec: codec) }
    }
    let readable = inputs.compactMap { try? $0.get() }
    var decided = try await decidedInputs(readable)
    let vectors = try await embedding.embed(
      readable.map { decided.contains(Key($0)) ? [] : $0.texts })
    var output: [NewRecord] = []
    var next = vectors.makeIterator()
    for (record, input) in zip(records, inputs) {
      switch input {
      case .failure(let error):
        output.append(writer.parked(record, error: error))
      case .success(let input):
        guard let vectors = next.next() else { preconditionFailure("every readable record has its vectors") }
        output += try await resolve(input, vectors: vectors, decided: &decided)
      }
    }
    return output
  }

  func park(_ record: LogRecord, for reason: ParkingReason) throws -> [NewRecord] {
    guard let input = try? ResolutionInput(record, codec: codec) else {
      return [writer.parked(record, reason: reason)]
    }
    return try writer.parked(input, reason: reason)
  }

  private struct Key: Hashable {
    let owner: OwnerKey
    let id: String

    init(_ input: ResolutionInput) {
      self.owner = input.owner
      self.id = input.reference.id
    }
  }

  /// Reads back what was written since the last time, by this worker or by those before it.
  private func catchUp() async throws {
    try await store.catchUp()
    hasCaughtUp = true
    unread.removeAll()
    unreadOwners.removeAll()
  }

  private func decidedInputs(_ inputs: [ResolutionInput]) async throws -> Set<Key> {
    let flags = try await store.decided(inputs.map { ($0.owner, $0.reference.id) })
    let decided = zip(inputs, flags).map { (key: Key($0), isDecided: $1) }
    return Set(decided.filter { $0.isDecided || unread.contains($0.key) }.map(\.key))
  }

  private func resolve(
    _ input: ResolutionInput, vectors: Result<[[Float]], EmbeddingCaller.Failure>, decided: inout Set<Key>
  ) async throws -> [NewRecord] {
    // A publisher's retry, or a record derived twice: the first one has decided, and only the position moves on.
    guard !decided.contains(Key(input)) else { return [try writer.nothingNew(input)] }
    switch (vectors, input.content) {
    case (.failure(let failure), _):
      return try writer.parked(input, failure: failure)
    case (.success, .parked(let body)):
      return [try writer.passedOn(body, owner: input.owner)]
    case (.success(let vectors), _):
      decided.insert(Key(input))
      uncommitted.insert(Key(input))
      let changes = try await changes(of: input, vectors: vectors)
      return try writer.resolved(input, changes: changes)
    }
  }

  /// What happens to memories, each change with the vector of the text that it brings.
  private func changes(of input: ResolutionInput, vectors: [[Float]]) async throws -> [Change] {
    try await hold(input.owner)
    let now = now()
    switch input.content {
    case .facts(let body):
      return body.facts.enumerated().flatMap { ordinal, fact in
        let candidate = Candidate(
          fact: fact, ordinal: ordinal, of: body, owner: input.owner, vector: vectors[ordinal], now: now)
        return apply(
          Resolution.decide(candidate, known: known(input.owner), policy: policy, now: now), to: input.owner,
          vector: vectors[ordinal])
      }
    case .edit(let request):
      return apply(Commands.decide(request, known: known(input.owner)), to: input.owner, vector: vectors.first)
    case .deletion(let request):
      return apply(Commands.decide(request, known: known(input.owner), now: now), to: input.owner, vector: nil)
    case .ownerDeletion(let request):
      return apply(Commands.decide(request, known: known(input.owner), now: now), to: input.owner, vector: nil)
    case .parked: return []
    }
  }

  private func known(_ owner: OwnerKey) -> OwnerMemories { cache[owner] ?? OwnerMemories() }

  private func hold(_ owner: OwnerKey) async throws {
    guard cache[owner] == nil else { return }
    // What was let go of while the store did not have it yet.
    if unreadOwners.contains(owner) { try await catchUp() }
    cache[owner] = try await store.load(owner)
  }

  private func apply(_ events: [MemoryEvent], to owner: OwnerKey, vector: [Float]?) -> [Change] {
    events.map { event in
      let change = Change(event: event, vector: event.newText == nil ? nil : vector)
      cache[owner]?.evolve(event, vector: change.vector)
      return change
    }
  }
}

/// An event, and the vector of the text that it brings.
struct Change: Sendable {
  let event: MemoryEvent
  let vector: [Float]?
}

extension MemoryEvent {
  /// The text that the event gives a memory, if it gives one.
  var newText: String? {
    switch self {
    case .added(let memory): memory.text
    case .revised(_, let revision): revision.text
    case .reinforced, .superseded, .retracted: nil
    }
  }
}
