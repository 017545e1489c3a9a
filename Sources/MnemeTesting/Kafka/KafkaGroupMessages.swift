/// A request that concerns a group's members, in the versions that librdkafka 2.0 sends. Field by field as in Kafka's
/// JoinGroupRequest.json and its siblings.
enum KafkaGroupRequest {
  case join(String, KafkaGroup.Join)
  case sync(String, KafkaGroup.Credentials, [String: [UInt8]])
  case heartbeat(String, KafkaGroup.Credentials)
  case leave(String, String)
  case commit(String, KafkaGroup.Credentials, KafkaOffsetCommit)

  /// Nil where it is another request, in another version, or where its bytes do not fit.
  init?(_ frame: [UInt8], _ request: KafkaRequestFrame) {
    // Length, type, version and id; then the client's name.
    var reader = KafkaReader(frame, from: 12)
    guard reader.nullableString() != nil else { return nil }
    let version = request.apiVersion
    let parsed: KafkaGroupRequest?
    switch request.apiKey {
    case .joinGroup where version <= 5: parsed = Self.join(&reader, version)
    case .syncGroup where version <= 3: parsed = Self.sync(&reader, version)
    case .heartbeat where version <= 3: parsed = Self.heartbeat(&reader, version)
    case .leaveGroup where version <= 2: parsed = Self.leave(&reader)
    case .offsetCommit where (2...7).contains(version): parsed = Self.commit(&reader, frame, version)
    case .txnOffsetCommit where version == 3: parsed = Self.transactionCommit(&reader, frame)
    default: parsed = nil
    }
    guard let parsed else { return nil }
    self = parsed
  }

  private static func join(_ reader: inout KafkaReader, _ version: Int16) -> KafkaGroupRequest? {
    guard let group = reader.string(), let session = reader.int32() else { return nil }
    let rebalance = version >= 1 ? reader.int32() : session
    guard let rebalance, let memberID = reader.string() else { return nil }
    guard let instance = version >= 5 ? reader.nullableString() : .some(nil) else { return nil }
    guard reader.string() != nil, let count = reader.int32() else { return nil }
    var protocols: [KafkaGroup.Strategy] = []
    for _ in 0..<max(count, 0) {
      guard let name = reader.string(), let metadata = reader.sized() else { return nil }
      protocols.append(KafkaGroup.Strategy(name: name, metadata: metadata))
    }
    return .join(
      group,
      KafkaGroup.Join(
        memberID: memberID, instanceID: instance, sessionTimeout: .milliseconds(Int(session)),
        rebalanceTimeout: .milliseconds(Int(rebalance)), protocols: protocols))
  }

  private static func sync(_ reader: inout KafkaReader, _ version: Int16) -> KafkaGroupRequest? {
    guard let group = reader.string(), let member = self.member(&reader, hasInstance: version >= 3),
      let count = reader.int32()
    else { return nil }
    var assignments: [String: [UInt8]] = [:]
    for _ in 0..<max(count, 0) {
      guard let id = reader.string(), let assignment = reader.sized() else { return nil }
      assignments[id] = assignment
    }
    return .sync(group, member, assignments)
  }

  private static func heartbeat(_ reader: inout KafkaReader, _ version: Int16) -> KafkaGroupRequest? {
    guard let group = reader.string(), let member = self.member(&reader, hasInstance: version >= 3)
    else { return nil }
    return .heartbeat(group, member)
  }

  private static func leave(_ reader: inout KafkaReader) -> KafkaGroupRequest? {
    guard let group = reader.string(), let memberID = reader.string() else { return nil }
    return .leave(group, memberID)
  }

  private static func member(_ reader: inout KafkaReader, hasInstance: Bool) -> KafkaGroup.Credentials? {
    guard let generation = reader.int32(), let id = reader.string(),
      let instance = hasInstance ? reader.nullableString() : .some(nil)
    else { return nil }
    return KafkaGroup.Credentials(memberID: id, instanceID: instance, generation: generation)
  }

  private static func commit(
    _ reader: inout KafkaReader, _ frame: [UInt8], _ version: Int16
  ) -> KafkaGroupRequest? {
    guard let group = reader.string() else { return nil }
    let start = reader.position
    guard let generation = reader.int32(), let id = reader.string() else { return nil }
    var anonymous = KafkaWriter.bigEndian(Int32(-1)) + KafkaWriter.bigEndian(Int16(0))
    if version <= 4 {
      guard let retention = reader.bytes(8) else { return nil }
      anonymous += retention
    }
    var instance: String?
    if version == 7 {
      guard let text = reader.nullableString() else { return nil }
      instance = text
      anonymous += KafkaWriter.bigEndian(Int16(-1))
    }
    let end = reader.position
    guard let topicCount = reader.int32() else { return nil }
    var topics: [KafkaOffsetCommit.Topic] = []
    for _ in 0..<max(topicCount, 0) {
      guard let name = reader.string(), let count = reader.int32() else { return nil }
      var partitions: [Int32] = []
      for _ in 0..<max(count, 0) {
        guard let partition = reader.int32(), reader.skip(version >= 6 ? 12 : 8), reader.nullableString() != nil
        else { return nil }
        partitions.append(partition)
      }
      topics.append(KafkaOffsetCommit.Topic(name: name, partitions: partitions))
    }
    return .commit(
      group, KafkaGroup.Credentials(memberID: id, instanceID: instance, generation: generation),
      KafkaOffsetCommit(frame, replacing: start..<end, by: anonymous, topics: topics))
  }

