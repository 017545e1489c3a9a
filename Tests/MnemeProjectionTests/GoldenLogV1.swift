import EventLog
import Foundation
import MnemeCore

@testable import MnemeProjection

/// The records of `golden-log-v1.json`, in order: what was written when logs had their first version. First as they
/// were before attributes told of spaces and bodies of marks; then with both. Three kinds of owners of two tenants,
/// every memory event, every outcome.
struct GoldenLogV1 {
  static let topics = (
    memories: Topics.memories(generation: "g1"), vectors: Topics.vectors(space: "test-8", generation: "g1")
  )
  static let partitionCount = 2

  private(set) var records: [NewRecord] = []
  private var ends: [TopicPartition: Int64] = [:]
  private var hour = 0

  private let ann = OwnerKey(tenant: "acme", owner: Owner(kind: .user, id: "ann"))
  private let bot = OwnerKey(tenant: "beta", owner: Owner(kind: .agent, id: "bot"))
  private let run = OwnerKey(tenant: "acme", owner: Owner(kind: .run, id: "r1"))
  private let tea = "Drinks green tea.", berlin = "Lives in Berlin.", cologne = "Lives in Köln, Straße 5."

  init() throws {
    try writeOldShape()
    try writeMarks()
    try writeLaterVectors()
  }

  // MARK: Parts

  private mutating func writeOldShape() throws {
    try resolve("t1", ann, [.added(memory("tea", tea, ann)), .added(memory("home", berlin, ann))])
    try embed(ann, [("tea", tea, 0), ("home", berlin, 1)])
    let twice = source("t2", "tea again", runID: "chat-1")
    try resolve("t2", ann, [.reinforced(id: id("tea", ann), source: twice, at: time)])
    var likes = memory("likes", "Likes \"quotes\", \\ and \u{0} bytes: 三体.", bot)
    likes.metadata = [
      "channel": "support", "priority": 3, "ratio": .double(0.25), "open": true, "none": .null,
      "tags": ["a", "b"], "deep": ["er": ["est": "ключ"]],
    ]
    try resolve("t3", bot, [.added(likes)])
    try embed(bot, [("likes", likes.text, 2)])
    let reason = ParkingReason(stage: "extract", code: "timeout", detail: "the model did not answer", attempts: 5)
    try resolve("t4", ann, [], .parked, reason: reason)
    try resolve("t5", run, [], .nothing)
    try resolve("c6", run, [], .notFound, type: .memoryEditRequested)
    // A second outcome of one input counts only where the first was parked.
    try resolve("t1", ann, [.added(memory("never", "Was never said.", ann))])
    try resolve("t4", ann, [.added(memory("late", "Plays the cello.", ann))], firstOffset: 3)
    // Its words change before its vectors come, and those of the old words come last.
    try resolve("t7", ann, [revision("late", MemoryEvent.Revision(text: "Plays the viola.", at: time))])
    try embed(ann, [("late", "Plays the viola.", 3)])
    try embed(ann, [("late", "Plays the cello.", 4)])
    try resolve("t8", bot, [], .parked, reason: reason)
  }

  private mutating func writeMarks() throws {
    let space = [EventAttribute.space: "test-8"]
    try resolve(
      "t10", ann,
      [
        .superseded(id: id("home", ann), by: id("cologne", ann), validTo: Moment(time, .stated), at: time),
        .added(memory("cologne", cologne, ann)),
      ], attributes: space)
    try embed(ann, [("cologne", cologne, 5)], attributes: space)
    let edited = MemoryEvent.Revision(
      text: "Drinks white tea.", metadata: ["by": "hand"], expiresAt: Timestamp(milliseconds: 4_102_444_800_000),
      validFrom: Timestamp(milliseconds: 1_700_000_000_000), at: time)
    try resolve(
      "c11", ann, [revision("tea", edited)], type: .memoryEditRequested,
      marks: [mark(memory("tea", tea, ann), standing: "tea")], attributes: space)
    try embed(ann, [("tea", "Drinks white tea.", 6)], attributes: space)
    try resolve(
      "c12", ann, [revision("tea", MemoryEvent.Revision(clearsExpiry: true, at: time))], type: .memoryEditRequested,
      attributes: space)
    try resolve(
      "c13", ann, [.retracted(id: id("cologne", ann), at: time)], type: .memoryDeletionRequested,
      marks: [mark(memory("cologne", cologne, ann), standing: nil)], attributes: space)
    let gone = memory("gone", "Is deleted with all others.", bot)
    try resolve("t14", bot, [.added(gone)], attributes: space)
    try resolve(
      "c15", bot, [.retracted(id: id("likes", bot), at: time), .retracted(id: gone.id, at: time)],
      type: .memoriesDeletionRequested, marks: [mark(gone, standing: nil)],
      deletedScope: Scope(agentID: "bot"), attributes: space)
    var after = memory("after", "Speaks Portuguese.", bot)
    after.expiresAt = Timestamp(milliseconds: 4_102_444_800_000)
    after.validTo = Moment(time, .received)
    try resolve("t16", bot, [.added(after)], attributes: space)
    try embed(bot, [("after", after.text, 7)], attributes: space)
    // An event of a memory that nobody has, and one of another owner's.
    try resolve(
      "t17", bot,
      [
        .reinforced(id: id("nobody", bot), source: source("t17", "what"), at: time),
        .retracted(id: id("tea", ann), at: time),
      ], attributes: space)
  }

