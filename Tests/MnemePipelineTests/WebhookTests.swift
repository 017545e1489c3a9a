import EventLog
import FoundationEssentials
import LanguageModel
import MnemeCore
import MnemeTesting
import Synchronization
import Testing

@testable import MnemePipeline

/// Who is told what, on the log in memory.
@Suite struct NotificationStageTests {
  /// A pipeline with a webhook that is told everything.
  struct World {
    let harness: Harness
    let project = ProjectKey(tenant: "t", project: "default")

    init() async throws {
      harness = try await Harness()
      _ = try await generations.append(.created(.first(in: HashEmbedder())))
    }

    var generations: GenerationLog { GenerationLog(log: harness.log, now: { harness.clock.now }) }
    var projects: ProjectLog { ProjectLog(log: harness.log, now: { harness.clock.now }) }

    func addWebhook(
      _ id: String = "wh-1", events: [Webhook.Event] = Webhook.Event.allCases, project: ProjectKey? = nil
    ) async throws {
      let webhook = Webhook(
        id: id, name: id, url: "https://example.org/\(id)", events: events, secret: "c2VjcmV0",
        turns: try await harness.log.bounds(of: Topics.turns).map(\.end), createdAt: harness.clock.now,
        updatedAt: harness.clock.now)
      _ = try await projects.append(ProjectEvent(project ?? self.project, .webhookSet(webhook)))
    }

    func stage(_ generation: String = "g1") -> NotificationStage {
      NotificationStage(
        generation: generation, partitionCount: 1, log: harness.log, codec: harness.codec,
        environment: harness.clock.environment)
    }

    func process() async throws {
      try await harness.drain(harness.extraction(ScriptedExtractor { sentences($0) }))
      try await harness.drain(harness.resolution())
    }

    /// What is to be told so far: webhook, event, and the message's id.
    func told() async throws -> [(webhook: String, event: Webhook.Event, id: String, body: WebhookTriggered)] {
      try await harness.records(Topics.webhooks).compactMap { record in
        guard record.header("ce_type") == EventType.webhookTriggered.rawValue else { return nil }
        let body = try EventBodyCoding.decode(WebhookTriggered.self, from: record.value)
        #expect(record.header("ce_webhook") == body.webhookID)
        return (body.webhookID, body.event, try #require(record.header("ce_id")), body)
      }
    }
  }

  @Test func `changes are told, each once, and what was said again is not`() async throws {
    let world = try await World()
    try await world.harness.publish("home Lisbon", id: "before")
    try await world.process()
    try await world.addWebhook()
    try await world.harness.publish("home Berlin", id: "1")
    try await world.harness.publish("home Berlin", id: "2")
    try await world.harness.publish("home Berlin", id: "1")
    try await world.process()
    try await world.harness.drain(world.stage())
    let told = try await world.told()
    let events = told.map(\.event)
    #expect(events.count { $0 == .memoryAdd } == 1 && events.count { $0 == .memoryUpdate } == 1)
    #expect(events.count { $0 == .memoryCategorize } == 1 && !events.contains(.memoryDelete))
    #expect(events.count { $0 == .ingestJobCompleted } == 3)
    let added = try #require(told.first { $0.event == .memoryAdd })
    #expect(added.body.payload["event_details"]?["data"] == ["memory": "home Berlin"])
    // Nothing new is said where nothing new was said.
    try await world.harness.drain(world.stage())
    #expect(try await world.told().count == told.count)
    // A retry that its publisher made has the same messages' ids as the first one.
    #expect(Set(told.map(\.id)).count == told.count - 1)
  }

  @Test func `only who wants it is told, in the project where it is said`() async throws {
    let world = try await World()
    try await world.addWebhook("wh-add", events: [.memoryAdd])
    try await world.addWebhook("wh-delete", events: [.memoryDelete])
    try await world.addWebhook("wh-other", project: ProjectKey(tenant: "t", project: "shop"))
    try await world.addWebhook("wh-off", events: [.memoryAdd])
    _ = try await world.projects.append(ProjectEvent(world.project, .webhookSwitchedOff(id: "wh-off")))
    try await world.harness.publish("likes tea", id: "1")
    try await world.process()
    try await world.harness.drain(world.stage())
    #expect(try await world.told().map(\.webhook) == ["wh-add"])
    _ = try await world.projects.append(ProjectEvent(world.project, .webhookRemoved(id: "wh-add")))
    try await world.harness.publish("likes milk", id: "2")
    try await world.process()
    try await world.harness.drain(world.stage())
    #expect(try await world.told().count == 1)
  }

