import FoundationEssentials

/// What follows from a person's command.
public struct CommandDecision: Sendable {
  /// What happens to memories, in order; empty where there is no such memory.
  public var events: [MemoryEvent]
  /// What the command leaves behind, so that no later fact undoes it.
  public var marks: [CommandMark]

  /// Nothing follows: there is no such memory, and nothing to keep from coming back.
  static let nothing = CommandDecision(events: [], marks: [])
}

/// What a decision about a command rests on besides what is known of the owner.
public struct CommandContext: Sendable {
  /// How facts meet.
  public var policy: ResolutionPolicy
  /// When it is decided.
  public var now: Timestamp
  /// Vectors of the texts of the targets, by text; those that are missing are not compared.
  public var vectors: [String: [Float]]
  /// Where turns stood first on the turns topic, by event id, as far as this generation has seen them.
  public var positions: [String: TurnsPosition]

  /// A context with all its parts.
  public init(
    policy: ResolutionPolicy, now: Timestamp, vectors: [String: [Float]] = [:],
    positions: [String: TurnsPosition] = [:]
  ) {
    self.policy = policy
    self.now = now
    self.vectors = vectors
    self.positions = positions
  }
}

/// Decides what follows from a person's command.
///
/// The memory that a command names by id may have another id here, or none, as the person saw another generation. It is
/// found then by the snapshot that the command carries: see `MemoryMatching`.
public enum Commands {
  /// The events of an edit. Where this generation did not find the memory, it is added from the snapshot: what a person
  /// wrote, or cared to date or label, outranks what a model extracts.
  public static func decide(
    _ request: MemoryEditRequest, known: OwnerMemories, context: CommandContext
  ) -> CommandDecision {
    let target = request.targets?.first
    let matches: [KnownMemory]
    switch known.lookUp(request.memoryID) {
    case .deleted: return .nothing
    case .known(let memory): matches = [memory] + others(than: memory, target, known, context)
    case .unknown:
      guard let target, !isDeleted(target, known, context) else { return .nothing }
      matches = found(target, known, context)
    }
    guard let best = matches.first else {
      return target.map { added($0, request, known, context) } ?? .nothing
    }
    var marks = [CommandMark(memoryID: best.id, standingID: best.id, statement: MemoryStatement(best))]
    if let target, target.id != best.id || !target.isFrom(best.recipe) {
      marks.append(CommandMark(memoryID: target.id, standingID: best.id, statement: MemoryStatement(target)))
    }
    let rest = matches.dropFirst()
    marks += rest.map { CommandMark(memoryID: $0.id, standingID: best.id, statement: MemoryStatement($0)) }
    return CommandDecision(
      events: [.revised(id: best.id, request.revision)] + rest.map { .retracted(id: $0.id, at: context.now) },
      marks: marks)
  }

  /// The events of a deletion, with the chain of what the memory superseded where that is asked for.
  public static func decide(
    _ request: MemoryDeletionRequest, known: OwnerMemories, context: CommandContext
  ) -> CommandDecision {
    let target = request.targets?.first
    var marks: [CommandMark] = []
    var gone: [KnownMemory] = []
    switch known.lookUp(request.memoryID) {
    case .deleted: return .nothing
    case .known(let memory): gone = [memory] + others(than: memory, target, known, context)
    case .unknown:
      guard let target, !isDeleted(target, known, context) else { return .nothing }
      gone = found(target, known, context)
    }
    if request.includesSuperseded {
      for target in request.targets?.dropFirst() ?? [] { gone += linked(target, known, context) }
      var next = 0
      while next < gone.count {
        gone += known.all.filter { memory in
          memory.supersededBy == gone[next].id && !gone.contains { $0.id == memory.id }
        }.sorted { $0.id.text < $1.id.text }
        next += 1
      }
    }
    var seen: Set<UUID> = []
    gone = gone.filter { seen.insert($0.id).inserted }
    let targets = request.includesSuperseded ? request.targets ?? [] : target.map { [$0] } ?? []
    // What a snapshot says in the words of this recipe is marked below, as it is known here.
    for target in targets where !gone.contains(where: { $0.id == target.id && target.isFrom($0.recipe) }) {
      marks.append(CommandMark(memoryID: target.id, standingID: nil, statement: MemoryStatement(target)))
    }
    marks += gone.map { CommandMark(memoryID: $0.id, standingID: nil, statement: MemoryStatement($0)) }
    return CommandDecision(events: gone.map { .retracted(id: $0.id, at: context.now) }, marks: marks)
  }

  /// The events of deleting all of an owner's memories in a scope.
  public static func decide(
    _ request: MemoriesDeletionRequest, known: OwnerMemories, now: Timestamp
  ) -> [MemoryEvent] {
    known.all.filter { $0.scope.matches(request.scope) }.map(\.id).sorted { $0.text < $1.text }
      .map { .retracted(id: $0, at: now) }
  }

