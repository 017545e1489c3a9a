public import FoundationEssentials

/// What a person's commands left behind in one owner's state: which memories are deleted, which stand for which, and
/// what was said before everything was deleted.
public struct Tombstones: Sendable {
  /// A mark, and where its command stands.
  struct PlacedMark: Sendable {
    var mark: CommandMark
    var position: TurnsPosition
  }

  /// A deletion of all memories in a scope, and where it stands.
  private struct ScopeDeletion: Sendable {
    var scope: Scope
    var position: TurnsPosition
  }

  private(set) var marks: [PlacedMark] = []
  private var marksByEvent: [String: [Int]] = [:]
  private var deletedIDs: Set<UUID> = []
  private var standingIDs: [UUID: UUID] = [:]
  private var scopeDeletions: [ScopeDeletion] = []

  /// Those of an owner whose memories nobody ever touched.
  public init() {}

  /// Approximate size in memory, in bytes.
  var byteCount: Int { marks.reduce(0) { $0 + 400 + $1.mark.statement.spans.count * 200 } + deletedIDs.count * 32 }

  /// Whether the memory of that id was deleted.
  public func isDeleted(_ id: UUID) -> Bool { deletedIDs.contains(id) }

  /// The id of the memory that stands for `id`: another one where a command found it by its meaning.
  func standing(for id: UUID) -> UUID { standingIDs[id] ?? id }

  /// Notes that a memory was withdrawn.
  public mutating func delete(_ id: UUID) { deletedIDs.insert(id) }

  /// Notes what the command at `position` left behind.
  public mutating func note(_ mark: CommandMark, at position: TurnsPosition) {
    for eventID in Set(mark.statement.spans.map(\.eventID)) {
      marksByEvent[eventID, default: []].append(marks.count)
    }
    marks.append(PlacedMark(mark: mark, position: position))
    if let standing = mark.standingID {
      if standing != mark.memoryID { standingIDs[mark.memoryID] = standing }
    } else {
      deletedIDs.insert(mark.memoryID)
    }
  }

  /// Notes that everything in `scope` that was said before `position` was deleted.
  public mutating func noteDeletion(of scope: Scope, at position: TurnsPosition) {
    scopeDeletions.append(ScopeDeletion(scope: scope, position: position))
  }

  /// Whether a deletion of all memories covers what was said in `scope` at `position`.
  public func covers(_ scope: Scope, saidAt position: TurnsPosition) -> Bool {
    scopeDeletions.contains { position.isBefore($0.position) && scope.matches($0.scope) }
  }

  /// The words of the marks with which facts of a turn are compared, for their vectors.
  public func texts(forEvent eventID: String) -> [String] {
    (marksByEvent[eventID] ?? []).map { marks[$0].mark.statement.text }
  }

  /// Marks on words of that turn.
  func marks(onEvent eventID: String) -> [CommandMark] { (marksByEvent[eventID] ?? []).map { marks[$0].mark } }

  /// Marks that were set after `position`.
  func marks(after position: TurnsPosition) -> [CommandMark] {
    marks.filter { position.isBefore($0.position) }.map(\.mark)
  }
}

extension Resolution {
  /// Those of a turn's candidates that no command of a person keeps out: what was deleted or rewritten does not come
  /// back, however late the turn is processed and however another recipe words it.
  ///
  /// - Parameters:
  ///   - position: Where the turn stood first on the turns topic. What is said after a deletion is remembered again.
  ///   - vectors: By text, those of `Tombstones.texts(forEvent:)`.
  public static func admitted(
    _ candidates: [Candidate], saidAt position: TurnsPosition, known: OwnerMemories, vectors: [String: [Float]],
    policy: ResolutionPolicy
  ) -> [Candidate] {
    let tombstones = known.tombstones
    let entries = candidates.map {
      MemoryMatching.Entry(id: $0.memory.id, statement: MemoryStatement($0.memory), vector: $0.vector)
    }
    var refused: Set<UUID> = []
    for entry in entries {
      if tombstones.isDeleted(entry.id) || tombstones.standing(for: entry.id) != entry.id
        || tombstones.covers(entry.statement.scope, saidAt: position)
      {
        refused.insert(entry.id)
      }
    }
    for mark in Set(candidates.flatMap(\.memory.sources).map(\.eventID)).flatMap(tombstones.marks(onEvent:)) {
      let target = MemoryMatching.Entry(mark, vectors: vectors)
      let matches = MemoryMatching.matches(target, among: entries, policy: policy.matching)
      refused.formUnion(matches.filter { !known.stillSays(mark, $0.statement) }.map(\.id))
    }
    for mark in tombstones.marks(after: position) {
      let target = MemoryMatching.Entry(mark, vectors: vectors)
      for entry in entries
      where MemoryMatching.isSame(target, entry, policy: policy) && !known.stillSays(mark, entry.statement) {
        refused.insert(entry.id)
      }
    }
    return candidates.filter { !refused.contains($0.memory.id) }
  }
}

extension OwnerMemories {
  /// Whether the memory that stands for a mark has the very words of `statement`, which are said once more then.
  fileprivate func stillSays(_ mark: CommandMark, _ statement: MemoryStatement) -> Bool {
    guard let standing = mark.standingID, let memory = self[standing], memory.isCurrent else { return false }
    return NormalizedText.of(memory.text) == NormalizedText.of(statement.text)
  }
}

extension MemoryMatching.Entry {
  init(_ mark: CommandMark, vectors: [String: [Float]]) {
    self.init(id: mark.memoryID, statement: mark.statement, vector: vectors[mark.statement.text])
  }
}
