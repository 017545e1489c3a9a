import EventLog
import FoundationEssentials
import LanguageModel
import MnemeCore
import MnemeTesting
import Synchronization
import Testing

@testable import MnemePipeline

@Suite struct ResolutionStageTests {
  static func run(_ harness: Harness, maxRecordCount: Int = 100) async throws {
    try await harness.drain(harness.extraction(ScriptedExtractor { sentences($0) }), maxRecordCount: maxRecordCount)
    try await harness.drain(harness.resolution(), maxRecordCount: maxRecordCount)
  }

  @Test(arguments: [1, 2, 100])
  func aTurnThatComesTwiceChangesNothing(maxRecordCount: Int) async throws {
    let harness = try await Harness()
    for id in ["e1", "e1", "e2", "e1"] { try await harness.publish("home \(id)", id: id) }
    try await Self.run(harness, maxRecordCount: maxRecordCount)
    #expect(try await harness.resolved().map(\.outcome) == [.stored, .nothing, .stored, .nothing])
    #expect(try await harness.memories().count == 2)
  }

  @Test func whatWasSaidAroundAFactGoesAlongWithIt() async throws {
    let harness = try await Harness()
    let extractor = ScriptedExtractor { turns in
      turns.map { _ in
        Extraction(facts: [FactCandidate(text: "moved", messageIndex: 3, quote: "", actor: "user")])
      }
    }
    func publish(_ id: String, infer: Bool = true) async throws {
      let body = TurnBody(
        scope: Scope(userID: "alex"), messages: (0..<6).map { Message(role: "user", content: "\(id) \($0)") },
        infer: infer)
      try await harness.publish(.turnRecorded, EventBodyCoding.encode(body), id: id)
    }
    try await publish("e1")
    try await publish("e2")
    try await publish("e1")
    try await publish("e3", infer: false)
    try await harness.drain(harness.extraction(extractor))
    try await harness.drain(harness.resolution())
    let messages = try await harness.resolved().map { $0.messages?.map(\.text) }
    // Said again, it is reinforced; what comes twice, or stands as it was said, brings nothing.
    #expect(messages == [["e1 2", "e1 3", "e1 4"], ["e2 2", "e2 3", "e2 4"], nil, nil])
  }

  @Test func aNewHomeSupersedesTheOldOneAcrossRestarts() async throws {
    let harness = try await Harness()
    try await harness.publish("home Lisbon", id: "e1")
    try await Self.run(harness)
    try await harness.publish("home Berlin", id: "e2")
    try await Self.run(harness)
    let memories = try await harness.memories().values
    #expect(memories.filter(\.isCurrent).map(\.text) == ["home Berlin"])
    #expect(memories.first { $0.text == "home Lisbon" }?.validTo != nil)
  }

  @Test func losingTheStateStoreLosesNothing() async throws {
    let harness = try await Harness()
    try await harness.publish("home Lisbon", id: "e1")
    try await Self.run(harness)
    harness.folder.remove()
    try await harness.publish("home Berlin", id: "e2")
    try await harness.publish("home Lisbon", id: "e1")
    try await Self.run(harness)
    #expect(try await harness.memories().values.filter(\.isCurrent).map(\.text) == ["home Berlin"])
    #expect(try await harness.memories().count == 2)
  }

  @Test(arguments: [true, false])
  func aCommitThatFailsIsDoneOnceInTheEnd(answerWasLost: Bool) async throws {
    let harness = try await Harness()
    try await harness.publish("home Lisbon", id: "e1")
    try await harness.publish("home Berlin", id: "e2")
    let failures = Mutex(0)
    harness.log.setFaults { operation in
      guard case .commit = operation,
        failures.withLock({
          $0 += 1
          return $0 % 2 == 1 && $0 < 8
        })
      else { return nil }
      let error = EventLogError(.unreachable, "the broker is away")
      return answerWasLost ? .after(error) : .before(error)
    }
    try await Self.run(harness, maxRecordCount: 1)
    #expect(failures.withLock { $0 } >= 4)
    #expect(try await harness.resolved().map(\.outcome) == [.stored, .stored])
    #expect(try await harness.memories().count == 2)
  }

