import EventLog
import FoundationEssentials
import LanguageModel
import MnemeCore
import MnemeTesting
import Synchronization

@testable import MnemePipeline

/// What can be said in a random history, and how two recipes word it.
struct SpokenFact: Hashable, Sendable {
  /// Which kind of fact, and which one of that kind.
  let kind: Int
  let number: Int

  static let kindCount = 5
  static let values = [
    ["Rex", "Bello", "Luna", "Milo"], ["hiking", "chess", "sailing", "pottery"],
    ["peanuts", "pollen", "latex", "shrimp"], ["pork", "olives", "celery", "liver"],
    ["bicycle", "camera", "violin", "tent"],
  ]
  static let all = (0..<kindCount).flatMap { kind in (0..<4).map { SpokenFact(kind: kind, number: $0) } }

  private var value: String { Self.values[kind][number] }

  /// The clause with which a person says it.
  var clause: String {
    switch kind {
    case 0: "I have a dog named \(value)"
    case 1: "I love \(value)"
    case 2: "I am allergic to \(value)"
    case 3: "I do not eat \(value)"
    default: "my \(value) cost \(250 + number) euros"
    }
  }

  /// What a recipe makes of it.
  func candidate(_ name: TwoGenerations.Name, quote: String) -> FactCandidate {
    let isFirst = name == .first
    let (text, attribute, polarity): (String, String?, Polarity) =
      switch kind {
      case 0: (isFirst ? "Has a dog named \(value)" : "User's dog is called \(value)", "pet", .positive)
      case 1: (isFirst ? "Loves \(value)" : "User enjoys \(value)", isFirst ? "likes" : nil, .positive)
      case 2: (isFirst ? "Allergic to \(value)" : "Has an allergy to \(value)", "allergy", .positive)
      case 3: (isFirst ? "Does not eat \(value)" : "User never eats \(value)", nil, .negative)
      default:
        (
          isFirst ? "The \(value) cost \(250 + number) euros" : "User's \(value) cost them \(250 + number) euros", nil,
          .positive
        )
      }
    return FactCandidate(
      text: text, attribute: attribute, value: attribute.map { _ in value }, polarity: polarity, messageIndex: 0,
      quote: quote, actor: "user")
  }
}

/// A recipe that finds, words, splits and merges facts in its own way, and which of them by a seed.
struct ScriptedRecipe: Sendable {
  let name: TwoGenerations.Name
  let seed: UInt64

  /// The groups of facts that it makes texts of: it overlooks some, takes some together, and orders them as it likes.
  func groups(_ facts: [SpokenFact], turn: String) -> [[SpokenFact]] {
    var random = SplitMix64(seed: seed ^ UInt64(Partitioner.murmur2(Array((name.rawValue + turn).utf8))))
    var groups: [[SpokenFact]] = []
    for (index, fact) in facts.enumerated() where random.below(7) > 0 {
      // Only the first two go together: of two texts that overlap in a part, neither holds the other.
      if index == 1, groups.count == 1, random.below(4) == 0 {
        groups[0].append(fact)
      } else {
        groups.append([fact])
      }
    }
    return random.below(2) == 0 ? groups : groups.reversed()
  }

  func candidate(_ group: [SpokenFact], turn: String, message: String) -> FactCandidate {
    let quotesAll = (seed ^ UInt64(Partitioner.murmur2(Array((turn + name.rawValue).utf8)))) % 3 == 0
    let parts = group.map { $0.candidate(name, quote: quotesAll || group.count > 1 ? message : $0.clause) }
    guard parts.count > 1 else { return parts[0] }
    var merged = parts[0]
    merged.text = parts.map(\.text).joined(separator: ", but ")
    merged.attribute = nil
    merged.value = nil
    merged.polarity = .positive
    return merged
  }
}

