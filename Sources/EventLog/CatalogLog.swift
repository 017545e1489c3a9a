public import MnemeCore

/// What a topic of one partition folds to: few entries, all in memory, changed by events that may be impossible where
/// they stand.
public protocol LogCatalog: Sendable {
  /// What happens to it.
  associatedtype Event: Sendable

  /// A catalog of nothing.
  init()
  /// The topic.
  static var topic: String { get }
  /// Who appends there, as events name it.
  static var source: String { get }
  /// What is thrown where another process was quicker.
  static var overtaken: any Error { get }
  /// The type of an event, the key of its record, and its body.
  static func parts(of event: Event) -> (type: EventType, key: String, body: [UInt8])
  /// The id of an event that happens at `time`: no two share it.
  static func id(of event: Event, at time: Timestamp) -> String
  /// The event of that type and body.
  /// - Throws: `EventDecodingError` where it is none.
  static func event(_ type: EventType, body: [UInt8]) throws -> Event
  /// Folds one event; returns whether it was possible.
  mutating func apply(_ event: Event, at time: Timestamp) -> Bool
  /// - Throws: What says why `event` is not possible as things stand.
  func check(_ event: Event) throws
}

/// Reads and writes a catalog on its topic. What is decided by two processes at one time is decided by the order of the
/// log: the second one is refused by all that read it.
public actor CatalogLog<Catalog: LogCatalog> {
  private let log: any EventLog
  private let now: @Sendable () -> Timestamp
  private var catalog = Catalog()
  private var next: Int64 = 0
  /// Offsets of events that were not possible where they stand.
  private var refused: Set<Int64> = []

  private static var partition: TopicPartition { TopicPartition(Catalog.topic, 0) }

  /// The catalog of `log`. Its topic is made by whoever plans topics.
  public init(log: any EventLog, now: @escaping @Sendable () -> Timestamp) {
    self.log = log
    self.now = now
  }

  /// The topic's layout: one partition, as its events are one order.
  public static func topic(replicationFactor: Int? = nil) -> TopicSpecification {
    TopicSpecification(
      name: Catalog.topic, partitionCount: 1, retention: .forever, replicationFactor: replicationFactor)
  }

  /// The catalog as it stands in the log now; of nothing where the topic is missing.
  /// - Throws: `EventLogError`, `EventDecodingError` where an event of a newer program stands in it.
  @discardableResult
  public func refresh() async throws -> Catalog {
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
  /// - Throws: What `Catalog.check` throws where it is not, `Catalog.overtaken` where another process was quicker;
  ///   `EventLogError`.
  @discardableResult
  public func append(_ event: Catalog.Event) async throws -> Catalog {
    try await refresh().check(event)
    let position = try await log.append([Self.encode(event, at: now())])[0]
    while next <= position.offset, try await fold() {}
    guard !refused.contains(position.offset) else { throw Catalog.overtaken }
    return catalog
  }

  // MARK: Records

  /// The record of `event`, which happens at `time`: a CloudEvent in Kafka's binary mode.
  public static func encode(_ event: Catalog.Event, at time: Timestamp) -> NewRecord {
    let (type, key, body) = Catalog.parts(of: event)
    return NewRecord(
      topic: Catalog.topic, key: Array(key.utf8), value: body,
      headers: [
        LogHeader("ce_specversion", "1.0"), LogHeader("ce_id", Catalog.id(of: event, at: time)),
        LogHeader("ce_type", type.rawValue), LogHeader("ce_source", Catalog.source),
        LogHeader("ce_time", time.description),
        LogHeader("content-type", EventRecordCodec.contentType),
      ], partition: 0)
  }

  /// What `encode` was given.
  /// - Throws: `EventDecodingError`.
  public static func decode(_ record: LogRecord) throws -> (event: Catalog.Event, at: Timestamp) {
    let name = record.header("ce_type") ?? ""
    guard let type = EventType(rawValue: name) else {
      throw EventDecodingError(
        .unknownType, "\(record.position.topicPartition) holds a \"\(name.prefix(100))\"; use a newer program")
    }
    guard let time = record.header("ce_time").flatMap(Timestamp.init) else {
      throw EventDecodingError(.malformedEnvelope, "header ce_time is no RFC 3339 time")
    }
    return (try Catalog.event(type, body: record.value), time)
  }
}
