import CRdkafka
import EventLog

/// A record with the partition that it goes to.
struct PlacedRecord: Sendable {
  /// Name of the topic on the brokers.
  var topic: String
  var partition: Int32
  var record: NewRecord
}

extension PlacedRecord {
  /// Hands the record to the producer `client`, which has copied it when this returns. Its delivery report has
  /// `opaque`.
  func produce(by client: OpaquePointer, opaque: Int) throws(KafkaFailure) {
    let headers = self.record.headers.isEmpty ? nil : rd_kafka_headers_new(self.record.headers.count)
    for header in self.record.headers {
      header.value.withUnsafeBytes { bytes in
        _ = rd_kafka_header_add(
          headers, header.name, -1, bytes.baseAddress ?? Self.nothing, bytes.count)
      }
    }
    let code = self.record.value.withUnsafeBytes { value in
      self.withKey { key, keyCount in
        mneme_rd_kafka_produce(
          client, self.topic, self.partition, key, keyCount, value.baseAddress ?? Self.nothing, value.count, headers,
          UnsafeMutableRawPointer(bitPattern: opaque))
      }
    }
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
    if let headers { rd_kafka_headers_destroy(headers) }
    throw KafkaFailure(code)
  }

  /// Stands for no bytes where NULL would stand for no value.
  /// Nobody writes there, and it is never freed.
  nonisolated(unsafe) private static let nothing = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))

  private func withKey<Value>(_ body: (UnsafeRawPointer?, Int) -> Value) -> Value {
    guard let key = self.record.key else { return body(nil, 0) }
    return key.withUnsafeBytes { body($0.baseAddress ?? Self.nothing, $0.count) }
  }
}

extension LogRecord {
  /// Copies `message`, which is a record of `partition`.
  init(_ message: UnsafeMutablePointer<rd_kafka_message_t>, _ partition: TopicPartition) {
    let fields = message.pointee
    var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
    let time = rd_kafka_message_timestamp(message, &type)
    self.init(
      position: LogPosition(partition, fields.offset), appendedAtMilliseconds: max(time, 0),
      key: fields.key.map { Array(UnsafeRawBufferPointer(start: $0, count: fields.key_len)) },
      value: fields.payload.map { Array(UnsafeRawBufferPointer(start: $0, count: fields.len)) } ?? [],
      headers: RecordHeaders(Self.headers(of: message)))
  }

  private static func headers(of message: UnsafeMutablePointer<rd_kafka_message_t>) -> [LogHeader] {
    var list: OpaquePointer?
    guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
    var headers: [LogHeader] = []
    var name: UnsafePointer<CChar>?
    var value: UnsafeRawPointer?
    var count = 0
    while rd_kafka_header_get_all(list, headers.count, &name, &value, &count) == RD_KAFKA_RESP_ERR_NO_ERROR, let name {
      let bytes = value.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) } ?? []
      headers.append(LogHeader(String(cString: name), bytes: bytes))
    }
    return headers
  }
}

/// Runs `body` with a list of partitions that lives as long as the call. An offset of nil is librdkafka's "invalid".
func withPartitionList<Value, Failure: Error>(
  _ partitions: some Sequence<(topic: String, partition: Int, offset: Int64?)>,
  _ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) throws(Failure) -> Value
) throws(Failure) -> Value {
  guard let list = rd_kafka_topic_partition_list_new(8) else { preconditionFailure("librdkafka has no memory") }
  defer { rd_kafka_topic_partition_list_destroy(list) }
  for item in partitions {
    let element = rd_kafka_topic_partition_list_add(list, item.topic, Int32(item.partition))
    if let offset = item.offset { element?.pointee.offset = offset }
  }
  return try body(list)
}

/// The elements of a list of partitions.
func elements(
  of list: UnsafePointer<rd_kafka_topic_partition_list_t>
) -> UnsafeBufferPointer<rd_kafka_topic_partition_t> {
  UnsafeBufferPointer(start: list.pointee.elems, count: Int(list.pointee.cnt))
}
