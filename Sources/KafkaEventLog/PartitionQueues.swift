import CRdkafka
import EventLog
import Logging

/// librdkafka's queues of a consumer: one of the group's events, one of each partition's records.
///
/// Unchecked: used on the client's queue only.
final class PartitionQueues: @unchecked Sendable {
  private struct Lane {
    let partition: TopicPartition
    let queue: OpaquePointer
    /// A record that did not fit into the last poll.
    var head: LogRecord?
  }

  private let client: KafkaClient
  private let prefix: String
  private var topics: Set<String> = []
  private var lanes: [Lane] = []
  /// Where the next poll begins, so that no partition is starved.
  private var start = 0
  /// Rebalances and errors; nil before `open`.
  private(set) var groupQueue: OpaquePointer?

  private static let seekTimeout: Duration = .seconds(2)

  init(client: KafkaClient, prefix: String) {
    self.client = client
    self.prefix = prefix
  }

  /// Begins to hand out what is assigned of `topics`.
  func open(topics: Set<String>) {
    self.topics = topics
    let queue = rd_kafka_queue_get_consumer(self.client.handle)
    self.groupQueue = queue
    if let queue { KafkaClient.ring(self.client.bell, for: queue) }
  }

  /// Lets go of all queues.
  func close() {
    self.remove(Set(self.lanes.map(\.partition)))
    guard let queue = self.groupQueue else { return }
    rd_kafka_queue_cb_event_enable(queue, nil, nil)
    rd_kafka_queue_destroy(queue)
    self.groupQueue = nil
  }

  /// The partitions of a list, by their names for the log's users; without those that are not for them.
  func named(by list: UnsafePointer<rd_kafka_topic_partition_list_t>) -> Set<TopicPartition> {
    Set(
      elements(of: list).compactMap {
        let topic = String(String(cString: $0.topic).dropFirst(self.prefix.count))
        return self.topics.contains(topic) ? TopicPartition(topic, Int($0.partition)) : nil
      })
  }

  /// Takes records of these partitions out of the common queue, into queues of their own. Before they are assigned, so
  /// that none is missed.
  func add(_ partitions: Set<TopicPartition>) {
    for partition in partitions.sorted() where !self.lanes.contains(where: { $0.partition == partition }) {
      let queue = rd_kafka_queue_get_partition(
        self.client.handle, self.prefix + partition.topic, Int32(partition.partition))
      guard let queue else { continue }
      rd_kafka_queue_forward(queue, nil)
      KafkaClient.ring(self.client.bell, for: queue)
      self.lanes.append(Lane(partition: partition, queue: queue))
    }
  }

  /// Lets go of the queues of these partitions, with what was fetched.
  func remove(_ partitions: Set<TopicPartition>) {
    for lane in self.lanes where partitions.contains(lane.partition) {
      rd_kafka_queue_cb_event_enable(lane.queue, nil, nil)
      rd_kafka_queue_destroy(lane.queue)
    }
    self.lanes.removeAll { partitions.contains($0.partition) }
  }

  // MARK: Records

  /// Records within `limit`, of all partitions but `paused`; each partition gets its share.
  func take(_ limit: ReadLimit, without paused: Set<TopicPartition>) -> [LogRecord] {
    var records: [LogRecord] = []
    var byteCount = 0
    guard !self.lanes.isEmpty else { return [] }
    self.start = (self.start + 1) % self.lanes.count
    let share = max(1, limit.maxRecordCount / self.lanes.count)
    var hasMore = true
    while hasMore {
      hasMore = false
      for step in self.lanes.indices {
        let index = (self.start + step) % self.lanes.count
        if paused.contains(self.lanes[index].partition) { continue }
        for _ in 0..<share {
          guard records.count < limit.maxRecordCount else { return records }
          guard let record = self.next(index) else { break }
          byteCount += record.byteCount
          guard records.isEmpty || byteCount <= limit.maxByteCount else {
            self.lanes[index].head = record
            return records
          }
          records.append(record)
          hasMore = true
        }
      }
    }
    return records
  }

  private func next(_ index: Int) -> LogRecord? {
    if let head = self.lanes[index].head {
      self.lanes[index].head = nil
      return head
    }
    let lane = self.lanes[index]
    while let message = rd_kafka_consume_queue(lane.queue, 0) {
      defer { rd_kafka_message_destroy(message) }
      if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR { return LogRecord(message, lane.partition) }
      let text = String(cString: rd_kafka_err2str(message.pointee.err))
      self.client.logger.warning(
        "fetch error, trying again", metadata: ["partition": "\(lane.partition)", "error": "\(text)"])
    }
    return nil
  }

  /// Continues these partitions, as far as they are still here, at other offsets.
  func seek(_ offsets: [TopicPartition: Int64], until deadline: ContinuousClock.Instant) {
    var rest = offsets.filter { offset in self.lanes.contains { $0.partition == offset.key } }
    for index in self.lanes.indices where rest[self.lanes[index].partition] != nil { self.lanes[index].head = nil }
    while !rest.isEmpty, ContinuousClock.now < deadline {
      let items = rest.map { (self.prefix + $0.key.topic, $0.key.partition, Optional($0.value)) }
      withPartitionList(items) { list in
        if let error = rd_kafka_seek_partitions(self.client.handle, list, Self.seekTimeout.milliseconds) {
          let failure = KafkaFailure(error)
          self.client.logger.warning("a seek failed, trying again", metadata: ["error": "\(failure.text)"])
          return
        }
        for (element, partition) in zip(elements(of: list), rest.map(\.key))
        where element.err == RD_KAFKA_RESP_ERR_NO_ERROR {
          rest[partition] = nil
        }
      }
    }
    guard !rest.isEmpty else { return }
    self.client.logger.error("a seek failed for good", metadata: ["partitions": "\(rest.keys.sorted())"])
  }
}
