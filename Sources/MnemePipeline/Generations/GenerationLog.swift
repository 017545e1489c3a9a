public import EventLog
public import MnemeCore

/// Reads and writes the catalog of generations on its topic.
public actor GenerationLog {
  private let log: any EventLog
  private let now: @Sendable () -> Timestamp
  private var catalog = GenerationCatalog()
  private var next: Int64 = 0
  /// Offsets of events that were not possible where they stand.
  private var refused: Set<Int64> = []

  private static let partition = TopicPartition(Topics.generations, 0)

  /// The catalog of `log`. Its topic is made by `ensureTopic` or by `TopicPlan`.
  public init(log: any EventLog, now: @escaping @Sendable () -> Timestamp) {
    self.log = log
    self.now = now
  }

  /// The topic's layout: one partition, as its events are one order.
  public static func topic(replicationFactor: Int? = nil) -> TopicSpecification {
    TopicSpecification(
      name: Topics.generations, partitionCount: 1, retention: .forever, replicationFactor: replicationFactor)
  }

  /// The catalog as it stands in the log now; of nothing where the topic is missing.
  /// - Throws: `EventLogError`, `EventDecodingError` where an event of a newer program stands in it.
  @discardableResult
  public func refresh() async throws -> GenerationCatalog {
    do {
      while try await fold() {}
    } catch let error as EventLogError where error.code == .unknownTopic && next == 0 {
      // No process has made it yet.
    }
    return catalog
  }

  /// Folds the next records. Returns whether there were any.
  private func fold() async throws -> Bool {
    let records = try await log.read(Self.partition, from: next, limit: ReadLimit())
    // Another call may have folded some of them while this one was reading.
    for record in records where record.position.offset >= next {
      let (event, at) = try Self.decode(record)
      if !catalog.apply(event, at: at) { refused.insert(record.position.offset) }
      next = record.position.offset + 1
    }
    return !records.isEmpty
  }

  /// Returns once the catalog may have changed since `refresh`, or after `timeout`.
  public func waitForChange(timeout: Duration) async throws {
    try await log.waitForRecords(Self.partition, from: next, timeout: timeout)
  }

  /// Appends `event` where that is possible as things stand, and returns the catalog with it.
  /// - Throws: `GenerationError` where it is not, also where another process was quicker; `EventLogError`.
  @discardableResult
  public func append(_ event: GenerationEvent) async throws -> GenerationCatalog {
    try await refresh().check(event)
    let position = try await log.append([Self.encode(event, at: now())])[0]
    while next <= position.offset, try await fold() {}
    guard !refused.contains(position.offset) else {
      throw GenerationError(
        .impossible, "another process changed the generations at the same moment; see 'mneme generations list'")
    }
    return catalog
  }

  // MARK: Records

  /// The record of `event`, which happens at `time`: a CloudEvent in Kafka's binary mode, its key the generation's id.
  public static func encode(_ event: GenerationEvent, at time: Timestamp) -> NewRecord {
    NewRecord(
      topic: Topics.generations, key: Array(event.id.utf8), value: event.body,
      headers: [
        LogHeader("ce_specversion", "1.0"),
        LogHeader("ce_id", Derivation.uuid("generation-event", event.id, event.type.rawValue, time.description).text),
        LogHeader("ce_type", event.type.rawValue), LogHeader("ce_source", "/mneme/generations"),
        LogHeader("ce_time", time.description), LogHeader("content-type", EventRecordCodec.contentType),
      ], partition: 0)
  }

  /// What `encode` was given.
  /// - Throws: `EventDecodingError`.
  public static func decode(_ record: LogRecord) throws -> (event: GenerationEvent, at: Timestamp) {
    let name = record.header("ce_type") ?? ""
    guard let type = EventType(rawValue: name) else {
      throw EventDecodingError(
        .unknownType, "\(record.position.topicPartition) holds a \"\(name.prefix(100))\"; use a newer program")
    }
    guard let time = record.header("ce_time").flatMap(Timestamp.init) else {
      throw EventDecodingError(.malformedEnvelope, "header ce_time is no RFC 3339 time")
    }
    return (try GenerationEvent(type, body: record.value), time)
  }
}
