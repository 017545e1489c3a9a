import EventLog
import Foundation
import GRDB
import MnemeCore
import Testing

@testable import MnemeProjection

@Suite struct FoldTests {
  let ann = user("ann")

  @Test func anAddedMemoryIsReadAsItWasRecorded() async throws {
    let world = try await World()
    defer { world.remove() }
    let noncharacter = String(Character(Unicode.Scalar(0xFDD0 as UInt32)!))
    var full = memory(
      "a", "Ann \u{0} has é \(noncharacter) and 😀 \"quotes\"", ann, agentID: "agent", appID: "app", runID: "run",
      metadata: [
        "k\u{0}\"\\": .object(["x": .array([1, .double(2.5), true, nil, "\u{1}\u{0}"])]), "n": -3,
        "big": .double(1e300), "é\(noncharacter)": "ﷀ",
      ], expiresAt: 5, validTo: 7)
    full.attribute = "home"
    full.value = "Berlin"
    full.sources.append(source("other\u{0}", runID: "run-2"))
    full.isEdited = true
    full.supersededBy = id("b", ann)
    try await world.resolve("turn-1", ann, [.added(full)])
    try await world.projector().catchUp()
    let view = try await world.reader().memory(full.id, tenant: "acme")
    #expect(view == MemoryView(memory: full, owner: ann, reinforcementCount: 0))
    #expect(try await world.reader().memory(full.id, tenant: "other") == nil)
  }

