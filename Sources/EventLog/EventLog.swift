/// The log: topics of partitions of records, consumer groups, and atomic consume–produce–commit.
///
/// One conformance suite (`EventLogConformance` in `MnemeTesting`) states what every implementation keeps.
public protocol EventLog: Sendable {
  /// Creates the topics that are missing. A topic that exists keeps its partitions;
  /// another partition count than it has is `EventLogError.Code.topicMismatch`.
  func ensureTopics(_ topics: [TopicSpecification]) async throws

  /// Gives a topic that exists another retention; its partitions and replicas stay. A missing one is `.unknownTopic`.
  func setRetention(_ retention: TopicSpecification.Retention, of topic: String) async throws

  /// Every topic that exists, in order of name.
  func topics() async throws -> [TopicSpecification]

  /// Removes a topic with its records and committed offsets; does nothing where it is missing.
  func deleteTopic(_ name: String) async throws

  /// Appends all records or none, and returns their positions in the same order. They are durable when it returns.
  /// Fails with `.backpressure` where too many appends wait already.
  func append(_ records: [NewRecord]) async throws -> [LogPosition]

  /// Up to `limit` committed records of one partition with an offset of at least `offset`, in order, at once:
  /// empty where there is none. An offset below the earliest one held is `.offsetOutOfRange`.
  func read(_ partition: TopicPartition, from offset: Int64, limit: ReadLimit) async throws -> [LogRecord]

  /// The bounds of each partition of `topic`, by number.
  func bounds(of topic: String) async throws -> [OffsetBounds]

  /// Next offset to be consumed by `group`, for each partition that it has committed.
  func committedOffsets(of group: String) async throws -> [TopicPartition: Int64]

  /// Joins `group` as a consumer of `topics`. `instance` is a stable name of this member (static membership): who joins
  /// under the name of an earlier member takes its place at once, and fences it. A member without a name is one of this
  /// moment, whose partitions go to others as soon as it leaves; those of one with a name may wait for it a while.
  func subscribe(group: String, topics: [String], instance: String?) async throws -> any LogConsumer

  /// Returns once there may be a record of `topic` at or after `offset` in `partition`, or after `timeout`.
  func waitForRecords(_ partition: TopicPartition, from offset: Int64, timeout: Duration) async throws

  /// Discards what each topic's retention allows, as of `nowMilliseconds` (since 1970, UTC); returns how many records
  /// went.
  func enforceRetention(nowMilliseconds: Int64) async throws -> Int

  /// Ends all work in order; later calls fail with `.closed`.
  func close() async
}

/// How much one read or poll returns at most; at least one record where there is any.
public struct ReadLimit: Hashable, Sendable {
  /// Number of records.
  public var maxRecordCount: Int
  /// Sum of keys, values and headers, in bytes; one larger record still comes alone.
  public var maxByteCount: Int

  /// At most so many records and bytes.
  public init(maxRecordCount: Int = 500, maxByteCount: Int = 8 << 20) {
    self.maxRecordCount = maxRecordCount
    self.maxByteCount = maxByteCount
  }
}

/// One member of a consumer group. One task polls; `commit` may be called from any task.
public protocol LogConsumer: Sendable {
  /// The next records of the partitions assigned to this member and not paused, in order within each partition,
  /// and what changed in the assignment since the last poll. Returns early, with nothing, after `timeout`.
  /// Polling starts at the committed offset of the group, else at the earliest record; where retention has discarded
  /// the records that come next, at the earliest one still held.
  /// Fails with `.fenced` where another member has joined under this one's name, once it has told what was revoked.
  func poll(limit: ReadLimit, timeout: Duration) async throws -> PollResult

  /// Appends `records` and commits `offsets` (next offset to consume, per partition) together, or neither.
  /// Fails with `.fenced` where this member has not had one of the partitions all the time since its poll told so, or
  /// where the group has committed a later offset already: nothing is written then, and work under way must be given
  /// up.
  func commit(appending records: [NewRecord], offsets: [TopicPartition: Int64]) async throws

  /// Stops `poll` from returning records of these partitions, while membership stays.
  func pause(_ partitions: Set<TopicPartition>) async
  /// Lets `poll` return records of these partitions again.
  func resume(_ partitions: Set<TopicPartition>) async

  /// Continues each given partition at another offset, for work that was given up and is to be done again.
  func seek(_ offsets: [TopicPartition: Int64]) async

  /// Leaves the group.
  func close() async
}

/// What a poll brought.
public struct PollResult: Sendable {
  /// Records in order within each partition.
  public var records: [LogRecord]
  /// Partitions that this member now has and did not have at its last poll.
  public var assigned: Set<TopicPartition>
  /// Partitions that it had and has no longer: their work is given up, their offsets are not committed.
  /// One that went and came back stands here and in `assigned`, and is read again from the committed offset.
  public var revoked: Set<TopicPartition>

  /// A result with all its parts.
  public init(records: [LogRecord] = [], assigned: Set<TopicPartition> = [], revoked: Set<TopicPartition> = []) {
    self.records = records
    self.assigned = assigned
    self.revoked = revoked
  }
}

/// Why the log did not do as asked. Its text holds no key and no value of a record.
public struct EventLogError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure, in words that scripts may rely on.
  public enum Code: String, Sendable, CaseIterable {
    /// Too many appends wait already.
    case backpressure
    /// The partition belongs to another member now.
    case fenced
    /// The topic or partition does not exist.
    case unknownTopic = "unknown_topic"
    /// The topic exists with another partition count.
    case topicMismatch = "topic_mismatch"
    /// The offset is below the earliest record held.
    case offsetOutOfRange = "offset_out_of_range"
    /// The record is larger than the log takes.
    case recordTooLarge = "record_too_large"
    /// No space left on the device.
    case diskFull = "disk_full"
    /// The storage cannot be written: permissions or a read-only file system.
    case readOnly = "read_only"
    /// The storage failed or is damaged.
    case storage
    /// The broker cannot be reached, or did not answer in time.
    case unreachable
    /// The log has been closed.
    case closed
  }

  /// The kind of failure.
  public let code: Code
  /// What happened, to what, and what to do next.
  public let description: String

  /// A failure of kind `code`.
  public init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }

  /// Whether the same call may succeed later with nothing else changed.
  public var isRetriable: Bool {
    switch self.code {
    case .backpressure, .diskFull, .unreachable, .storage: true
    case .fenced, .unknownTopic, .topicMismatch, .offsetOutOfRange, .recordTooLarge, .readOnly, .closed: false
    }
  }
}
