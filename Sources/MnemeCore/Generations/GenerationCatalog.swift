/// Every generation of a log, and which one readers read: what `mneme.generations` folds to. Pure.
public struct GenerationCatalog: Hashable, Sendable {
  /// How far a generation is.
  public enum State: String, Sendable, Codable, CaseIterable {
    /// A replay is under way, or was given up.
    case filling
    /// It is complete and kept current, and could be promoted.
    case ready
    /// Readers read it.
    case active
    /// It is gone.
    case dropped
  }

  /// A generation, and how far it is.
  public struct Entry: Hashable, Sendable {
    /// The generation.
    public var generation: Generation
    /// How far it is.
    public var state: State
    /// When it began.
    public var createdAt: Timestamp
    /// When readers began to read it, the last time; nil where they never did.
    public var promotedAt: Timestamp?
  }

  /// Every generation that ever was, in order of creation.
  public private(set) var entries: [Entry] = []
  /// Those that were active, the active one last. A rollback takes the last one off.
  private var activations: [String] = []
  /// Names of those that were active, one after the other, and from which offsets of `mneme.turns` on.
  private var tenures: [Tenure] = []
  /// Every recipe that was asked for, so that an old setting is told from a new wish.
  private var recipes: [ExtractionSpecification] = []

  /// From `turns` on, by partition (0 where that is missing), the generation of that name was active.
  private struct Tenure: Hashable {
    var name: String
    var turns: [Int64]
  }

  /// A catalog of nothing.
  public init() {}

  /// The entry of `id`; nil where it never was.
  public subscript(id: String) -> Entry? { entries.first { $0.generation.id == id } }

  /// The generation that readers read; nil before the first one.
  public var active: Generation? { activations.last.flatMap { self[$0]?.generation } }

  /// The name of the generation that was active when the input at `position` was taken in: the one whose memories of it
  /// webhooks are told of. nil before the first one.
  public func nameOfActive(at position: TurnsPosition) -> String? {
    tenures.last { tenure in
      !tenure.turns.indices.contains(position.partition) || tenure.turns[position.partition] <= position.offset
    }?.name
  }

  /// Names of those that have ever been active.
  public var everActiveNames: Set<String> { Set(tenures.map(\.name)) }

  /// Those that are not dropped, in order of creation.
  public var live: [Entry] { entries.filter { $0.state != .dropped } }

  /// The one in whose space memories of the same name as `generation` are decided: the oldest one that is live.
  public func resolving(_ generation: Generation) -> Generation {
    live.first { $0.generation.name == generation.name }?.generation ?? generation
  }

  /// Topics that live generations use.
  public var topics: Set<String> { Set(live.flatMap(\.generation.topics)) }

  /// A name that no generation has had.
  public var nextName: String {
    let numbers = entries.compactMap { Int($0.generation.name.dropFirst()) }
    return "g\((numbers.max() ?? 0) + 1)"
  }

  /// An id for another space of `name` that none has had: a space that was dropped may come again.
  public func nextID(of name: String, space: String) -> String {
    let plain = "\(name)\(Generation.spaceSeparator)\(space)"
    guard self[plain] != nil else { return plain }
    let count = entries.count { $0.generation.name == name && $0.generation.embedding.space == space }
    return "\(plain).\(count + 1)"
  }

  /// Whether facts were ever asked for in this way.
  public func hasSeen(_ extraction: ExtractionSpecification) -> Bool {
    recipes.contains { $0.isSameRecipe(as: extraction) }
  }

  // MARK: Folding

