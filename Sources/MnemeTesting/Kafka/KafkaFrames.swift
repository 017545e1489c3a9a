/// The number of a request type in Kafka's protocol.
public struct KafkaAPIKey: RawRepresentable, Hashable, Sendable {
  /// The number on the wire.
  public let rawValue: Int16

  /// The type with that number.
  public init(rawValue: Int16) { self.rawValue = rawValue }

  /// Appends records.
  public static let produce = KafkaAPIKey(rawValue: 0)
  /// Reads records.
  public static let fetch = KafkaAPIKey(rawValue: 1)
  /// Looks up offsets by time, the first and the last one included.
  public static let listOffsets = KafkaAPIKey(rawValue: 2)
  /// Names brokers, topics and leaders.
  public static let metadata = KafkaAPIKey(rawValue: 3)
  /// Stores a group's offsets, outside of a transaction.
  public static let offsetCommit = KafkaAPIKey(rawValue: 8)
  /// Reads a group's stored offsets.
  public static let offsetFetch = KafkaAPIKey(rawValue: 9)
  /// Names the broker that coordinates a group or a transactional id.
  public static let findCoordinator = KafkaAPIKey(rawValue: 10)
  /// Enters a consumer group.
  public static let joinGroup = KafkaAPIKey(rawValue: 11)
  /// Says that a member of a group lives.
  public static let heartbeat = KafkaAPIKey(rawValue: 12)
  /// Leaves a consumer group.
  public static let leaveGroup = KafkaAPIKey(rawValue: 13)
  /// Hands out a group's assignment.
  public static let syncGroup = KafkaAPIKey(rawValue: 14)
  /// Names the request types a broker understands.
  public static let apiVersions = KafkaAPIKey(rawValue: 18)
  /// Creates topics.
  public static let createTopics = KafkaAPIKey(rawValue: 19)
  /// Gives a producer its id and epoch, and fences the one before it.
  public static let initProducerID = KafkaAPIKey(rawValue: 22)
  /// Makes a partition part of a transaction.
  public static let addPartitionsToTxn = KafkaAPIKey(rawValue: 24)
  /// Makes a group's offsets part of a transaction.
  public static let addOffsetsToTxn = KafkaAPIKey(rawValue: 25)
  /// Commits or aborts a transaction.
  public static let endTxn = KafkaAPIKey(rawValue: 26)
  /// Stores a group's offsets inside a transaction.
  public static let txnOffsetCommit = KafkaAPIKey(rawValue: 28)
  /// Names the brokers of a cluster.
  public static let describeCluster = KafkaAPIKey(rawValue: 60)
}

/// The header of one request.
public struct KafkaRequestFrame: Sendable {
  /// What is asked.
  public let apiKey: KafkaAPIKey
  /// In which version of that request type.
  public let apiVersion: Int16
  /// The number that the answer will carry.
  public let correlationID: Int32
  /// The client's `client.id`; nil where it has none.
  public let clientID: String?

  /// Nil where `frame`, which starts with its four bytes of length, does not start a request.
  init?(frame: [UInt8]) {
    var reader = KafkaReader(frame, from: 4)
    guard let apiKey = reader.int16(), let apiVersion = reader.int16(), let correlationID = reader.int32(),
      let length = reader.int16()
    else { return nil }
    self.apiKey = KafkaAPIKey(rawValue: apiKey)
    self.apiVersion = apiVersion
    self.correlationID = correlationID
    if length < 0 {
      self.clientID = nil
    } else {
      guard let bytes = reader.bytes(Int(length)) else { return nil }
      self.clientID = String(decoding: bytes, as: UTF8.self)
    }
  }
}

/// What a proxy does with one request.
public enum KafkaFault: Sendable, Equatable {
  /// Nothing unusual.
  case pass
  /// Closes the connection; the broker never sees the request.
  case dropRequest
  /// Lets the broker apply the request, then closes the connection instead of answering. A request that has no
  /// answer (Produce with acks 0) just passes.
  case dropAnswer
  /// Sends the answer no earlier than this long after the request came, and those behind it not before it.
  case delay(Duration)
}

/// What a proxy reads in answers, and writes into them. Frames start with their four bytes of length.
enum KafkaAnswer {
  /// The number that ties an answer to its request; nil where the frame is too short.
  static func correlationID(_ frame: [UInt8]) -> Int32? {
    var reader = KafkaReader(frame, from: 4)
    return reader.int32()
  }