  @Test func `what was decided long ago is not told any more`() async throws {
    let world = try await World()
    try await world.addWebhook(events: [.memoryAdd])
    try await world.harness.publish("likes tea", id: "1")
    try await world.process()
    try await world.harness.clock.environment.sleep(NotificationStage.maxAge + .seconds(1))
    try await world.harness.publish("likes milk", id: "2")
    try await world.process()
    try await world.harness.drain(world.stage())
    let texts = try await world.told().map { $0.body.payload["event_details"]?["data"] }
    #expect(texts == [["memory": "likes milk"]])
  }

  /// Two generations decide the same turns; of each turn one of them tells, whatever order they run in.
  @Test(arguments: 1...20)
  func `a replay and a promotion tell nobody anything twice`(seed: UInt64) async throws {
    var random = SplitMix64(seed: seed)
    let worlds = try await TwoGenerations { _, turn in
      turn.body.messages.enumerated().map { index, message in
        FactCandidate(text: message.content, messageIndex: index, quote: message.content, actor: "user")
      }
    }
    var second = Generation.first(in: HashEmbedder())
    (second.id, second.facts) = ("g2", "g2")
    let generations = GenerationLog(log: worlds.log, now: { worlds.clock.now })
    let projects = ProjectLog(log: worlds.log, now: { worlds.clock.now })
    for event: GenerationEvent in [.created(.first(in: HashEmbedder())), .created(second), .filled(id: "g2")] {
      _ = try await generations.append(event)
    }
    let webhook = Webhook(
      id: "wh-1", name: "all", url: "https://example.org", events: [.memoryAdd], secret: "c2VjcmV0", turns: [0],
      createdAt: worlds.clock.now, updatedAt: worlds.clock.now)
    _ = try await projects.append(
      ProjectEvent(ProjectKey(tenant: "t", project: "default"), .webhookSet(webhook)))
    var said = 0
    var isSecondActive = false
    for _ in 0..<40 {
      switch random.below(8) {
      case 0...2:
        said += 1
        try await worlds.say("fact number \(said)", id: "turn-\(said)")
      case 3: try await worlds.drain(.first)
      case 4: try await worlds.drain(.second)
      case 5: try await drainNotification("g1", worlds)
      case 6: try await drainNotification("g2", worlds)
      default:
        let turns = try await worlds.log.bounds(of: Topics.turns).map(\.end)
        _ = try await generations.append(
          isSecondActive ? .rolledBack(id: "g2", turns: turns) : .promoted(id: "g2", turns: turns))
        isSecondActive.toggle()
      }
    }
    for name in [TwoGenerations.Name.first, .second] {
      try await worlds.drain(name)
      try await drainNotification(name.rawValue, worlds)
    }
    let records = try await worlds.log.read(
      TopicPartition(Topics.webhooks, 0), from: 0, limit: ReadLimit(maxRecordCount: .max, maxByteCount: .max))
    let texts = try records.map { record in
      try EventBodyCoding.decode(WebhookTriggered.self, from: record.value).payload["event_details"]?["data"]?["memory"]
    }
    #expect(
      texts.compactMap { $0?.stringValue }.sorted() == (0..<said).map { "fact number \($0 + 1)" }.sorted(),
      "seed \(seed)")
  }

  private func drainNotification(_ name: String, _ worlds: TwoGenerations) async throws {
    let stage = NotificationStage(
      generation: name, partitionCount: 1, log: worlds.log, codec: worlds.codec, environment: worlds.clock.environment)
    let driver = try await StageDriver(
      stage: stage, log: worlds.log, instance: "test", environment: worlds.clock.environment, logger: Harness.logger)
    while try await driver.step(maxRecordCount: 100) > 0 {}
    await driver.close()
  }
}

/// The other sides, as a test has written them down.
final class PosterTwin: WebhookPoster {
  struct Call: Sendable {
    var url: String
    var headers: [String: String]
    var body: [UInt8]
  }

