import EventLog
import LanguageModel
import MnemeCore
import MnemeTesting
import Synchronization
import Testing

@testable import MnemePipeline

@Suite struct ReplayTests {
  static func replies(_ harness: Harness) throws -> ReplyStore {
    try ReplyStore(directory: harness.folder.path + "/replies")
  }

  static func asked(_ extractor: CountingExtractor) -> Int { extractor.turns.withLock { $0 } }

  /// Asks a "model" that counts, and costs ten tokens a turn.
  final class CountingExtractor: Extractor {
    let recipe: ExtractionRecipe
    let maxTurnsPerCall = 4
    let turns = Mutex(0)
    let failsAfter: Int

    init(prompt: String = "0", failsAfter: Int = .max) {
      self.recipe = ExtractionRecipe(extractor: "counting", model: "m", promptHash: Derivation.sha256(prompt))
      self.failsAfter = failsAfter
    }

    func extract(_ turns: [Turn]) async throws -> [Extraction] {
      let count = self.turns.withLock { count in
        count += turns.count
        return count
      }
      if count > failsAfter { throw ModelError(.refused, "no more") }
      return sentences(turns).map { extraction in
        var extraction = extraction
        extraction.promptTokens = 8
        extraction.completionTokens = 2
        return extraction
      }
    }
  }

  static func stage(
    _ harness: Harness, _ extractor: any Extractor, generation: String = "g2", parent: ParentFacts? = nil
  ) -> ExtractionStage {
    ExtractionStage(
      generation: generation, extractor: extractor, codec: harness.codec, retry: RetryPolicy(maxAttemptCount: 1),
      limit: ConcurrencyLimit(maxConcurrentCount: 2), environment: harness.clock.environment, parent: parent)
  }

  static func harness(_ count: Int = 6) async throws -> Harness {
    let harness = try await Harness()
    var second = Generation.first(in: HashEmbedder())
    (second.id, second.facts) = ("g2", "g2")
    var third = second
    (third.id, third.facts) = ("g3", "g3")
    let catalog = TopicCatalog(partitionCount: 1)
    try await harness.log.ensureTopics(catalog.topics(of: second) + catalog.topics(of: third))
    for number in 0..<count { try await harness.publish("fact \(number)", id: "e\(number)", user: "u\(number % 2)") }
    return harness
  }

  static func facts(_ harness: Harness, _ generation: String) async throws -> [FactsExtracted] {
    try await harness.records(Topics.facts(generation: generation)).compactMap {
      $0.header("ce_type") == EventType.factsExtracted.rawValue
        ? try EventBodyCoding.decode(FactsExtracted.self, from: $0.value) : nil
    }
  }

  // MARK: Paying once

  @Test func anAnswerIsAskedForOnce() async throws {
    let harness = try await Self.harness()
    let (base, budget) = (CountingExtractor(), ReplayBudget())
    let extractor = ReplayExtractor(base, replies: try Self.replies(harness), budget: budget)
    try await harness.drain(Self.stage(harness, extractor, generation: "g2"))
    #expect(Self.asked(base) == 6)
    // Dropped, and derived again by the same recipe.
    try await harness.drain(Self.stage(harness, extractor, generation: "g3"))
    #expect(Self.asked(base) == 6)
    #expect(budget.spending.reusedTurnCount == 6 && budget.spending.tokens == 60)
    let (second, third) = (try await Self.facts(harness, "g2"), try await Self.facts(harness, "g3"))
    #expect(second.map(\.facts) == third.map(\.facts))
    #expect(second.map(\.inputHash) == third.map(\.inputHash))
    #expect(third.allSatisfy { $0.promptTokens == 0 })
  }

  @Test func anotherPromptOrInstructionIsAskedAnew() async throws {
    let harness = try await Self.harness()
    let replies = try Self.replies(harness)
    let (one, two) = (CountingExtractor(prompt: "1"), CountingExtractor(prompt: "2"))
    for (base, generation) in [(one, "g2"), (two, "g3")] {
      let extractor = ReplayExtractor(base, replies: replies, budget: ReplayBudget())
      try await harness.drain(Self.stage(harness, extractor, generation: generation))
    }
    #expect(Self.asked(two) == 6)
  }