  private static func transactionCommit(_ reader: inout KafkaReader, _ frame: [UInt8]) -> KafkaGroupRequest? {
    // Tags of the header, transactional id, group, producer's id and epoch.
    guard reader.skipTags(), reader.compactString() != nil, let group = reader.compactString(), reader.skip(10)
    else { return nil }
    let start = reader.position
    guard let generation = reader.int32(), let id = reader.compactString(), let hasInstance = reader.peek(),
      let instance = reader.compactString()
    else { return nil }
    let end = reader.position
    guard let topicCount = reader.unsigned() else { return nil }
    var topics: [KafkaOffsetCommit.Topic] = []
    for _ in 1..<max(topicCount, 1) {
      guard let name = reader.compactString(), let count = reader.unsigned() else { return nil }
      var partitions: [Int32] = []
      for _ in 1..<max(count, 1) {
        guard let partition = reader.int32(), reader.skip(12), reader.compactString() != nil, reader.skipTags()
        else { return nil }
        partitions.append(partition)
      }
      guard reader.skipTags() else { return nil }
      topics.append(KafkaOffsetCommit.Topic(name: name, partitions: partitions))
    }
    let member = KafkaGroup.Credentials(
      memberID: id, instanceID: hasInstance == 0 ? nil : instance, generation: generation)
    // An empty text, and no text.
    let anonymous = KafkaWriter.bigEndian(Int32(-1)) + [1, 0]
    return .commit(
      group, member, KafkaOffsetCommit(frame, replacing: start..<end, by: anonymous, topics: topics))
  }
}

/// A commit of offsets, inside a transaction or not.
struct KafkaOffsetCommit {
  struct Topic {
    let name: String
    let partitions: [Int32]
  }

  /// The request as one who is no member of the group would make it: the broker behind the proxy knows no members.
  let anonymous: [UInt8]
  private let topics: [Topic]

  init(_ frame: [UInt8], replacing range: Range<Int>, by bytes: [UInt8], topics: [Topic]) {
    let rest = frame[4..<range.lowerBound] + bytes + frame[range.upperBound...]
    self.anonymous = KafkaWriter.bigEndian(Int32(rest.count)) + rest
    self.topics = topics
  }

  /// The answer that refuses every partition.
  func refused(_ failure: KafkaGroup.Failure, _ request: KafkaRequestFrame) -> [UInt8] {
    let isCompact = request.apiKey == .txnOffsetCommit
    var body = KafkaWriter()
    body.integer(request.correlationID)
    if isCompact { body.integer(UInt8(0)) }
    if isCompact || request.apiVersion >= 3 { body.integer(Int32(0)) }
    body.count(self.topics.count, isCompact: isCompact)
    for topic in self.topics {
      if isCompact { body.compactString(topic.name) } else { body.string(topic.name) }
      body.count(topic.partitions.count, isCompact: isCompact)
      for partition in topic.partitions {
        body.integer(partition)
        body.integer(failure.rawValue)
        if isCompact { body.integer(UInt8(0)) }
      }
      if isCompact { body.integer(UInt8(0)) }
    }
    if isCompact { body.integer(UInt8(0)) }
    var frame = KafkaWriter()
    frame.sized(body.bytes)
    return frame.bytes
  }
}

/// Answers about a group's members.
enum KafkaGroupAnswer {
  static func join(
    _ result: Result<KafkaGroup.Joined, KafkaGroup.Failure>, memberID: String, _ request: KafkaRequestFrame
  ) -> [UInt8] {
    self.frame(request, throttledFrom: 2) { body in
      switch result {
      case .failure(let failure):
        body.integer(failure.rawValue)
        body.integer(Int32(-1))
        body.string("")
        body.string("")
        body.string(memberID)
        body.integer(Int32(0))
      case .success(let joined):
        body.integer(Int16(0))
        body.integer(joined.generation)
        body.string(joined.protocolName)
        body.string(joined.leaderID)
        body.string(joined.memberID)
        body.integer(Int32(joined.members.count))
        for member in joined.members {
          body.string(member.id)
          if request.apiVersion >= 5 { body.string(member.instanceID) }
          body.sized(member.metadata)
        }
      }
    }
  }

  static func sync(_ result: Result<[UInt8], KafkaGroup.Failure>, _ request: KafkaRequestFrame) -> [UInt8] {
    self.frame(request, throttledFrom: 1) { body in
      switch result {
      case .failure(let failure):
        body.integer(failure.rawValue)
        body.sized([])
      case .success(let assignment):
        body.integer(Int16(0))
        body.sized(assignment)
      }
    }
  }

  /// The answer to Heartbeat and LeaveGroup.
  static func plain(_ failure: KafkaGroup.Failure?, _ request: KafkaRequestFrame) -> [UInt8] {
    self.frame(request, throttledFrom: 1) { $0.integer(failure?.rawValue ?? 0) }
  }

  private static func frame(
    _ request: KafkaRequestFrame, throttledFrom version: Int16, _ body: (inout KafkaWriter) -> Void
  ) -> [UInt8] {
    var writer = KafkaWriter()
    writer.integer(request.correlationID)
    if request.apiVersion >= version { writer.integer(Int32(0)) }
    body(&writer)
    var frame = KafkaWriter()
    frame.sized(writer.bytes)
    return frame.bytes
  }
}
