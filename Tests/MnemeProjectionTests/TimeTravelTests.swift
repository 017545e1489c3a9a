import EventLog
import Foundation
import GRDB
import MnemeCore
import Testing

@testable import MnemeProjection

@Suite struct TimeTravelTests {
  let ann = user("ann")

  private func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

  private func asOf(_ instant: Int64, ended: Bool = false, validAt: Int64? = nil) -> MemoryQuery {
    MemoryQuery(
      tenant: "acme", filter: isUser("ann"), includesEnded: ended, notExpiredAt: nil, asOf: at(instant),
      validAt: validAt.map { at($0) })
  }

  /// A life of Ann's: one input at each time.
  private func life() async throws -> World {
    let world = try await World(partitionCount: 2)
    let (rome, oslo) = (memory("rome", "in Rome", ann, recordedAt: 10), memory("oslo", "in Oslo", ann, recordedAt: 30))
    let (tea, cat) = (memory("tea", "tea", ann, recordedAt: 20), memory("cat", "a cat", ann, recordedAt: 20))
    let (same, secret) = (memory("same", "likes tea", ann, recordedAt: 20), memory("x", "secret", ann, recordedAt: 20))
    func gone(_ memory: Memory, _ time: Int64) -> MemoryEvent { .retracted(id: memory.id, at: at(time)) }
    try await world.resolve("t10", ann, [.added(rome)], at: 10)
    try await world.resolve("t20", ann, [.added(tea), .added(cat), .added(same), .added(secret)], at: 20)
    try await world.resolve(
      "t30", ann,
      [.superseded(id: rome.id, by: oslo.id, validTo: Moment(at(30), .stated), at: at(30)), .added(oslo)], at: 30)
    try await world.resolve(
      "t40", ann, [.revised(id: tea.id, .init(text: "green tea", at: at(40))), gone(same, 40)],
      type: .memoryEditRequested, at: 40)
    try await world.resolve("t50", ann, [.reinforced(id: tea.id, source: source("t50"), at: at(50))], at: 50)
    try await world.resolve("t60", ann, [gone(secret, 60)], type: .memoryDeletionRequested, at: 60)
    try await world.resolve("t70", ann, [gone(cat, 70)], type: .memoriesDeletionRequested, at: 70)
    try await world.resolve("t80", ann, [.added(cat)], at: 80)
    try await world.projector().catchUp()
    return world
  }

  @Test func aListIsWhatWasBelievedThen() async throws {
    let world = try await life()
    defer { world.remove() }
    let reader = try world.reader()
    // What a person deleted later is not told of; what an edit merged is.
    for (instant, current, ended) in [
      (9, [], []), (10, ["in Rome"], []), (29, ["in Rome", "likes tea", "tea"], []),
      (30, ["in Oslo", "likes tea", "tea"], ["in Rome"]), (40, ["green tea", "in Oslo"], ["in Rome"]),
      (65, ["green tea", "in Oslo"], ["in Rome"]), (75, ["green tea", "in Oslo"], ["in Rome"]),
      (80, ["a cat", "green tea", "in Oslo"], ["in Rome"]), (.max / 4, ["a cat", "green tea", "in Oslo"], ["in Rome"]),
    ] as [(Int64, [String], [String])] {
      #expect(try await reader.texts(asOf(instant)).sorted() == current, "\(instant)")
      #expect(try await reader.texts(asOf(instant, ended: true)).sorted() == (current + ended).sorted(), "\(instant)")
    }
    let before = try await reader.memories(asOf(45), offset: 0, limit: 9).memories
    let after = try await reader.memories(asOf(50), offset: 0, limit: 9).memories
    let tea = id("tea", ann)
    #expect(before.first { $0.memory.id == tea }.map { [$0.reinforcementCount, $0.memory.sources.count] } == [0, 1])
    #expect(after.first { $0.memory.id == tea }.map { [$0.reinforcementCount, $0.memory.sources.count] } == [1, 2])
    // Both times together: what was believed then of a time before.
    #expect(try await reader.texts(asOf(30, validAt: 15)) == ["in Rome"])
    #expect(try await reader.texts(asOf(29, validAt: 35)).sorted() == ["in Rome", "likes tea", "tea"])
    let page = try await reader.memories(asOf(30, ended: true), offset: 1, limit: 2)
    let all = try await reader.memories(asOf(30, ended: true), offset: 0, limit: 9)
    #expect(page.totalCount == 4 && page.memories == Array(all.memories[1...2]))
  }