  /// True where answers of this type name brokers with host and port.
  static func namesBrokers(_ apiKey: KafkaAPIKey) -> Bool {
    [.metadata, .findCoordinator, .describeCluster].contains(apiKey)
  }

  /// Writes `port` where `frame` says that a broker is at 127.0.0.1 and `old`.
  ///
  /// In every version of these answers the four bytes of the port follow right after the text of the host, so a
  /// replacement of equal length is enough and nothing has to be parsed. No topic, group or rack may hold such bytes.
  static func replacePort(_ old: Int, by port: Int, in frame: inout [UInt8]) {
    let host = Array("127.0.0.1".utf8)
    let needle = host + KafkaWriter.bigEndian(Int32(old))
    let replacement = host + KafkaWriter.bigEndian(Int32(port))
    var index = 8
    while index + needle.count <= frame.count {
      if frame[index] == needle[0], frame[index..<index + needle.count].elementsEqual(needle) {
        frame.replaceSubrange(index..<index + needle.count, with: replacement)
        index += needle.count
      } else {
        index += 1
      }
    }
  }

  /// True where a Fetch answer carries no record and no error, which is the answer Kafka would have waited with.
  ///
  /// The rule: read the answer up to the length field of each partition's records, which is 0 or null in all of them,
  /// with error code 0 in all. An answer that names no partition is empty too (an incremental fetch session without
  /// news). A version outside 4...13, the ones noida-db has and clients use, and bytes that do not fit the version,
  /// count as not empty: such an answer is not held.
  static func isEmptyFetch(_ frame: [UInt8], version: Int16) -> Bool {
    guard (4...13).contains(version) else { return false }
    var reader = KafkaReader(frame, from: 8)
    return reader.isEmptyFetch(version: version) ?? false
  }
}

extension KafkaReader {
  /// Reads the body of a Fetch answer; nil where it ends too early. Field by field as in Kafka's FetchResponse.json.
  fileprivate mutating func isEmptyFetch(version: Int16) -> Bool? {
    let isFlexible = version >= 12
    if isFlexible { guard self.skipTags() else { return nil } }
    guard self.skip(4) else { return nil }  // throttle time
    if version >= 7 {
      guard let error = self.int16(), self.skip(4) else { return nil }  // session id
      if error != 0 { return false }
    }
    guard let topicCount = self.arrayCount(isCompact: isFlexible) else { return nil }
    for _ in 0..<topicCount {
      let nameLength = version >= 13 ? 16 : self.stringLength(isCompact: isFlexible)
      guard let nameLength, self.skip(nameLength), let partitionCount = self.arrayCount(isCompact: isFlexible)
      else { return nil }
      for _ in 0..<partitionCount {
        guard let isEmpty = self.isEmptyPartition(version: version) else { return nil }
        if !isEmpty { return false }
      }
      if isFlexible { guard self.skipTags() else { return nil } }
    }
    return isFlexible ? self.skipTags() ? true : nil : true
  }

  private mutating func isEmptyPartition(version: Int16) -> Bool? {
    let isFlexible = version >= 12
    guard self.skip(4), let error = self.int16() else { return nil }  // index
    if error != 0 { return false }
    guard self.skip(version >= 5 ? 24 : 16) else { return nil }  // high watermark, stable offset, start offset
    guard let abortedCount = self.arrayCount(isCompact: isFlexible) else { return nil }
    for _ in 0..<abortedCount {
      guard self.skip(16), !isFlexible || self.skipTags() else { return nil }  // producer id, first offset
    }
    if version >= 11 { guard self.skip(4) else { return nil } }  // preferred replica
    guard let length = isFlexible ? self.unsigned().map({ Int($0) - 1 }) : self.int32().map({ Int($0) })
    else { return nil }
    if length > 0 { return false }
    return isFlexible ? self.skipTags() ? true : nil : true
  }

  /// The count of an array; 0 where it is null.
  private mutating func arrayCount(isCompact: Bool) -> Int? {
    isCompact ? self.unsigned().map { max(0, Int($0) - 1) } : self.int32().map { max(0, Int($0)) }
  }

  private mutating func stringLength(isCompact: Bool) -> Int? {
    isCompact ? self.unsigned().map { max(0, Int($0) - 1) } : self.int16().map { max(0, Int($0)) }
  }
}
