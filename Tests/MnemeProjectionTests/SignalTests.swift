import EventLog
import Foundation
import MnemeCore
import Testing

@testable import MnemeProjection

/// The signals of the ranking beside meaning and words: time, people, age.
@Suite struct SignalTests {
  let ann = user("ann")

  /// In memory, by rows, and as it was: whichever way it is answered.
  private func everyWay(
    _ world: World, _ request: SearchRequest, tenantWide: Bool = true, _ check: ([SearchHit]) throws -> Void
  ) async throws {
    for bytes in [256 << 20, 1000] {
      let configuration = ProjectionConfiguration(
        id: nil, generation: "g1", space: "test-8", dimension: World.dimension, partitionCount: 1,
        bounds: .init(maxIndexCacheByteCount: bytes, maxTenantIndexByteCount: bytes))
      let reader = try ProjectionReader(directory: world.directory, configuration: configuration)
      for query in [all("acme", isUser("ann"))] + (tenantWide ? [all()] : []) {
        var request = request
        request.query = query
        try check(try await reader.search(request))
        guard query.owner != nil else { continue }
        request.query.asOf = Timestamp(milliseconds: 4_000_000_000_000)
        try check(try await reader.search(request))
      }
    }
  }

  @Test func theTimeThatIsAskedAboutIsAWayIn() async throws {
    var memories: [(Memory, [Float]?)] = []
    for (name, day) in [("before", "2023-03-31"), ("first", "2023-04-01"), ("last", "2023-04-30")] {
      var memory = memory(name, name, ann, runID: name)
      memory.validFrom = Moment(try #require(Timestamp(day)), .stated)
      memories.append((memory, nil))
    }
    let world = try await World.holding(memories)
    defer { world.remove() }
    let april = CivilInterval(from: try #require(Timestamp("2023-04-01")), to: try #require(Timestamp("2023-05-01")))
    let request = SearchRequest(query: all(), text: "zanzibar", vector: nil, time: april, limit: 9, minimumScore: 0)
    try await everyWay(world, request) { hits in
      // Neither has the word.
      #expect(Set(hits.map(\.view.memory.text)) == ["first", "last"])
      #expect(hits.allSatisfy { $0.signals.isOfAskedTime && $0.signals.bm25 == nil && $0.keyword > 0.1 })
    }
    let may = CivilInterval(from: april.to, to: try #require(Timestamp("2023-06-01")))
    try await everyWay(
      world,
      SearchRequest(
        query: all(), text: "last", vector: nil, time: may, limit: 9, minimumScore: 0)
    ) { hits in
      // Nothing is known of that time: it takes nothing from what there is.
      #expect(hits.map(\.view.memory.text) == ["last"] && hits[0].keyword > 0.9)
    }
  }

  @Test func thePersonWhomAQuestionNamesIsAWayIn() async throws {
    var about = memory("about", "has a new job", ann, actor: "user")
    about.subject = "Bo"
    let world = try await World.holding([
      (about, nil), (memory("said", "likes snow", ann, actor: "Bo"), nil), (memory("other", "likes rain", ann), nil),
    ])
    defer { world.remove() }
    let people = try await world.reader().people(of: ann)
    #expect(people.others.contains("Bo") && people.speakers.isEmpty)
    let voice = QueryVoice("How is Bo?", people)
    #expect(voice.speakers == .named(["Bo"]))
    let request = SearchRequest(query: all(), text: voice.neutral, vector: nil, limit: 9, minimumScore: 0)
    try await everyWay(world, request.voiced(voice, nil), tenantWide: false) { hits in
      #expect(Set(hits.map(\.view.memory.text)) == ["has a new job", "likes snow"])
      #expect(hits.allSatisfy { $0.signals.isNamed && $0.signals.bm25 == nil })
    }
  }

  @Test func whatIsOldOrOverStandsBelowWhatFitsAsWell() async throws {
    let day: Int64 = 86_400_000
    func said(_ name: String, on number: Int64, again: Int = 0, isOver: Bool = false) -> Memory {
      var memory = memory(name, "likes tea", ann, runID: name, validTo: isOver ? number * day + 1 : nil)
      memory.sources[0].time = Moment(Timestamp(milliseconds: number * day), .stated)
      memory.validFrom = memory.sources[0].time
      return memory
    }
    let world = try await World.holding([
      (said("old", on: 0), axis(0)), (said("new", on: 365), axis(0)), (said("over", on: 365, isOver: true), axis(0)),
      (said("often", on: 0), axis(0)),
    ])
    defer { world.remove() }
    let again = source("again", runID: "often")
    var later = again
    later.time = Moment(Timestamp(milliseconds: 1), .stated)
    try await world.resolve(
      "turn-9", ann, [.reinforced(id: id("often", ann), source: later, at: Timestamp(milliseconds: 2000))])
    try await world.projector().catchUp()
    var request = SearchRequest(
      query: all(), text: "tea", vector: axis(0), reference: Timestamp(milliseconds: 365 * day), limit: 9,
      minimumScore: 0)
    for query in [all("acme", isUser("ann")), all()] {
      request.query = query
      request.query.includesEnded = true
      let hits = try await world.reader().search(request)
      #expect(hits.map(\.view.memory.scope.runID) == ["new", "often", "old", "over"])
      #expect(hits.map(\.signals.isOver) == [false, false, false, true])
      let halves = zip(hits.map(\.signals.freshness), [1, 0.5.squareRoot(), 0.5, 1])
      #expect(halves.allSatisfy { abs($0 - $1) < 1e-6 })
      let ratio = hits[2].score / hits[0].score
      #expect(abs(ratio - 0.975) < 1e-4)
    }
  }

  @Test func whatAPersonThinksOfAMemoryDecidesBetweenEqualOnes() async throws {
    let names = ["bad", "good", "plain", "worst"]
    let world = try await World.holding(names.map { (memory($0, "tea", ann, runID: $0), axis(0)) })
    defer { world.remove() }
    let ratings: [(String, Feedback.Rating)] = [("worst", .veryNegative), ("good", .positive), ("bad", .negative)]
    for (name, rating) in ratings {
      let event = MemoryEvent.rated(
        id: id(name, ann), Feedback(rating, reason: "because"), at: Timestamp(milliseconds: 5))
      try await world.resolve("f-\(name)", ann, [event], type: .memoryFeedbackGiven)
    }
    try await world.projector().catchUp()
    var request = SearchRequest(
      query: all(), text: "tea", vector: axis(0), reference: Timestamp(milliseconds: 100 * 86_400_000), limit: 9,
      minimumScore: 0)
    try await everyWay(world, request) { hits in
      #expect(hits.map(\.view.memory.scope.runID) == ["good", "plain", "bad", "worst"])
      #expect(hits[0].score - hits[3].score < 0.05 && hits[3].signals.freshness == 0)
      #expect(hits[0].view.memory.feedback == Feedback(.positive, reason: "because"))
    }
    // As it was before anybody judged.
    request.query = all("acme", isUser("ann"))
    request.query.asOf = Timestamp(milliseconds: 999)
    let before = try await world.reader().search(request)
    #expect(before.allSatisfy { $0.view.memory.feedback == nil })
    // Taken back, all are as they were.
    for (name, _) in ratings {
      try await world.resolve(
        "w-\(name)", ann, [.rated(id: id(name, ann), nil, at: Timestamp(milliseconds: 6))],
        type: .memoryFeedbackGiven)
    }
    try await world.projector().catchUp()
    request.query.asOf = nil
    let after = try await world.reader().search(request)
    #expect(Set(after.map(\.score)).count == 1 && after.allSatisfy { $0.view.memory.feedback == nil })
    let history = try await world.reader().history(id("good", ann), tenant: "acme")
    #expect(history.map(\.change) == [.add, .feedback, .feedback])
    let outcome = try await world.reader().outcome(ofInput: "f-good", tenant: "acme")
    #expect(outcome?.effects == [.init(memoryID: id("good", ann), change: .feedback, text: "tea")])
  }

  @Test(
    arguments: [
      (0, nil, false), (10, nil, true), (19, nil, true), (20, nil, false),
      (0, 10, false), (0, 11, true), (0, 99, true), (20, 99, false), (12, 14, true),
    ] as [(Int64, Int64?, Bool)])
  func aMemoryIsOfATime(_ validFrom: Int64, _ validTo: Int64?, _ expected: Bool) {
    let time = AskedInterval(
      CivilInterval(from: Timestamp(milliseconds: 10), to: Timestamp(milliseconds: 20)))
    #expect(time.has(validFrom, validTo ?? .max) == expected)
  }
}
