public import EventLog

/// What every `EventLog` keeps, as checks that any implementation is put through. It relies on nothing that only one of
/// them offers: offsets may have gaps, and an assignment may take several polls.
public struct EventLogConformance: Sendable, CustomStringConvertible {
  /// What a check needs beside reading, appending and groups, which every log has. A stand-in for brokers may lack
  /// some.
  public struct Capabilities: OptionSet, Sendable, Hashable {
    /// One bit for each.
    public let rawValue: Int

    /// The capabilities of these bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Topics are listed with their settings, changed and deleted, and one that was not made is missing.
    public static let administration = Capabilities(rawValue: 1 << 0)
    /// Several records, or records and offsets, are written together or not at all.
    public static let transactions = Capabilities(rawValue: 1 << 1)
    /// Who joins under the name of an earlier member takes its place.
    public static let staticMembership = Capabilities(rawValue: 1 << 2)
    /// What a group has committed can be asked for from outside it.
    public static let groupOffsets = Capabilities(rawValue: 1 << 3)

    /// Everything that `EventLog` promises.
    public static let all: Capabilities = [.administration, .transactions, .staticMembership, .groupOffsets]
  }

  /// How an implementation is made, and restarted.
  public struct Harness: Sendable {
    /// A new, empty log.
    public var make: @Sendable () async throws -> any EventLog
    /// The same log after it was closed, as a restarted process finds it.
    public var reopen: @Sendable (any EventLog) async throws -> any EventLog
    /// A new, empty log that lets so many appends wait, or about as many.
    public var makeBounded: @Sendable (_ maxWaitingAppendCount: Int) async throws -> any EventLog
    /// Whether `enforceRetention` discards when it is called, rather than leave that to a broker's own time.
    public var discardsOnDemand: Bool
    /// Whether the offsets that groups have committed go with a topic that is deleted, at once.
    public var deletesOffsetsWithTopics: Bool
    /// What the log can do; only checks that need no more are run.
    public var capabilities: Capabilities

    /// A harness with all its parts; without `makeBounded`, a log with its own bounds is used.
    public init(
      make: @escaping @Sendable () async throws -> any EventLog,
      reopen: @escaping @Sendable (any EventLog) async throws -> any EventLog,
      makeBounded: (@Sendable (_ maxWaitingAppendCount: Int) async throws -> any EventLog)? = nil,
      discardsOnDemand: Bool = true, deletesOffsetsWithTopics: Bool = true, capabilities: Capabilities = .all
    ) {
      self.capabilities = capabilities
      self.deletesOffsetsWithTopics = deletesOffsetsWithTopics
      self.make = make
      self.reopen = reopen
      self.makeBounded = makeBounded ?? { _ in try await make() }
      self.discardsOnDemand = discardsOnDemand
    }
  }

  /// What is kept.
  public let description: String
  /// What the log has to be able to do, so that the check means something.
  public let needs: Capabilities
  private let body: @Sendable (Harness) async throws -> Void

  init(
    _ description: String, needs: Capabilities = [], _ body: @escaping @Sendable (Harness) async throws -> Void
  ) {
    self.description = description
    self.needs = needs
    self.body = body
  }

  /// Puts one implementation through this check.
  /// - Throws: `ConformanceFailure`, and what the log throws.
  public func run(_ harness: Harness) async throws {
    try expect(harness.capabilities.isSuperset(of: needs), "the check needs more than this log can do")
    try await body(harness)
  }

  /// Every check.
  public static let all = records + concurrency + topics + retention + groups + members + transactions

  /// Every check that needs no more than `capabilities`.
  public static func all(for capabilities: Capabilities) -> [EventLogConformance] {
    all.filter { capabilities.isSuperset(of: $0.needs) }
  }
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
  } catch {
    throw ConformanceFailure(description: "\(what) failed with \(error), not with \(code.rawValue)")
  }
  throw ConformanceFailure(description: "\(what) did not fail with \(code.rawValue)")
}

// MARK: - Words that the checks share

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
  func make(_ name: String = "t", partitions: Int = 4, retention: TopicSpecification.Retention = .forever) async throws
  {
    try await ensureTopics([TopicSpecification(name: name, partitionCount: partitions, retention: retention)])
  }

  /// All records of a partition, read to its end.
  func records(_ partition: TopicPartition, limit: ReadLimit = ReadLimit()) async throws -> [LogRecord] {
    var all: [LogRecord] = []
    var offset = try await bounds(of: partition.topic)[partition.partition].earliest
    while true {
      let records = try await read(partition, from: offset, limit: limit)
      guard let last = records.last else { return all }
      all += records
      offset = last.position.offset + 1
    }
  }

  /// All values of a partition, read to its end.
  func values(_ partition: TopicPartition) async throws -> [String] {
    try await records(partition).map(\.text)
  }

  /// All values of a topic, partition by partition.
  func values(of topic: String) async throws -> [String] {
    var all: [String] = []
    for number in try await bounds(of: topic).indices { all += try await values(TopicPartition(topic, number)) }
    return all
  }
}

/// What polls have brought, so far.
struct Polled {
  var records: [LogRecord] = []
  var assigned: Set<TopicPartition> = []
  /// Every partition that was revoked at any time.
  var revoked: Set<TopicPartition> = []

  var texts: [String] { records.map(\.text) }

  /// Offset after the last record of a partition.
  func next(_ partition: TopicPartition) -> Int64? {
    records.last { $0.position.topicPartition == partition }.map { $0.position.offset + 1 }
  }

  mutating func add(_ result: PollResult) {
    self.records += result.records
    self.assigned.subtract(result.revoked)
    self.assigned.formUnion(result.assigned)
    self.revoked.formUnion(result.revoked)
  }
}

extension LogConsumer {
  /// Polls until `condition` holds of all that came; assignment may take several polls.
  @discardableResult
  func poll(
    limit: ReadLimit = ReadLimit(), maxPollCount: Int = 200, until condition: (Polled) -> Bool
  ) async throws -> Polled {
    var polled = Polled()
    for _ in 0..<maxPollCount {
      polled.add(try await poll(limit: limit, timeout: .milliseconds(100)))
      if condition(polled) { return polled }
    }
    throw ConformanceFailure(
      description: "after \(maxPollCount) polls: \(polled.records.count) records, \(polled.assigned.count) partitions")
  }
}

/// Polls several members in turn until each has what it should; assignment may take several polls.
func settle(
  _ members: [any LogConsumer], _ polled: inout [Polled], maxRoundCount: Int = 1000, until condition: ([Polled]) -> Bool
) async throws {
  for _ in 0..<maxRoundCount {
    for (index, member) in members.enumerated() {
      polled[index].add(try await member.poll(limit: ReadLimit(), timeout: .milliseconds(20)))
    }
    if condition(polled) { return }
  }
  throw ConformanceFailure(
    description: "after \(maxRoundCount) rounds the members have \(polled.map(\.assigned.count)) partitions")
}
