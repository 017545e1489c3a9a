public import EventLog

/// What lies between the topics that a deployment wants and those that its log has. Pure: it reads two lists.
public struct TopicPlan: Hashable, Sendable {
  /// What the names of all topics of a deployment begin with. Others are not ours to judge.
  public static let namePrefix = "mneme."

  /// One thing that is not as wanted.
  public enum Difference: Hashable, Sendable {
    /// The topic is not there; it can be created once no other one has a partition count that is not wanted.
    case missing(TopicSpecification)
    /// It discards otherwise than wanted; that can be changed at any time.
    case retention(topic: String, wanted: TopicSpecification.Retention, found: TopicSpecification.Retention)
    /// It has another number of partitions. Owners would move between partitions and lose their order, so that a person
    /// has to decide.
    case partitionCount(topic: String, wanted: Int, found: Int)
    /// Brokers keep another number of copies; Kafka's own `kafka-reassign-partitions` changes it.
    case replicationFactor(topic: String, wanted: Int, found: Int)
    /// It is there, named as ours are, and nobody wants it: of another generation or embedding space, perhaps. It is
    /// told, never deleted.
    case unwanted(TopicSpecification)
  }

  /// In the order of the wanted topics, each one's in the order of `Difference`; unwanted ones last, by name.
  public let differences: [Difference]

  /// Compares `wanted`, whose names differ, with `found`. A replication factor that either side does not tell is no
  /// difference.
  public init(wanted: [TopicSpecification], found: [TopicSpecification]) {
    let held = Dictionary(found.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let names = Set(wanted.map(\.name))
    let strangers = held.values.filter { $0.name.hasPrefix(Self.namePrefix) && !names.contains($0.name) }
    self.differences =
      wanted.flatMap { Self.differences(wanted: $0, found: held[$0.name]) }
      + strangers.sorted { $0.name < $1.name }.map(Difference.unwanted)
  }

  private static func differences(wanted: TopicSpecification, found: TopicSpecification?) -> [Difference] {
    guard let found else { return [.missing(wanted)] }
    let name = wanted.name
    var result: [Difference] = []
    if wanted.retention != found.retention {
      result.append(.retention(topic: name, wanted: wanted.retention, found: found.retention))
    }
    if wanted.partitionCount != found.partitionCount {
      result.append(.partitionCount(topic: name, wanted: wanted.partitionCount, found: found.partitionCount))
    }
    if let copies = wanted.replicationFactor, let foundCopies = found.replicationFactor, copies != foundCopies {
      result.append(.replicationFactor(topic: name, wanted: copies, found: foundCopies))
    }
    return result
  }

  /// Whether a wanted topic is not as wanted. Unwanted topics are none: generations live side by side.
  public var hasDrift: Bool { differences.contains(where: \.isDrift) }

  /// What `apply` does, in order.
  public var applicable: [Difference] { differences.filter(isApplicable) }

  /// Whether `apply` does away with `difference`, which is one of this plan's. Nothing is created while a topic has
  /// another partition count than wanted: all topics share one, and a new one's could not be set right afterwards.
  public func isApplicable(_ difference: Difference) -> Bool {
    switch difference {
    case .missing: !differences.contains(where: \.isPartitionCount)
    case .retention: true
    case .partitionCount, .replicationFactor, .unwanted: false
    }
  }

  /// Creates missing topics and sets retentions; `onDone` is told of each once it is done. What is there already is
  /// never deleted, and keeps its partitions and replicas.
  /// - Throws: `EventLogError`; what was told of is done then.
  public func apply(to log: any EventLog, onDone: (Difference) throws -> Void) async throws {
    for difference in applicable {
      switch difference {
      case .missing(let topic): try await log.ensureTopics([topic])
      case .retention(let topic, let wanted, _): try await log.setRetention(wanted, of: topic)
      case .partitionCount, .replicationFactor, .unwanted: continue
      }
      try onDone(difference)
    }
  }
}

extension TopicPlan.Difference {
  /// The topic's name.
  public var topic: String {
    switch self {
    case .missing(let topic), .unwanted(let topic): topic.name
    case .retention(let topic, _, _), .partitionCount(let topic, _, _), .replicationFactor(let topic, _, _): topic
    }
  }

  /// Whether a wanted topic is not as wanted.
  public var isDrift: Bool {
    switch self {
    case .missing, .retention, .partitionCount, .replicationFactor: true
    case .unwanted: false
    }
  }

  fileprivate var isPartitionCount: Bool {
    switch self {
    case .partitionCount: true
    case .missing, .retention, .replicationFactor, .unwanted: false
    }
  }
}
