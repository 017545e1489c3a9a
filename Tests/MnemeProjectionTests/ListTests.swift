import FoundationEssentials
import MnemeCore
import Testing

@testable import MnemeProjection

/// Lists of what is not a memory: entities, turns and commands.
@Suite struct ListTests {
  private let ann = user("ann")

  @Test func entitiesAreTheIDsThatStandOnMemories() async throws {
    let world = try await World(partitionCount: 3)
    defer { world.remove() }
    let (bob, bot) = (user("bob"), OwnerKey(tenant: "acme", owner: Owner(kind: .agent, id: "bot")))
    var inShop = memory("m2", "in the shop", ann, recordedAt: 7)
    inShop.scope.appID = "shop\0"
    let old = memory("m3", "old", bob, runID: "r", recordedAt: 2)
    try await world.resolve("t1", ann, [.added(memory("m1", "one", ann, agentID: "bot", recordedAt: 5))])
    try await world.resolve("t2", ann, [.added(inShop)])
    try await world.resolve("t3", bob, [.added(old)])
    try await world.resolve(
      "t4", bob,
      [
        .superseded(
          id: old.id, by: id("m9", bob), validTo: Moment(.init(milliseconds: 9), .stated), at: .init(milliseconds: 9))
      ])
    try await world.resolve("t5", bot, [.added(memory("m4", "the agent's own", bot, recordedAt: 3))])
    let stranger = user("eve", tenant: "beta")
    try await world.resolve("t6", stranger, [.added(memory("m5", "another tenant's", stranger, agentID: "bot"))])
    try await world.projector().catchUp()
    let reader = try world.reader()
    func list(_ filter: Filter? = nil, tenant: String = "acme") async throws -> [String] {
      try await reader.entities(
        matching: MemoryQuery(tenant: tenant, filter: filter, includesEnded: true, notExpiredAt: nil)
      ).map { "\($0.kind.rawValue):\($0.id) \($0.currentMemoryCount) \($0.firstAt.milliseconds)" }
    }
    #expect(try await list() == ["user:ann 2 5", "user:bob 0 2", "agent:bot 2 3", "app:shop\0 1 7", "run:r 0 2"])
    #expect(try await list(.compare(.agentID, .eq, "bot")) == ["user:ann 1 5", "agent:bot 2 3"])
    #expect(try await list(isUser("bob")) == ["user:bob 0 2", "run:r 0 2"])
    #expect(try await list(tenant: "beta") == ["user:eve 1 1000", "agent:bot 1 1000"])
    #expect(try await list(tenant: "nobody").isEmpty)
    _ = try await world.projector().rebuild { _ in }
    #expect(try await list().count == 5)
  }

  @Test func whatEndedIsListedTheLatestFirstAndAnEventOfSeveralPartsOnce() async throws {
    let world = try await World(partitionCount: 3)
    defer { world.remove() }
    let (bob, first) = (user("bob"), memory("m1", "one", ann))
    try await world.resolve("chat/user:7", ann, [.added(first)], at: 1)
    try await world.resolve("chat/\(first.id.text)", bob, [], outcome: .nothing, at: 2)
    let edit = MemoryEvent.revised(id: first.id, .init(text: "two", at: Timestamp(milliseconds: 3)))
    try await world.resolve("b/\(first.id.text)", ann, [edit], type: .memoryEditRequested, at: 4)
    try await world.resolve("b", bob, [], type: .memoryEditRequested, outcome: .notFound, offset: 1, at: 4)
    try await world.resolve(
      "d/user:ann", ann, [.retracted(id: first.id, at: Timestamp(milliseconds: 5))], type: .memoriesDeletionRequested,
      at: 6)
    try await world.resolve("d", bob, [], type: .memoriesDeletionRequested, outcome: .nothing, offset: 2, at: 6)
    try await world.resolve("x", user("eve", tenant: "beta"), [], outcome: .nothing, at: 7)
    try await world.projector().catchUp()
    let reader = try world.reader()
    func list(_ query: InputQuery, offset: Int = 0, limit: Int = 50) async throws -> [String] {
      let page = try await reader.inputs(query, offset: offset, limit: limit)
      return ["\(page.totalCount)"] + page.outcomes.map(\.input.id)
    }
    let turns = ["chat/\(first.id.text)", "chat/user:7"]
    #expect(try await list(InputQuery(tenant: "acme")) == ["4", "d", "b"] + turns)
    #expect(try await list(InputQuery(tenant: "acme"), offset: 1, limit: 2) == ["4", "b", turns[0]])
    #expect(try await list(InputQuery(tenant: "acme"), offset: 9, limit: .max) == ["4"])
    #expect(try await list(InputQuery(tenant: "acme", types: [.turnRecorded])) == ["2"] + turns)
    #expect(try await list(InputQuery(tenant: "acme", types: [])) == ["0"])
    #expect(try await list(InputQuery(tenant: "acme", outcomes: [.notFound, .parked])) == ["1", "b"])
    #expect(try await list(InputQuery(tenant: "acme", owners: [ann.owner])) == ["1", turns[1]])
    #expect(try await list(InputQuery(tenant: "acme", owners: [])) == ["0"])
    let (from, to) = (Timestamp(milliseconds: 2), Timestamp(milliseconds: 4))
    #expect(try await list(InputQuery(tenant: "acme", from: from, to: to)) == ["2", "b", turns[0]])
    #expect(try await list(InputQuery(tenant: "nobody")) == ["0"])

    func parts(_ id: String, tenant: String = "acme") async throws -> [String] {
      try await reader.outcomes(ofEvent: id, tenant: tenant).map(\.input.id)
    }
    #expect(try await parts("b") == ["b/\(first.id.text)", "b"])
    #expect(try await parts("d") == ["d/user:ann", "d"])
    #expect(try await parts("chat").isEmpty)
    #expect(try await parts(turns[1]) == [turns[1]])
    #expect(try await parts("b", tenant: "beta").isEmpty)
  }

  @Test func memoriesAreFoundByTheirIDsWhereverTheyAre() async throws {
    let world = try await World(partitionCount: 3)
    defer { world.remove() }
    let owners = (0..<6).map { user("u\($0)") }
    for owner in owners { try await world.resolve("t", owner, [.added(memory("m", "of \(owner)", owner))]) }
    let stranger = user("eve", tenant: "beta")
    try await world.resolve("t", stranger, [.added(memory("m", "another's", stranger))])
    try await world.projector().catchUp()
    let ids = (owners + [stranger, user("nobody")]).map { id("m", $0) }
    let found = try await world.reader().memories(ids, tenant: "acme")
    #expect(Set(found.keys) == Set(ids.prefix(6)) && found.allSatisfy { $0.key == $0.value.memory.id })
    #expect(try await world.reader().memories([], tenant: "acme").isEmpty)
  }
}