  /// The texts of a command's targets whose vectors its decision needs: those of memories that go by other ids here.
  public static func texts(of targets: [Memory]?, known: OwnerMemories) -> [String] {
    (targets ?? []).filter { target in
      if case .unknown = known.lookUp(target.id) { true } else { false }
    }.map(\.text)
  }

  // MARK: Finding

  /// The memories that a snapshot means, the best one first.
  private static func found(_ target: Memory, _ known: OwnerMemories, _ context: CommandContext) -> [KnownMemory] {
    let entry = MemoryMatching.Entry(target, vectors: context.vectors)
    let events = Set(entry.statement.spans.map(\.eventID))
    let neighbours = known.entries { $0.spans.contains { events.contains($0.eventID) } }
    let matches = MemoryMatching.matches(entry, among: neighbours, policy: context.policy.matching)
    // The same fact may have been said in a turn in which the other generation did not find it.
    let same = MemoryMatching.same(as: entry, among: known.entries(where: \.isCurrent), policy: context.policy)
      .filter { candidate in !matches.contains { $0.id == candidate.id } }.sorted { $0.id.text < $1.id.text }
    return (matches + same).compactMap { known[$0.id] }
  }

  /// The memory that a snapshot means, unless it was deleted before the command.
  static func meant(by target: Memory, known: OwnerMemories, context: CommandContext) -> KnownMemory? {
    isDeleted(target, known, context) ? nil : found(target, known, context).first
  }

  /// What else says beyond doubt what the person saw, where that was another recipe's memory, which this one may have
  /// split in several.
  private static func others(
    than memory: KnownMemory, _ target: Memory?, _ known: OwnerMemories, _ context: CommandContext
  ) -> [KnownMemory] {
    guard let target, !target.isFrom(memory.recipe) else { return [] }
    let entry = MemoryMatching.Entry(target, vectors: context.vectors)
    let events = Set(entry.statement.spans.map(\.eventID))
    // With the memory itself among them the best match is no other one by mistake.
    let neighbours = known.entries { $0.spans.contains { events.contains($0.eventID) } }
    return MemoryMatching.matches(entry, among: neighbours, policy: context.policy.matching, best: memory.id)
      .filter { $0.id != memory.id }.compactMap { known[$0.id] }
  }

  /// What a further target of a deletion means here.
  private static func linked(_ target: Memory, _ known: OwnerMemories, _ context: CommandContext) -> [KnownMemory] {
    switch known.lookUp(target.id) {
    case .known(let memory): [memory]
    case .deleted: []
    case .unknown: isDeleted(target, known, context) ? [] : found(target, known, context)
    }
  }

  /// Whether what a snapshot shows was deleted before the command: the person saw a view from before.
  private static func isDeleted(_ target: Memory, _ known: OwnerMemories, _ context: CommandContext) -> Bool {
    let positions = target.sources.compactMap { context.positions[$0.eventID] }
    if !positions.isEmpty, positions.allSatisfy({ known.tombstones.covers(target.scope, saidAt: $0) }) { return true }
    // A tombstone that was set by another id: the same fact from the same message.
    let entry = MemoryMatching.Entry(target, vectors: context.vectors)
    let marks = Set(entry.statement.spans.map(\.eventID)).flatMap(known.tombstones.marks(onEvent:))
    return marks.contains { mark in
      mark.standingID == nil && MemoryMatching.overlap(mark.statement, entry.statement) > .none
        && MemoryMatching.isSame(
          MemoryMatching.Entry(mark, vectors: context.vectors), entry, policy: context.policy)
    }
  }

  /// The edited memory from its snapshot, as this generation has none.
  private static func added(
    _ target: Memory, _ request: MemoryEditRequest, _ known: OwnerMemories, _ context: CommandContext
  ) -> CommandDecision {
    var memory = target
    memory.recordedAt = context.now
    if let successor = memory.supersededBy {
      // Links lead to memories of this generation or nowhere; what has ended has ended all the same.
      switch known.lookUp(successor) {
      case .known(let here): memory.supersededBy = here.id
      case .deleted, .unknown: memory.supersededBy = nil
      }
    }
    let events: [MemoryEvent] =
      [.added(memory), .revised(id: memory.id, request.revision)]
      + Resolution.supersede(by: memory, known: known, now: context.now)
    return CommandDecision(
      events: events,
      marks: [CommandMark(memoryID: target.id, standingID: target.id, statement: MemoryStatement(target))])
  }
}

extension Memory {
  /// Whether it was derived by `recipe`.
  fileprivate func isFrom(_ recipe: String) -> Bool { self.recipe == recipe }
}

extension MemoryMatching.Entry {
  init(_ memory: Memory, vectors: [String: [Float]]) {
    self.init(id: memory.id, statement: MemoryStatement(memory), vector: vectors[memory.text])
  }
}
