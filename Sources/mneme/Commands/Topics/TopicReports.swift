import EventLog
import MnemePipeline

/// A topic as `list` prints it.
struct TopicReport: Encodable {
  var name: String
  var partitions: Int
  /// nil where the log does not tell, as one that keeps a single copy.
  var replication: Int?
  var retention: String
  var records: Int64

  init(_ topic: TopicSpecification, records: Int64) {
    self.name = topic.name
    self.partitions = topic.partitionCount
    self.replication = topic.replicationFactor
    self.retention = topic.retention.text
    self.records = records
  }

  /// One line.
  var text: String {
    let replicas = replication.map { "  \($0) replicas" } ?? ""
    return "\(name)  \(partitions) partitions\(replicas)  kept \(retention)  \(records) records"
  }
}

/// A difference as `diff` and `apply` print it.
struct DifferenceReport: Encodable {
  var topic: String
  /// `missing`, `retention`, `partitions`, `replication` or `unwanted`.
  var kind: String
  /// Whether it makes `diff` and `apply` fail.
  var isDrift: Bool
  /// Whether `apply` does away with it.
  var isApplicable: Bool
  var wanted: String?
  var found: String?
  /// What to do about it.
  var hint: String

  /// The report of `difference`, which is one of `plan`.
  init(_ difference: TopicPlan.Difference, of plan: TopicPlan) {
    self.topic = difference.topic
    self.isDrift = difference.isDrift
    self.isApplicable = plan.isApplicable(difference)
    switch difference {
    case .missing(let topic):
      self.kind = "missing"
      self.wanted = topic.text
      self.hint =
        self.isApplicable
        ? "mneme topics apply creates it" : "mneme topics apply creates it once all partition counts are as wanted"
    case .retention(_, let wanted, let found):
      self.kind = "retention"
      self.wanted = wanted.text
      self.found = found.text
      self.hint = "mneme topics apply sets it"
    case .partitionCount(_, let wanted, let found):
      self.kind = "partitions"
      self.wanted = String(wanted)
      self.found = String(found)
      self.hint =
        "never changed, as owners would lose their order: set \(Setting.partitions.flag) to \(found)"
        + ", or begin a log of its own"
    case .replicationFactor(_, let wanted, let found):
      self.kind = "replication"
      self.wanted = String(wanted)
      self.found = String(found)
      self.hint = "change it with Kafka's own kafka-reassign-partitions"
    case .unwanted(let topic):
      self.kind = "unwanted"
      self.found = topic.text
      self.hint = "no generation has it; never deleted by this command"
    }
  }

  /// One line.
  var text: String {
    switch (wanted, found) {
    case (let wanted?, let found?): "\(topic)  \(kind): wanted \(wanted), found \(found)  (\(hint))"
    case (let value?, nil), (nil, let value?): "\(topic)  \(kind): \(value)  (\(hint))"
    case (nil, nil): "\(topic)  \(kind)  (\(hint))"
    }
  }

  /// One line, once it is done.
  var doneText: String {
    guard let wanted else { return "\(topic)  done" }
    return found.map { "\(topic)  retention set to \(wanted), was \($0)" } ?? "\(topic)  created: \(wanted)"
  }
}

extension TopicSpecification {
  /// Its layout in words.
  fileprivate var text: String {
    let replicas = replicationFactor.map { ", \($0) replicas" } ?? ""
    return "\(partitionCount) partitions\(replicas), kept \(retention.text)"
  }
}

extension TopicSpecification.Retention {
  /// As `kept …` reads.
  fileprivate var text: String {
    switch self {
    case .forever: "forever"
    case .age(let age): "for \(Self.text(age))"
    case .compacted: "compacted"
    }
  }

  private static func text(_ age: Duration) -> String {
    let milliseconds = age.components.seconds * 1000 + age.components.attoseconds / 1_000_000_000_000_000
    if milliseconds % 86_400_000 == 0 { return "\(milliseconds / 86_400_000) days" }
    return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
  }
}
