public import EventLog

/// What every `EventLog` keeps, as checks that any implementation is put through. It relies on nothing that only one of
/// them offers: offsets may have gaps, and an assignment may take several polls.
public struct EventLogConformance: Sendable, CustomStringConvertible {
  /// How an implementation is made, and restarted.
  public struct Harness: Sendable {
    /// A new, empty log.
    public var make: @Sendable () async throws -> any EventLog
    /// The same log after it was closed, as a restarted process finds it.
    public var reopen: @Sendable (any EventLog) async throws -> any EventLog

    /// A harness with all its parts.
    public init(
      make: @escaping @Sendable () async throws -> any EventLog,
      reopen: @escaping @Sendable (any EventLog) async throws -> any EventLog
    ) {
      self.make = make
      self.reopen = reopen
    }
  }

  /// What is kept.
  public let description: String
  private let body: @Sendable (Harness) async throws -> Void

  init(_ description: String, _ body: @escaping @Sendable (Harness) async throws -> Void) {
    self.description = description
    self.body = body
  }

  /// Puts one implementation through this check.
  /// - Throws: `ConformanceFailure`, and what the log throws.
  public func run(_ harness: Harness) async throws {
    try await body(harness)
  }

  /// Every check.
  public static let all = records + topics + groups + transactions
}

/// A promise that a log did not keep.
public struct ConformanceFailure: Error, CustomStringConvertible {
  /// What was found, and what should have been.
  public let description: String
}

func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws {
  guard condition else { throw ConformanceFailure(description: message()) }
}

func expectEqual<Value: Equatable>(_ found: Value, _ wanted: Value, _ what: String) throws {
  guard found == wanted else { throw ConformanceFailure(description: "\(what): found \(found), not \(wanted)") }
}

func expectError(_ code: EventLogError.Code, _ what: String, _ body: () async throws -> Void) async throws {
  do {
    try await body()
  } catch let error as EventLogError where error.code == code {
    return
  }
  throw ConformanceFailure(description: "\(what) did not fail with \(code.rawValue)")
}

extension NewRecord {
  /// A record with text for key and value.
  static func text(_ value: String, key: String? = "k", topic: String = "t", partition: Int? = nil) -> NewRecord {
    NewRecord(
      topic: topic, key: key.map { Array($0.utf8) }, value: Array(value.utf8), headers: [], partition: partition)
  }
}

extension LogRecord {
  var text: String { String(decoding: value, as: UTF8.self) }
}

extension EventLog {
  /// A topic for a check.
  func make(_ name: String = "t", partitions: Int = 4, retention: TopicSpecification.Retention = .forever) async throws {
    try await ensureTopics([TopicSpecification(name: name, partitionCount: partitions, retention: retention)])
  }

  /// All values of a partition, read to its end.
  func values(_ partition: TopicPartition) async throws -> [String] {
    var texts: [String] = []
    var offset = try await bounds(of: partition.topic)[partition.partition].earliest
    while true {
      let records = try await read(partition, from: offset, limit: ReadLimit())
      guard let last = records.last else { return texts }
      texts += records.map(\.text)
      offset = last.position.offset + 1
    }
  }
}

extension LogConsumer {
  /// Polls until `condition` holds of all that came; assignment may take several polls.
  func poll(
    limit: ReadLimit = ReadLimit(), maxPollCount: Int = 200,
    until condition: (_ records: [LogRecord], _ assigned: Set<TopicPartition>) -> Bool
  ) async throws -> (records: [LogRecord], assigned: Set<TopicPartition>) {
    var records: [LogRecord] = []
    var assigned: Set<TopicPartition> = []
    for _ in 0..<maxPollCount {
      let result = try await poll(limit: limit, timeout: .milliseconds(100))
      records += result.records
      assigned.formUnion(result.assigned)
      assigned.subtract(result.revoked)
      if condition(records, assigned) { return (records, assigned) }
    }
    throw ConformanceFailure(
      description: "after \(maxPollCount) polls: \(records.count) records, \(assigned.count) partitions")
  }
}
