import EventLog
import Foundation
import GRDB
import MnemeCore
import Testing

@testable import MnemeProjection

@Suite struct SearchTests {
  let ann = user("ann")

  @Test func aHitByKeywordsAloneAppears() async throws {
    var memories: [(Memory, [Float]?)] = (0..<300).map { number in
      (memory("near-\(number)", "something else \(number)", ann), axis(0))
    }
    memories.append((memory("bare", "the zanzibar trip", ann), nil))
    memories.append((memory("far", "a zanzibar hat", ann), axis(1)))
    let world = try await World.holding(memories)
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
    let world = try await World.holding([
      (memory("a", "likes green tea", ann), nil), (memory("b", "has two cats", ann), nil),
    ])
    defer { world.remove() }
    let hits = try await world.reader().hits(all("acme", isUser("ann")), text)
    #expect(hits == (text.lowercased().contains("ea") || text == "téa" ? ["likes green tea"] : []))
    #expect(try await world.reader().hits(all(), text) == hits)
  }

  @Test func aShardThatIsReplacedDuringASearchIsScannedInTheEnd() async throws {
    let world = try await World.holding(
      (0..<20).map { (memory("\($0)", "tea number \($0)", user("o\($0)")), axis($0 % 3)) })
    defer { world.remove() }
    let reader = try world.reader()
    let request = SearchRequest(query: all(), text: "tea number 7", vector: axis(0), limit: 5, minimumScore: 0)
    let plan = SearchPlan(request, world.configuration)
    let choice = try #require(try await reader.choose(plan))
    let hits = try await reader.find(choice, plan, mayScan: false).ranked(plan).map(\.id.id)
    #expect(hits.count == 5)
    _ = try await world.projector().rebuild { _ in }
    await #expect(throws: ShardReplaced.self) { try await reader.find(choice, plan, mayScan: false) }
    #expect(try await reader.find(choice, plan, mayScan: true).ranked(plan).map(\.id.id) == hits)
  }

  @Test func stopWordsCountOnlyWhereThereIsNothingElse() async throws {
    let world = try await World.holding([
      (memory("a", "what is the matter with them", ann), nil), (memory("b", "tea in the morning", ann), nil),
    ])
    defer { world.remove() }
    let query = all("acme", isUser("ann"))
    #expect(try await world.reader().hits(query, "what is the tea") == ["tea in the morning"])
    #expect(try await world.reader().hits(query, "what is the").first == "what is the matter with them")
    #expect(try await world.reader().hits(query, "") == [])
  }

  @Test func aLongQueryIsCutNotRefused() async throws {
    let world = try await World.holding([(memory("a", "likes tea", ann), axis(0))])
    defer { world.remove() }
    let text = "tea " + (0..<50_000).map { "word\($0)" }.joined(separator: " ")
    #expect(try await world.reader().hits(all("acme", isUser("ann")), text) == ["likes tea"])
  }

