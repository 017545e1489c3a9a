import EventLog
import Foundation
import MnemeCore
import Testing

@testable import MnemeProjection

@Suite struct ReaderTests {
  let ann = user("ann")
  let at = Timestamp(milliseconds: 2000)

  @Test func aHistoryBeginsWithWhatTheMemorySuperseded() async throws {
    let world = try await World()
    defer { world.remove() }
    let (first, second, third) = (memory("1", "in Rome", ann), memory("2", "in Oslo", ann), memory("3", "in Bern", ann))
    func superseded(_ old: Memory, _ new: Memory) -> MemoryEvent {
      .superseded(id: old.id, by: new.id, validTo: Moment(at, .stated), at: at)
    }
    try await world.resolve("t1", ann, [.added(first)], at: 1)
    try await world.resolve("t2", ann, [.reinforced(id: first.id, source: source("t2"), at: at)], at: 2)
    try await world.resolve("t3", ann, [superseded(first, second), .added(second)], at: 3)
    try await world.resolve("t4", ann, [.added(third), superseded(second, third)], at: 4)
    let edit = MemoryEvent.revised(id: third.id, .init(text: "in Basel", at: at))
    try await world.resolve("t5", ann, [edit], at: 5)
    try await world.resolve("t6", ann, [.retracted(id: first.id, at: at), .retracted(id: third.id, at: at)], at: 6)
    try await world.projector().catchUp()
    let reader = try world.reader()
    let entries = try await reader.history(third.id, tenant: "acme")
    #expect(
      entries.map { "\($0.change.rawValue) \($0.oldText ?? "-") > \($0.newText ?? "-") \($0.inputID)" } == [
        "ADD - > in Rome t1", "REINFORCE in Rome > in Rome t2", "SUPERSEDE in Rome > in Rome t3",
        "DELETE in Rome > - t6", "ADD - > in Oslo t3", "SUPERSEDE in Oslo > in Oslo t4", "ADD - > in Bern t4",
        "UPDATE in Bern > in Basel t5", "DELETE in Basel > - t6",
      ])
    #expect(entries.map(\.memoryID) == [first, first, first, first, second, second, third, third, third].map(\.id))
    #expect(entries.map(\.at.milliseconds) == [1, 2, 3, 6, 3, 4, 4, 5, 6])
    #expect(entries[1].memory.sources.count == 2)
    #expect(entries[8].memory.text == "in Basel")
    #expect(Set(entries.map(\.id)).count == entries.count)
    #expect(try await reader.history(first.id, tenant: "acme").count == 4)
    #expect(try await reader.history(third.id, tenant: "other").isEmpty)
    #expect(try await reader.history(id("nobody", ann), tenant: "acme").isEmpty)
    _ = try await world.projector().rebuild { _ in }
    #expect(try await reader.history(third.id, tenant: "acme") == entries)
  }

  @Test func anOutcomeTellsWhatBecameOfEachMemory() async throws {
    let world = try await World()
    defer { world.remove() }
    let (first, second) = (memory("1", "in Rome", ann), memory("2", "in Oslo", ann))
    let nobody = id("nobody", ann)
    try await world.resolve("t1", ann, [.added(first)])
    try await world.resolve(
      "t2", ann,
      [
        .reinforced(id: first.id, source: source("t2"), at: at),
        .revised(id: first.id, .init(metadata: ["a": 1], at: at)),
        .revised(id: first.id, .init(text: "near Rome", at: at)),
        .superseded(id: first.id, by: second.id, validTo: Moment(at, .stated), at: at), .added(second),
        .reinforced(id: nobody, source: source("t2"), at: at), .retracted(id: first.id, at: at),
      ], at: 77)
    try await world.resolve("t3", ann, [], outcome: .notFound)
    try await world.projector().catchUp()
    let reader = try world.reader()
    let outcome = try #require(await reader.outcome(ofInput: "t2", tenant: "acme"))
    #expect(
      outcome.effects.map { "\($0.change.rawValue) \($0.text)" } == [
        "REINFORCE in Rome", "UPDATE in Rome", "UPDATE near Rome", "SUPERSEDE near Rome", "ADD in Oslo",
        "DELETE near Rome",
      ])
    #expect(outcome.owner == ann && outcome.completedAt.milliseconds == 77)
    #expect(try await reader.outcome(ofInput: "t3", tenant: "acme")?.outcome == .notFound)
    #expect(try await reader.outcome(ofInput: "t4", tenant: "acme") == nil)
  }

  @Test func aPageIsAPartOfTheOrderAcrossShards() async throws {
    let world = try await World(partitionCount: 4)
    defer { world.remove() }
    for number in 0..<60 {
      let owner = user("u\(number % 12)")
      // Three of each time, so that ids decide too.
      try await world.resolve(
        "t\(number)", owner, [.added(memory("m\(number)", "text \(number)", owner, recordedAt: Int64(number / 3)))])
    }
    try await world.projector().catchUp()
    let reader = try world.reader()
    let whole = try await reader.memories(all(), offset: 0, limit: 100)
    #expect(whole.totalCount == 60 && whole.memories.count == 60)
    let ordered = whole.memories.sorted {
      ($1.memory.recordedAt, $0.memory.id) < ($0.memory.recordedAt, $1.memory.id)
    }
    #expect(whole.memories == ordered)
    for (offset, limit) in [(0, 7), (7, 7), (55, 10), (60, 5), (0, 0), (3, Int.max)] {
      let page = try await reader.memories(all(), offset: offset, limit: limit)
      #expect(page.totalCount == 60)
      #expect(page.memories == Array(ordered.dropFirst(offset).prefix(limit)))
    }
    let own = try await reader.memories(all("acme", isUser("u3")), offset: 1, limit: 2)
    #expect(own.totalCount == 5 && own.memories == Array(ordered.filter { $0.owner == user("u3") }[1...2]))
  }

  @Test func anAgentsOrASessionsIDFindsMemoriesOfAnyOwner() async throws {
    let world = try await World(partitionCount: 3)
    defer { world.remove() }
    for number in 0..<6 {
      let owner = user("u\(number)")
      try await world.resolve(
        "t", owner, [.added(memory("m", "user \(number)", owner, agentID: "bot", runID: "room"))])
    }
    let bot = OwnerKey(tenant: "acme", owner: Owner(kind: .agent, id: "bot"))
    try await world.resolve("t", bot, [.added(memory("m", "agent itself", bot))])
    let other = user("u0", tenant: "beta")
    try await world.resolve("t", other, [.added(memory("m", "another tenant's", other, agentID: "bot", runID: "room"))])
    try await world.projector().catchUp()
    let reader = try world.reader()
    let users = (0..<6).map { "user \($0)" }
    let ofBot = all("acme", .compare(.agentID, .eq, "bot"))
    #expect(try await reader.texts(ofBot).sorted() == ["agent itself"] + users)
    #expect(try await reader.owners(matching: ofBot).count == 7)
    let ofRoom = all("acme", .compare(.runID, .eq, "room"))
    #expect(try await reader.texts(ofRoom).sorted() == users)
    #expect(try await Set(reader.hits(ofRoom, "user")) == Set(users))
    #expect(try await reader.texts(all("acme", .and([isUser("u1"), .compare(.runID, .eq, "room")]))) == ["user 1"])
    #expect(try await reader.texts(all("acme", .and([isUser("u1"), isUser("u2")]))).isEmpty)
  }

  @Test(arguments: [1, 4, 5, 10])
  func aWriteIsReadOnceItsMemoriesAndVectorsAreFolded(batch: Int) async throws {
    let world = try await World(
      partitionCount: 1, bounds: .init(maxBatchRecordCount: batch, maxRebuildBatchRecordCount: batch))
    defer { world.remove() }
    let reader = try world.reader()
    func isReached(_ offset: Int64) async throws -> Bool {
      try await reader.wait(forTurnsPartition: 0, offset: offset, timeout: .zero)
    }
    #expect(try await !isReached(0))
    for number in 0..<10 {
      try await world.resolve("t\(number)", ann, [.added(memory("m\(number)", "text", ann))], offset: Int64(number))
      try await world.embed(ann, [(id("m\(number)", ann), "text", axis(0))])
    }
    let projector = try world.projector()
    try await projector.catchUp()
    #expect(try await isReached(9))
    #expect(try await !isReached(10))
    #expect(try await !reader.wait(forTurnsPartition: 7, offset: 0, timeout: .zero))
    _ = try await projector.rebuild { _ in }
    #expect(try await isReached(9))
  }

  @Test func aTurnIsNotVisibleBeforeItsVectors() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    let store = ShardStore(files: world.files(0), configuration: world.configuration)
    try ShardFiles.makeDirectory(world.files(0).directory)
    try await world.resolve("t", ann, [.added(memory("m", "text", ann))], offset: 3)
    let source = TopicPartition(world.memoriesTopic, 0)
    let vectors = TopicPartition(world.vectorsTopic, 0)
    let reader = FoldRecordReader(configuration: world.configuration, codec: EventRecordCodec())
    let records = try await world.log.read(source, from: 0, limit: ReadLimit()).map(reader.read)
    var connection: ShardConnection?
    for hasAllVectors in [false, true] {
      _ = try await store.write(&connection) { database in
        for source in [source, vectors] where try Watermarks.next(database, source) == nil {
          try Watermarks.set(database, source, to: 0)
        }
        return try FoldBatch(
          memories: FoldSlice(source: source, from: 0, records: records),
          vectors: FoldSlice(source: vectors, from: 0, records: []), hasAllVectors: hasAllVectors
        ).apply(to: database, keepsTouched: true)
      }
      #expect(
        try await world.reader().wait(forTurnsPartition: 0, offset: 3, timeout: .zero) == hasAllVectors)
    }
  }

  @Test func withoutShardsNothingIsFoldedAndNothingCanBeRead() async throws {
    let world = try await World(partitionCount: 2)
    defer { world.remove() }
    let reader = try world.reader()
    #expect(try await reader.watermarks().isEmpty)
    #expect(try await !reader.wait(forTurnsPartition: 0, offset: 0, timeout: .zero))
    let error = await #expect(throws: ProjectionError.self) { _ = try await reader.texts(all()) }
    #expect(error?.code == .missing)
    try await world.projector().makeMissingShards()
    #expect(try await reader.texts(all()).isEmpty)
    #expect(try await reader.summary() == ProjectionSummary())
    let files = try (0..<2).map { try world.files($0).currentName() }
    try await world.projector().makeMissingShards()
    #expect(try (0..<2).map { try world.files($0).currentName() } == files)
    try await world.projector().catchUp()
    #expect(try await reader.watermarks().map(\.next) == [0, 0, 0, 0])
  }
}
