import EventLog
import LanguageModel
import MnemeCore
import MnemeTesting
import Synchronization
import Testing

@testable import MnemePipeline

@Suite struct EmbeddingStageTests {
  static let other = HashEmbedder(dimension: 16)

  static func generation(_ selection: ReplaySelection? = nil) -> Generation {
    var generation = Generation.first(in: other)
    generation.id = "g1@\(other.space.name)"
    generation.origin = .reembed
    generation.selection = selection
    return generation
  }

  static func stage(
    _ harness: Harness, _ embedder: any Embedder = other, selection: ReplaySelection? = nil
  ) -> EmbeddingStage {
    EmbeddingStage(
      generation: generation(selection), embedder: embedder, codec: harness.codec,
      retry: RetryPolicy(maxAttemptCount: 2), environment: harness.clock.environment)
  }

  static func filled(_ count: Int = 5) async throws -> Harness {
    let harness = try await Harness()
    try await harness.log.ensureTopics(TopicCatalog(partitionCount: 1).topics(of: generation()))
    for number in 0..<count {
      try await harness.publish("fact number \(number)", id: "e\(number)", user: "user\(number % 2)")
    }
    try await harness.drain(harness.extraction(ScriptedExtractor { sentences($0) }))
    try await harness.drain(harness.resolution())
    return harness
  }

  static func vectors(_ harness: Harness) async throws -> [(event: CloudEvent, body: MemoriesEmbedded)] {
    try await harness.records(generation().vectorsTopic).map { record in
      let event = try harness.codec.decode(record)
      return (event, try EventBodyCoding.decode(MemoriesEmbedded.self, from: event.data))
    }
  }

  @Test func everyMemoryGetsItsVectorAndEveryRecordItsMark() async throws {
    let harness = try await Self.filled()
    try await harness.drain(Self.stage(harness))
    let written = try await Self.vectors(harness)
    #expect(written.map { $0.event.extensions[EventAttribute.memoriesNext] } == (1...5).map(String.init))
    #expect(written.allSatisfy { $0.body.space == Self.other.space.name && $0.body.dimension == 16 })
    #expect(written.allSatisfy { $0.body.backend == Self.other.backend })
    let memories = try await harness.memories()
    let entries = written.flatMap(\.body.entries)
    #expect(Set(entries.map(\.memoryID)) == Set(memories.keys))
    for entry in entries {
      let text = try #require(memories[entry.memoryID]?.text)
      #expect(entry.textHash == Derivation.sha256(text))
      #expect(VectorCoding.decode(entry.vector) == (try await Self.other.embed([text]))[0])
    }
  }

  @Test func whatResolutionEmbedsItselfNeedsNoWord() async throws {
    let harness = try await Self.filled(2)
    // The old space was dropped: resolution decides in the new one from here on.
    try await harness.publish("fact number 9", id: "e9")
    try await harness.drain(harness.extraction(ScriptedExtractor { sentences($0) }))
    try await harness.drain(harness.resolution(Self.other))
    try await harness.drain(Self.stage(harness))
    let marks = try await Self.vectors(harness).filter { $0.event.extensions[EventAttribute.memoriesNext] != nil }
    #expect(marks.map(\.body.entries.count) == [1, 1])
  }

  @Test func aSelectionLeavesOthersOutAndStillMarks() async throws {
    let harness = try await Self.filled(4)
    let owner = OwnerKey(tenant: "t", owner: Owner(kind: .user, id: "user1"))
    try await harness.drain(Self.stage(harness, selection: ReplaySelection(owner: owner)))
    #expect(try await Self.vectors(harness).map(\.body.entries.count) == [0, 1, 0, 1])
  }

  /// Refuses one text for good.
  struct Picky: Embedder {
    var space: EmbeddingSpace { other.space }
    let backend = "picky"
    func embed(_ texts: [String]) async throws -> [[Float]] {
      if texts.contains("fact number 2") { throw ModelError(.refused, "the endpoint refuses this") }
      return try await other.embed(texts)
    }
  }

  @Test func aTextThatIsRefusedIsParkedAndHoldsNothingUp() async throws {
    let harness = try await Self.filled()
    try await harness.drain(Self.stage(harness, Picky()))
    #expect(try await Self.vectors(harness).map(\.body.entries.count) == [1, 1, 0, 1, 1])
    let letters = try await harness.deadLetters()
    #expect(letters.map(\.reason.stage) == ["embed"] && letters.map(\.reason.code) == ["refused"])
    // Put back, it is embedded by whoever follows then.
    try await DeadLetterBox(log: harness.log, now: { harness.clock.now }).redrive(letters)
    try await harness.drain(Self.stage(harness))
    #expect(try await Self.vectors(harness).last?.body.entries.count == 1)
  }

  @Test func itGoesOnWhereItWas() async throws {
    let harness = try await Self.filled(6)
    let driver = try await StageDriver(
      stage: Self.stage(harness), log: harness.log, instance: "w", environment: harness.clock.environment,
      logger: Harness.logger)
    _ = try await driver.step(maxRecordCount: 2)
    // The process dies; another one of its name takes over.
    let next = try await StageDriver(
      stage: Self.stage(harness), log: harness.log, instance: "w", environment: harness.clock.environment,
      logger: Harness.logger)
    while try await next.step(maxRecordCount: 2) > 0 {}
    #expect(
      try await Self.vectors(harness).map { $0.event.extensions[EventAttribute.memoriesNext] }
        == (1...6).map(String.init))
  }
}
