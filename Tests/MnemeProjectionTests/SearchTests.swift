import EventLog
import Foundation
import GRDB
import MnemeCore
import Testing

@testable import MnemeProjection

@Suite struct SearchTests {
  let ann = user("ann")

  private func world(_ memories: [(Memory, [Float]?)], partitionCount: Int = 1) async throws -> World {
    let world = try await World(partitionCount: partitionCount)
    for (number, (memory, vector)) in memories.enumerated() {
      let owner = OwnerKey(tenant: "acme", owner: memory.scope.owner ?? ann.owner)
      try await world.resolve("turn-\(number)", owner, [.added(memory)])
      if let vector { try await world.embed(owner, [(memory.id, memory.text, vector)]) }
    }
    try await world.projector().catchUp()
    return world
  }

  @Test func aHitByKeywordsAloneAppears() async throws {
    var memories: [(Memory, [Float]?)] = (0..<300).map { number in
      (memory("near-\(number)", "something else \(number)", ann), axis(0))
    }
    memories.append((memory("bare", "the zanzibar trip", ann), nil))
    memories.append((memory("far", "a zanzibar hat", ann), axis(1)))
    let world = try await world(memories)
    defer { world.remove() }
    let hits = try await world.reader().search(
      SearchRequest(query: all("acme", isUser("ann")), text: "Zanzibar?", vector: axis(0), limit: 400, minimumScore: 0))
    let bare = try #require(hits.first { $0.view.memory.text == "the zanzibar trip" })
    #expect(bare.signals.cosine == nil && bare.keyword > 0.5 && bare.semantic == 0)
    let far = try #require(hits.first { $0.view.memory.text == "a zanzibar hat" })
    #expect(far.signals.cosine == 0 && far.keyword > 0.5)
    // Each way of looking brings four times the limit.
    #expect(hits.count == 302)
    #expect(try await world.reader().hits(all("acme", isUser("ann")), "zanzibar").count == 2)
  }

  @Test(arguments: [
    "\"", "*", "tea\"", "tea OR coffee", "tea AND", "NEAR(tea coffee)", "text:tea", "tea*", "^tea", "(tea", "-tea",
    "tea|1|1", "tea'); DROP TABLE memories; --", "{tea}", "tea + tea", "TEAS", "téa", "tea\u{0}x",
  ])
  func whatFTSWouldReadAsSyntaxIsWords(_ text: String) async throws {
    let world = try await world([(memory("a", "likes green tea", ann), nil), (memory("b", "has two cats", ann), nil)])
    defer { world.remove() }
    let hits = try await world.reader().hits(all("acme", isUser("ann")), text)
    #expect(hits == (text.lowercased().contains("ea") || text == "téa" ? ["likes green tea"] : []))
    #expect(try await world.reader().hits(all(), text) == hits)
  }

  @Test func stopWordsCountOnlyWhereThereIsNothingElse() async throws {
    let world = try await world([
      (memory("a", "what is the matter with them", ann), nil), (memory("b", "tea in the morning", ann), nil),
    ])
    defer { world.remove() }
    let query = all("acme", isUser("ann"))
    #expect(try await world.reader().hits(query, "what is the tea") == ["tea in the morning"])
    #expect(try await world.reader().hits(query, "what is the").first == "what is the matter with them")
    #expect(try await world.reader().hits(query, "") == [])
  }

  @Test func aLongQueryIsCutNotRefused() async throws {
    let world = try await world([(memory("a", "likes tea", ann), axis(0))])
    defer { world.remove() }
    let text = "tea " + (0..<50_000).map { "word\($0)" }.joined(separator: " ")
    #expect(try await world.reader().hits(all("acme", isUser("ann")), text) == ["likes tea"])
  }

