import CRdkafka
import EventLog

/// What is asked of the brokers' administration. Names are those on the brokers. Everything blocks, on the client's
/// queue.
struct KafkaAdmin: Sendable {
  let client: KafkaClient
  let timeout: Duration

  /// Topics with their numbers of partitions and replicas; nil in `name` for all.
  func metadata(of name: String?) throws(KafkaFailure) -> [String: (partitionCount: Int, replicaCount: Int)] {
    let topic = name.flatMap { rd_kafka_topic_new(self.client.handle, $0, nil) }
    defer { if let topic { rd_kafka_topic_destroy(topic) } }
    var answer: UnsafePointer<rd_kafka_metadata>?
    try check(
      rd_kafka_metadata(self.client.handle, name == nil ? 1 : 0, topic, &answer, self.timeout.milliseconds))
    guard let answer else { return [:] }
    defer { rd_kafka_metadata_destroy(answer) }
    var topics: [String: (partitionCount: Int, replicaCount: Int)] = [:]
    for topic in UnsafeBufferPointer(start: answer.pointee.topics, count: Int(answer.pointee.topic_cnt)) {
      guard topic.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
        if topic.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || name == nil { continue }
        throw KafkaFailure(topic.err)
      }
      let replicas = topic.partition_cnt > 0 ? Int(topic.partitions[0].replica_cnt) : 0
      topics[String(cString: topic.topic)] = (Int(topic.partition_cnt), replicas)
    }
    return topics
  }

  /// Makes topics; one that exists already is left as it is.
  func create(_ topics: [(name: String, partitions: Int, replicas: Int?, config: [String: String])]) throws {
    var text = [CChar](repeating: 0, count: 512)
    var requests: [OpaquePointer?] = []
    defer { for request in requests { rd_kafka_NewTopic_destroy(request) } }
    for topic in topics {
      guard
        let request = rd_kafka_NewTopic_new(
          topic.name, Int32(topic.partitions), Int32(topic.replicas ?? -1), &text, text.count)
      else { throw EventLogError(.storage, "topic \(topic.name) cannot be made: \(KafkaClient.string(text))") }
      requests.append(request)
      for (name, value) in topic.config { rd_kafka_NewTopic_set_config(request, name, value) }
    }
    let handle = self.client.handle
    try self.ask(RD_KAFKA_ADMIN_OP_CREATETOPICS) { options, queue in
      rd_kafka_CreateTopics(handle, &requests, requests.count, options, queue)
    } answer: { event in
      var count = 0
      let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
      try Self.checkResults(results, count, except: RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, "making")
    }
  }

  /// Deletes a topic; one that is missing is as good.
  func delete(_ name: String) throws {
    var requests: [OpaquePointer?] = [rd_kafka_DeleteTopic_new(name)]
    defer { for request in requests { rd_kafka_DeleteTopic_destroy(request) } }
    let handle = self.client.handle
    try self.ask(RD_KAFKA_ADMIN_OP_DELETETOPICS) { options, queue in
      rd_kafka_DeleteTopics(handle, &requests, requests.count, options, queue)
    } answer: { event in
      var count = 0
      let results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count)
      try Self.checkResults(results, count, except: RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "deleting")
    }
  }

  private static func checkResults(
    _ results: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int, except: rd_kafka_resp_err_t, _ what: String
  ) throws {
    for result in UnsafeBufferPointer(start: results, count: count) {
      let code = rd_kafka_topic_result_error(result)
      guard code != RD_KAFKA_RESP_ERR_NO_ERROR, code != except else { continue }
      var failure = KafkaFailure(code)
      if let text = rd_kafka_topic_result_error_string(result) { failure.text = String(cString: text) }
      throw failure.eventLogError("\(what) topic \(String(cString: rd_kafka_topic_result_name(result)))")
    }
  }

  // MARK: Configurations

  /// The settings of topics.
  func configurations(of topics: [String]) throws -> [String: [String: String]] {
    var requests = topics.map { rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0) }
    defer { for request in requests { rd_kafka_ConfigResource_destroy(request) } }
    let handle = self.client.handle
    var found: [String: [String: String]] = [:]
    try self.ask(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS) { options, queue in
      rd_kafka_DescribeConfigs(handle, &requests, requests.count, options, queue)
    } answer: { event in
      var count = 0
      let resources = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count)
      for resource in UnsafeBufferPointer(start: resources, count: count) {
        guard rd_kafka_ConfigResource_error(resource) == RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
        found[String(cString: rd_kafka_ConfigResource_name(resource))] = Self.entries(of: resource).mapValues(\.value)
      }
    }
    return found
  }

  /// Sets settings of a topic, and keeps what else is set on it.
  func setConfiguration(_ config: [String: String], of topic: String) throws {
    let kept = try self.ownConfiguration(of: topic)
    let resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
    var requests = [resource]
    defer { rd_kafka_ConfigResource_destroy(resource) }
    for (name, value) in kept.merging(config, uniquingKeysWith: { $1 }) {
      rd_kafka_ConfigResource_set_config(resource, name, value)
    }
    let handle = self.client.handle
    try self.ask(RD_KAFKA_ADMIN_OP_ALTERCONFIGS) { options, queue in
      rd_kafka_AlterConfigs(handle, &requests, requests.count, options, queue)
    } answer: { event in
      var count = 0
      let resources = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), &count)
      for resource in UnsafeBufferPointer(start: resources, count: count) {
        let code = rd_kafka_ConfigResource_error(resource)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
          throw KafkaFailure(code).eventLogError("changing the settings of topic \(topic)")
        }
      }
    }
  }

  /// What is set on the topic itself, and not for all topics: AlterConfigs puts back to its default what is not named.
  private func ownConfiguration(of topic: String) throws -> [String: String] {
    var requests = [rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)]
    defer { for request in requests { rd_kafka_ConfigResource_destroy(request) } }
    let handle = self.client.handle
    var own: [String: String] = [:]
    try self.ask(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS) { options, queue in
      rd_kafka_DescribeConfigs(handle, &requests, requests.count, options, queue)
    } answer: { event in
      var count = 0
      let resources = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count)
      for resource in UnsafeBufferPointer(start: resources, count: count) {
        own = Self.entries(of: resource).filter { $0.value.isOwn }.mapValues(\.value)
      }
    }
    return own
  }

  private static func entries(of resource: OpaquePointer?) -> [String: (value: String, isOwn: Bool)] {
    var count = 0
    let entries = rd_kafka_ConfigResource_configs(resource, &count)
    var found: [String: (value: String, isOwn: Bool)] = [:]
    for entry in UnsafeBufferPointer(start: entries, count: count) {
      guard let name = rd_kafka_ConfigEntry_name(entry), let value = rd_kafka_ConfigEntry_value(entry) else { continue }
      let isOwn = rd_kafka_ConfigEntry_source(entry) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG
      found[String(cString: name)] = (String(cString: value), isOwn)
    }
    return found
  }

  // MARK: Groups

  /// What a group has committed, by topic and partition; stable offsets only.
  func committedOffsets(of group: String) throws -> [TopicPartition: Int64] {
    var requests: [OpaquePointer?] = [rd_kafka_ListConsumerGroupOffsets_new(group, nil)]
    defer { for request in requests { rd_kafka_ListConsumerGroupOffsets_destroy(request) } }
    let handle = self.client.handle
    var offsets: [TopicPartition: Int64] = [:]
    try self.ask(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS) { options, queue in
      if let error = rd_kafka_AdminOptions_set_require_stable_offsets(options, 1) { rd_kafka_error_destroy(error) }
      rd_kafka_ListConsumerGroupOffsets(handle, &requests, requests.count, options, queue)
    } answer: { event in
      var count = 0
      let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result(event), &count)
      for result in UnsafeBufferPointer(start: groups, count: count) {
        if let error = rd_kafka_group_result_error(result) {
          // It belongs to the result.
          throw KafkaFailure(rd_kafka_error_code(error)).eventLogError("asking for the offsets of group \(group)")
        }
        guard let list = rd_kafka_group_result_partitions(result) else { continue }
        for element in elements(of: list) where element.offset >= 0 {
          offsets[TopicPartition(String(cString: element.topic), Int(element.partition))] = element.offset
        }
      }
    }
    return offsets
  }

  /// Makes one request and waits for its answer.
  private func ask(
    _ operation: rd_kafka_admin_op_t, request: (OpaquePointer?, OpaquePointer?) -> Void,
    answer: (OpaquePointer) throws -> Void
  ) throws {
    var text = [CChar](repeating: 0, count: 256)
    let options = rd_kafka_AdminOptions_new(self.client.handle, operation)
    defer { rd_kafka_AdminOptions_destroy(options) }
    rd_kafka_AdminOptions_set_request_timeout(options, self.timeout.milliseconds, &text, text.count)
    let queue = rd_kafka_queue_new(self.client.handle)
    defer { rd_kafka_queue_destroy(queue) }
    request(options, queue)
    // The request's own timeout comes first.
    guard let event = rd_kafka_queue_poll(queue, (self.timeout + .seconds(5)).milliseconds) else {
      throw KafkaFailure(RD_KAFKA_RESP_ERR__TIMED_OUT).eventLogError("a request to the brokers")
    }
    defer { rd_kafka_event_destroy(event) }
    let code = rd_kafka_event_error(event)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      throw KafkaFailure(code).eventLogError("a request to the brokers")
    }
    try answer(event)
  }
}
