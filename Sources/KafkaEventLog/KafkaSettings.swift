import CRdkafka
import EventLog

/// librdkafka's settings for each kind of client. What the user sets goes before our defaults, but not before what
/// correctness rests on.
struct KafkaSettings: Sendable {
  private let options: KafkaEventLog.Options

  init(_ options: KafkaEventLog.Options) {
    self.options = options
  }

  private static let clientID = "mneme"

  /// A name that nobody else has.
  static func randomName() -> String {
    String(UInt64.random(in: 0...UInt64.max), radix: 36)
  }

  private func settings(_ defaults: [String: String], fixed: [String: String]) -> [String: String] {
    let common = ["client.id": Self.clientID, "log.connection.close": "false", "socket.nagle.disable": "true"]
    return common.merging(defaults) { $1 }.merging(self.options.settings) { $1 }.merging(fixed) { $1 }.merging(
      ["bootstrap.servers": self.options.bootstrapServers]
    ) { $1 }
  }

  private var fetching: [String: String] {
    [
      "queued.max.messages.kbytes": "\(self.options.maxFetchAheadKilobyteCount)",
      "fetch.wait.max.ms": "100", "fetch.error.backoff.ms": "100",
    ]
  }

  private static let committedOnly = [
    "isolation.level": "read_committed", "enable.auto.commit": "false", "enable.auto.offset.store": "false",
    "allow.auto.create.topics": "false",
  ]

  /// Of the client that reads partitions and asks the brokers.
  var reader: [String: String] {
    // A question that is not answered is asked three times, whatever its caller's timeout.
    let timeout = max(self.options.requestTimeout / 3, Self.minSocketTimeout)
    return self.settings(
      self.fetching.merging(["socket.timeout.ms": "\(timeout.milliseconds)"]) { $1 },
      fixed: Self.committedOnly.merging(["enable.partition.eof": "true", "auto.offset.reset": "error"]) { $1 })
  }

  /// Of a member of a group.
  func consumer(group: String, instance: String?) -> [String: String] {
    var fixed = Self.committedOnly.merging([
      "group.id": self.options.prefix + group, "enable.partition.eof": "false", "auto.offset.reset": "earliest",
    ]) { $1 }
    fixed["group.instance.id"] = instance.map { self.options.prefix + $0 }
    let defaults = [
      "partition.assignment.strategy": "cooperative-sticky",
      "session.timeout.ms": "\(self.options.sessionTimeout.milliseconds)",
      "heartbeat.interval.ms": "\(max(self.options.sessionTimeout.milliseconds / 10, 100))",
    ]
    return self.settings(self.fetching.merging(defaults) { $1 }, fixed: fixed)
  }

  /// Of the producer of single records.
  var appender: [String: String] {
    self.settings(
      [
        "linger.ms": "1", "message.timeout.ms": "\(self.options.requestTimeout.milliseconds)",
        "queue.buffering.max.messages": "\(max(self.options.maxWaitingAppendCount, 1000))",
        "message.max.bytes": "\(self.options.maxRecordByteCount + Self.recordOverhead)",
      ], fixed: ["enable.idempotence": "true", "acks": "all"])
  }

  /// Of a transactional producer.
  func transactions(id: String) -> [String: String] {
    self.settings(
      [
        "linger.ms": "0", "transaction.timeout.ms": "\(self.options.transactionTimeout.milliseconds)",
        "message.max.bytes": "\(self.options.maxRecordByteCount + Self.recordOverhead)",
      ],
      fixed: [
        "enable.idempotence": "true", "acks": "all", "transactional.id": "\(self.options.prefix)mneme-\(id)",
      ])
  }

  /// More than a fetch may wait for records, by as much as librdkafka asks for.
  private static let minSocketTimeout: Duration = .milliseconds(1200)
  /// What a record takes beside its bytes, at most.
  private static let recordOverhead: Int = 16 << 10
}

extension TopicSpecification.Retention {
  /// The brokers' settings for it.
  var configuration: [String: String] {
    switch self {
    case .forever: ["cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"]
    case .age(let age):
      ["cleanup.policy": "delete", "retention.ms": "\(age.wholeMilliseconds)", "retention.bytes": "-1"]
    case .compacted: ["cleanup.policy": "compact"]
    }
  }

  /// What the brokers' settings of a topic mean.
  init(configuration: [String: String]) {
    if configuration["cleanup.policy"]?.contains("compact") == true {
      self = .compacted
      return
    }
    let milliseconds = configuration["retention.ms"].flatMap { Int64($0) } ?? -1
    self = milliseconds < 0 ? .forever : .age(.milliseconds(milliseconds))
  }
}

extension Duration {
  /// Whole milliseconds.
  var wholeMilliseconds: Int64 {
    self.components.seconds * 1000 + self.components.attoseconds / 1_000_000_000_000_000
  }
}