  @Test func endedAndExpiredMemoriesAreLeftOutUnlessAskedFor() async throws {
    let world = try await world([
      (memory("a", "tea now", ann), axis(0)), (memory("b", "tea then", ann, validTo: 5), axis(0)),
      (memory("c", "tea until noon", ann, expiresAt: 1000), axis(0)),
    ])
    defer { world.remove() }
    let reader = try world.reader()
    func found(_ ended: Bool, _ now: Int64?, _ filter: Filter?) async throws -> Set<String> {
      let query = MemoryQuery(
        tenant: "acme", filter: filter, includesEnded: ended, notExpiredAt: now.map { Timestamp(milliseconds: $0) })
      let hits = try await reader.hits(query, "tea", vector: axis(0))
      #expect(try await Set(reader.texts(query)) == Set(hits))
      return Set(hits)
    }
    for filter in [nil, isUser("ann"), .and([isUser("ann"), .compare(.text, .contains, "tea")])] as [Filter?] {
      #expect(try await found(false, nil, filter) == ["tea now", "tea until noon"])
      #expect(try await found(false, 999, filter) == ["tea now", "tea until noon"])
      #expect(try await found(false, 1000, filter) == ["tea now"])
      #expect(try await found(true, 1000, filter) == ["tea now", "tea then"])
    }
  }

  @Test func equalHitsComeInOrderOfTheirIDs() async throws {
    let memories = (0..<250).map { (memory("m\($0)", "same words", ann), Optional(axis(0))) }
    let world = try await world(memories.shuffled())
    defer { world.remove() }
    for query in [all("acme", isUser("ann")), all()] {
      let hits = try await world.reader().search(
        SearchRequest(query: query, text: "same", vector: axis(0), limit: 20, minimumScore: 0))
      #expect(hits.map(\.view.memory.id) == Array(memories.map(\.0.id).sorted().prefix(20)))
    }
  }

  @Test func aScoreDoesNotDependOnWhatOthersStore() async throws {
    let world = try await world([
      (memory("a", "likes green tea", ann), axis(0)), (memory("b", "has two cats", ann), axis(1)),
    ])
    defer { world.remove() }
    let reader = try world.reader()
    func scores() async throws -> [Double] {
      try await reader.search(
        SearchRequest(query: all("acme", isUser("ann")), text: "green tea", vector: axis(0), limit: 5, minimumScore: 0)
      ).map(\.score)
    }
    let alone = try await scores()
    for number in 0..<50 {
      let other = user("u\(number)", tenant: number % 2 == 0 ? "acme" : "beta")
      try await world.resolve("t", other, [.added(memory("x", "green tea, tea and tea", other))])
    }
    try await world.projector().catchUp()
    #expect(try await scores() == alone)
  }

  @Test func messagesAsTheyWereSaidAreComparedInTheirVoice() async throws {
    var said = memory("said", "I met Bo", ann, actor: "Ann")
    said.recipe = Memory.verbatimRecipe
    let world = try await world([(said, axis(1)), (memory("told", "met Bo", ann, actor: "Cy"), axis(0))])
    defer { world.remove() }
    let reader = try world.reader()
    #expect(try await reader.speakers(of: ann) == ["Ann"])
    #expect(try await reader.speakers(of: user("nobody")) == [])
    for query in [all("acme", isUser("ann")), all()] {
      let hits = try await reader.search(
        SearchRequest(
          query: query, text: "", vector: axis(0), voicedVector: axis(1), limit: 5, minimumScore: 0.1))
      #expect(hits.map(\.signals.cosine) == [1, 1])
    }
  }