  @Test func endedAndExpiredMemoriesAreLeftOutUnlessAskedFor() async throws {
    let world = try await World.holding([
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
    let world = try await World.holding(memories.shuffled())
    defer { world.remove() }
    for query in [all("acme", isUser("ann")), all()] {
      let hits = try await world.reader().search(
        SearchRequest(query: query, text: "same", vector: axis(0), limit: 20, minimumScore: 0))
      #expect(hits.map(\.view.memory.id) == Array(memories.map(\.0.id).sorted().prefix(20)))
    }
  }

  @Test func aScoreDoesNotDependOnWhatOthersStore() async throws {
    let world = try await World.holding([
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
    let world = try await World.holding([(said, axis(1)), (memory("told", "met Bo", ann, actor: "Cy"), axis(0))])
    defer { world.remove() }
    let reader = try world.reader()
    #expect(try await reader.people(of: ann).speakers == ["Ann"])
    #expect(try await reader.people(of: user("nobody")) == OwnerPeople())
    for query in [all("acme", isUser("ann")), all()] {
      let hits = try await reader.search(
        SearchRequest(
          query: query, text: "", vector: axis(0), voicedVector: axis(1), limit: 5, minimumScore: 0.1))
      #expect(hits.map(\.signals.cosine) == [1, 1])
    }
  }

  @Test func aQuestionIsAnsweredInOneReadOnceItIsEmbedded() async throws {
    var said = memory("said", "I met Bo", ann, actor: "Ann")
    said.recipe = Memory.verbatimRecipe
    let world = try await World.holding([(said, axis(1)), (memory("told", "met Bo", ann, actor: "Cy"), axis(0))])
    defer { world.remove() }
    let reader = try world.reader()
    for query in [all("acme", isUser("ann")), all()] {
      let request = SearchRequest(query: query, text: "Who met Ann?", vector: nil, limit: 5, minimumScore: 0.1)
      let voice = try await reader.voice(of: request.text, about: query)
      guard case .unembedded(voice) = try await reader.answer(request, vectors: { _ in nil }) else {
        Issue.record("nobody had embedded it")
        continue
      }
      let vectors = voice.texts.indices.map { axis($0) }
      guard case .hits(let hits) = try await reader.answer(request, vectors: { $0 == voice ? vectors : nil }) else {
        Issue.record("it was embedded")
        continue
      }
      let expected = try await reader.search(request.voiced(voice, vectors))
      #expect(!hits.isEmpty && hits.map(\.view) == expected.map(\.view) && hits.map(\.score) == expected.map(\.score))
    }
    let error = await #expect(throws: ProjectionError.self) {
      let request = SearchRequest(
        query: all("acme", isUser("ann")), text: "tea", vector: nil, limit: 5, minimumScore: 0)
      _ = try await reader.answer(request) { _ in [[1, 0]] }
    }
    #expect(error?.code == .mismatch)
  }

  @Test func whatWasSaidAroundAMemoryRaisesIt() async throws {
    func said(_ name: String, _ text: String, at hour: Int64, runID: String? = nil) -> Memory {
      var memory = memory(name, text, ann, runID: runID)
      memory.sources[0].time = Moment(Timestamp(milliseconds: hour * 3_600_000), .stated)
      return memory
    }
    // Two talks without a session two hours apart, and a word between them that is of a session.
    let world = try await World.holding([
      (said("a", "where did you go", at: 1), axis(1)), (said("b", "zanzibar", at: 1), axis(0)),
      (said("x", "something else", at: 1, runID: "r"), axis(1)), (said("c", "for two weeks", at: 1), axis(1)),
      (said("d", "good morning", at: 4), axis(1)),
    ])
    defer { world.remove() }
    for bytes in [256 << 20, 1000] {
      let configuration = ProjectionConfiguration(
        id: nil, generation: "g1", space: "test-8", dimension: World.dimension, partitionCount: 1,
        bounds: .init(maxIndexCacheByteCount: bytes, maxTenantIndexByteCount: bytes))
      let reader = try ProjectionReader(directory: world.directory, configuration: configuration)
      for query in [all("acme", isUser("ann")), all()] {
        let hits = try await reader.search(
          SearchRequest(query: query, text: "zanzibar", vector: axis(0), limit: 9, minimumScore: 0))
        let signals = Dictionary(uniqueKeysWithValues: hits.map { ($0.view.memory.text, $0.signals) })
        #expect(hits.first?.view.memory.text == "zanzibar")
        #expect(signals["zanzibar"]?.contextCosine == 0)
        for text in ["where did you go", "for two weeks"] {
          #expect(signals[text]?.contextCosine == 1 && signals[text]?.bm25 == nil)
          #expect((signals[text]?.keywords ?? 0) > 0.4)
        }
        for text in ["something else", "good morning"] {
          #expect(signals[text]?.contextCosine == nil && signals[text]?.keywords == 0)
        }
      }
      // Around a hit there is none: words of others make no hit.
      #expect(try await reader.hits(all("acme", isUser("ann")), "zanzibar") == ["zanzibar"])
    }
  }

  @Test func partsOfTheDateCountAsWords() async throws {
    var memories: [(Memory, [Float]?)] = []
    for (name, day) in [("a", "2023-05-08"), ("b", "2023-06-09"), ("c", "2022-05-09")] {
      var memory = memory(name, "we met", ann, runID: name)
      memory.sources[0].time = Moment(try #require(Timestamp(day)), .stated)
      memories.append((memory, axis(1)))
    }
    let world = try await World.holding(memories)
    defer { world.remove() }
    for (question, expected) in [
      ("8 May 2023", ["a"]), ("June", ["b"]), ("May", ["a", "c"]), ("9", ["b", "c"]), ("2023", ["a", "b"]), ("31", []),
    ] as [(String, [String])] {
      for query in [all("acme", isUser("ann")), all()] {
        let hits = try await world.reader().search(
          SearchRequest(query: query, text: question, vector: axis(0), limit: 9, minimumScore: 0))
        let best = hits.map(\.signals.keywords).max() ?? 0
        let found = hits.filter { best > 0 && $0.signals.keywords == best }.compactMap(\.view.memory.scope.runID)
        #expect(found.sorted() == expected, "\(question)")
      }
    }
  }

  @Test func aQueryOfAnotherDimensionIsRefused() async throws {
    let world = try await World.holding([(memory("a", "tea", ann), axis(0))])
    defer { world.remove() }
    let error = await #expect(throws: ProjectionError.self) {
      _ = try await world.reader().hits(all("acme", isUser("ann")), "tea", vector: [1, 0])
    }
    #expect(error?.code == .mismatch)
  }

  @Test(arguments: 1...14 as ClosedRange<UInt64>)
  func everySearchAnswersAsAnExhaustiveOne(seed: UInt64) async throws {
    // A cache that is too small makes the same search scan.
    let (owners, tenants) = (seed % 2 == 0 ? 256 << 20 : 1000, seed % 4 < 2 ? 256 << 20 : 1000)
    let bounds = ProjectionConfiguration.Bounds(
      maxIndexCacheByteCount: owners, maxTenantIndexByteCount: tenants)
    let world = try await World(partitionCount: 2, bounds: bounds)
    defer { world.remove() }
    var scenario = Scenario(world, seed: seed)
    if seed > 8 { scenario.texts += Scenario.foreignTexts }
    let projector = try world.projector()
    // The same reader sees owners change: what it keeps of them follows.
    let reader = try world.reader()
    for round in 0..<6 {
      _ = try await world.log.append(scenario.records(40))
      try await projector.catchUp()
      if round == 4 { _ = try await projector.rebuild { _ in } }
      var lives: [[Memory]] = []
      for owner in Set(scenario.views.values.map(\.owner)) { lives.append(try await reader.memories(of: owner)) }
      for _ in 0..<15 {
        let request = scenario.searchRequest()
        let hits = try await reader.search(request)
        let expected = try Self.exhaustive(request, scenario, lives)
        // Codes of 16 bits for each component may part scores that are as good as equal.
        let isNear = hits.count == expected.count && zip(hits, expected).allSatisfy { abs($0.score - $1.score) < 5e-5 }
        #expect(isNear, "seed \(seed)")
        let isSame = zip(hits, expected).allSatisfy { hit, other in
          hit.view.memory.id == other.id
            || expected.contains { $0.id == hit.view.memory.id && abs($0.score - hit.score) < 5e-5 }
        }
        #expect(isSame, "seed \(seed)")
        #expect(hits.allSatisfy { $0.view.owner.tenant == request.query.tenant })
      }
    }
  }
}
