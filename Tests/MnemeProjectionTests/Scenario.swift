import EventLog
import Foundation
import GRDB
import MnemeCore

@testable import MnemeProjection

/// Random lives of random owners' memories, as resolution might record them; and what must come of them, folded
/// naively.
struct Scenario {
  static let tenants = ["acme", "beta"]
  static let texts = [
    "likes green tea", "lives in Berlin", "works as a nurse", "plays the cello", "Straße in Köln", "İstanbul trips",
    "has two cats", "drinks coffee black", "reads 三体", "runs marathons", "allergic to nuts", "café au lait",
    "says \"hi\"\nand goes on / on \\", "a\ttab \u{1f}and more",
  ]

  /// Texts that are stored in another form than they have, or once were.
  static let escapedTexts = [
    "holds \0 a null", "holds \u{1} and \u{2}", "holds \u{3}", "holds \u{4} no null", "\0", "\u{2}\u{2}", "\u{1}",
    "holds \(Character(Unicode.Scalar(0xFDD0 as UInt32)!)) no character",
  ]

  /// Texts in several languages, with a name that all of them have.
  static let foreignTexts = [
    "Maria vive en Berlín con su hija y juega al fútbol", "Maria wohnt in Berlin und mag grünen Tee",
    "Maria habite à Berlin avec ses deux chats", "Maria lives in Berlin with two cats",
    "Jugó un partido de fútbol con sus amigos", "Мария любит зелёный чай", "Η Μαρία πίνει πράσινο τσάι",
    "Maria bor i Berlin och dricker grönt te", "Maria",
  ]

  /// What its memories say.
  var texts = Self.texts
  private(set) var views: [UUID: MemoryView] = [:]
  private(set) var vectors: [UUID: [String: [Float]]] = [:]
  /// Of each memory, what was said where it comes from: for each source the message, the one before and the one after.
  private(set) var spoken: [UUID: [String]] = [:]
  private(set) var inputCount = 0
  private(set) var parked: [OwnerKey: Set<String>] = [:]
  private var finished: [OwnerKey: Set<String>] = [:]
  private var random: SeededGenerator
  private var nextOffset: Int64 = 0
  private let world: World

  init(_ world: World, seed: UInt64) {
    self.world = world
    random = SeededGenerator(seed: seed)
  }

