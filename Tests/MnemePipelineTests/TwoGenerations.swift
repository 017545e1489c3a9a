import EventLog
import FoundationEssentials
import LanguageModel
import MnemeCore
import MnemeTesting
import Synchronization

@testable import MnemePipeline

/// Two generations on one log, extracted by two scripts, and a third one that shares the second one's facts and loses
/// its state store again and again.
struct TwoGenerations {
  enum Name: String, CaseIterable {
    case first = "g1"
    case second = "g2"
    /// Reads the facts of `second`.
    case forgetful = "g3"
  }

  /// Facts of a turn, by generation.
  typealias Script = @Sendable (Name, Turn) throws -> [FactCandidate]

  static let user = "alex"
  let log = InMemoryEventLog()
  let codec = EventRecordCodec()
  let clock = ManualClock()
  let folder = TemporaryFolder()
  private let extraction: [Name: ExtractionStage]
  private let resolution: [Name: ResolutionStage]

  init(_ script: @escaping Script) async throws {
    for name in Name.allCases {
      var generation = Generation.first(in: HashEmbedder())
      (generation.id, generation.facts) = (name.rawValue, name.rawValue)
      try await log.ensureTopics(TopicCatalog(partitionCount: 1).topics(of: [generation]))
    }
    var extraction: [Name: ExtractionStage] = [:]
    var resolution: [Name: ResolutionStage] = [:]
    for name in [Name.first, .second] {
      extraction[name] = ExtractionStage(
        generation: name.rawValue,
        extractor: ScriptedExtractor(name: "recipe-\(name.rawValue)", maxTurnsPerCall: 1) { turns in
          try turns.map { Extraction(facts: try script(name, $0)) }
        }, codec: codec, retry: RetryPolicy(maxAttemptCount: 1), limit: ConcurrencyLimit(maxConcurrentCount: 1),
        environment: clock.environment)
      resolution[name] = Self.resolution(name, log, codec, clock, folder)
    }
    self.extraction = extraction
    self.resolution = resolution
  }

  private static func resolution(
    _ name: Name, _ log: InMemoryEventLog, _ codec: EventRecordCodec, _ clock: ManualClock, _ folder: TemporaryFolder
  ) -> ResolutionStage {
    ResolutionStage(
      configuration: .init(
        generation: name.rawValue, factsGeneration: name == .forgetful ? Name.second.rawValue : nil,
        policy: ResolutionPolicy(), stateDirectory: folder.path + "/" + name.rawValue,
        retry: RetryPolicy(maxAttemptCount: 1)),
      embedder: HashEmbedder(), log: log, codec: codec, environment: clock.environment)
  }

  /// Lets a generation process everything that is in the log.
  func drain(_ name: Name, maxRecordCount: Int = 100) async throws {
    if let stage = extraction[name] { try await drain(stage, maxRecordCount) }
    if let stage = resolution[name] {
      try await drain(stage, maxRecordCount)
    } else {
      try await drain(.second, maxRecordCount: maxRecordCount)
      try? FileManager.default.removeItem(atPath: folder.path + "/" + name.rawValue)
      try await drain(Self.resolution(name, log, codec, clock, folder), maxRecordCount)
    }
  }

  private func drain(_ stage: any Stage, _ maxRecordCount: Int) async throws {
    let driver = try await StageDriver(
      stage: stage, log: log, instance: "test", environment: clock.environment, logger: Harness.logger)
    while try await driver.step(maxRecordCount: maxRecordCount) > 0 {}
    await driver.close()
  }

  // MARK: What happens

  func say(_ content: String, id: String, user: String = user, run: String? = nil) async throws {
    let body = TurnBody(
      scope: Scope(userID: user, runID: run), messages: [Message(role: "user", content: content)],
      timestamp: clock.now)
    try await publish(.turnRecorded, body, id: id, user: user)
  }

  func edit(_ memory: Memory, _ text: String?, metadata: [String: JSONValue]? = nil, id: String) async throws {
    let request = MemoryEditRequest(
      memoryID: memory.id, revision: .init(text: text, metadata: metadata, at: clock.now),
      targets: MemorySnapshot.of([memory]))
    try await publish(.memoryEditRequested, request, id: id)
  }

  func rate(_ memory: Memory, _ feedback: Feedback?, id: String) async throws {
    let given = FeedbackGiven(memoryID: memory.id, feedback: feedback, targets: MemorySnapshot.of([memory]))
    try await publish(.memoryFeedbackGiven, given, id: id)
  }

  func delete(_ memory: Memory, superseded: [Memory]? = nil, id: String) async throws {
    let request = MemoryDeletionRequest(
      memoryID: memory.id, includesSuperseded: superseded != nil,
      targets: MemorySnapshot.of([memory] + (superseded ?? [])))
    try await publish(.memoryDeletionRequested, request, id: id)
  }

  func deleteAll(run: String? = nil, id: String) async throws {
    let request = MemoriesDeletionRequest(scope: Scope(userID: Self.user, runID: run))
    try await publish(.memoriesDeletionRequested, request, id: id)
  }

  private func publish(_ type: EventType, _ body: some Encodable, id: String, user: String = user) async throws {
    let event = CloudEvent(
      id: id, type: type.rawValue, source: "/test", time: clock.now,
      owner: OwnerKey(tenant: "t", owner: Owner(kind: .user, id: user)), data: EventBodyCoding.encode(body))
    _ = try await log.append([codec.encode(event, topic: Topics.turns)])
  }

  func redrive() async throws {
    let box = DeadLetterBox(log: log, now: { clock.now })
    try await box.redrive(try await box.open())
  }

  // MARK: What came of it

  func resolved(_ name: Name) async throws -> [MemoriesResolved] {
    try await records(name).map { try EventBodyCoding.decode(MemoriesResolved.self, from: $0.value) }
  }

  func records(_ name: Name) async throws -> [LogRecord] {
    try await log.read(
      TopicPartition(Topics.memories(generation: name.rawValue), 0), from: 0,
      limit: ReadLimit(maxRecordCount: .max, maxByteCount: .max))
  }

  /// Memories as the events have them in the end, by id.
  func memories(_ name: Name) async throws -> [UUID: Memory] {
    var memories: [UUID: Memory] = [:]
    for event in try await resolved(name).flatMap(\.events) {
      memories[event.memoryID] = Memory.evolve(memories[event.memoryID], event)
    }
    return memories
  }

  func texts(_ name: Name) async throws -> [String] {
    try await memories(name).values.filter(\.isCurrent).map(\.text).sorted()
  }

  func memory(_ name: Name, _ text: String) async throws -> Memory? {
    try await memories(name).values.first { $0.text == text }
  }
}
