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
      TopicCatalog.topics(
        generation: Self.generation, space: HashEmbedder().space.name, partitionCount: Self.partitionCount))
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
    let stage = ExtractionStage(
      generation: Self.generation, extractor: model, codec: EventRecordCodec(),
      retry: RetryPolicy(maxAttemptCount: maxAttemptCount), limit: ConcurrencyLimit(maxConcurrentCount: 1),
      environment: environment)
    let driver = try await StageDriver(
      stage: stage, log: log, instance: "worker-\(index)", environment: environment, logger: Self.logger)
    if extraction.indices.contains(index) { extraction[index] = driver } else { extraction.append(driver) }
  }

  mutating func restartResolution() async throws {
    let stage = ResolutionStage(
      configuration: .init(
        generation: Self.generation, policy: ResolutionPolicy(), stateDirectory: folder.path + "/state",
        retry: RetryPolicy(maxAttemptCount: maxAttemptCount)),
      embedder: HashEmbedder(), log: log, codec: EventRecordCodec(), environment: environment)
    resolution = try await StageDriver(
      stage: stage, log: log, instance: "worker", environment: environment, logger: Self.logger)
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

  // MARK: Looking

  func reader() throws -> ProjectionReader {
    try ProjectionReader(
      directory: folder.path + "/projection", configuration: Self.configuration(), projector: projector)
  }

  func lag() async throws -> Int64 {
    let reader = try reader()
    return try await LagMeter(log: log, generation: Self.generation, space: HashEmbedder().space.name) {
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
