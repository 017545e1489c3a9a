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

  func trimCache() {
    cache.trim()
  }

  func process(_ records: [LogRecord]) async throws -> [NewRecord] {
    try await store.catchUp()
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

  private func decidedInputs(_ inputs: [ResolutionInput]) async throws -> Set<Key> {
    let flags = try await store.decided(inputs.map { ($0.owner, $0.reference.id) })
    return Set(zip(inputs, flags).filter(\.1).map { Key($0.0) })
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