  @Test func everyEventChangesTheMemoryAsEvolveSays() async throws {
    let world = try await World()
    defer { world.remove() }
    let at = Timestamp(milliseconds: 2000)
    let first = memory("a", "likes tea", ann)
    let steps: [[MemoryEvent]] = [
      [.added(first)],
      [.reinforced(id: first.id, source: source("t2", runID: "r2"), at: at)],
      [.revised(id: first.id, .init(text: "likes green tea", metadata: ["a": 1], at: at))],
      [.revised(id: first.id, .init(expiresAt: Timestamp(milliseconds: 9000), validFrom: at, at: at))],
      [.superseded(id: first.id, by: id("b", ann), validTo: Moment(at, .received), at: at)],
    ]
    let reader = try world.reader()
    var expected: Memory?
    for (index, events) in steps.enumerated() {
      for event in events { expected = Memory.evolve(expected, event) }
      try await world.resolve("turn-\(index)", ann, events)
      try await world.projector().catchUp()
      #expect(try await reader.memory(first.id, tenant: "acme")?.memory == expected)
    }
    #expect(try await reader.memory(first.id, tenant: "acme")?.reinforcementCount == 1)
    #expect(
      try await reader.texts(all("acme", .compare(.runID, .eq, "r2"), includesEnded: true)) == ["likes green tea"])
    try await world.resolve("turn-9", ann, [.retracted(id: first.id, at: at)])
    try await world.projector().catchUp()
    #expect(try await reader.memory(first.id, tenant: "acme") == nil)
    #expect(try await reader.summary().memoryCount == 0)
    #expect(try await reader.hits(all(), "tea").isEmpty)
  }

  @Test func theFirstFinalOutcomeOfAnInputWins() async throws {
    let world = try await World()
    defer { world.remove() }
    try await world.resolve("turn", ann, [.added(memory("a", "first", ann))])
    try await world.resolve("turn", ann, [.added(memory("b", "second", ann))])
    try await world.resolve("turn", ann, [], outcome: .parked)
    try await world.resolve("turn", user("bob"), [.added(memory("c", "bob's turn of that name", user("bob")))])
    try await world.projector().catchUp()
    let reader = try world.reader()
    #expect(try await Set(reader.texts(all())) == ["first", "bob's turn of that name"])
    #expect(try await reader.summary().turnCount == 2)
  }

  @Test func aParkedOutcomeGivesWayToThatOfTheRedrive() async throws {
    let world = try await World()
    defer { world.remove() }
    let reason = ParkingReason(stage: "extract", code: "refused", detail: "no", attempts: 3)
    let reader = try world.reader()
    try await world.resolve("turn", ann, [], outcome: .parked, reason: reason)
    try await world.projector().catchUp()
    #expect(try await reader.outcome(ofInput: "turn", tenant: "acme")?.reason == reason)
    #expect(try await reader.summary().parkedCount == 1)
    try await world.resolve("turn", ann, [.added(memory("a", "remembered", ann))], offset: 5)
    try await world.projector().catchUp()
    let outcome = try #require(await reader.outcome(ofInput: "turn", tenant: "acme"))
    #expect(outcome.outcome == .stored && outcome.reason == nil && outcome.input.offset == 5)
    #expect(outcome.effects == [.init(memoryID: id("a", ann), change: .add, text: "remembered")])
    #expect(try await reader.summary().parkedCount == 0)
    #expect(try await reader.outcome(ofInput: "turn", tenant: "other") == nil)
  }

  @Test(arguments: [true, false]) func aVectorCountsForTheWordsThatItWasMadeOf(vectorFirst: Bool) async throws {
    let world = try await World()
    defer { world.remove() }
    let first = memory("a", "old words", ann)
    let edit = MemoryEvent.revised(id: first.id, .init(text: "new words", at: Timestamp(milliseconds: 2000)))
    let back = MemoryEvent.revised(id: first.id, .init(text: "old words", at: Timestamp(milliseconds: 3000)))
    let reader = try world.reader()
    func catchUp() async throws { try await world.projector().catchUp() }
    func cosine() async throws -> Double? {
      try await reader.search(
        SearchRequest(query: all("acme", isUser("ann")), text: "words", vector: axis(0), limit: 5, minimumScore: 0)
      ).first?.signals.cosine
    }
    if vectorFirst {
      try await world.embed(ann, [(first.id, "old words", axis(0)), (first.id, "new words", axis(1))])
      try await catchUp()
      #expect(try await reader.summary().vectorCount == 0)
    }
    try await world.resolve("1", ann, [.added(first)])
    try await catchUp()
    #expect(try await cosine() == (vectorFirst ? 1 : nil))
    try await world.resolve("2", ann, [edit])
    try await catchUp()
    #expect(try await cosine() == (vectorFirst ? 0 : nil))
    if !vectorFirst {
      try await world.embed(ann, [(first.id, "old words", axis(0)), (first.id, "new words", axis(1))])
      try await catchUp()
      #expect(try await cosine() == 0)
    }
    try await world.resolve("3", ann, [back])
    try await catchUp()
    #expect(try await cosine() == 1)
    #expect(try await reader.summary().vectorCount == 1)
    try await world.resolve("4", ann, [.retracted(id: first.id, at: Timestamp(milliseconds: 4000))])
    try await world.embed(ann, [(first.id, "old words", axis(0))])
    try await catchUp()
    #expect(try await reader.summary().vectorCount == 0)
    let left = try await DatabaseQueue(path: world.files(world.partition(of: ann)).linkPath).read {
      try Int.fetchOne($0, sql: "SELECT count(*) FROM other_vectors")
    }
    #expect(left == 0)
  }

  @Test func anotherOwnersRecordHasNoSayAboutAMemory() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    let (mine, eve) = (memory("a", "mine", ann), user("eve"))
    try await world.resolve("1", ann, [.added(mine)])
    try await world.resolve("2", eve, [.retracted(id: mine.id, at: Timestamp(milliseconds: 1))])
    try await world.resolve("3", eve, [.added(mine)])
    var forged = mine
    forged.scope = Scope(userID: "eve")
    try await world.resolve("4", eve, [.added(forged)])
    try await world.embed(eve, [(mine.id, "mine", axis(0))])
    try await world.projector().catchUp()
    let reader = try world.reader()
    #expect(try await reader.memory(mine.id, tenant: "acme")?.owner == ann)
    #expect(try await reader.summary().memoryCount == 1)
    #expect(try await reader.summary().vectorCount == 0)
    #expect(try await reader.outcome(ofInput: "4", tenant: "acme")?.effects.isEmpty == true)
  }

  @Test func whatCannotBeReadIsCountedLiveAndNamedInARebuild() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    try await world.resolve("1", ann, [.added(memory("a", "kept", ann))])
    _ = try await world.log.append([
      NewRecord(topic: world.memoriesTopic, key: nil, value: [1, 2], headers: []),
      try world.encode(Array("{}".utf8), .memoriesResolved, ann, world.memoriesTopic, at: 1),
      try world.encode(Array("{}".utf8), .factsExtracted, ann, world.memoriesTopic, at: 1),
    ])
    try await world.resolve("2", ann, [.added(memory("b", "kept too", ann))])
    let projector = try world.projector()
    try await projector.catchUp()
    let reader = try world.reader()
    let before = try await reader.summary()
    #expect(before.memoryCount == 2)
    let skipped = try await DatabaseQueue(path: world.files(0).linkPath).read { database in
      try Row.fetchAll(database, sql: "SELECT position, code FROM skipped ORDER BY position")
        .map { "\($0[0] as Int) \($0[1] as String)" }
    }
    #expect(skipped == ["1 malformed_key", "2 malformed_body", "3 misplaced_type"])
    let error = await #expect(throws: ProjectionError.self) { _ = try await projector.rebuild { _ in } }
    #expect(error?.code == .malformedRecord)
    #expect(error?.description.contains("mneme.memories.g1, partition 0, offset 1") == true)
    #expect(try await reader.summary() == before)
    let files = try FileManager.default.contentsOfDirectory(atPath: world.directory + "/g1")
    #expect(files.filter { $0.hasPrefix("shard-0000-") && $0.hasSuffix(".sqlite") }.count == 1)
  }

  @Test func vectorsOfAnotherSpaceOrLengthAreLeftOut() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    let first = memory("a", "text", ann)
    try await world.resolve("1", ann, [.added(first)])
    let nan = [Float.nan] + axis(1).dropFirst()
    for vector in [[1, 0], nan] { try await world.embed(ann, [(first.id, "text", vector)]) }
    let foreign = MemoriesEmbedded(space: "other", dimension: 8, backend: "test", entries: [])
    _ = try await world.log.append([
      try world.encode(EventBodyCoding.encode(foreign), .memoriesEmbedded, ann, world.vectorsTopic, at: 1)
    ])
    try await world.projector().catchUp()
    let codes = try await DatabaseQueue(path: world.files(0).linkPath).read {
      try String.fetchAll($0, sql: "SELECT code FROM skipped ORDER BY position")
    }
    #expect(codes == ["malformed_vector", "malformed_vector", "foreign_space"])
    #expect(try await world.reader().summary().vectorCount == 0)
  }
}