  private let state = Mutex([Call]())
  private let answer: @Sendable (Call, Int) async throws -> WebhookRetry.Answer

  /// `answer` is given the call and how many calls of the same message came before it.
  init(_ answer: @escaping @Sendable (Call, Int) async throws -> WebhookRetry.Answer) { self.answer = answer }

  var calls: [Call] { state.withLock { $0 } }

  func post(_ body: [UInt8], headers: [(name: String, value: String)], to url: String) async throws
    -> WebhookRetry.Answer
  {
    let call = Call(url: url, headers: Dictionary(headers.map { ($0, $1) }) { $1 }, body: body)
    let before = state.withLock { calls in
      defer { calls.append(call) }
      return calls.count { $0.headers["webhook-id"] == call.headers["webhook-id"] }
    }
    return try await answer(call, before)
  }
}

/// What becomes of what webhooks are to be told.
@Suite struct DeliveryServiceTests {
  private static let owner = OwnerKey(tenant: "t", owner: Owner(kind: .user, id: "alex"))
  private static let project = ProjectKey(tenant: "t", project: "default")

  private struct World {
    let log = InMemoryEventLog()
    let codec = EventRecordCodec()
    let environment: PipelineEnvironment
    var projects: ProjectLog { ProjectLog(log: log, now: environment.now) }

    init() async throws {
      // Time passes a thousand times as fast.
      let start = ContinuousClock.now
      environment = PipelineEnvironment(
        now: {
          let passed = start.duration(to: .now)
          return Timestamp(milliseconds: 1_700_000_000_000 + Int64(passed / .microseconds(1)))
        }, sleep: { try await Task.sleep(for: $0 / 1000) }, jitter: { 0.5 })
      try await log.ensureTopics(TopicCatalog(partitionCount: 1).shared)
    }

    func addWebhook(_ id: String) async throws {
      let webhook = Webhook(
        id: id, name: id, url: "https://\(id).example/hook", events: [.memoryAdd], secret: "c2VjcmV0", turns: [0],
        createdAt: environment.now(), updatedAt: environment.now())
      _ = try await projects.append(ProjectEvent(DeliveryServiceTests.project, .webhookSet(webhook)))
    }

    func trigger(_ id: String, for webhook: String) async throws {
      let event = CloudEvent(
        id: id, type: EventType.webhookTriggered.rawValue, source: "/test", time: environment.now(),
        owner: DeliveryServiceTests.owner,
        data: EventBodyCoding.encode(
          WebhookTriggered(webhookID: webhook, event: .memoryAdd, payload: ["event_details": ["id": .string(id)]])),
        extensions: [EventAttribute.webhook: webhook])
      _ = try await log.append([codec.encode(event, topic: Topics.webhooks, partition: 0)])
    }