  /// What was answered before the process died is known, though nothing of it is in the log.
  @Test func whatWasAnsweredBeforeACrashIsKnownAfterIt() async throws {
    let harness = try await Self.harness()
    let base = CountingExtractor()
    let turns = try await harness.records(Topics.turns)
    let first = ReplayExtractor(base, replies: try Self.replies(harness), budget: ReplayBudget())
    _ = try await Self.stage(harness, first).process(turns, of: 0)
    let second = ReplayExtractor(base, replies: try Self.replies(harness), budget: ReplayBudget())
    try await harness.drain(Self.stage(harness, second))
    #expect(Self.asked(base) == 6)
    #expect(try await Self.facts(harness, "g2").count == 6)
  }

  @Test func factsOfAnotherGenerationAreAnswersToo() async throws {
    let harness = try await Self.harness()
    let base = CountingExtractor()
    try await harness.drain(Self.stage(harness, base, generation: "g2"))
    let replies = try Self.replies(harness)
    let topic = Topics.facts(generation: "g2")
    #expect(try await replies.fill(from: topic, of: harness.log, codec: harness.codec) == 6)
    let extractor = ReplayExtractor(base, replies: replies, budget: ReplayBudget())
    try await harness.drain(Self.stage(harness, extractor, generation: "g3"))
    #expect(Self.asked(base) == 6)
  }

  @Test func anAnswerBelongsToItsOwner() async throws {
    let harness = try await Self.harness(0)
    try await harness.publish("the same words", id: "e1", user: "u1")
    try await harness.publish("the same words", id: "e2", user: "u2")
    let base = CountingExtractor()
    let extractor = ReplayExtractor(base, replies: try Self.replies(harness), budget: ReplayBudget())
    try await harness.drain(Self.stage(harness, extractor))
    #expect(Self.asked(base) == 2)
  }

  // MARK: Budget

  @Test func aBudgetStopsCallsUntilSomebodyCancels() async throws {
    let harness = try await Self.harness(40)
    let (base, budget) = (CountingExtractor(), ReplayBudget(maxTokens: 100))
    let extractor = ReplayExtractor(base, replies: try Self.replies(harness), budget: budget)
    let stage = Self.stage(harness, extractor)
    let turns = try await harness.records(Topics.turns)
    let work = Task { try await stage.process(turns, of: 0) }
    while budget.exhaustion == nil { await Task.yield() }
    work.cancel()
    await #expect(throws: CancellationError.self) { try await work.value }
    // Calls in flight are finished: two at once, of four turns each, at ten tokens a turn.
    #expect(budget.spending.tokens >= 100 && budget.spending.tokens <= 180)
    #expect(Self.asked(base) <= 18)
  }

  @Test func whatOtherRunsSpentCounts() {
    let budget = ReplayBudget(maxTokens: 100, maxCost: 1, price: TokenPrice(prompt: 10_000, completion: 20_000))
    #expect(budget.exhaustion == nil)
    var spending = ReplaySpending()
    spending.promptTokens = 60
    budget.noteLogged(spending)
    #expect(budget.exhaustion == nil)
    budget.noteCall(promptTokens: 30, completionTokens: 5)
    #expect(budget.exhaustion == "the budget of 1.0 USD is used up")
    budget.noteCall(promptTokens: 0, completionTokens: 5)
    #expect(budget.exhaustion == "the budget of 100 tokens is used up")
  }

  @Test func aCallThatBringsNothingIsCountedToo() async throws {
    let harness = try await Self.harness()
    let budget = ReplayBudget(maxTokens: 1)
    let extractor = ReplayExtractor(
      CountingExtractor(failsAfter: 0), replies: try Self.replies(harness), budget: budget)
    let turn = Turn(
      id: "e", owner: OwnerKey(tenant: "t", owner: Owner(kind: .user, id: "u")),
      receivedAt: Timestamp(milliseconds: 0),
      body: TurnBody(
        scope: Scope(userID: "u"),
        messages: [
          Message(role: "user", content: "x")
        ]))
    await #expect(throws: ModelError.self) { try await extractor.extract([turn]) }
    #expect(budget.exhaustion != nil)
  }