  @Test func commandsEditAndDelete() async throws {
    let harness = try await Harness()
    try await harness.publish("home Lisbon", id: "e1")
    try await harness.publish("likes tea", id: "e2")
    try await Self.run(harness)
    let ids = try await harness.memories().mapValues(\.text)
    let home = try #require(ids.first { $0.value == "home Lisbon" }?.key)
    let edit = MemoryEditRequest(memoryID: home, revision: .init(text: "home Porto", at: harness.clock.now))
    try await harness.publish(.memoryEditRequested, EventBodyCoding.encode(edit), id: "c1")
    let unknown = MemoryDeletionRequest(memoryID: UUID(), includesSuperseded: false)
    try await harness.publish(.memoryDeletionRequested, EventBodyCoding.encode(unknown), id: "c2")
    try await Self.run(harness)
    #expect(try await harness.memories()[home]?.text == "home Porto")
    #expect(try await harness.memories()[home]?.isEdited == true)
    #expect(try await harness.resolved().last?.outcome == .notFound)
    let all = MemoriesDeletionRequest(scope: Scope(userID: "alex"))
    try await harness.publish(.memoriesDeletionRequested, EventBodyCoding.encode(all), id: "c3")
    try await Self.run(harness)
    #expect(try await harness.memories().isEmpty)
  }

  @Test func feedbackIsKeptWithItsMemoryUntilItIsTakenBack() async throws {
    let harness = try await Harness()
    try await harness.publish("home Lisbon", id: "e1")
    try await Self.run(harness)
    let home = try #require(try await harness.memories().keys.first)
    func give(_ feedback: Feedback?, _ id: UUID, event: String) async throws -> MemoriesResolved? {
      let given = FeedbackGiven(memoryID: id, feedback: feedback)
      try await harness.publish(.memoryFeedbackGiven, EventBodyCoding.encode(given), id: event)
      try await Self.run(harness)
      return try await harness.resolved().last
    }
    let bad = Feedback(.negative, reason: "moved")
    #expect(try await give(bad, home, event: "f1")?.events == [.rated(id: home, bad, at: harness.clock.now)])
    #expect(try await harness.memories()[home]?.feedback == bad)
    #expect(try await give(bad, UUID(), event: "f2")?.outcome == .notFound)
    // What is judged is neither edited nor kept out: the same words reinforce it.
    try await harness.publish("home Lisbon", id: "e2")
    try await Self.run(harness)
    #expect(try await harness.memories()[home]?.sources.count == 2)
    #expect(try await give(nil, home, event: "f3")?.outcome == .stored)
    #expect(try await harness.memories()[home]?.feedback == nil)
    #expect(try await harness.memories()[home]?.isEdited == false)
  }

  @Test func anEmbedderThatFailsParksTheFactsAndARedriveFinishesThem() async throws {
    let harness = try await Harness()
    try await harness.publish("home Lisbon", id: "e1")
    try await harness.drain(harness.extraction(ScriptedExtractor { sentences($0) }))
    try await harness.drain(harness.resolution(FailingEmbedder(error: ModelError(.serverError, "500"))))
    let letter = try #require(try await harness.deadLetters().first)
    #expect(letter.reason.stage == "resolve")
    #expect(letter.reason.attempts == 2)
    try await DeadLetterBox(log: harness.log, now: { harness.clock.now }).redrive([letter])
    try await harness.drain(harness.resolution())
    #expect(try await harness.resolved().map(\.outcome) == [.parked, .stored])
  }

  @Test func vectorsAreThoseOfTheTexts() async throws {
    let harness = try await Harness()
    try await harness.publish("home Lisbon", id: "e1")
    try await Self.run(harness)
    let record = try #require(
      try await harness.records(Topics.vectors(space: HashEmbedder().space.name, generation: Generation.firstID)).first)
    let body = try EventBodyCoding.decode(MemoriesEmbedded.self, from: record.value)
    let vector = try await HashEmbedder().embed(["home Lisbon"])
    #expect(body.entries.map(\.vector).compactMap(VectorCoding.decode) == vector)
    #expect(body.entries.map(\.textHash) == [Derivation.sha256("home Lisbon")])
    #expect(body.space == "hash-64" && body.dimension == 64 && body.backend == "hash")
  }
}

/// An embedder that never answers.
struct FailingEmbedder: Embedder {
  let error: ModelError
  var space: EmbeddingSpace { HashEmbedder().space }
  var backend: String { "failing" }

  func embed(_ texts: [String]) async throws -> [[Float]] { throw error }
}
