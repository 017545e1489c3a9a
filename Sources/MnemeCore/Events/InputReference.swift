/// Which turn or command a record derives from, and where that stands in the log.
public struct InputReference: Hashable, Sendable, Codable {
  /// The event id.
  public var id: String
  /// The event's type.
  public var type: String
  /// Partition of `mneme.turns`.
  public var partition: Int
  /// Offset in that partition.
  public var offset: Int64
  /// When the door took it in.
  public var receivedAt: Timestamp
  /// Offset in that partition where it first stood, if it was parked there and put back; nil where it is the first.
  public var firstOffset: Int64?

  enum CodingKeys: String, CodingKey {
    case id, type, partition, offset
    case firstOffset = "first_offset"
    case receivedAt = "received_at"
  }

  /// A reference with all its parts.
  public init(
    id: String, type: String, partition: Int, offset: Int64, receivedAt: Timestamp, firstOffset: Int64? = nil
  ) {
    self.id = id
    self.type = type
    self.partition = partition
    self.offset = offset
    self.receivedAt = receivedAt
    self.firstOffset = firstOffset
  }

  /// Where it stood first: what decides whether it was said before or after something else.
  public var firstPosition: TurnsPosition { TurnsPosition(partition: partition, offset: firstOffset ?? offset) }
}

/// A place on `mneme.turns`.
public struct TurnsPosition: Hashable, Sendable {
  /// The partition.
  public var partition: Int
  /// The offset in it.
  public var offset: Int64

  /// The place `offset` of `partition`.
  public init(partition: Int, offset: Int64) {
    self.partition = partition
    self.offset = offset
  }

  /// Whether it stands before `other`. One owner's events are in one partition; between two there is no order.
  public func isBefore(_ other: TurnsPosition) -> Bool { partition == other.partition && offset < other.offset }
}