/// Turns, commands and dead letters by a seed, processed by both generations, with what must be true of them.
actor RandomHistory {
  /// A statement: a fact in a turn, and where that turn stands.
  private struct Said {
    var order: Int
    var facts: [SpokenFact]
  }

  private let seed: UInt64
  private var random: SplitMix64
  private let world: TwoGenerations
  private let parked: Parked
  private let recipes: [TwoGenerations.Name: ScriptedRecipe]
  private var said: [String: Said] = [:]
  private var meaning: [String: Set<SpokenFact>] = [:]
  private var order = 0
  private var lastTouch: [SpokenFact: Int] = [:]
  private var lastDeletionOfAll = -1
  /// Statements that went with a memory that a command hit: the turn, the fact, and when.
  private var hitStatements: Set<[String]> = []
  /// When a memory of that fact alone was hit.
  private var hitAlone: [SpokenFact: Int] = [:]
  private var written: Set<String> = []
  private var standing: Set<String> = []
  private(set) var commandCount = 0

  /// Which turns a generation's model cannot be asked about just now.
  private final class Parked: Sendable {
    private let turns = Mutex<Set<[String]>>([])
    func set(_ turn: String, _ name: TwoGenerations.Name) { turns.withLock { _ = $0.insert([turn, name.rawValue]) } }
    func holds(_ turn: String, _ name: TwoGenerations.Name) -> Bool {
      turns.withLock { $0.contains([turn, name.rawValue]) }
    }
    func clear() { turns.withLock { $0.removeAll() } }
  }

  private final class Spoken: Sendable {
    private let facts = Mutex<[String: [SpokenFact]]>([:])
    subscript(turn: String) -> [SpokenFact] {
      get { facts.withLock { $0[turn] ?? [] } }
      set { facts.withLock { $0[turn] = newValue } }
    }
  }

  private let spoken: Spoken

  init(seed: UInt64) async throws {
    self.seed = seed
    self.random = SplitMix64(seed: seed)
    let parked = Parked()
    let spoken = Spoken()
    let recipes = Dictionary(
      uniqueKeysWithValues: TwoGenerations.Name.allCases.map { ($0, ScriptedRecipe(name: $0, seed: seed)) })
    self.parked = parked
    self.spoken = spoken
    self.recipes = recipes
    self.world = try await TwoGenerations { name, turn in
      if parked.holds(turn.id, name) { throw ModelError(.serverError, "500") }
      guard let recipe = recipes[name] else { return [] }
      return recipe.groups(spoken[turn.id], turn: turn.id).map {
        recipe.candidate($0, turn: turn.id, message: turn.body.messages[0].content)
      }
    }
  }

  // MARK: Doing

  func run(stepCount: Int) async throws {
    for _ in 0..<stepCount {
      switch random.below(20) {
      case 0..<10: try await speak()
      case 10..<14: try await command(deletes: true)
      case 14..<17: try await command(deletes: false)
      case 17: try await deleteAll()
      case 18: try await redrive()
      default: try await world.drain(.forgetful)
      }
    }
    parked.clear()
    for name in TwoGenerations.Name.allCases { try await world.drain(name) }
    try await world.redrive()
    for name in TwoGenerations.Name.allCases { try await world.drain(name, maxRecordCount: 1 + random.below(8)) }
  }

  private func speak() async throws {
    order += 1
    let id = "e\(order)"
    let facts = Array(Set((0...random.below(3)).map { _ in SpokenFact.all[random.below(SpokenFact.all.count)] }))
      .sorted { ($0.kind, $0.number) < ($1.kind, $1.number) }
    said[id] = Said(order: order, facts: facts)
    spoken[id] = facts
    for name in [TwoGenerations.Name.first, .second] {
      if random.below(6) == 0 { parked.set(id, name) }
      for group in recipes[name]?.groups(facts, turn: id) ?? [] {
        meaning[recipes[name]?.candidate(group, turn: id, message: "").text ?? ""] = Set(group)
      }
    }
    try await world.say(facts.map(\.clause).joined(separator: random.below(2) == 0 ? ", and " : ". "), id: id)
  }

  /// A person picks a memory of one generation, and deletes or edits it.
  private func command(deletes: Bool) async throws {
    let active: TwoGenerations.Name = random.below(2) == 0 ? .first : .second
    try await world.drain(active)
    let memories = try await world.memories(active).values.sorted { $0.id.text < $1.id.text }
    guard !memories.isEmpty else { return }
    let memory = memories[random.below(memories.count)]
    order += 1
    commandCount += 1
    if deletes {
      try await world.delete(memory, id: "c\(order)")
      hit(memory)
      // Somebody edits what they still see.
      if random.below(4) == 0 { try await world.edit(memory, newWords(), id: "c\(order)/stale") }
    } else {
      let words = newWords()
      try await world.edit(memory, words, id: "c\(order)")
      hit(memory)
      standing.insert(words)
      if random.below(4) == 0 {
        try await world.delete(memory, id: "c\(order)/stale")
        standing.remove(words)
      }
    }
  }

  private func newWords() -> String {
    let words = "Zeta\(written.count)q wrote sigma\(written.count)q"
    written.insert(words)
    return words
  }

  private func hit(_ memory: Memory) {
    standing.remove(memory.text)
    guard let facts = meaning[memory.text] else { return }
    for fact in facts {
      lastTouch[fact] = order
      for source in memory.sources { hitStatements.insert([source.eventID, "\(fact)"]) }
    }
    if facts.count == 1, let fact = facts.first { hitAlone[fact] = order }
  }

  private func deleteAll() async throws {
    order += 1
    commandCount += 1
    let seen = try await world.memories(.first).values.sorted { $0.id.text < $1.id.text }.first
    try await world.deleteAll(id: "c\(order)")
    lastDeletionOfAll = order
    standing.removeAll()
    if let seen, random.below(2) == 0 { try await world.edit(seen, newWords(), id: "c\(order)/stale") }
  }

  private func redrive() async throws {
    if random.below(2) == 0 { parked.clear() }
    for name in [TwoGenerations.Name.first, .second] { try await world.drain(name) }
    try await world.redrive()
  }

  /// Removes what it left on disk.
  func close() { world.folder.remove() }

  /// Every event of the log and what each generation made of it, for a seed that fails.
  func transcript() async throws -> String {
    var lines: [String] = []
    let records = try await world.log.read(
      TopicPartition(Topics.turns, 0), from: 0, limit: ReadLimit(maxRecordCount: .max, maxByteCount: .max))
    for record in records {
      let first = record.header("ce_firstoffset").map { " first \($0)" } ?? ""
      let body = String(decoding: record.value, as: UTF8.self)
      lines.append("\(record.position.offset)\(first) \(record.header("ce_id") ?? "") \(body)")
    }
    for name in [TwoGenerations.Name.first, .second] {
      for body in try await world.resolved(name) {
        let events = body.events.map { event in
          switch event {
          case .added(let memory): "add \(memory.id.text.prefix(4)) \(memory.text)"
          case .reinforced(let id, _, _): "reinforce \(id.text.prefix(4))"
          case .revised(let id, let revision): "revise \(id.text.prefix(4)) \(revision.text ?? "")"
          case .superseded(let id, _, _, _): "supersede \(id.text.prefix(4))"
          case .retracted(let id, _): "retract \(id.text.prefix(4))"
          case .rated(let id, let feedback, _): "rate \(id.text.prefix(4)) \(feedback?.rating.rawValue ?? "")"
          }
        }
        lines.append("\(name) \(body.input.id) \(body.outcome) \(events)")
      }
    }
    return lines.joined(separator: "\n")
  }

  // MARK: Judging

  /// What is wrong; empty where all holds.
  func violations() async throws -> [String] {
    var violations: [String] = []
    for name in [TwoGenerations.Name.first, .second] {
      let memories = Array(try await world.memories(name).values)
      violations += resurrected(memories).map { "\(name): came back: \($0)" }
      violations += lost(memories, name).map { "\(name): lost: \($0)" }
      for words in written {
        let count = memories.count { $0.text == words }
        let expected = standing.contains(words) ? 1 : 0
        if count != expected { violations.append("\(name): \(count) instead of \(expected): \(words)") }
      }
    }
    let (second, forgetful) = (try await world.memories(.second), try await world.memories(.forgetful))
    if second.mapValues(\.text) != forgetful.mapValues(\.text) {
      violations.append("a lost state store decides otherwise")
    }
    return violations
  }

  private func isDeleted(_ fact: SpokenFact, _ turn: String, isAlone: Bool) -> Bool {
    guard let order = said[turn]?.order else { return false }
    return order < lastDeletionOfAll || hitStatements.contains([turn, "\(fact)"])
      || isAlone && order < hitAlone[fact] ?? -1
  }

  private func resurrected(_ memories: [Memory]) -> [String] {
    memories.compactMap { memory in
      guard let facts = meaning[memory.text] else { return nil }
      let isBack = facts.contains { fact in
        memory.sources.allSatisfy { isDeleted(fact, $0.eventID, isAlone: facts.count == 1) }
      }
      return isBack ? "\(memory.text) of \(memory.sources.map(\.eventID))" : nil
    }
  }

  /// Texts that must be there: of facts that nobody touched, or that were said anew.
  private func lost(_ memories: [Memory], _ name: TwoGenerations.Name) -> [String] {
    var missing: [String] = []
    for (turn, said) in said {
      for group in recipes[name]?.groups(said.facts, turn: turn) ?? [] {
        let isFree = group.allSatisfy { said.order > max(lastTouch[$0] ?? -1, lastDeletionOfAll) }
        if isFree, !memories.contains(where: { meaning[$0.text] == Set(group) }) {
          missing.append("\(group.map(\.clause)) of \(turn)")
        }
      }
    }
    return missing
  }
}