  // MARK: Narrowing

  @Test func whoIsNotSelectedKeepsTheParentsFacts() async throws {
    let harness = try await Self.harness()
    let old = CountingExtractor(prompt: "old")
    try await harness.drain(Self.stage(harness, old, generation: "g2"))
    let selection = ReplaySelection(owner: OwnerKey(tenant: "t", owner: Owner(kind: .user, id: "u1")))
    let parent = ParentFacts(
      selection: selection, topic: Topics.facts(generation: "g2"), log: harness.log, codec: harness.codec)
    let new = CountingExtractor(prompt: "new")
    try await harness.drain(Self.stage(harness, new, generation: "g3", parent: parent), maxRecordCount: 2)
    #expect(Self.asked(new) == 3)
    let (before, after) = (try await Self.facts(harness, "g2"), try await Self.facts(harness, "g3"))
    #expect(after.map(\.input.id) == before.map(\.input.id))
    for (index, pair) in zip(before, after).enumerated() {
      #expect((pair.0 == pair.1) == (index % 2 == 0), "\(index)")
    }
  }

  @Test func whatTheParentHasNoWordAboutIsDerived() async throws {
    let harness = try await Self.harness()
    let old = CountingExtractor(prompt: "old", failsAfter: 3)
    try await harness.drain(Self.stage(harness, old, generation: "g2"), maxRecordCount: 1)
    try await harness.publish("later", id: "e9", user: "u0")
    let parent = ParentFacts(
      selection: ReplaySelection(tenant: "nobody"), topic: Topics.facts(generation: "g2"), log: harness.log,
      codec: harness.codec)
    let new = CountingExtractor(prompt: "new")
    try await harness.drain(Self.stage(harness, new, generation: "g3", parent: parent))
    // What the parent parked is parked here as well; what it never saw is asked about.
    #expect(Self.asked(new) == 1)
    #expect(try await Self.facts(harness, "g3").map(\.input.id) == ["e0", "e1", "e2", "e9"])
    let types = try await harness.records(Topics.facts(generation: "g3")).map { $0.header("ce_type") }
    #expect(types.count { $0 == EventType.turnParked.rawValue } == 3)
  }

  // MARK: Estimates

  @Test func anEstimateCountsTurnsAndCallsAndScalesTheRest() async throws {
    let harness = try await Self.harness(40)
    let budget = ReplayBudget()
    let base = CountingExtractor()
    let estimator = ReplayEstimator(log: harness.log, codec: harness.codec, selection: nil, sampleCount: 3)
    let estimate = try await estimator.reextraction(
      ReplayExtractor(base, replies: try Self.replies(harness), budget: budget), budget: budget,
      price: TokenPrice(prompt: 1_000_000, completion: 0), concurrency: 2)
    #expect(estimate.items == 40 && estimate.calls == 10)
    #expect(estimate.sampled == 12 && Self.asked(base) == 12)
    #expect(estimate.promptTokens == 320 && estimate.completionTokens == 80)
    #expect(estimate.cost == 320)
    // The sample is not asked about again.
    let extractor = ReplayExtractor(base, replies: try Self.replies(harness), budget: ReplayBudget())
    try await harness.drain(Self.stage(harness, extractor))
    #expect(Self.asked(base) == 40)
  }

  @Test func aSampleIsFair() {
    var counts = [Int](repeating: 0, count: 10)
    for seed in 0..<2000 {
      var sample = Reservoir<Int>(capacity: 3, seed: UInt64(seed))
      for item in 0..<10 { sample.add(item) }
      for item in sample.items { counts[item] += 1 }
    }
    #expect(counts.allSatisfy { (480...720).contains($0) }, "\(counts)")
  }
}
