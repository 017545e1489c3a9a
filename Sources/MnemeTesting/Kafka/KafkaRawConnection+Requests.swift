import FoundationEssentials

/// The few requests that fixtures and their tests make, on topics of one partition. Each throws `KafkaFixtureError`
/// where the connection ends, the answer cannot be read, or the broker answers with an error code.
extension KafkaRawConnection {
  /// The ports at which the brokers are said to be, by Metadata, FindCoordinator and DescribeCluster, in this order.
  public func advertisedPorts() async throws -> [Int] {
    var noTopics = KafkaWriter()
    noTopics.integer(Int32(0))
    var metadata = try await self.ask(.metadata, version: 1, body: noTopics)
    let metadataPort = try metadata.read("Metadata") { reader -> Int32? in
      guard reader.int32() == 1, reader.skip(4), reader.string() != nil else { return nil }  // brokers, id, host
      return reader.int32()
    }

    var group = KafkaWriter()
    group.string("mneme-test")
    var coordinator = try await self.ask(.findCoordinator, version: 0, body: group)
    let coordinatorPort = try coordinator.read("FindCoordinator") { reader -> Int32? in
      guard reader.int16() == 0, reader.skip(4), reader.string() != nil else { return nil }  // error, id, host
      return reader.int32()
    }

    var options = KafkaWriter()
    options.raw([0, 0])  // no authorized operations, no tags
    var cluster = try await self.ask(.describeCluster, version: 0, body: options, isFlexible: true)
    let clusterPort = try cluster.read("DescribeCluster") { reader -> Int32? in
      guard reader.unsigned() == 0, reader.skip(4), reader.int16() == 0, reader.compactString() != nil,
        reader.compactString() != nil, reader.skip(4), reader.unsigned() == 2, reader.skip(4),
        reader.compactString() != nil
      else { return nil }  // tags, throttle time, error, message, cluster id, controller, brokers, id, host
      return reader.int32()
    }
    return [metadataPort, coordinatorPort, clusterPort].map { Int($0) }
  }

  /// Creates a topic with one partition.
  public func createTopic(_ name: String) async throws {
    var answer = try await self.ask(.createTopics, version: 2, body: Self.createTopicBody(name))
    let error = try answer.read("CreateTopics") { reader -> Int16? in
      guard reader.skip(4), reader.int32() == 1, reader.string() == name else { return nil }  // throttle time, topics
      return reader.int16()
    }
    guard error == 0 else { throw KafkaFixtureError("topic '\(name)' is not created: Kafka's error \(error)") }
  }

  /// The body of a CreateTopics request, version 2.
  public static func createTopicBody(_ name: String) -> KafkaWriter {
    var body = KafkaWriter()
    body.integer(Int32(1))
    body.string(name)
    body.integer(Int32(1))  // partitions
    body.integer(Int16(1))  // replicas
    body.integer(Int32(0))  // assignments
    body.integer(Int32(0))  // configs
    body.integer(Int32(30_000))  // time limit in ms
    body.integer(Int8(0))  // not only checked
    return body
  }

  /// The offset that the next record of a topic will have.
  public func endOffset(of topic: String) async throws -> Int {
    var body = KafkaWriter()
    body.integer(Int32(-1))  // replica
    body.partition(0, of: topic)
    body.integer(Int64(-1))  // the latest
    var answer = try await self.ask(.listOffsets, version: 1, body: body)
    let offset = try answer.read("ListOffsets of '\(topic)'") { reader -> Int64? in
      guard reader.int32() == 1, reader.string() == topic, reader.int32() == 1, reader.skip(4), reader.int16() == 0,
        reader.skip(8)
      else { return nil }  // topics, name, partitions, index, error, time
      return reader.int64()
    }
    return Int(offset)
  }

  /// Appends records without keys and waits until they are acknowledged.
  /// - Returns: the offset of the first one.
  @discardableResult
  public func produce(_ values: [String], to topic: String) async throws -> Int {
    var answer = try await self.ask(.produce, version: 3, body: Self.produceBody(values, to: topic))
    let offset = try answer.read("Produce to '\(topic)'") { reader -> Int64? in
      guard reader.int32() == 1, reader.string() == topic, reader.int32() == 1, reader.skip(4), reader.int16() == 0
      else { return nil }  // topics, name, partitions, index, error
      return reader.int64()
    }
    return Int(offset)
  }

