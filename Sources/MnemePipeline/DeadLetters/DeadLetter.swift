public import EventLog
public import MnemeCore

/// A record that could not be processed, with the reason and its original bytes.
///
/// On the log it is an event of type `record.parked`: `ce_…` headers say where it came from and why, every original
/// header stands again with the prefix `original:`, key and value are those of the original.
public struct DeadLetter: Hashable, Sendable {
  /// Follows from the original's position.
  public var id: String
  /// Where the original stands.
  public var original: LogPosition
  /// The original's event type, as far as it can be told.
  public var originalType: String?
  /// The original's event id, as far as it can be told.
  public var originalID: String?
  /// Why.
  public var reason: ParkingReason
  /// When it was parked.
  public var parkedAt: Timestamp
  /// The original key.
  public var key: [UInt8]?
  /// The original value.
  public var value: [UInt8]
  /// The original headers.
  public var headers: [LogHeader]
  /// When a record of an outside publisher was appended, which is its time where it tells none; nil for all others.
  public var arrivedAt: Timestamp?
  /// Whether the original was too large to be written again: key, value and most headers stand in its topic alone, for
  /// as long as that keeps them.
  public var isAbridged: Bool

  private static let originalPrefix = "original:"
  private static let arrivalHeader = "ce_originaltime"
  private static let firstOffsetHeader = "ce_\(InputPosition.firstOffset)"
  private static let abridgedHeader = "ce_originalabridged"

  /// The dead letter of `record`.
  public init(_ record: LogRecord, reason: ParkingReason, at parkedAt: Timestamp) {
    let position = record.position
    self.id = Derivation.uuid("deadletter", position.topicPartition.description, String(position.offset)).text
    self.original = position
    self.originalType = record.header("ce_type")
    self.originalID = record.header("ce_id")
    self.reason = reason
    self.parkedAt = parkedAt
    self.key = record.key
    self.value = record.value
    self.headers = Array(record.headers)
    self.arrivedAt = position.topicPartition.topic == Topics.ingress ? IngressEnvelope.arrival(of: record) : nil
    self.isAbridged = false
  }

  /// Reads a record of the dead-letter topic; nil where it is no dead letter.
  public init?(parked record: LogRecord) {
    guard record.header("ce_type") == EventType.recordParked.rawValue,
      let id = record.header("ce_id"), let time = record.header("ce_time").flatMap(Timestamp.init),
      let topic = record.header("ce_originaltopic"),
      let partition = record.header("ce_originalpartition").flatMap({ Int($0) }),
      let offset = record.header("ce_originaloffset").flatMap({ Int64($0) })
    else { return nil }
    self.id = id
    self.original = LogPosition(TopicPartition(topic, partition), offset)
    self.headers = record.headers.filter { $0.name.hasPrefix(Self.originalPrefix) }
      .map { LogHeader(String($0.name.dropFirst(Self.originalPrefix.count)), bytes: $0.value) }
    self.originalType = record.header("\(Self.originalPrefix)ce_type")
    self.originalID = record.header("\(Self.originalPrefix)ce_id")
    self.reason = ParkingReason(
      stage: record.header("ce_reasonstage") ?? "", code: record.header("ce_reasoncode") ?? "",
      detail: record.header("ce_reasondetail") ?? "",
      attempts: record.header("ce_reasonattempts").flatMap { Int($0) } ?? 0)
    self.parkedAt = time
    self.key = record.key
    self.value = record.value
    self.arrivedAt = record.header(Self.arrivalHeader).flatMap(Timestamp.init)
    self.isAbridged = record.header(Self.abridgedHeader) == "true"
  }

  /// Most bytes of a header that an abridged dead letter keeps.
  static let maxAbridgedHeaderByteCount = 1024

  /// The same without the original's bytes, for one that the log does not take whole.
  var abridged: DeadLetter {
    var letter = self
    letter.isAbridged = true
    letter.key = nil
    letter.value = []
    letter.headers = ["ce_id", "ce_type", "ce_source", "ce_tenant"].compactMap { name in
      self.headers.first { $0.name == name && $0.value.count <= Self.maxAbridgedHeaderByteCount }
    }
    return letter
  }

  /// The record for the dead-letter topic. It stays in the partition of the original.
  public var record: NewRecord {
    var headers = [
      LogHeader("ce_specversion", "1.0"), LogHeader("ce_id", id),
      LogHeader("ce_type", EventType.recordParked.rawValue), LogHeader("ce_source", "/mneme/\(reason.stage)"),
      LogHeader("ce_time", parkedAt.description),
      LogHeader("ce_originaltopic", original.topicPartition.topic),
      LogHeader("ce_originalpartition", String(original.topicPartition.partition)),
      LogHeader("ce_originaloffset", String(original.offset)),
      LogHeader("ce_reasonstage", reason.stage), LogHeader("ce_reasoncode", reason.code),
      LogHeader("ce_reasondetail", reason.detail), LogHeader("ce_reasonattempts", String(reason.attempts)),
    ]
    if let arrivedAt { headers.append(LogHeader(Self.arrivalHeader, arrivedAt.description)) }
    if isAbridged { headers.append(LogHeader(Self.abridgedHeader, "true")) }
    headers += self.headers.map { LogHeader(Self.originalPrefix + $0.name, bytes: $0.value) }
    return NewRecord(
      topic: Topics.deadLetters, key: key, value: value, headers: headers,
      partition: original.topicPartition.partition)
  }

  /// The original, to be appended to its topic again, in its partition; nil where it is abridged. What was said is not
  /// said anew: a record of an outside publisher that told no time gets the time when it first arrived, and a turn gets
  /// the offset at which it stood first.
  public var originalRecord: NewRecord? { isAbridged ? nil : again(key, value, headers) }

  /// The same of an abridged letter, with what its topic still holds: `record` of the original's position.
  func originalRecord(_ record: LogRecord) -> NewRecord { again(record.key, record.value, Array(record.headers)) }

  private func again(_ key: [UInt8]?, _ value: [UInt8], _ headers: [LogHeader]) -> NewRecord {
    var headers = headers
    if let arrivedAt, !headers.contains(where: { $0.name == "ce_time" }) {
      headers.append(LogHeader("ce_time", arrivedAt.description))
    }
    // What was deleted after a turn was said stays deleted, however late the turn is processed: it tells where it stood
    // first, also where it is parked and put back again.
    if original.topicPartition.topic == Topics.turns, !headers.contains(where: { $0.name == Self.firstOffsetHeader }) {
      headers.append(LogHeader(Self.firstOffsetHeader, String(original.offset)))
    }
    return NewRecord(
      topic: original.topicPartition.topic, key: key, value: value, headers: headers,
      partition: original.topicPartition.partition)
  }
}
