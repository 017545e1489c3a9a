import BuiltInModels
import EventLog
import FoundationEssentials
import LanguageModel
import Logging
import MnemeCore
import MnemePipeline
import MnemeProjection
import MnemeTesting
import Synchronization

/// One Mneme, every part of it driven by hand: two extraction workers, one resolution worker, one projector.
struct World {
  static let generation = "g1"
  static let partitionCount = 2

  let log: InMemoryEventLog
  let folder: TemporaryFolder
  let environment: PipelineEnvironment
  let model: MoodyExtractor
  let maxAttemptCount: Int
  private var extraction: [StageDriver] = []
  private var resolution: StageDriver?
  private(set) var projector: Projector

  init(maxAttemptCount: Int, modelSeed: UInt64) async throws {
    let log = InMemoryEventLog()
    let folder = TemporaryFolder()
    let ticks = Mutex<Int64>(1_800_000_000_000)
    let environment = PipelineEnvironment(
      now: {
        Timestamp(
          milliseconds: ticks.withLock {
            $0 += 1
            return $0
          })
      },
      sleep: { _ in
        try Task.checkCancellation()
        await Task.yield()
      }, jitter: { 0.5 })
    self.log = log
    self.folder = folder
    self.environment = environment
    self.maxAttemptCount = maxAttemptCount
    self.model = MoodyExtractor(seed: modelSeed)
    try await log.ensureTopics(
      TopicCatalog(partitionCount: Self.partitionCount).topics(of: [.first(in: HashEmbedder())]))
    self.projector = try Self.makeProjector(log, folder)
    try await restartExtraction(0)
    try await restartExtraction(1)
    try await restartResolution()
  }

  private static let logger: Logger = {
    var logger = Logger(label: "simulator")
    logger.logLevel = .critical
    return logger
  }()

  private static func configuration() -> ProjectionConfiguration {
    let space = HashEmbedder().space
    return ProjectionConfiguration(
      generation: generation, space: space.name, dimension: space.dimension, partitionCount: partitionCount)
  }

  private static func makeProjector(_ log: InMemoryEventLog, _ folder: TemporaryFolder) throws -> Projector {
    try Projector(
      directory: folder.path + "/projection", configuration: configuration(), log: log, logger: logger)
  }

  // MARK: Crashes

  /// The worker dies with whatever it held; another of the same name takes its place.
  mutating func restartExtraction(_ index: Int) async throws {
    let driver = try await extractionDriver(Self.generation, "worker-\(index)")
    if extraction.indices.contains(index) { extraction[index] = driver } else { extraction.append(driver) }
  }

  mutating func restartResolution() async throws {
    resolution = try await resolutionDriver(Self.generation, "worker")
  }

  private func extractionDriver(_ generation: String, _ instance: String) async throws -> StageDriver {
    let stage = ExtractionStage(
      generation: generation, extractor: model, codec: EventRecordCodec(),
      retry: RetryPolicy(maxAttemptCount: maxAttemptCount), limit: ConcurrencyLimit(maxConcurrentCount: 1),
      environment: environment)
    return try await StageDriver(
      stage: stage, log: log, instance: instance, environment: environment, logger: Self.logger)
  }

  private func resolutionDriver(_ generation: String, _ instance: String) async throws -> StageDriver {
    let stage = ResolutionStage(
      configuration: .init(
        generation: generation, policy: ResolutionPolicy(), stateDirectory: "\(folder.path)/state/\(generation)",
        retry: RetryPolicy(maxAttemptCount: maxAttemptCount)),
      embedder: HashEmbedder(), log: log, codec: EventRecordCodec(), environment: environment)
    return try await StageDriver(
      stage: stage, log: log, instance: instance, environment: environment, logger: Self.logger)
  }

  mutating func restartProjector() throws {
    projector = try Self.makeProjector(log, folder)
  }

  /// The machine comes back without its state stores.
  mutating func loseState() async throws {
    try? FileManager.default.removeItem(atPath: folder.path + "/state")
    try await restartResolution()
  }

  // MARK: Work

  func stepExtraction(_ index: Int, maxRecordCount: Int) async throws -> Int {
    try await extraction[index].step(maxRecordCount: maxRecordCount)
  }

  func stepResolution(maxRecordCount: Int) async throws -> Int {
    try await resolution?.step(maxRecordCount: maxRecordCount) ?? 0
  }

  func publish(_ event: CloudEvent) async throws {
    _ = try await log.append([EventRecordCodec().encode(event, topic: Topics.turns)])
  }

  // MARK: Deriving again

  /// Derives everything once more by the same recipe, in a generation beside the first one, through workers that a seed
  /// kills; returns what it holds.
  func derivedAgain(_ random: inout SplitMix64) async throws -> ProjectionSummary {
    var second = Generation.first(in: HashEmbedder())
    (second.id, second.facts) = ("g2", "g2")
    try await log.ensureTopics(TopicCatalog(partitionCount: Self.partitionCount).topics(of: second))
    let maxQuietStepCount = 2000
    var extraction = try await extractionDriver("g2", "again-e")
    var resolution = try await resolutionDriver("g2", "again-r")
    for _ in 0..<maxQuietStepCount {
      let size = 1 + random.below(20)
      let count =
        try await extraction.step(maxRecordCount: size) + resolution.step(maxRecordCount: size)
      if random.below(8) == 0 { extraction = try await extractionDriver("g2", "again-e") }
      if random.below(8) == 0 { resolution = try await resolutionDriver("g2", "again-r") }
      if count == 0 { break }
    }
    let configuration = ProjectionConfiguration(
      id: second.id, generation: second.name, space: second.embedding.space, dimension: second.embedding.dimension,
      partitionCount: Self.partitionCount)
    let projector = try Projector(
      directory: folder.path + "/projection", configuration: configuration, log: log, logger: Self.logger)
    try await projector.catchUp()
    return try await ProjectionReader(directory: folder.path + "/projection", configuration: configuration).summary()
  }

  // MARK: Looking

  func reader() throws -> ProjectionReader {
    try ProjectionReader(
      directory: folder.path + "/projection", configuration: Self.configuration(), projector: projector)
  }

  func lag() async throws -> Int64 {
    let reader = try reader()
    return try await LagMeter(log: log, generation: .first(in: HashEmbedder())) {
      Dictionary(
        uniqueKeysWithValues: try await reader.watermarks().map { (TopicPartition($0.topic, $0.partition), $0.next) })
    }.measure().total
  }

  func committedOffsets() async throws -> [String: Int64] {
    var offsets: [String: Int64] = [:]
    for group in ["mneme.extract.\(Self.generation)", "mneme.resolve.\(Self.generation)"] {
      for (partition, next) in try await log.committedOffsets(of: group) { offsets["\(group) \(partition)"] = next }
    }
    return offsets
  }
}

/// The built-in extractor behind an endpoint that fails as often as it is told to.
final class MoodyExtractor: Extractor {
  private let extractor = RuleExtractor()
  private let state: Mutex<(random: SplitMix64, failuresPerHundred: Int)>

  init(seed: UInt64) {
    state = Mutex((SplitMix64(seed: seed), 0))
  }

  var recipe: ExtractionRecipe { extractor.recipe }
  var maxTurnsPerCall: Int { 4 }

  func setFailures(perHundred count: Int) {
    state.withLock { $0.failuresPerHundred = count }
  }

  func extract(_ turns: [Turn]) async throws -> [Extraction] {
    let fails = state.withLock { $0.random.below(100) < $0.failuresPerHundred }
    if fails { throw ModelError(.serverError, "the endpoint answered 500") }
    return try await extractor.extract(turns)
  }
}
