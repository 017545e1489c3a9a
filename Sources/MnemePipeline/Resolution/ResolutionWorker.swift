import EventLog
import FoundationEssentials
import LanguageModel
import MnemeCore

/// Resolution of one partition: the shell around `Resolution.decide`.
actor ResolutionWorker {
  private let store: ResolutionStore
  private let embedding: EmbeddingCaller
  private let policy: @Sendable (ResolutionInput) -> ResolutionPolicy
  private let writer: ResolutionWriter
  private let codec: EventRecordCodec
  private let now: @Sendable () -> Timestamp
  private var cache: OwnerCache
  /// Inputs that were seen here and that the store has not read back from the log. Within them the worker knows more
  /// than its store; a commit that fails ends the worker, and these with it.
  private var unread: [Key: ResolutionStore.SeenInput] = [:]
  private var unreadOwners: Set<OwnerKey> = []
  /// What the batch under way has seen.
  private var uncommitted: [Key: ResolutionStore.SeenInput] = [:]
  private var hasCaughtUp = false

  /// How many inputs may be unread before the store reads them back.
  private static let maxUnreadCount = 4096

  init(
    store: ResolutionStore, embedding: EmbeddingCaller,
    policy: @escaping @Sendable (ResolutionInput) -> ResolutionPolicy,
    writer: ResolutionWriter, codec: EventRecordCodec, now: @escaping @Sendable () -> Timestamp, cache: OwnerCache
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
    unread.merge(uncommitted) { _, newer in newer }
    unreadOwners.formUnion(uncommitted.keys.map(\.owner))
    uncommitted.removeAll()
    cache.trim()
  }

  func process(_ records: [LogRecord]) async throws -> [NewRecord] {
    if !hasCaughtUp || unread.count > Self.maxUnreadCount { try await catchUp() }
    let inputs = records.map { record in
      (record: record, input: Result { try ResolutionInput(record, codec: codec) })
    }
    var output: [NewRecord] = []
    var rest = inputs[...]
    while !rest.isEmpty {
      let run = rest.prefix(Self.runLength(rest.map { try? $0.input.get() }))
      rest = rest.dropFirst(run.count)
      output += try await processRun(Array(run))
    }
    return output
  }

  /// How many of `inputs` go together. Which texts a decision needs depends on what commands before it did, and a
  /// command's on what is known then: an owner's commands and facts are not in one run.
  private static func runLength(_ inputs: [ResolutionInput?]) -> Int {
    var isCommand: [OwnerKey: Bool] = [:]
    for (index, input) in inputs.enumerated() {
      guard let input else { continue }
      if let earlier = isCommand.updateValue(input.isCommand, forKey: input.owner), earlier != input.isCommand {
        return index
      }
    }
    return inputs.count
  }

  private func processRun(_ run: [(record: LogRecord, input: Result<ResolutionInput, any Error>)]) async throws
    -> [NewRecord]
  {
    let readable = run.compactMap { try? $0.input.get() }
    var seen = try await seen(readable)
    var texts: [[String]] = []
    for input in readable {
      if seen[Key(input)]?.isDecided == true {
        texts.append([])
      } else {
        try await hold(input.owner)
        texts.append(input.texts(known: known(input.owner)))
      }
    }
    let groups = zip(readable, texts).map { EmbeddingCaller.Group(owner: $0.owner, texts: $1) }
    var next = zip(texts, try await embedding.embed(groups)).makeIterator()
    var output: [NewRecord] = []
    for (record, input) in run {
      switch input {
      case .failure(let error):
        output.append(writer.parked(record, error: error))
      case .success(let input):
        guard let (texts, vectors) = next.next() else { preconditionFailure("every readable record has its vectors") }
        let byText = vectors.map { Dictionary(zip(texts, $0)) { first, _ in first } }
        output += try await resolve(input, vectors: byText, seen: &seen)
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

    init(_ owner: OwnerKey, _ id: String) {
      self.owner = owner
      self.id = id
    }
  }

  /// Reads back what was written since the last time, by this worker or by those before it.
  private func catchUp() async throws {
    try await store.catchUp()
    hasCaughtUp = true
    unread.removeAll()
    unreadOwners.removeAll()
  }

  /// What the log, and the batch so far, say of these inputs.
  private func seen(_ inputs: [ResolutionInput]) async throws -> [Key: ResolutionStore.SeenInput] {
    try await seen(inputs.map { Key($0) })
  }

  private func seen(_ keys: [Key]) async throws -> [Key: ResolutionStore.SeenInput] {
    var result: [Key: ResolutionStore.SeenInput] = [:]
    for (key, stored) in zip(keys, try await store.seen(keys.map { ($0.owner, $0.id) })) {
      for seen in [stored, unread[key], uncommitted[key]].compactMap(\.self) {
        Self.merge(seen, into: &result[key])
      }
    }
    return result
  }

  private static func merge(_ seen: ResolutionStore.SeenInput, into known: inout ResolutionStore.SeenInput?) {
    guard let before = known else {
      known = seen
      return
    }
    known?.isDecided = before.isDecided || seen.isDecided
    if seen.position.isBefore(before.position) { known?.position = seen.position }
  }

  private func resolve(
    _ input: ResolutionInput, vectors: Result<[String: [Float]], EmbeddingCaller.Failure>,
    seen: inout [Key: ResolutionStore.SeenInput]
  ) async throws -> [NewRecord] {
    let key = Key(input)
    // A publisher's retry, or a record derived twice: the first one has decided, and only the position moves on.
    guard seen[key]?.isDecided != true else { return [try writer.nothingNew(input)] }
    func note(isDecided: Bool) {
      Self.merge(.init(position: input.reference.firstPosition, isDecided: isDecided), into: &seen[key])
      uncommitted[key] = seen[key]
    }
    switch (vectors, input.content) {
    case (.failure(let failure), _):
      note(isDecided: false)
      return try writer.parked(input, failure: failure)
    case (.success, .parked(let body)):
      note(isDecided: false)
      return [try writer.passedOn(body, owner: input.owner)]
    case (.success(let vectors), _):
      note(isDecided: true)
      let position = seen[key]?.position ?? input.reference.firstPosition
      return try writer.resolved(input, try await resolved(input, saidAt: position, vectors: vectors))
    }
  }

  /// What follows from an input; `position` is where it stood first. Vectors are by text.
  private func resolved(
    _ input: ResolutionInput, saidAt position: TurnsPosition, vectors: [String: [Float]]
  ) async throws -> Resolved {
    let positions = try await positions(of: input)
    try await hold(input.owner)
    let now = now()
    let context = CommandContext(policy: policy(input), now: now, vectors: vectors, positions: positions)
    switch input.content {
    case .facts(let body):
      return Resolved(changes: changes(of: body, input, saidAt: position, vectors: vectors, now: now))
    case .edit(let request):
      let decision = Commands.decide(request, known: known(input.owner), context: context)
      return apply(decision, to: input.owner, at: position, vectors: vectors)
    case .deletion(let request):
      let decision = Commands.decide(request, known: known(input.owner), context: context)
      return apply(decision, to: input.owner, at: position, vectors: vectors)
    case .feedback(let given):
      let decision = Commands.decide(given, known: known(input.owner), context: context)
      return apply(decision, to: input.owner, at: position, vectors: vectors)
    case .ownerDeletion(let request):
      let events = Commands.decide(request, known: known(input.owner), now: now)
      let changes = apply(events, to: input.owner, vectors: vectors)
      cache[input.owner]?.tombstones.noteDeletion(of: request.scope, at: position)
      return Resolved(changes: changes, deletedScope: request.scope)
    case .parked: return Resolved(changes: [])
    }
  }

  private func changes(
    of body: FactsExtracted, _ input: ResolutionInput, saidAt position: TurnsPosition, vectors: [String: [Float]],
    now: Timestamp
  ) -> [Change] {
    let (owner, policy) = (input.owner, policy(input))
    let candidates = Candidate.all(
      of: body, owner: owner, vectors: body.facts.map { vectors[$0.text] ?? [] }, now: now)
    return Resolution.admitted(candidates, saidAt: position, known: known(owner), vectors: vectors, policy: policy)
      .flatMap { candidate in
        apply(
          Resolution.decide(candidate, known: known(owner), policy: policy, now: now), to: owner, vectors: vectors)
      }
  }

  /// Where the turns stood first that a command's targets come from.
  private func positions(of input: ResolutionInput) async throws -> [String: TurnsPosition] {
    let keys = input.sourceEventIDs.map { Key(input.owner, $0) }
    guard !keys.isEmpty else { return [:] }
    return Dictionary(uniqueKeysWithValues: try await seen(keys).map { ($0.key.id, $0.value.position) })
  }

  private func known(_ owner: OwnerKey) -> OwnerMemories { cache[owner] ?? OwnerMemories() }

  private func hold(_ owner: OwnerKey) async throws {
    guard cache[owner] == nil else { return }
    // What was let go of while the store did not have it yet.
    if unreadOwners.contains(owner) { try await catchUp() }
    cache[owner] = try await store.load(owner)
  }

  private func apply(
    _ decision: CommandDecision, to owner: OwnerKey, at position: TurnsPosition, vectors: [String: [Float]]
  ) -> Resolved {
    let changes = apply(decision.events, to: owner, vectors: vectors)
    for mark in decision.marks { cache[owner]?.tombstones.note(mark, at: position) }
    return Resolved(changes: changes, marks: decision.marks)
  }

  private func apply(_ events: [MemoryEvent], to owner: OwnerKey, vectors: [String: [Float]]) -> [Change] {
    events.map { event in
      let change = Change(event: event, vector: event.newText.flatMap { vectors[$0] })
      cache[owner]?.evolve(event, vector: change.vector)
      return change
    }
  }
}

/// What follows from an input.
struct Resolved: Sendable {
  var changes: [Change]
  var marks: [CommandMark] = []
  var deletedScope: Scope?
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
    case .reinforced, .superseded, .retracted, .rated: nil
    }
  }
}
