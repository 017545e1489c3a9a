import FoundationEssentials

/// What another generation would change for one owner. Pure.
public struct GenerationDiff: Hashable, Sendable {
  /// One memory that is not as before.
  public enum Change: Hashable, Sendable {
    /// It was not there.
    case added(Memory)
    /// It is not there any more.
    case gone(Memory)
    /// It says the same in other words, perhaps under another id.
    case reworded(old: Memory, new: Memory)
    /// It says the same in another category.
    case recategorised(old: Memory, new: Memory)
  }

  /// What is not as before: gone ones, reworded ones, those in another category, added ones.
  public private(set) var changes: [Change] = []
  /// How many are as before.
  public private(set) var unchangedCount = 0

  /// Compares what readers see of one owner: current memories. Facts are the same where their ids are, or their words;
  /// else by source span and meaning, as a person's commands find them.
  public init(old: [Memory], new: [Memory], policy: MatchingPolicy = MatchingPolicy()) {
    var oldRest = old.filter(\.isCurrent)
    var newRest = new.filter(\.isCurrent)
    pair(&oldRest, &newRest) { $0.id.text }
    pair(&oldRest, &newRest) { NormalizedText.of($0.text) }
    pairByMeaning(&oldRest, &newRest, policy)
    changes += oldRest.map(Change.gone) + newRest.map(Change.added)
    changes.sort { ($0.rank, $0.memory.text, $0.memory.id.text) < ($1.rank, $1.memory.text, $1.memory.id.text) }
  }

  /// Pairs those with the same key, one of each side.
  private mutating func pair(_ old: inout [Memory], _ new: inout [Memory], by key: (Memory) -> String) {
    var waiting = Dictionary(grouping: new.indices, by: { key(new[$0]) })
    var taken: Set<Int> = []
    var rest: [Memory] = []
    for memory in old {
      let key = key(memory)
      guard let index = waiting[key]?.first else {
        rest.append(memory)
        continue
      }
      waiting[key]?.removeFirst()
      taken.insert(index)
      note(memory, new[index])
    }
    old = rest
    new = new.indices.filter { !taken.contains($0) }.map { new[$0] }
  }

  private mutating func pairByMeaning(_ old: inout [Memory], _ new: inout [Memory], _ policy: MatchingPolicy) {
    func entry(_ memory: Memory) -> MemoryMatching.Entry {
      MemoryMatching.Entry(id: memory.id, statement: MemoryStatement(memory), vector: nil)
    }
    // Only facts of the same turn can be the same fact.
    var byEvent: [String: [Memory]] = [:]
    for memory in new { for event in Set(memory.sources.map(\.eventID)) { byEvent[event, default: []].append(memory) } }
    var taken: Set<UUID> = []
    var rest: [Memory] = []
    for memory in old {
      let near = Set(memory.sources.map(\.eventID)).flatMap { byEvent[$0] ?? [] }.filter { !taken.contains($0.id) }
      let best = MemoryMatching.matches(entry(memory), among: near.map(entry), policy: policy).first
      guard let match = near.first(where: { $0.id == best?.id }) else {
        rest.append(memory)
        continue
      }
      taken.insert(match.id)
      note(memory, match)
    }
    old = rest
    new.removeAll { taken.contains($0.id) }
  }

  private mutating func note(_ old: Memory, _ new: Memory) {
    if old.text != new.text {
      changes.append(.reworded(old: old, new: new))
    } else if old.category != new.category {
      changes.append(.recategorised(old: old, new: new))
    } else {
      unchangedCount += 1
    }
  }
}

extension GenerationDiff.Change {
  /// `gone`, `reworded`, `recategorised` or `added`.
  public var kind: String {
    switch self {
    case .gone: "gone"
    case .reworded: "reworded"
    case .recategorised: "recategorised"
    case .added: "added"
    }
  }

  /// The memory before; nil where there was none.
  public var old: Memory? {
    switch self {
    case .added: nil
    case .gone(let memory), .reworded(let memory, _), .recategorised(let memory, _): memory
    }
  }

  /// The memory after; nil where there is none.
  public var new: Memory? {
    switch self {
    case .gone: nil
    case .added(let memory), .reworded(_, let memory), .recategorised(_, let memory): memory
    }
  }

  fileprivate var rank: Int {
    switch self {
    case .gone: 0
    case .reworded: 1
    case .recategorised: 2
    case .added: 3
    }
  }

  fileprivate var memory: Memory {
    switch self {
    case .added(let memory), .gone(let memory), .reworded(let memory, _), .recategorised(let memory, _): memory
    }
  }
}