  /// Folds one event. What is not possible where it stands is left out: of two processes that decided at the same time,
  /// the first one in the log has its way. Returns whether it changed anything.
  @discardableResult
  public mutating func apply(_ event: GenerationEvent, at time: Timestamp) -> Bool {
    guard (try? check(event)) != nil else { return false }
    switch event {
    case .created(let generation):
      let isFirst = entries.isEmpty
      entries.append(
        Entry(
          generation: generation, state: isFirst ? .active : .filling, createdAt: time,
          promotedAt: isFirst ? time : nil))
      if isFirst {
        activations.append(generation.id)
        tenures.append(Tenure(name: generation.name, turns: []))
      }
      recipes.append(generation.extraction)
    case .filled(let id): update(id) { $0.state = .ready }
    case .promoted(let id, let turns):
      if let active { update(active.id) { $0.state = .ready } }
      activations.removeAll { $0 == id }
      activations.append(id)
      activate(id, from: turns, at: time)
    case .rolledBack(let id, let turns):
      update(id) { $0.state = .ready }
      activations.removeLast()
      if let active { activate(active.id, from: turns, at: time) }
    case .dropped(let id):
      update(id) { $0.state = .dropped }
      activations.removeAll { $0 == id }
    case .extractionChanged(let id, let extraction):
      // Generations that share facts share how they come about.
      let facts = self[id]?.generation.facts
      for index in entries.indices where entries[index].generation.facts == facts {
        entries[index].generation.extraction = extraction
      }
      recipes.append(extraction)
    }
    return true
  }

  private mutating func activate(_ id: String, from turns: [Int64], at time: Timestamp) {
    update(id) { entry in
      entry.state = .active
      entry.promotedAt = time
    }
    // Another space has the same memories.
    if let name = active?.name, tenures.last?.name != name { tenures.append(Tenure(name: name, turns: turns)) }
  }

  private mutating func update(_ id: String, _ change: (inout Entry) -> Void) {
    guard let index = entries.firstIndex(where: { $0.generation.id == id }) else { return }
    change(&entries[index])
  }

  // MARK: Deciding

  /// Whether `event` is possible as things stand.
  /// - Throws: `GenerationError`, which says why not and what to do.
  public func check(_ event: GenerationEvent) throws {
    switch event {
    case .created(let generation):
      guard self[generation.id] == nil else {
        throw GenerationError(.exists, "generation \(generation.id) exists already; see 'mneme generations list'")
      }
    case .filled(let id):
      guard try entry(id).state == .filling else {
        throw GenerationError(.impossible, "generation \(id) is not being filled")
      }
    case .promoted(let id, _): try checkPromotion(try entry(id))
    case .rolledBack(let id, _):
      guard active?.id == id else { throw GenerationError(.impossible, "generation \(id) is not active") }
      guard activations.count > 1 else {
        throw GenerationError(
          .impossible, "no generation was active before \(id), or it was dropped: there is nothing to roll back to")
      }
    case .dropped(let id):
      guard try entry(id).state != .active else {
        throw GenerationError(
          .impossible, "generation \(id) is active; promote another one, or roll back, before it is dropped")
      }
    case .extractionChanged(let id, _): _ = try entry(id)
    }
  }

  private func entry(_ id: String) throws -> Entry {
    guard let entry = self[id] else {
      throw GenerationError(.unknown, "there is no generation \(id); see 'mneme generations list'")
    }
    guard entry.state != .dropped else {
      throw GenerationError(.dropped, "generation \(id) was dropped; derive it again with 'mneme replay'")
    }
    return entry
  }

  private func checkPromotion(_ entry: Entry) throws {
    let id = entry.generation.id
    switch entry.state {
    case .ready: break
    case .active: throw GenerationError(.impossible, "generation \(id) is active already")
    case .filling:
      throw GenerationError(
        .impossible, "generation \(id) is not filled yet; run its 'mneme replay' again, which goes on where it was")
    case .dropped: preconditionFailure("a dropped entry is not handed out")
    }
    guard !entry.generation.isPartial else {
      throw GenerationError(
        .impossible, "generation \(id) has vectors of some memories only; drop it, and re-embed without a selection")
    }
  }
}

/// Why something cannot be done to a generation.
public struct GenerationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure, in words that scripts may rely on.
  public enum Code: String, Sendable, CaseIterable {
    /// There never was such a generation.
    case unknown
    /// It is gone.
    case dropped
    /// There is one of that id.
    case exists
    /// Not as things stand.
    case impossible
    /// It is not what its log or its parent says it should be.
    case unverified
  }

  /// The kind of failure.
  public let code: Code
  /// What happened, to which generation, and what to do next.
  public let description: String
  /// As things stand, never.
  public var isRetriable: Bool { false }

  /// A failure of kind `code`.
  public init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
