/// One partition of one topic.
public struct TopicPartition: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Name of the topic.
  public var topic: String
  /// Number of the partition, from 0.
  public var partition: Int

  /// The partition `partition` of `topic`.
  public init(_ topic: String, _ partition: Int) {
    self.topic = topic
    self.partition = partition
  }

  /// `topic/partition`.
  public var description: String { "\(topic)/\(partition)" }

  /// By topic, then by partition.
  public static func < (left: Self, right: Self) -> Bool {
    (left.topic, left.partition) < (right.topic, right.partition)
  }
}

/// Where a record stands: its partition and its offset there.
public struct LogPosition: Hashable, Sendable {
  /// The partition.
  public var topicPartition: TopicPartition
  /// Offset of the record, from 0, strictly increasing within the partition; gaps are allowed.
  public var offset: Int64

  /// The position `offset` of `topicPartition`.
  public init(_ topicPartition: TopicPartition, _ offset: Int64) {
    self.topicPartition = topicPartition
    self.offset = offset
  }
}

/// A header of a record. Names may repeat; order is kept.
public struct LogHeader: Hashable, Sendable {
  /// ASCII name.
  public var name: String
  /// Value, any bytes.
  public var value: [UInt8]

  /// A header with any bytes.
  public init(_ name: String, bytes: [UInt8]) {
    self.name = name
    self.value = bytes
  }

  /// A header with text, stored as UTF-8.
  public init(_ name: String, _ text: String) {
    self.init(name, bytes: Array(text.utf8))
  }
}

/// A record to be appended. Its partition follows from its key (`Partitioner.partition(key:count:)`), or from its
/// value where the key is nil.
public struct NewRecord: Hashable, Sendable {
  /// Name of the topic.
  public var topic: String
  /// Key, any bytes.
  public var key: [UInt8]?
  /// Value, any bytes.
  public var value: [UInt8]
  /// Headers in order.
  public var headers: [LogHeader]
  /// Partition to use instead of the key's, for records that must stay beside the one they derive from.
  public var partition: Int?

  /// A record with all its parts.
  public init(topic: String, key: [UInt8]?, value: [UInt8], headers: [LogHeader], partition: Int? = nil) {
    self.topic = topic
    self.key = key
    self.value = value
    self.headers = headers
    self.partition = partition
  }
}

/// A record as the log holds it.
public struct LogRecord: Hashable, Sendable {
  /// Where it stands.
  public var position: LogPosition
  /// Milliseconds since 1970, UTC, when it was appended.
  public var appendedAtMilliseconds: Int64
  /// Key, any bytes.
  public var key: [UInt8]?
  /// Value, any bytes.
  public var value: [UInt8]
  /// Headers in order.
  public var headers: RecordHeaders

  /// A record with all its parts.
  public init(
    position: LogPosition, appendedAtMilliseconds: Int64, key: [UInt8]?, value: [UInt8], headers: RecordHeaders
  ) {
    self.position = position
    self.appendedAtMilliseconds = appendedAtMilliseconds
    self.key = key
    self.value = value
    self.headers = headers
  }

  /// The first value of header `name`, as text; nil where it is missing or not UTF-8.
  public func header(_ name: String) -> String? {
    headers.value(of: name).flatMap { String(validating: $0, as: UTF8.self) }
  }
}

extension NewRecord {
  /// Key, value and headers together, in bytes.
  public var byteCount: Int {
    (key?.count ?? 0) + value.count + headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.count }
  }
}

extension LogRecord {
  /// Key, value and headers together, in bytes, as `ReadLimit` counts them.
  public var byteCount: Int { (key?.count ?? 0) + value.count + headers.contentByteCount }
}

/// What stands in a partition: offsets `earliest ..< end`.
public struct OffsetBounds: Hashable, Sendable {
  /// No record below it is held any more; `end` where there is none at all. Compaction leaves it as it is.
  public var earliest: Int64
  /// Offset that the next record gets, at least.
  public var end: Int64

  /// The bounds `earliest ..< end`.
  public init(earliest: Int64, end: Int64) {
    self.earliest = earliest
    self.end = end
  }
}

/// How a topic is laid out.
public struct TopicSpecification: Hashable, Sendable {
  /// What may be discarded.
  public enum Retention: Hashable, Sendable {
    /// Nothing, ever.
    case forever
    /// Records older than this.
    case age(Duration)
    /// All but the last record of each key.
    case compacted
  }

  /// Name: `a-z A-Z 0-9 . _ -`, at most 249 characters.
  public var name: String
  /// Number of partitions, fixed for the topic's life: the key's partition depends on it.
  public var partitionCount: Int
  /// What may be discarded.
  public var retention: Retention
  /// Copies that brokers keep of each record; nil for the log's own default, and for a log that keeps one.
  public var replicationFactor: Int?

  /// A topic with all its parts.
  public init(name: String, partitionCount: Int, retention: Retention, replicationFactor: Int? = nil) {
    self.name = name
    self.partitionCount = partitionCount
    self.retention = retention
    self.replicationFactor = replicationFactor
  }
}