  @Test func aQueryOfAnotherDimensionIsRefused() async throws {
    let world = try await world([(memory("a", "tea", ann), axis(0))])
    defer { world.remove() }
    let error = await #expect(throws: ProjectionError.self) {
      _ = try await world.reader().hits(all("acme", isUser("ann")), "tea", vector: [1, 0])
    }
    #expect(error?.code == .mismatch)
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func everySearchAnswersAsAnExhaustiveOne(seed: UInt64) async throws {
    // A cache that is too small makes the same search scan.
    let bounds = ProjectionConfiguration.Bounds(maxVectorCacheByteCount: seed % 2 == 0 ? 256 << 20 : 1000)
    let world = try await World(partitionCount: 2, bounds: bounds)
    defer { world.remove() }
    var scenario = Scenario(world, seed: seed)
    let projector = try world.projector()
    // The same reader sees owners change: what it keeps of them follows.
    let reader = try world.reader()
    for round in 0..<6 {
      _ = try await world.log.append(scenario.records(40))
      try await projector.catchUp()
      if round == 4 { _ = try await projector.rebuild { _ in } }
      for _ in 0..<15 {
        let request = scenario.searchRequest()
        let hits = try await reader.search(request)
        let expected = try Self.exhaustive(request, scenario)
        #expect(hits.map(\.view.memory.id) == expected.map(\.id), "seed \(seed)")
        let isNear = zip(hits, expected).allSatisfy { abs($0.score - $1.score) < 1e-6 }
        #expect(isNear, "seed \(seed)")
        #expect(hits.allSatisfy { $0.view.owner.tenant == request.query.tenant })
      }
    }
  }

  /// Every memory of the query with its signals, ranked; as slow and as plain as can be.
  private static func exhaustive(_ request: SearchRequest, _ scenario: Scenario) throws -> [Ranked<UUID>] {
    try DatabaseQueue().read { database in
      let index = try KeywordIndex(database)
      let words = try KeywordQuery(request.text, database).words
      let population = scenario.views.values.filter { view in
        view.owner.tenant == request.query.tenant && (request.query.owner.map { $0 == view.owner } ?? true)
      }
      let texts = try Dictionary(
        uniqueKeysWithValues: population.map { ($0.memory.id, try index.words(of: $0.memory.text)) })
      let mean = max(Double(texts.values.reduce(0) { $0 + $1.count }) / Double(max(texts.count, 1)), 1)
      var candidates: [UUID: Signals] = [:]
      for view in scenario.matching(request.query) {
        guard let text = texts[view.memory.id] else { continue }
        var bm25 = 0.0
        for word in words {
          let occurrences = Double(text.count { $0 == word })
          let frequency = Double(texts.values.count { $0.contains(word) })
          let weight = log(1 + (Double(texts.count) - frequency + 0.5) / (frequency + 0.5))
          bm25 += weight * occurrences * 2.2 / (occurrences + 1.2 * (0.25 + 0.75 * Double(text.count) / mean))
        }
        let vector = scenario.vectors[view.memory.id]?[view.memory.text]
        let voiced = view.memory.recipe == Memory.verbatimRecipe ? request.voicedVector : nil
        let cosine = request.vector.flatMap { query in
          vector.map { Double(VectorMath.dot(voiced ?? query, of: $0)) }
        }
        guard bm25 > 0 || cosine != nil else { continue }
        candidates[view.memory.id] = Signals(cosine: cosine, bm25: bm25 > 0 ? bm25 : nil)
      }
      return Array(
        Ranking.fuse(candidates).filter { $0.score >= request.minimumScore }.prefix(request.limit))
    }
  }
}

extension Scenario {
  mutating func searchRequest() -> SearchRequest {
    var filter: Filter? = chance(80) ? isUser("o\(number(0...3))") : nil
    if chance(40) {
      let more = self.filter(depth: 1)
      filter = filter.map { .and([$0, more]) } ?? more
    }
    let query = MemoryQuery(
      tenant: pick(Self.tenants), filter: filter, includesEnded: chance(40),
      notExpiredAt: chance(30) ? Timestamp(milliseconds: 1000) : nil)
    return SearchRequest(
      query: query, text: chance(80) ? pick(Self.texts) + " " + pick(Self.texts) : "",
      vector: chance(70) ? unitVector() : nil, voicedVector: chance(50) ? unitVector() : nil, limit: number(1...30),
      minimumScore: chance(30) ? 0.3 : 0)
  }
}
