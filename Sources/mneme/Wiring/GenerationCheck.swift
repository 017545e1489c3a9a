import EventLog
import FoundationEssentials
import LanguageModel
import MnemeCore
import MnemePipeline
import MnemeProjection

/// What a generation holds, and what is wrong with it.
struct GenerationChecks: Encodable, Sendable {
  var id: String
  var digest: String
  var memories: Int
  var current: Int
  var turns: Int
  var parked: Int
  var vectors: Int
  /// Queries that were tried, and those that found the memory whose words they were.
  var queries: Int
  var found: Int
  /// What is not as it should be, and what to do about it.
  var problems: [String]

  /// A line each.
  func show() {
    Console.line("digest      \(digest)")
    Console.line("memories    \(memories), \(current) of them current, \(vectors) vectors")
    Console.line("turns       \(turns), \(parked) of them in dead letters")
    Console.line("queries     \(found) of \(queries) found what they asked for")
    for problem in problems { Console.line("problem     \(problem)") }
  }
}

/// Looks whether a generation may be read: whether it has caught up, has an outcome for every turn and a vector for
/// every memory, says the same as the generation whose memories it shares, and finds what it holds.
struct GenerationCheck: Sendable {
  let system: MnemeSystem
  let models: Models
  let catalog: GenerationCatalog

  /// How long what the log held at the beginning may take to be there.
  static let maxCatchUpDuration: Duration = .seconds(120)
  private static let checkInterval: Duration = .milliseconds(100)
  /// Memories that are searched for.
  static let maxQueryCount = 25
  /// Hits among which a memory must be when its own words are asked for.
  static let hitCount = 10
  /// Least share of memories that must be found: near duplicates may take each other's place.
  static let minFoundShare = 0.9

  /// Checks `generation` once what the log holds now has reached its projection here.
  /// - Throws: `GenerationError` where that takes too long.
  func run(_ generation: Generation) async throws -> GenerationChecks {
    try await catchUp(generation)
    let reader = try system.reader(of: generation)
    let summary = try await reader.summary()
    let (queries, found) = try await ask(generation, reader)
    var checks = GenerationChecks(
      id: generation.id, digest: summary.digest.description, memories: summary.memoryCount,
      current: summary.currentMemoryCount, turns: summary.turnCount, parked: summary.parkedCount,
      vectors: summary.vectorCount, queries: queries, found: found, problems: [])
    checks.problems = try await problems(generation, summary)
    if Double(found) < Double(queries) * Self.minFoundShare {
      checks.problems.append(
        "\(queries - found) of \(queries) memories are not found by their own words; compare the embedder's settings")
    }
    return checks
  }

  /// Folds what is there, until everything that the log held at the beginning is folded.
  private func catchUp(_ generation: Generation) async throws {
    let deadline = ContinuousClock.now + Self.maxCatchUpDuration
    let target = try await heads(generation)
    let projector = try system.projector(of: generation)
    while true {
      try await projector.catchUp()
      let behind = try await behind(target)
      if behind == 0 {
        // What the last step wrote since.
        return try await projector.catchUp()
      }
      guard ContinuousClock.now < deadline else {
        throw GenerationError(
          .unverified,
          "generation \(generation.id) is still \(behind) records behind the log; run 'mneme up' or 'mneme work', or the "
            + "'mneme replay' that fills it")
      }
      try await MnemeSystem.environment.sleep(Self.checkInterval)
    }
  }

  /// The ends of what its consumers read.
  private func heads(_ generation: Generation) async throws -> [(group: String, topic: String, ends: [OffsetBounds])] {
    var steps = [
      (group: ExtractionStage.group(facts: generation.facts), topic: Topics.turns),
      (group: ResolutionStage.group(of: generation), topic: generation.factsTopic),
    ]
    if generation.isFollowing {
      steps.append((group: EmbeddingStage.group(of: generation), topic: generation.memoriesTopic))
    }
    var heads: [(group: String, topic: String, ends: [OffsetBounds])] = []
    for step in steps { heads.append((step.group, step.topic, try await system.log.bounds(of: step.topic))) }
    return heads
  }

  private func behind(_ heads: [(group: String, topic: String, ends: [OffsetBounds])]) async throws -> Int64 {
    var count: Int64 = 0
    for head in heads {
      for part in try await GroupProgress.of(head.group, on: head.topic, in: system.log) where part.waiting > 0 {
        count += max(0, head.ends[part.partition].end - part.next)
      }
    }
    return count
  }

  private func problems(_ generation: Generation, _ summary: ProjectionSummary) async throws -> [String] {
    var problems: [String] = []
    if summary.vectorCount < summary.memoryCount {
      problems.append(
        "\(summary.memoryCount - summary.vectorCount) memories have no vector; see 'mneme deadletters' for what could "
          + "not be embedded")
    }
    guard let active = catalog.active, active.id != generation.id else { return problems }
    // This may be a folder in which nothing was read so far: another machine that helps with the work.
    try await system.projector(of: active).catchUp()
    // Live traffic moves both on: they are compared where they stand at about the same time.
    let other = try await system.reader(of: active).summary()
    if summary.turnCount + Self.maxSkew < other.turnCount {
      problems.append(
        "\(other.turnCount - summary.turnCount) turns have no outcome that have one in \(active.id); see 'mneme lag'")
    }
    if summary.parkedCount > other.parkedCount {
      problems.append(
        "\(summary.parkedCount) turns stand in dead letters, \(other.parkedCount) of them in \(active.id), too; see "
          + "'mneme deadletters', and redrive them")
    }
    let sharesMemories = generation.memoriesTopic == active.memoriesTopic
    if sharesMemories, summary.digest != other.digest {
      let again = try await system.reader(of: generation).summary()
      let isSame = try await system.reader(of: active).summary().digest == again.digest
      if !isSame, summary.turnCount == other.turnCount {
        problems.append(
          "it says something else than \(active.id), whose memories it shares; run 'mneme replay rebuild'")
      }
    }
    return problems
  }

  /// Turns by which two generations may differ while both are read one after the other.
  private static let maxSkew = 1000

  // MARK: Queries

  private static func filter(_ owner: Owner) -> Filter {
    let field: Filter.Field =
      switch owner.kind {
      case .user: .userID
      case .agent: .agentID
      case .run: .runID
      case .app: .appID
      }
    return .compare(field, .eq, .string(owner.id))
  }

  private func ask(_ generation: Generation, _ reader: ProjectionReader) async throws -> (asked: Int, found: Int) {
    let sample = try await reader.sample(count: Self.maxQueryCount)
    guard !sample.isEmpty else { return (0, 0) }
    let embedder = try await models.embedder(generation.embedding)
    let vectors = try await embedder.embed(sample.map(\.memory.text))
    var found = 0
    for (view, vector) in zip(sample, vectors) {
      let query = MemoryQuery(
        tenant: view.owner.tenant, filter: Self.filter(view.owner.owner), includesEnded: true, notExpiredAt: nil)
      let hits = try await reader.search(
        SearchRequest(query: query, text: view.memory.text, vector: vector, limit: Self.hitCount, minimumScore: 0))
      if hits.contains(where: { $0.view.memory.id == view.memory.id || $0.view.memory.text == view.memory.text }) {
        found += 1
      }
    }
    return (sample.count, found)
  }
}
