import Foundation
import GRDB
import MnemeCore
import Testing

@testable import MnemeProjection

/// What readers keep of what they have read, and on which threads they read.
@Suite struct ReadCacheTests {
  let ann = user("ann")

  /// Both ways of a search: of the owner, and across owners.
  private func found(_ reader: ProjectionReader) async throws -> [[MemoryView]] {
    var answers: [[MemoryView]] = []
    for query in [all("acme", isUser("ann")), all()] {
      let request = SearchRequest(query: query, text: "tea", vector: nil, limit: 9, minimumScore: 0)
      answers.append(try await reader.search(request).map(\.view))
    }
    return answers
  }

  @Test func everyChangeOfAMemoryShowsInTheNextAnswer() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    let projector = try world.projector()
    let reader = try world.reader()
    let first = memory("a", "likes green tea", ann)
    let at = first.recordedAt
    let changes: [(MemoryEvent, @Sendable (MemoryView) -> Bool)] = [
      (.added(first), { $0.memory.text == "likes green tea" && $0.reinforcementCount == 0 }),
      (
        .reinforced(id: first.id, source: source("again"), at: at),
        { $0.reinforcementCount == 1 && $0.memory.sources.count == 2 }
      ),
      (.revised(id: first.id, .init(text: "likes black tea", at: at)), { $0.memory.text == "likes black tea" }),
      (.revised(id: first.id, .init(metadata: ["a": 1], at: at)), { $0.memory.metadata == ["a": 1] }),
    ]
    for (number, (event, shows)) in changes.enumerated() {
      try await world.resolve("turn-\(number)", ann, [event])
      try await projector.catchUp()
      // Asked twice: the second answer comes from what the first one kept.
      for _ in 1...2 {
        for views in try await found(reader) {
          #expect(views.count == 1 && views.allSatisfy(shows), "change \(number)")
        }
      }
      #expect(reader.ownerReads.byteCount > 0)
    }
    try await world.resolve("last", ann, [.retracted(id: first.id, at: at)])
    try await projector.catchUp()
    #expect(try await found(reader) == [[], []])
  }

  @Test func whoIsMeantChangesWithTheOwner() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    let projector = try world.projector()
    let reader = try world.reader()
    for name in ["Ann", "Anna"] {
      var memory = memory(name, "is called \(name)", ann)
      (memory.subject, memory.attribute, memory.value) = ("user", "name", name)
      try await world.resolve(name, ann, [.added(memory)])
      try await projector.catchUp()
      for _ in 1...2 { #expect(try await reader.people(of: ann).names.contains(name)) }
    }
  }

  @Test func whatIsKeptIsBounded() async throws {
    let reads = OwnerReads(maxByteCount: 100_000)
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    for number in 0..<40 {
      try await world.resolve("t\(number)", user("u\(number)"), [.added(memory("m", "tea", user("u\(number)")))])
    }
    try await world.projector().catchUp()
    let reader = try world.reader()
    for round in 0..<3 {
      for number in 0..<40 {
        let key = user("u\(number)")
        let view = try await reader.read(reader.shards[0]) { database, name -> MemoryView? in
          let owner = try #require(try OwnerRow.fetch(database, key))
          let memory = Schema.memories(of: owner.number).lowerBound
          var text = String(repeating: "x", count: 5000)
          text += "\(number)"
          return try reads.views([memory], of: owner, database: name) { number in
            var view = try MemoryLookup(database).view(number)
            view?.memory.text = text
            return view
          }[memory]
        }
        #expect(view?.memory.text.hasSuffix("x\(number)") == true, "round \(round)")
        #expect(reads.byteCount <= 100_000)
      }
    }
    #expect(reads.byteCount > 50_000)
  }

  @Test func anOlderSnapshotDoesNotPutBackWhatChanged() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    try await world.resolve("t", ann, [.added(memory("m", "tea", ann))])
    try await world.projector().catchUp()
    let (reader, ann) = (try world.reader(), self.ann)
    let reads = OwnerReads(maxByteCount: 1 << 20)
    try await reader.read(reader.shards[0]) { database, name in
      var owner = try #require(try OwnerRow.fetch(database, ann))
      let number = Schema.memories(of: owner.number).lowerBound
      func text(_ version: Int64, _ text: String) throws -> String? {
        owner.version = version
        return try reads.views([number], of: owner, database: name) { number in
          var view = try MemoryLookup(database).view(number)
          view?.memory.text = text
          return view
        }[number]?.memory.text
      }
      #expect(try text(2, "new") == "new")
      #expect(try text(1, "old") == "old")
      #expect(try text(2, "newer") == "new")
      #expect(try text(3, "newest") == "newest")
      #expect(try text(2, "new again") == "new again")
      #expect(try text(3, "") == "newest")
    }
  }

  @Test func aReadThatIsCancelledEnds() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    try await world.resolve("t", ann, [.added(memory("m", "tea", ann))])
    try await world.projector().catchUp()
    let reader = try world.reader()
    let (starts, started) = AsyncStream.makeStream(of: Void.self)
    let read = Task {
      try await reader.read(reader.shards[0]) { database, _ in
        started.yield()
        // It has no end.
        let sql = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
        return try Int.fetchOne(database, sql: sql)
      }
    }
    for await _ in starts { break }
    read.cancel()
    await #expect(throws: CancellationError.self) { try await read.value }
    // The connection is as good as new.
    #expect(try await reader.hits(all(), "tea") == ["tea"])
  }
}
