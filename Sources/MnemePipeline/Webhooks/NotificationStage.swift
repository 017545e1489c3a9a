public import EventLog
public import MnemeCore

/// Follows a generation's memories, and says what webhooks are to be told of them: one record for each webhook and
/// notice that it wants.
///
/// Of each input the generation tells that was active when the input was taken in, and no other one: a replay, a
/// generation beside it and a promotion call nobody. A webhook is told what was taken in after it was made.
public actor NotificationStage: Stage {
  /// How much is done at once.
  public struct Bounds: Sendable {
    /// Records that are processed and committed together, at most.
    public var maxBatchRecordCount: Int

    /// Bounds with all their parts.
    public init(maxBatchRecordCount: Int = 50) {
      self.maxBatchRecordCount = maxBatchRecordCount
    }
  }

  /// `notify`.
  public nonisolated let name = "notify"
  /// `mneme.notify.<generation>`.
  public nonisolated let group: String
  /// `mneme.memories.<generation>`.
  public nonisolated let topic: String
  /// As the bounds have it.
  public nonisolated let maxBatchRecordCount: Int

  /// How long after it was decided something is still told: as long as `mneme.webhooks` keeps it. Otherwise a group
  /// whose offsets its brokers have forgotten would tell everything once more.
  static let maxAge = TopicCatalog.webhooksRetention

  private let generation: String
  private let partitionCount: Int
  private let generations: GenerationLog
  private let projects: ProjectLog
  private let codec: EventRecordCodec
  private let environment: PipelineEnvironment

  /// The stage that tells of the memories of `generation`, a name. `partitionCount` is that of `mneme.webhooks`.
  public init(
    generation: String, partitionCount: Int, log: any EventLog, codec: EventRecordCodec,
    environment: PipelineEnvironment, bounds: Bounds = Bounds()
  ) {
    self.generation = generation
    self.group = "mneme.notify.\(generation)"
    self.topic = Topics.memories(generation: generation)
    self.partitionCount = partitionCount
    self.maxBatchRecordCount = bounds.maxBatchRecordCount
    self.generations = GenerationLog(log: log, now: environment.now)
    self.projects = ProjectLog(log: log, now: environment.now)
    self.codec = codec
    self.environment = environment
  }

  /// Nothing is held.
  public func didCommit(_ partition: Int) async {}
  /// Nothing is held.
  public func reset(_ partition: Int) async {}

  /// What webhooks are to be told of these outcomes. What cannot be read says nothing: the projector reports it.
  public func process(_ records: [LogRecord], of partition: Int) async throws -> [NewRecord] {
    // Both are read after the records were: a webhook that was made before something was said is known here.
    let projects = try await projects.refresh()
    guard projects.webhookCount > 0 else { return [] }
    let generations = try await generations.refresh()
    return try records.flatMap { try messages(of: $0, generations, projects) }
  }

  /// Nothing: a message that the log does not take is told to nobody, and its memory is where it was.
  public func park(_ record: LogRecord, of partition: Int, for reason: ParkingReason) async throws -> [NewRecord] {
    [DeadLetter(record, reason: reason, at: environment.now()).record]
  }

  private func messages(
    of record: LogRecord, _ generations: GenerationCatalog, _ projects: ProjectCatalog
  ) throws -> [NewRecord] {
    guard let key = record.key.flatMap({ String(validating: $0, as: UTF8.self) }), let owner = OwnerKey(key) else {
      return []
    }
    let webhooks = projects[ProjectKey(realm: owner.tenant)].webhooks.filter(\.isActive)
    guard !webhooks.isEmpty, let event = try? Upcasting.lift(codec.decode(record)).0,
      environment.now().milliseconds - event.time.milliseconds <= Self.maxAge.components.seconds * 1000,
      let body = try? EventBodyCoding.decode(MemoriesResolved.self, from: event.data)
    else { return [] }
    let position = TurnsPosition(partition: body.input.partition, offset: body.input.offset)
    guard generations.nameOfActive(at: position) == generation else { return [] }
    let notices = Dictionary(grouping: WebhookNotice.all(of: body), by: \.event)
    return try webhooks.filter { $0.follows(position) }.flatMap { webhook in
      try webhook.events.flatMap { event in
        try (notices[event] ?? []).enumerated().map { ordinal, notice in
          try message(webhook, notice, ordinal, of: body.input, owner)
        }
      }
    }
  }

  private func message(
    _ webhook: Webhook, _ notice: WebhookNotice, _ ordinal: Int, of input: InputReference, _ owner: OwnerKey
  ) throws -> NewRecord {
    let body = WebhookTriggered(webhookID: webhook.id, event: notice.event, payload: notice.payload)
    let event = CloudEvent(
      id: WebhookTriggered.messageID(
        webhookID: webhook.id, owner: owner, inputID: input.id, ordinal: ordinal, event: notice.event),
      type: EventType.webhookTriggered.rawValue, source: "/mneme/notify", time: environment.now(), owner: owner,
      data: EventBodyCoding.encode(body), extensions: [EventAttribute.webhook: webhook.id])
    return try codec.encode(
      event, topic: Topics.webhooks, partition: Webhook.partition(of: webhook.id, count: partitionCount))
  }
}
