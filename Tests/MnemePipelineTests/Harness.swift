import EventLog
import FoundationEssentials
import LanguageModel
import Logging
import MnemeCore
import MnemeTesting
import Synchronization
import Testing

@testable import MnemePipeline

/// A pipeline driven by hand on the log in memory: extract, resolve, and what came out.
struct Harness {
  let log: InMemoryEventLog
  let codec = EventRecordCodec()
  let folder = TemporaryFolder()
  let clock = ManualClock()
  let partitionCount: Int
  static let generation = "g1"

  init(partitionCount: Int = 1, maxRecordByteCount: Int = 16 << 20) async throws {
    self.log = InMemoryEventLog(maxRecordByteCount: maxRecordByteCount)
    self.partitionCount = partitionCount
    try await log.ensureTopics(
      TopicCatalog(partitionCount: partitionCount).topics(of: [.first(in: HashEmbedder())]))
  }

  func extraction(
    _ extractor: any Extractor, retry: RetryPolicy = RetryPolicy(maxAttemptCount: 3), limit: Int = 4
  ) -> ExtractionStage {
    ExtractionStage(
      generation: Self.generation, extractor: extractor, codec: codec, retry: retry,
      limit: ConcurrencyLimit(maxConcurrentCount: limit), environment: clock.environment)
  }

  func resolution(_ embedder: any Embedder = HashEmbedder()) -> ResolutionStage {
    ResolutionStage(
      configuration: .init(
        generation: Self.generation, policy: ResolutionPolicy(), stateDirectory: folder.path,
        retry: RetryPolicy(maxAttemptCount: 2)),
      embedder: embedder, log: log, codec: codec, environment: clock.environment)
  }

  /// Runs a stage until it finds nothing more.
  func drain(_ stage: any Stage, maxRecordCount: Int = 100) async throws {
    let driver = try await StageDriver(
      stage: stage, log: log, instance: "test", environment: clock.environment, logger: Self.logger)
    while try await driver.step(maxRecordCount: maxRecordCount) > 0 {}
    await driver.close()
  }

  static let logger: Logger = {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
  }()

  // MARK: Publishing

  func publish(_ content: String, id: String, user: String = "alex", infer: Bool = true) async throws {
    let body = TurnBody(
      scope: Scope(userID: user), messages: [Message(role: "user", content: content)],
      timestamp: Timestamp("2026-11-20T12:00:00Z"), infer: infer)
    try await publish(.turnRecorded, EventBodyCoding.encode(body), id: id, user: user)
  }

  func publish(_ type: EventType, _ data: [UInt8], id: String, user: String = "alex") async throws {
    let event = CloudEvent(
      id: id, type: type.rawValue, source: "/test", time: clock.now,
      owner: OwnerKey(tenant: "t", owner: Owner(kind: .user, id: user)), data: data)
    _ = try await log.append([codec.encode(event, topic: Topics.turns)])
  }

  // MARK: Looking

  func records(_ topic: String) async throws -> [LogRecord] {
    var records: [LogRecord] = []
    for partition in 0..<partitionCount {
      records += try await log.read(
        TopicPartition(topic, partition), from: 0, limit: ReadLimit(maxRecordCount: .max, maxByteCount: .max))
    }
    return records
  }

  func facts() async throws -> [FactsExtracted] {
    try await records(Topics.facts(generation: Self.generation)).compactMap { record in
      guard record.header("ce_type") == EventType.factsExtracted.rawValue else { return nil }
      return try EventBodyCoding.decode(FactsExtracted.self, from: record.value)
    }
  }

  func resolved() async throws -> [MemoriesResolved] {
    try await records(Topics.memories(generation: Self.generation)).map {
      try EventBodyCoding.decode(MemoriesResolved.self, from: $0.value)
    }
  }

  /// Memories as the events have them in the end, by id.
  func memories() async throws -> [UUID: Memory] {
    var memories: [UUID: Memory] = [:]
    for event in try await resolved().flatMap(\.events) {
      memories[event.memoryID] = Memory.evolve(memories[event.memoryID], event)
    }
    return memories
  }

  func deadLetters() async throws -> [DeadLetter] {
    try await DeadLetterBox(log: log, now: { clock.now }).open()
  }
}

/// A clock that only moves when somebody sleeps, and remembers for how long.
final class ManualClock: Sendable {
  private let state = Mutex((now: Timestamp("2026-11-21T00:00:00Z") ?? Timestamp(milliseconds: 0), naps: [Duration]()))

  var now: Timestamp { state.withLock { $0.now } }
  var naps: [Duration] { state.withLock { $0.naps } }

  var environment: PipelineEnvironment {
    PipelineEnvironment(
      now: { self.now },
      sleep: { duration in
        try Task.checkCancellation()
        self.state.withLock { state in
          state.naps.append(duration)
          state.now.milliseconds += duration.components.seconds * 1000
        }
      }, jitter: { 1 })
  }
}

/// Every sentence is a fact; "home X" fills a slot.
func sentences(_ turns: [Turn]) -> [Extraction] {
  turns.map { turn in
    Extraction(
      facts: turn.body.messages.enumerated().map { index, message in
        let isHome = message.content.hasPrefix("home ")
        return FactCandidate(
          text: message.content, attribute: isHome ? "home" : nil,
          value: isHome ? String(message.content.dropFirst(5)) : nil, messageIndex: index, quote: message.content,
          actor: "user")
      })
  }
}