  /// Turns and commands that have an outcome.
  var turnCount: Int { finished.values.reduce(0) { $0 + $1.count } + parked.values.reduce(0) { $0 + $1.count } }
  /// Vectors of memories' words as they are now.
  var vectorCount: Int { views.values.count { vectors[$0.memory.id]?[$0.memory.text] != nil } }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
  mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int.random(in: 0..<elements.count, using: &random)]
  }
  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

  mutating func owner() -> OwnerKey {
    let kind: Owner.Kind = chance(70) ? .user : chance(50) ? .agent : .run
    return OwnerKey(tenant: pick(Self.tenants), owner: Owner(kind: kind, id: "o\(number(0...3))"))
  }

  /// The records of `count` more steps.
  mutating func records(_ count: Int) throws -> [NewRecord] {
    var records: [NewRecord] = []
    for _ in 0..<count { records += try step() }
    return records
  }

  private mutating func step() throws -> [NewRecord] {
    let key = owner()
    inputCount += 1
    nextOffset += 1
    var name = "turn-\(inputCount)"
    if chance(10), let again = finished[key]?.sorted().first { name = again }
    if chance(30), let again = parked[key]?.sorted().first { name = again }
    if chance(8) {
      if finished[key]?.contains(name) != true { parked[key, default: []].insert(name) }
      return [try world.record(name, key, [], outcome: .parked, offset: nextOffset)]
    }
    let isNew = finished[key, default: []].insert(name).inserted
    parked[key]?.remove(name)
    // What is recorded of a second outcome differs from the first, and must not count.
    let before = (views, spoken)
    let messages = self.messages()
    var events: [MemoryEvent] = []
    for ordinal in 0..<number(0...3) {
      let said = chance(80) ? source(name, ordinal) : source("\(inputCount)-\(ordinal)")
      for event in event(key, "\(inputCount)-\(ordinal)", said) {
        events.append(event)
        note(event, messages, ofTurn: name)
      }
    }
    var records = [
      try world.record(name, key, events, messages: messages, offset: nextOffset, at: Int64(inputCount))
    ]
    if !isNew { (views, spoken) = before }
    if chance(70) { records.insert(contentsOf: try embedding(key, events), at: chance(30) ? 0 : records.count) }
    return records
  }

  /// What an outcome tells of its turn's messages.
  private mutating func messages() -> [SpokenMessage]? {
    guard chance(70) else { return nil }
    var messages: [SpokenMessage] = []
    for index in 0...4 where chance(70) {
      let text = chance(10) ? (0..<number(60...200)).map { "word\($0)" }.joined(separator: " ") : pick(texts)
      messages.append(SpokenMessage(index: index, text: text + " " + pick(Self.texts)))
    }
    return messages
  }

  private mutating func note(_ event: MemoryEvent, _ messages: [SpokenMessage]?, ofTurn name: String) {
    let id = event.memoryID
    if case .added = event { spoken[id] = [] }
    if views[id] == nil { spoken[id] = nil }
    for source in event.newSources where source.eventID == name && views[id] != nil {
      for index in [source.messageIndex, source.messageIndex - 1, source.messageIndex + 1] {
        spoken[id, default: []] += (messages ?? []).filter { $0.index == index }.map(\.text)
      }
    }
  }

  private mutating func event(_ key: OwnerKey, _ name: String, _ said: Source) -> [MemoryEvent] {
    let own = views.values.filter { $0.owner == key }.map(\.memory.id).sorted()
    let at = Timestamp(milliseconds: Int64(inputCount))
    guard !own.isEmpty, !chance(40) else { return [apply(.added(newMemory(name, key, said)), key)] }
    let target = pick(own)
    switch number(0...10) {
    case 0...2:
      var said = said
      said.runID = chance(30) ? "r\(number(0...2))" : nil
      return [apply(.reinforced(id: target, source: said, at: at), key)]
    case 3...5:
      let revision = MemoryEvent.Revision(
        text: chance(70) ? pick(texts) : nil, metadata: chance(40) ? metadata() : nil,
        expiresAt: chance(20) ? Timestamp(milliseconds: Int64(number(0...2000))) : nil, clearsExpiry: chance(10),
        validFrom: chance(20) ? at : nil, at: at)
      return [apply(.revised(id: target, revision), key)]
    case 6...7:
      let successor = newMemory(name, key, said)
      return [
        apply(.superseded(id: target, by: successor.id, validTo: Moment(at, .stated), at: at), key),
        apply(.added(successor), key),
      ]
    case 8: return [apply(.retracted(id: target, at: at), key)]
    case 9:
      let reason = chance(50) ? pick(texts) : nil
      let feedback = chance(20) ? nil : Feedback(pick(Feedback.Rating.allCases), reason: reason)
      return [apply(.rated(id: target, feedback, at: at), key)]
    // An event of a memory that never was.
    default: return [.reinforced(id: id("nobody-\(name)", key), source: said, at: at)]
    }
  }

  private mutating func apply(_ event: MemoryEvent, _ key: OwnerKey) -> MemoryEvent {
    let old = views[event.memoryID]
    views[event.memoryID] = Memory.evolve(old?.memory, event).map { memory in
      var count = old?.reinforcementCount ?? 0
      if case .reinforced = event { count += 1 }
      return MemoryView(memory: memory, owner: key, reinforcementCount: count)
    }
    return event
  }

  mutating func newMemory(_ name: String, _ key: OwnerKey, _ said: Source) -> Memory {
    var new = memory(
      name, pick(texts) + (chance(30) ? " \(number(0...99))" : ""), key,
      agentID: chance(30) ? "a\(number(0...2))" : nil, appID: chance(30) ? "app\(number(0...1))" : nil,
      runID: chance(40) ? "r\(number(0...2))" : nil, category: pick(["food", "travel", "misc"]),
      actor: pick(["user", "Ann", "assistant"]), metadata: chance(60) ? metadata() : nil,
      expiresAt: chance(20) ? Int64(number(0...2000)) : nil, validTo: chance(10) ? Int64(number(0...2000)) : nil,
      recordedAt: Int64(number(0...1000)))
    new.subject = pick(["user", "Ann", "Bo"])
    let runID = new.sources[0].runID
    new.sources[0] = said
    new.sources[0].runID = runID
    if chance(40) { new.recipe = Memory.verbatimRecipe }
    if new.actor == "assistant" { new.sources[0].role = "assistant" }
    new.updatedAt = Timestamp(milliseconds: Int64(number(0...1000)))
    new.validFrom = Moment(Timestamp(milliseconds: Int64(number(0...1000))), chance(50) ? .stated : .received)
    return new
  }

  mutating func metadata() -> [String: JSONValue] {
    var object: [String: JSONValue] = [:]
    for name in ["a", "b", "ключ", "q\"\\", "x.y"] where chance(50) { object[name] = scalar() }
    for name in ["\0k", "\u{1}k"] where chance(10) { object[name] = scalar() }
    if chance(40) { object["deep"] = .object(["er": scalar(), "nest": .object(["n": scalar()])]) }
    if chance(30) { object["list"] = .array([scalar(), scalar()]) }
    return object
  }

  mutating func scalar() -> JSONValue {
    switch number(0...6) {
    case 0: .int(Int64(number(-3...3)))
    case 1: .double(Double(number(-12...12)) + 0.25)
    case 2: .bool(chance(50))
    case 3: .null
    case 4: .string(pick(["", "Red", "red", "RED wine", "1", "ß", "İ", "10"]))
    default: .string(pick(texts))
    }
  }

  private mutating func embedding(_ key: OwnerKey, _ events: [MemoryEvent]) throws -> [NewRecord] {
    var entries: [(id: UUID, text: String, vector: [Float])] = []
    for event in events {
      let text: String? =
        switch event {
        case .added(let memory): memory.text
        case .revised(_, let revision): revision.text
        default: nil
        }
      guard let text else { continue }
      let vector = unitVector()
      entries.append((event.memoryID, text, vector))
      vectors[event.memoryID, default: [:]][text] = vector
    }
    return entries.isEmpty ? [] : [try world.vectors(key, entries)]
  }

  mutating func unitVector() -> [Float] {
    let vector = (0..<World.dimension).map { _ in Float(number(-8...8)) + 0.5 }
    return VectorMath.normalized(vector) ?? axis(0)
  }

  /// The keys of the words that memory `id` has from what it comes from, as plainly as can be.
  func sourceWords(of id: UUID, _ database: Database) throws -> [UInt32] {
    let tokenizer = try WordTokenizer(database)
    var found: [UInt32] = []
    for text in spoken[id] ?? [] {
      var ofMessage: [UInt32] = []
      let stopWords = try StopWords.shared(tokenizer).keys(of: TextLanguage.detect(text))
      for key in try tokenizer.allKeys(of: text) where !stopWords.contains(key) && !ofMessage.contains(key) {
        ofMessage.append(key)
      }
      for key in ofMessage.prefix(64) where !found.contains(key) && found.count < 192 { found.append(key) }
    }
    return found
  }

  /// What the projection must hold.
  var expected: ProjectionSummary {
    var summary = ProjectionSummary()
    for view in views.values { summary.digest.add(view.memory) }
    summary.memoryCount = views.count
    summary.currentMemoryCount = views.values.count { $0.memory.isCurrent }
    summary.turnCount = turnCount
    summary.parkedCount = parked.values.reduce(0) { $0 + $1.count }
    summary.vectorCount = vectorCount
    return summary
  }

  static func holds(_ memory: Memory, at instant: Timestamp) -> Bool {
    memory.validFrom.at <= instant && (memory.validTo.map { instant < $0.at } ?? true)
  }

  /// What a query is about, newest first.
  func matching(_ query: MemoryQuery) -> [MemoryView] {
    views.values.filter { view in
      view.owner.tenant == query.tenant
        && (query.validAt.map { Self.holds(view.memory, at: $0) } ?? (query.includesEnded || view.memory.isCurrent))
        && (query.notExpiredAt.map { now in view.memory.expiresAt.map { $0 > now } ?? true } ?? true)
        && (query.filter?.matches(view) ?? true)
    }.sorted {
      ($1.memory.recordedAt, $0.memory.id) < ($0.memory.recordedAt, $1.memory.id)
    }
  }
}