  /// Records of a stage that had its vectors in another space: those of this one come later, with marks.
  private mutating func writeLaterVectors() throws {
    let elsewhere = [EventAttribute.space: "other-4"]
    var held: [(name: String, text: String, owner: OwnerKey, next: Int64)] = []
    for (number, owner) in [run, ann, run].enumerated() {
      let name = "later-\(number)"
      let text = "Was said as number \(number)."
      try resolve("t2\(number)", owner, [.added(memory(name, text, owner))], attributes: elsewhere)
      held.append((name, text, owner, ends[place(Self.topics.memories, owner), default: 0]))
    }
    for (number, entry) in held.enumerated() {
      var attributes = [EventAttribute.memoriesNext: String(entry.next)]
      if number == 1 { attributes[EventAttribute.generation] = "g1" }
      try embed(entry.owner, [(entry.name, entry.text, number)], source: "/mneme/embed", attributes: attributes)
    }
    // A record without texts moves the mark too.
    try resolve(
      "t23", run, [.reinforced(id: id("later-0", run), source: source("t23", "again"), at: time)],
      attributes: elsewhere)
    let next = ends[place(Self.topics.memories, run), default: 0]
    try embed(run, [], source: "/mneme/embed", attributes: [EventAttribute.memoriesNext: String(next)])
  }

  // MARK: Records

  private func place(_ topic: String, _ owner: OwnerKey) -> TopicPartition {
    TopicPartition(topic, Partitioner.partition(key: owner.bytes, count: Self.partitionCount))
  }

  private var time: Timestamp { Timestamp(CivilDay(year: 2026, month: 11, day: 20), hour: hour) }

  private func revision(_ name: String, _ revision: MemoryEvent.Revision) -> MemoryEvent {
    .revised(id: id(name, ann), revision)
  }

  private func id(_ name: String, _ owner: OwnerKey) -> UUID {
    Derivation.uuid("golden log", owner.description, name)
  }

  private func mark(_ memory: Memory, standing: String?) -> CommandMark {
    CommandMark(memoryID: memory.id, standingID: standing.map { id($0, ann) }, statement: MemoryStatement(memory))
  }

  private func source(_ event: String, _ quote: String, runID: String? = nil) -> Source {
    Source(
      eventID: event, messageIndex: 1, messageID: runID == nil ? nil : "m1", role: "user",
      time: Moment(time, runID == nil ? .stated : .received), quote: quote, runID: runID)
  }

  private func memory(_ name: String, _ text: String, _ owner: OwnerKey) -> Memory {
    let scope =
      switch owner.owner.kind {
      case .user: Scope(userID: owner.owner.id, agentID: "helper", appID: "shop", runID: "chat-1")
      case .agent: Scope(agentID: owner.owner.id)
      case .run: Scope(runID: owner.owner.id)
      case .app: Scope(appID: owner.owner.id)
      }
    let hasSlot = name == "home" || name == "cologne"
    return Memory(
      id: id(name, owner), text: text, category: hasSlot ? "location" : "misc", scope: scope, actor: "user",
      subject: "user", attribute: hasSlot ? "home" : nil, value: hasSlot ? text.lowercased() : nil,
      polarity: .positive, confidence: 0.75, validFrom: Moment(time, hasSlot ? .stated : .received), validTo: nil,
      sources: [source("t-\(name)", text, runID: owner == ann ? "chat-1" : nil)], metadata: nil,
      expiresAt: nil, recipe: "rules-1",
      recordedAt: time, updatedAt: time)
  }

  private mutating func resolve(
    _ input: String, _ owner: OwnerKey, _ events: [MemoryEvent], _ outcome: MemoriesResolved.Outcome = .stored,
    type: EventType = .turnRecorded, reason: ParkingReason? = nil, marks: [CommandMark]? = nil,
    deletedScope: Scope? = nil, firstOffset: Int64? = nil, attributes: [String: String] = [:]
  ) throws {
    hour = (hour + 1) % 24
    let place = place(Self.topics.memories, owner)
    let reference = InputReference(
      id: input, type: type.rawValue, partition: place.partition, offset: Int64(records.count), receivedAt: time,
      firstOffset: firstOffset)
    let body = MemoriesResolved(
      input: reference, outcome: outcome, events: events, reason: reason, marks: marks, deletedScope: deletedScope)
    try append(.memoriesResolved, EventBodyCoding.encode(body), owner, place, "/mneme/resolve", attributes)
  }

  private mutating func embed(
    _ owner: OwnerKey, _ entries: [(name: String, text: String, axis: Int)], source: String = "/mneme/resolve",
    attributes: [String: String] = [:]
  ) throws {
    let body = MemoriesEmbedded(
      space: "test-8", dimension: 8, backend: "test",
      entries: entries.map { name, text, axis in
        MemoriesEmbedded.Entry(
          memoryID: id(name, owner), textHash: Derivation.sha256(text),
          vector: VectorCoding.encode((0..<8).map { $0 == axis ? 1 : 0 }))
      })
    try append(
      .memoriesEmbedded, EventBodyCoding.encode(body), owner, place(Self.topics.vectors, owner), source, attributes)
  }

  private mutating func append(
    _ type: EventType, _ body: [UInt8], _ owner: OwnerKey, _ place: TopicPartition, _ source: String,
    _ attributes: [String: String]
  ) throws {
    let event = CloudEvent(
      id: Derivation.uuid("golden log", String(records.count)).text, type: type.rawValue, source: source, time: time,
      owner: owner, data: body, extensions: attributes)
    records.append(try EventRecordCodec().encode(event, topic: place.topic, partition: place.partition))
    ends[place, default: 0] += 1
  }
}
