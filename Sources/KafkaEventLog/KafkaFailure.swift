import CRdkafka
import EventLog

/// What librdkafka's errors mean for the log's users.
struct KafkaFailure: Error {
  var code: rd_kafka_resp_err_t
  /// librdkafka's words; they hold names of brokers, topics and settings, never a record's key or value.
  var text: String
  /// The client can do nothing any more.
  var isFatal = false
  /// The same call may be made again.
  var isRetriable = false
  /// The transaction has to be aborted.
  var requiresAbort = false

  init(_ code: rd_kafka_resp_err_t) {
    self.code = code
    self.text = String(cString: rd_kafka_err2str(code))
  }

  /// Takes `error` over, and destroys it.
  init(_ error: OpaquePointer) {
    self.code = rd_kafka_error_code(error)
    self.text = String(cString: rd_kafka_error_string(error))
    self.isFatal = rd_kafka_error_is_fatal(error) != 0
    self.isRetriable = rd_kafka_error_is_retriable(error) != 0
    self.requiresAbort = rd_kafka_error_txn_requires_abort(error) != 0
    rd_kafka_error_destroy(error)
  }

  /// Whether somebody else has this client's place: its name, its generation, or its transactional id.
  var isFenced: Bool {
    switch self.code {
    case RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
      RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
      RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
      true
    default: false
    }
  }

  /// Before what named a past generation is tried again.
  static let generationPause: Duration = .milliseconds(50)

  /// Whether the partition has a new leader, or none at this moment.
  var isLeaderUnknown: Bool {
    self.code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION || self.code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE
  }

  /// Whether the group has gone on, or is about to, without this client having heard of it.
  var isGenerationStale: Bool {
    self.code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION || self.code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS
  }

  /// The error for the log's users: `what` was to be done.
  func eventLogError(_ what: String) -> EventLogError {
    let detail = "\(String(cString: rd_kafka_err2name(self.code))): \(self.text)"
    if self.isFenced {
      return EventLogError(.fenced, "\(what) was refused, as another worker has this one's place (\(detail))")
    }
    switch self.code {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
      RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return EventLogError(.unknownTopic, "\(what) failed, the topic is not there; create it first (\(detail))")
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return EventLogError(.recordTooLarge, "\(what) failed, a record is too large for the brokers (\(detail))")
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      return EventLogError(.offsetOutOfRange, "\(what) failed, the offset is not held any more (\(detail))")
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return EventLogError(.backpressure, "\(what) failed, too many records wait for the brokers; try again later")
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return EventLogError(.readOnly, "\(what) is not allowed; check the brokers' access rules (\(detail))")
    case RD_KAFKA_RESP_ERR__DESTROY:
      return EventLogError(.closed, "\(what) failed, the log is closed")
    case RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT,
      RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      return EventLogError(.unreachable, "\(what) failed, the brokers do not answer; check MNEME_LOG (\(detail))")
    default:
      return EventLogError(.storage, "\(what) failed at the brokers (\(detail))")
    }
  }
}

/// Throws where librdkafka returned an error object, which it takes over.
func check(_ error: OpaquePointer?) throws(KafkaFailure) {
  if let error { throw KafkaFailure(error) }
}

/// Throws where `code` tells of an error.
func check(_ code: rd_kafka_resp_err_t) throws(KafkaFailure) {
  if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaFailure(code) }
}

/// Throws where `code`, or an element of the list that it was given for, tells of an error.
func check(
  _ code: rd_kafka_resp_err_t, ofEachIn list: UnsafePointer<rd_kafka_topic_partition_list_t>
) throws(KafkaFailure) {
  try check(code)
  for element in elements(of: list) { try check(element.err) }
}
