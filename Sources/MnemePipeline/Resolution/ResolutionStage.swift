public import EventLog
import FoundationEssentials
public import LanguageModel
public import MnemeCore
import Synchronization

/// Facts into memory events: embeds, compares with what is known of the owner, decides, in the owner's order.
public actor ResolutionStage: Stage {
  /// How much is held and done at once.
  public struct Bounds: Sendable {
    /// Records that are processed and committed together, at most.
    public var maxBatchRecordCount: Int
    /// Known memories that stay in memory, over all partitions, in bytes; beyond it the longest unused owners go.
    public var maxCacheByteCount: Int

    /// Bounds with all their parts.
    public init(maxBatchRecordCount: Int = 128, maxCacheByteCount: Int = 256 << 20) {
      self.maxBatchRecordCount = maxBatchRecordCount
      self.maxCacheByteCount = maxCacheByteCount
    }
  }

  /// How inputs meet that a replay leaves out.
  public struct Exception: Sendable {
    /// What it does not leave out.
    public var selection: ReplaySelection
    /// The parent's policy.
    public var policy: ResolutionPolicy

    /// An exception with all its parts.
    public init(selection: ReplaySelection, policy: ResolutionPolicy) {
      self.selection = selection
      self.policy = policy
    }
  }

  /// What the stage works for and with.
  public struct Configuration: Sendable {
    /// The generation that it decides for.
    public var generation: String
    /// The generation whose facts it decides about: its own, or another one's.
    public var factsGeneration: String
    /// How facts meet.
    public var policy: ResolutionPolicy
    /// How inputs meet that a replay leaves out; nil where it leaves out none.
    public var exception: Exception?
    /// Where its state stores are.
    public var stateDirectory: String
    /// How often the embedder is asked.
    public var retry: RetryPolicy

    /// A configuration with all its parts; `factsGeneration` is the generation itself where it is nil.
    public init(
      generation: String, factsGeneration: String? = nil, policy: ResolutionPolicy, exception: Exception? = nil,
      stateDirectory: String, retry: RetryPolicy
    ) {
      self.generation = generation
      self.factsGeneration = factsGeneration ?? generation
      self.policy = policy
      self.exception = exception
      self.stateDirectory = stateDirectory
      self.retry = retry
    }
  }

  /// `resolve`.
  public nonisolated let name = "resolve"
  /// `mneme.resolve.<generation>`.
  public nonisolated let group: String
  /// `mneme.facts.<generation>` of the generation whose facts it reads.
  public nonisolated let topic: String
  /// As the bounds have it.
  public nonisolated let maxBatchRecordCount: Int

  private let configuration: Configuration
  private let log: any EventLog
  private let codec: EventRecordCodec
  private let environment: PipelineEnvironment
  private let embedding: EmbeddingCaller
  private var workers: [Int: ResolutionWorker] = [:]
  private let maxCacheByteCount: Int

  /// The stage that decides with `embedder`'s vectors.
  public init(
    configuration: Configuration, embedder: any Embedder, log: any EventLog, codec: EventRecordCodec,
    environment: PipelineEnvironment, bounds: Bounds = Bounds()
  ) {
    self.configuration = configuration
    self.group = "mneme.resolve.\(configuration.generation)"
    self.topic = Topics.facts(generation: configuration.factsGeneration)
    self.maxBatchRecordCount = bounds.maxBatchRecordCount
    self.maxCacheByteCount = bounds.maxCacheByteCount
    self.log = log
    self.codec = codec
    self.environment = environment
    self.embedding = EmbeddingCaller(embedder: embedder, retry: configuration.retry, environment: environment)
  }

  /// The group in which workers share the facts' partitions to decide `generation`'s memories.
  public static func group(of generation: Generation) -> String { "mneme.resolve.\(generation.name)" }

  /// One memories record for each record, and one vectors record where there are new texts.
  public func process(_ records: [LogRecord], of partition: Int) async throws -> [NewRecord] {
    try await worker(partition).process(records)
  }

  /// The input's outcome, and its dead letter.
  public func park(_ record: LogRecord, of partition: Int, for reason: ParkingReason) async throws -> [NewRecord] {
    try await worker(partition).park(record, for: reason)
  }

  /// What was decided holds.
  public func didCommit(_ partition: Int) async {
    await workers[partition]?.didCommit()
  }

  /// What is cached may not hold.
  public func reset(_ partition: Int) async {
    workers[partition] = nil
  }

  private func worker(_ partition: Int) throws -> ResolutionWorker {
    if let worker = workers[partition] { return worker }
    let space = embedding.embedder.space
    let store = try ResolutionStore(
      directory: configuration.stateDirectory, partition: partition, generation: configuration.generation,
      space: space.name, log: log, codec: codec)
    let writer = ResolutionWriter(
      partition: partition, memoriesTopic: Topics.memories(generation: configuration.generation),
      vectorsTopic: Topics.vectors(space: space.name, generation: configuration.generation), space: space,
      backend: embedding.embedder.backend, codec: codec, now: environment.now)
    let worker = ResolutionWorker(
      store: store, embedding: embedding, policy: configuration.policy(for:), writer: writer, codec: codec,
      now: environment.now, cache: OwnerCache(maxByteCount: maxCacheByteCount / 4))
    workers[partition] = worker
    return worker
  }
}

extension ResolutionStage.Configuration {
  /// How the facts of `input` meet what is known.
  fileprivate func policy(for input: ResolutionInput) -> ResolutionPolicy {
    guard let exception else { return policy }
    let isSelected = exception.selection.contains(input.owner, receivedAt: input.reference.receivedAt)
    return isSelected ? policy : exception.policy
  }
}