  @Test func oneMemoryIsAsItWasThen() async throws {
    let world = try await life()
    defer { world.remove() }
    let reader = try world.reader()
    for (name, instant, text) in [
      ("tea", 19, nil), ("tea", 20, "tea"), ("tea", 40, "green tea"), ("rome", 29, "in Rome"),
      ("same", 39, "likes tea"),
      ("same", 40, nil), ("x", 20, nil), ("x", 99, nil), ("cat", 20, nil), ("cat", 75, nil), ("cat", 80, "a cat"),
      ("nobody", 99, nil),
    ] as [(String, Int64, String?)] {
      let found = try await reader.memory(id(name, ann), tenant: "acme", asOf: at(instant))
      #expect(found?.memory.text == text, "\(name) \(instant)")
      #expect(try await reader.memory(id(name, ann), tenant: "beta", asOf: at(instant)) == nil)
    }
    let rome = try #require(await reader.memory(id("rome", ann), tenant: "acme", asOf: at(29)))
    #expect(rome.memory.isCurrent)
  }

  /// An edit merges what says the same; a deletion of what it was merged into is one of it.
  @Test(arguments: [EventType.memoryDeletionRequested, .memoriesDeletionRequested, nil])
  func whatWasMergedGoesWithWhatItWasMergedInto(_ deletion: EventType?) async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    let memories = ["a", "b", "c"].map { memory($0, "says \($0)", ann) }
    func merge(_ old: Int, into new: Int, _ time: Int64) -> [MemoryEvent] {
      [
        .revised(id: memories[new].id, .init(text: "merged \(time)", at: at(time))),
        .retracted(id: memories[old].id, at: at(time)),
      ]
    }
    for (index, memory) in memories.enumerated() {
      try await world.resolve("t\(index)", ann, [.added(memory)], at: Int64(index))
    }
    try await world.resolve("m1", ann, merge(0, into: 1, 10), type: .memoryEditRequested, at: 10)
    try await world.resolve("m2", ann, merge(1, into: 2, 20), type: .memoryEditRequested, at: 20)
    if let deletion {
      try await world.resolve("d", ann, [.retracted(id: memories[2].id, at: at(30))], type: deletion, at: 30)
    }
    try await world.projector().catchUp()
    let reader = try world.reader()
    for (instant, texts) in [
      (0, ["says a"]), (2, ["says a", "says b", "says c"]), (10, ["merged 10", "says c"]), (20, ["merged 20"]),
    ] as [(Int64, [String])] {
      #expect(try await reader.texts(asOf(instant)).sorted() == (deletion == nil ? texts : []), "\(instant)")
    }
    let first = try await reader.memory(memories[0].id, tenant: "acme", asOf: at(0))
    #expect((first == nil) == (deletion != nil))
  }

  @Test func wordsThatAMemoryHadAreFoundByTheirOwnVector() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    let tea = memory("tea", "black tea", ann)
    try await world.resolve("1", ann, [.added(tea)], at: 1)
    try await world.embed(ann, [(tea.id, "black tea", axis(0))])
    try await world.resolve("2", ann, [.revised(id: tea.id, .init(text: "coffee", at: at(2)))], at: 2)
    try await world.embed(ann, [(tea.id, "coffee", axis(1))])
    try await world.projector().catchUp()
    let reader = try world.reader()
    for (instant, text, cosine) in [(1, "black tea", 1), (2, "coffee", 0)] as [(Int64, String, Double)] {
      let hits = try await reader.search(
        SearchRequest(query: asOf(instant), text: "tea", vector: axis(0), limit: 5, minimumScore: 0))
      #expect(hits.map(\.view.memory.text) == [text])
      #expect(hits.map(\.signals.cosine) == [cosine])
    }
    #expect(try await reader.hits(asOf(0), "tea", vector: axis(0)) == [])
  }

  @Test func whatCannotBeAnsweredIsRefused() async throws {
    let world = try await life()
    defer { world.remove() }
    let reader = try world.reader()
    let room = MemoryQuery(tenant: "acme", filter: .compare(.runID, .eq, "r"), notExpiredAt: nil, asOf: at(1))
    for act in [
      { _ = try await reader.texts(room) }, { _ = try await reader.hits(room, "tea") },
      { _ = try await reader.owners(matching: asOf(30)) },
    ] as [() async throws -> Void] {
      let error = await #expect(throws: ProjectionError.self) { try await act() }
      #expect(error?.code == .unanswerable && error?.isRetriable == false)
    }
    try await DatabaseQueue(path: world.files(world.partition(of: ann)).linkPath).write { database in
      try database.execute(sql: "UPDATE owners SET next_ordinal = ?", arguments: [PastMemories.maxMemoryCount + 1])
    }
    let error = await #expect(throws: ProjectionError.self) { _ = try await reader.texts(asOf(30)) }
    #expect(error?.code == .unanswerable)
    // One memory is told of however many there are.
    #expect(try await reader.memory(id("tea", ann), tenant: "acme", asOf: at(20)) != nil)
    let nobody = MemoryQuery(tenant: "acme", filter: isUser("nobody"), notExpiredAt: nil, asOf: at(1))
    #expect(try await reader.texts(nobody) == [])
  }

  @Test(
    arguments: [
      (0, []), (9, []), (10, ["open", "past"]), (19, ["open", "past"]), (20, ["later", "open", "replaced"]),
      (29, ["later", "open", "replaced"]), (30, ["later", "open"]), (1 << 50, ["later", "open"]),
    ] as [(Int64, [String])])
  func aMemoryIsTrueFromItsBeginningUpToItsEnd(_ instant: Int64, _ texts: [String]) async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    func held(_ text: String, _ from: Int64, _ to: Int64?) -> Memory {
      var memory = memory(text, text, ann, validTo: to)
      memory.validFrom = Moment(at(from), .stated)
      return memory
    }
    let replaced = held("replaced", 20, nil)
    try await world.resolve(
      "1", ann,
      [
        .added(held("open", 10, nil)), .added(held("past", 10, 20)), .added(held("later", 20, nil)), .added(replaced),
        .superseded(id: replaced.id, by: id("later", ann), validTo: Moment(at(30), .stated), at: at(40)),
      ])
    try await world.projector().catchUp()
    let reader = try world.reader()
    for ended in [true, false] {
      for filter in [nil, isUser("ann"), .and([isUser("ann"), .isPresent(.text)])] as [Filter?] {
        let query = MemoryQuery(
          tenant: "acme", filter: filter, includesEnded: ended, notExpiredAt: nil, validAt: at(instant))
        #expect(try await reader.texts(query).sorted() == texts)
        #expect(try await reader.hits(query, "open past later replaced").sorted() == texts)
      }
    }
  }

  /// As of now everything is as it is; as of any time, as it was where nothing later was folded.
  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func thePastIsWhatAProjectionHeldThen(seed: UInt64) async throws {
    let world = try await World(partitionCount: 2)
    defer { world.remove() }
    let then = try await World(partitionCount: 2)
    defer { then.remove() }
    var scenario = Scenario(world, seed: seed)
    scenario.texts += Scenario.escapedTexts
    let (now, past) = try (world.reader(), then.reader())
    for round in 1...3 {
      let records = try scenario.records(50)
      for world in [world, then] {
        _ = try await world.log.append(records)
        try await world.projector().catchUp()
      }
      try await Self.compare(now, now, &scenario, asOf: .max / 4)
      let last = Int64(scenario.inputCount)
      let more = try scenario.records(30)
      _ = try await world.log.append(more)
      try await world.projector().catchUp()
      if round == 2 { _ = try await world.projector().rebuild { _ in } }
      try await Self.compare(now, past, &scenario, asOf: last)
      _ = try await then.log.append(more)
    }
  }

  /// Compares what `now` says as of `instant` with what `past` says.
  private static func compare(
    _ now: ProjectionReader, _ past: ProjectionReader, _ scenario: inout Scenario, asOf instant: Int64
  ) async throws {
    let isNow = instant == .max / 4
    for _ in 0..<8 {
      var request = scenario.searchRequest()
      let filter = Filter.and([isUser("o\(scenario.number(0...3))")] + [request.query.filter].compactMap { $0 })
      guard filter.requiredScope.userID != nil else { continue }
      request.query.filter = filter
      // The vectors of a memory that is gone are gone, too.
      if !isNow { (request.vector, request.voicedVector) = (nil, nil) }
      var travel = request
      travel.query.asOf = Timestamp(milliseconds: instant)
      let page = try await now.memories(travel.query, offset: 0, limit: 1000)
      let expected = try await past.memories(request.query, offset: 0, limit: 1000)
      #expect(page.totalCount == expected.totalCount && page.memories == expected.memories, "as of \(instant)")
      let hits = try await now.search(travel)
      let best = try await past.search(request)
      #expect(hits.count == best.count, "as of \(instant)")
      let isSame = zip(hits, best).allSatisfy { abs($0.score - $1.score) < 1e-4 }
      #expect(isSame, "as of \(instant)")
      if hits.count < request.limit { #expect(Set(hits.map(\.view)) == Set(best.map(\.view)), "as of \(instant)") }
      for view in expected.memories.prefix(3) {
        let one = try await now.memory(
          view.memory.id, tenant: request.query.tenant, asOf: Timestamp(milliseconds: instant))
        #expect(one == view)
      }
    }
  }
}