  /// The body of a Produce request, version 3, with acks of all replicas.
  public static func produceBody(_ values: [String], to topic: String) -> KafkaWriter {
    var body = KafkaWriter()
    body.string(nil)  // no transaction
    body.integer(Int16(-1))  // acks
    body.integer(Int32(30_000))  // time limit in ms
    body.partition(0, of: topic)
    body.sized(self.batch(values))
    return body
  }

  /// Reads a topic from an offset on.
  /// - Returns: the bytes of its record batches.
  public func fetch(_ topic: String, from offset: Int) async throws -> [UInt8] {
    var answer = try await self.ask(.fetch, version: 4, body: Self.fetchBody(topic, from: offset))
    return try answer.read("Fetch of '\(topic)'") { reader -> [UInt8]? in
      guard reader.skip(4), reader.int32() == 1, reader.string() == topic, reader.int32() == 1, reader.skip(4),
        reader.int16() == 0, reader.skip(16), let aborted = reader.int32(), reader.skip(16 * Int(max(0, aborted))),
        let size = reader.int32()
      else { return nil }  // throttle time, topics, name, partitions, index, error, watermarks
      return reader.bytes(Int(max(0, size))).map { Array($0) }
    }
  }

  /// The body of a Fetch request, version 4, of committed and other records.
  public static func fetchBody(_ topic: String, from offset: Int) -> KafkaWriter {
    var body = KafkaWriter()
    body.integer(Int32(-1))  // replica
    body.integer(Int32(500))  // longest wait in ms
    body.integer(Int32(1))  // least bytes
    body.integer(Int32(1 << 20))  // most bytes
    body.integer(Int8(0))  // read uncommitted
    body.partition(0, of: topic)
    body.integer(Int64(offset))
    body.integer(Int32(1 << 20))  // most bytes of the partition
    return body
  }

  /// A record batch in format 2: no producer id, no compression, time of now.
  private static func batch(_ values: [String]) -> [UInt8] {
    let now = Int64(Date().timeIntervalSince1970 * 1_000)
    var checked = KafkaWriter()
    checked.integer(Int16(0))  // attributes
    checked.integer(Int32(values.count - 1))  // offset of the last record
    checked.integer(now)
    checked.integer(now)
    checked.integer(Int64(-1))  // producer id
    checked.integer(Int16(-1))  // producer epoch
    checked.integer(Int32(-1))  // sequence
    checked.integer(Int32(values.count))
    for (index, value) in values.enumerated() {
      var record = KafkaWriter()
      record.integer(Int8(0))  // attributes
      record.zigzag(0)  // time
      record.zigzag(index)
      record.zigzag(-1)  // no key
      record.zigzag(value.utf8.count)
      record.raw(Array(value.utf8))
      record.zigzag(0)  // headers
      checked.zigzag(record.bytes.count)
      checked.raw(record.bytes)
    }
    var batch = KafkaWriter()
    batch.integer(Int64(0))  // offset of the first record
    batch.integer(Int32(9 + checked.bytes.count))
    batch.integer(Int32(-1))  // leader epoch
    batch.integer(Int8(2))  // format
    batch.integer(self.crc32c(checked.bytes))
    batch.raw(checked.bytes)
    return batch.bytes
  }

  /// The checksum of record batches, CRC-32C.
  private static func crc32c(_ bytes: [UInt8]) -> UInt32 {
    var sum = UInt32.max
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 0 ? sum >> 1 : (sum >> 1) ^ 0x82F6_3B78 }
    }
    return ~sum
  }
}

extension KafkaReader {
  /// What `body` reads; an error where that is nil.
  fileprivate mutating func read<Value>(_ name: String, _ body: (inout KafkaReader) -> Value?) throws -> Value {
    guard let value = body(&self) else {
      throw KafkaFixtureError("the answer to \(name) is an error or not as the protocol has it")
    }
    return value
  }
}

extension KafkaWriter {
  /// A list of one topic with a list of one partition, as far as the partition's number.
  fileprivate mutating func partition(_ number: Int32, of topic: String) {
    self.integer(Int32(1))
    self.string(topic)
    self.integer(Int32(1))
    self.integer(number)
  }
}