    /// Runs the service until `isDone`, and ends it.
    func run(
      _ poster: PosterTwin, bounds: WebhookBacklog.Bounds = WebhookBacklog.Bounds(),
      until isDone: @escaping @Sendable ([WebhookAttempted]) -> Bool
    ) async throws {
      let service = DeliveryService(
        log: log, instance: "test", poster: poster, codec: codec, environment: environment, bounds: bounds,
        logger: Harness.logger)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await service.run() }
        for _ in 0..<3000 {
          if isDone(try await attempted()) { break }
          try await Task.sleep(for: .milliseconds(10))
        }
        group.cancelAll()
      }
    }

    func attempted() async throws -> [WebhookAttempted] {
      try await log.read(
        TopicPartition(Topics.webhooks, 0), from: 0, limit: ReadLimit(maxRecordCount: .max, maxByteCount: .max)
      ).compactMap { record in
        guard record.header("ce_type") == EventType.webhookAttempted.rawValue else { return nil }
        return try EventBodyCoding.decode(WebhookAttempted.self, from: record.value)
      }
    }

    func deadLetters() async throws -> [DeadLetter] { try await DeadLetterBox(log: log, now: environment.now).open() }
  }

  private static func finals(_ count: Int) -> @Sendable ([WebhookAttempted]) -> Bool {
    { $0.count { $0.result.isFinal } >= count }
  }

  @Test func `it is tried until it is taken, with the same id and a signature of its own`() async throws {
    let world = try await World()
    try await world.addWebhook("wh-1")
    try await world.trigger("m-1", for: "wh-1")
    let poster = PosterTwin { _, before in before < 2 ? .status(500) : .status(204) }
    try await world.run(poster, until: Self.finals(1))
    #expect(poster.calls.count == 3 && Set(poster.calls.map { $0.headers["webhook-id"] }) == ["m-1"])
    for call in poster.calls {
      let time = try #require(call.headers["webhook-timestamp"].flatMap { Int64($0) })
      #expect(
        call.headers["webhook-signature"]
          == WebhookSignature.sign(id: "m-1", timestamp: time, body: call.body, secret: "c2VjcmV0"))
      #expect(String(decoding: call.body, as: UTF8.self) == #"{"event_details":{"id":"m-1"}}"#)
      #expect(call.headers["Content-Type"] == "application/json" && call.url == "https://wh-1.example/hook")
    }
    let attempted = try await world.attempted()
    #expect(attempted.map(\.result) == [.retrying, .retrying, .delivered] && attempted.map(\.attempt) == [1, 2, 3])
    #expect(
      attempted.map(\.status) == [500, 500, 204] && attempted.map(\.error) == ["http_status", "http_status", nil])
    #expect(try await world.deadLetters().isEmpty)
    // Whoever comes next finds it done.
    let next = PosterTwin { _, _ in .status(200) }
    try await world.trigger("m-2", for: "wh-1")
    try await world.run(next, until: Self.finals(2))
    #expect(next.calls.map { $0.headers["webhook-id"] } == ["m-2"])
  }

  @Test func `given up, it stands in dead letters, and put back it is tried again`() async throws {
    let world = try await World()
    try await world.addWebhook("wh-1")
    try await world.trigger("m-1", for: "wh-1")
    let refusing = PosterTwin { _, _ in .failure(code: "address_refused", isRetriable: false) }
    try await world.run(refusing, until: Self.finals(1))
    let letter = try #require(try await world.deadLetters().first)
    #expect(letter.reason.stage == "deliver" && letter.reason.code == "address_refused" && letter.originalID == "m-1")
    #expect(refusing.calls.count == 1)
    try await DeadLetterBox(log: world.log, now: world.environment.now).redrive([letter])
    let taking = PosterTwin { _, _ in .status(200) }
    try await world.run(taking, until: Self.finals(2))
    #expect(taking.calls.map { $0.headers["webhook-id"] } == ["m-1"])
    #expect(try await world.attempted().map(\.result) == [.failed, .delivered])
  }

  @Test func `one that is gone is switched off, and told no more`() async throws {
    let world = try await World()
    try await world.addWebhook("wh-1")
    try await world.trigger("m-1", for: "wh-1")
    let poster = PosterTwin { _, _ in .status(410) }
    try await world.run(poster, until: Self.finals(1))
    try await world.trigger("m-2", for: "wh-1")
    try await world.trigger("m-3", for: "wh-never")
    try await world.run(poster, until: Self.finals(3))
    #expect(poster.calls.count == 1)
    #expect(try await world.attempted().map(\.result) == [.failed, .cancelled, .cancelled])
    #expect(try await world.projects.refresh()[Self.project].webhooks.map(\.isActive) == [false])
  }

  @Test func `one that never answers holds up nobody else`() async throws {
    let world = try await World()
    for id in ["wh-dead", "wh-1"] { try await world.addWebhook(id) }
    for number in 0..<20 { try await world.trigger("dead-\(number)", for: "wh-dead") }
    for number in 0..<20 { try await world.trigger("m-\(number)", for: "wh-1") }
    let poster = PosterTwin { call, _ in
      if call.url.contains("dead") { try await Task.sleep(for: .seconds(3600)) }
      return .status(200)
    }
    try await world.run(poster, bounds: .init(maxAttemptsPerWebhook: 2, maxAttempts: 3), until: Self.finals(20))
    #expect(try await world.attempted().count { $0.webhookID == "wh-1" && $0.result == .delivered } == 20)
    #expect(poster.calls.count { $0.url.contains("dead") } == 2)
    // What was under way is made again by whoever comes next, and what was done is not.
    let next = PosterTwin { _, _ in .status(200) }
    try await world.run(next, until: Self.finals(40))
    #expect(next.calls.count == 20 && next.calls.allSatisfy { $0.url.contains("dead") })
  }
}
