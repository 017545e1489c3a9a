import FoundationEssentials

/// How new facts meet known ones. A change of any value is a new policy, and so a new generation.
public struct ResolutionPolicy: Hashable, Sendable {
  /// Name, recorded with the generation.
  public var name: String
  /// Two statements of at least this cosine, and with the same distinguishing marks, are one.
  public var nearDuplicateCosine: Float

  /// How a memory that a person's command meant in another generation is found in this one.
  public var matching: MatchingPolicy

  /// A policy with all its parts.
  public init(
    name: String = "policy-1", nearDuplicateCosine: Float = 0.95, matching: MatchingPolicy = MatchingPolicy()
  ) {
    self.name = name
    self.nearDuplicateCosine = nearDuplicateCosine
    self.matching = matching
  }
}

/// Decides what becomes of a candidate. Pure: everything it knows is an argument.
public enum Resolution {
  /// The events that follow from one candidate, given what is known: it is said again, it replaces something,
  /// or it is new.
  public static func decide(
    _ candidate: Candidate, known: OwnerMemories, policy: ResolutionPolicy, now: Timestamp
  ) -> [MemoryEvent] {
    let memory = candidate.memory
    // The same turn again, after its record was already decided: it changes nothing.
    guard known[memory.id] == nil else { return [] }
    if let same = known.current(withText: memory.text).first(where: { isSame($0, memory) }) {
      return reinforce(same, memory, now)
    }
    if candidate.isVerbatim { return [.added(memory)] }
    let new = KnownMemory(memory)
    if let slot = new.slot {
      return decide(new, memory, rivals: known.current(in: slot), now: now)
    }
    if let near = known.current(near: candidate.vector, minimumCosine: policy.nearDuplicateCosine)
      .first(where: { isNearDuplicate($0.memory, memory) })
    {
      return reinforce(near.memory, memory, now)
    }
    return [.added(memory)]
  }

  private static func reinforce(_ same: KnownMemory, _ memory: Memory, _ now: Timestamp) -> [MemoryEvent] {
    memory.sources.map { .reinforced(id: same.id, source: $0, at: now) }
  }

  private static func isSame(_ known: KnownMemory, _ memory: Memory) -> Bool {
    known.scope.hasSameAudience(as: memory.scope) && (memory.validTo == nil)
  }

  private static func isNearDuplicate(_ known: KnownMemory, _ memory: Memory) -> Bool {
    known.slot == nil && isSame(known, memory) && known.subject == NormalizedText.of(memory.subject)
      && DistinguishingMarks(of: known.text) == DistinguishingMarks(of: memory.text)
  }

  /// A fact in a slot against the current facts in the same slot.
  private static func decide(
    _ new: KnownMemory, _ memory: Memory, rivals: [KnownMemory], now: Timestamp
  ) -> [MemoryEvent] {
    let isSingleValued = new.slot?.isSingleValued ?? false
    var added = memory
    var superseded: [KnownMemory] = []
    for rival in rivals {
      let isSameValue = rival.value == new.value
      switch (rival.polarity == new.polarity, isSameValue) {
      case (true, true) where memory.validTo == nil:
        if rival.scope.hasSameAudience(as: new.scope) { return reinforce(rival, memory, now) }
      case (true, true):
        // "I used to …": what was thought to hold has ended.
        superseded.append(rival)
      case (false, true):
        superseded.append(rival)
      case (true, false):
        guard isSingleValued, new.polarity == .positive, memory.validTo == nil else { continue }
        superseded.append(rival)
      case (false, false):
        // A denial without a value ends whatever stood there; a denial of another value says nothing about it.
        if isSingleValued, new.value == nil || rival.polarity == .negative { superseded.append(rival) }
      }
    }
    // A statement that arrives late, after a newer one in its slot, is history already.
    if let newer = superseded.filter({ $0.assertedAt > new.assertedAt }).max(by: { $0.assertedAt < $1.assertedAt }) {
      added.supersededBy = newer.id
      added.validTo = later(newer.validFrom, added.validFrom)
      return [.added(added)]
    }
    let end = memory.validTo ?? memory.validFrom
    return [.added(added)]
      + superseded.map { .superseded(id: $0.id, by: added.id, validTo: later($0.validFrom, end), at: now) }
  }

  /// The events with which a memory that a person wrote takes the place of what fills its slot, where that holds one
  /// value. What a person wrote is the newest word.
  static func supersede(by memory: Memory, known: OwnerMemories, now: Timestamp) -> [MemoryEvent] {
    let new = KnownMemory(memory)
    guard memory.isCurrent, let slot = new.slot, slot.isSingleValued, new.polarity == .positive else { return [] }
    return known.current(in: slot).filter { $0.id != new.id }
      .map { .superseded(id: $0.id, by: new.id, validTo: later($0.validFrom, memory.validFrom), at: now) }
  }

  private static func later(_ left: Moment, _ right: Moment) -> Moment { left.at > right.at ? left : right }
}

/// What tells two statements of like wording apart: numbers, denials, and names.
struct DistinguishingMarks: Hashable {
  private var marks: Set<String> = []

  static let denials: Set<String> = [
    "no", "not", "never", "none", "nothing", "nobody", "without", "neither", "nor", "cannot", "isnt", "dont", "doesnt",
    "didnt", "cant", "wont", "wasnt", "arent", "werent", "havent", "hasnt", "hadnt", "wouldnt", "shouldnt", "couldnt",
  ]

  init(of text: String) {
    var isFirst = true
    for word in text.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "'" || $0 == "\u{2019}") }) {
      let normalized = NormalizedText.of(String(word))
      if word.contains(where: \.isNumber) || Self.denials.contains(normalized) {
        marks.insert(normalized)
      } else if !isFirst, word.first?.isUppercase == true, word.count > 1 {
        marks.insert(normalized)
      }
      isFirst = false
    }
  }
}
