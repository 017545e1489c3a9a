import CRdkafka
import EventLog
import Logging
import Synchronization

/// A member of a consumer group. What it fetches ahead of its polls stays in librdkafka's bounded queues, one for each
/// partition, so that a partition that is paused, or slow to be worked off, holds up no other.
final class KafkaLogConsumer: LogConsumer {
  private let group: String
  private let client: KafkaClient
  private let partitions: PartitionQueues
  private let state = Mutex(ConsumerState())
  private let writer: any ConsumerWriter
  private let options: KafkaEventLog.Options

  /// How long a close waits for the group to let go.
  private static let closeTimeout: Duration = .seconds(10)
  /// How long it waits for librdkafka where that does not return.
  private static let leaveTimeout: Duration = .seconds(15)

  init(group: String, client: KafkaClient, writer: any ConsumerWriter, options: KafkaEventLog.Options) {
    self.group = group
    self.client = client
    self.writer = writer
    self.options = options
    self.partitions = PartitionQueues(client: client, prefix: options.prefix)
  }

  /// Joins the group; the assignment comes with later polls.
  ///
  /// A static member that starts again gets its former assignment, without a rebalance. Had it died after it gave
  /// partitions up and before it said so by joining again, nobody would ever get them: a cooperative rebalance has two
  /// rounds, and the second one is the giver's. So a member with a name subscribes to one topic more at first, and
  /// leaves that topic once it is in: its subscription has changed then, and the group goes through a round, in which
  /// nobody stops and partitions stay where they are unless they are nobody's.
  func join(topics: [String], beside membersTopic: String?) async throws {
    let names = Set(topics).sorted().map { self.options.prefix + $0 }
    self.state.withLock { $0.finalSubscription = membersTopic == nil ? nil : names }
    let first = names + (membersTopic.map { [self.options.prefix + $0] } ?? [])
    try await self.client.run { handle in
      rd_kafka_poll_set_consumer(handle)
      self.partitions.open(topics: Set(topics))
      try self.subscribe(handle, to: first)
    }
  }

  private func subscribe(_ handle: OpaquePointer, to names: [String]) throws {
    do {
      try withPartitionList(names.map { ($0, -1, nil) }) { try check(rd_kafka_subscribe(handle, $0)) }
    } catch let failure as KafkaFailure {
      throw failure.eventLogError("joining group \(self.group)")
    }
  }

  /// After the first assignment: see `join`.
  private func completeSubscription() {
    let names = self.state.withLock { state in
      defer { state.finalSubscription = nil }
      return state.finalSubscription
    }
    guard let names else { return }
    do {
      try self.subscribe(self.client.handle, to: names)
    } catch {
      self.client.logger.error(
        "the subscription stays wider than it should be",
        metadata: ["group": "\(self.group)", "error": "\(error)"])
    }
  }

  // MARK: Polling

  func poll(limit: ReadLimit, timeout: Duration) async throws -> PollResult {
    let deadline = ContinuousClock.now + timeout
    while true {
      let mark = self.client.bell.mark
      let result = try await self.client.run { _ in try self.take(limit) }
      let hasNews = !result.records.isEmpty || !result.assigned.isEmpty || !result.revoked.isEmpty
      if hasNews || ContinuousClock.now >= deadline { return result }
      await self.client.bell.wait(since: mark, until: deadline)
      try Task.checkCancellation()
    }
  }

  /// What there is, at once. On the client's queue.
  private func take(_ limit: ReadLimit) throws -> PollResult {
    self.serve()
    let (changes, paused) = try self.state.withLock { state in (try state.takeChanges(), state.paused) }
    let records = self.partitions.take(limit, without: paused)
    return PollResult(records: records, assigned: changes.assigned, revoked: changes.revoked)
  }

  /// Serves rebalances and errors. On the client's queue. It counts as a poll for `max.poll.interval.ms` (librdkafka,
  /// `rd_kafka_queue_get_consumer`).
  private func serve() {
    guard let queue = self.partitions.groupQueue else { return }
    self.client.serveEvents(of: queue) { type, event in
      switch type {
      case RD_KAFKA_EVENT_REBALANCE: self.rebalance(event)
      case RD_KAFKA_EVENT_ERROR: self.handleError(event)
      default: break
      }
    }
  }

  private func handleError(_ event: OpaquePointer) {
    if let fatal = self.client.fatalError() {
      self.state.withLock { $0.fence(fatal.eventLogError("consuming in group \(self.group)")) }
      return
    }
    let text = rd_kafka_event_error_string(event).map { String(cString: $0) } ?? ""
    self.client.logger.warning("consumer error", metadata: ["group": "\(self.group)", "error": "\(text)"])
  }

  /// Follows the group's decision. What is revoked may not be committed from here on; a transaction under way is waited
  /// for, so that whoever gets the partition begins behind it.
  private func rebalance(_ event: OpaquePointer) {
    guard let list = rd_kafka_event_topic_partition_list(event) else { return }
    let handle = self.client.handle
    // A client that cannot go on lets go of everything at once, whatever its protocol.
    let isCooperative =
      self.client.fatalError() == nil
      && rd_kafka_rebalance_protocol(handle).map { String(cString: $0) } == "COOPERATIVE"
    let named = self.partitions.named(by: list)
    let isAssignment = rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS
    self.client.logger.info(
      isAssignment ? "partitions assigned" : "partitions revoked",
      metadata: ["group": "\(self.group)", "partitions": "\(named.map(\.partition).sorted())"])
    if isAssignment {
      self.partitions.add(named)
      self.state.withLock { $0.assign(named) }
      if isCooperative {
        self.logFailure(rd_kafka_incremental_assign(handle, list))
      } else {
        _ = rd_kafka_assign(handle, list)
      }
      self.completeSubscription()
      return
    }
    let revoked = isCooperative ? named : self.state.withLock(\.assigned)
    self.state.withLock { $0.revoke(revoked) }
    if rd_kafka_assignment_lost(handle) == 0 { self.writer.waitForWork() }
    self.partitions.remove(revoked)
    if isCooperative {
      self.logFailure(rd_kafka_incremental_unassign(handle, list))
    } else {
      _ = rd_kafka_assign(handle, nil)
    }
  }

  private func logFailure(_ error: OpaquePointer?) {
    guard let error else { return }
    let failure = KafkaFailure(error)
    self.client.logger.error(
      "a change of the assignment failed", metadata: ["group": "\(self.group)", "error": "\(failure.text)"])
  }

  // MARK: Committing

  func commit(appending records: [NewRecord], offsets: [TopicPartition: Int64]) async throws {
    try self.state.withLock { state in try state.checkCommit(offsets) }
    try await self.writer.write(records, offsets: offsets) {
      try self.state.withLock { state in try state.checkCommit(offsets) }
    }
    self.state.withLock { $0.didCommit(offsets) }
  }

  /// Another worker writes under this one's transactional id.
  func fence(_ error: EventLogError) {
    self.state.withLock { $0.fence(error) }
    self.client.bell.ring()
  }

  // MARK: Partitions

  func pause(_ partitions: Set<TopicPartition>) async {
    self.state.withLock { $0.pause(partitions) }
  }

  func resume(_ partitions: Set<TopicPartition>) async {
    self.state.withLock { $0.resume(partitions) }
    self.client.bell.ring()
  }

  func seek(_ offsets: [TopicPartition: Int64]) async {
    let timeout = self.options.requestTimeout
    try? await self.client.run { _ in
      self.partitions.seek(offsets, until: .now + timeout)
    }
  }

  func close() async {
    guard self.state.withLock({ $0.close() }) else { return }
    // Commits under way end first.
    await self.writer.close()
    await self.client.close { _ in
      // An assignment that comes while the group ends may be waited for for ever (librdkafka issues 4527 and 4884).
      guard KafkaClient.run(for: Self.leaveTimeout, { self.leave() }) else {
        self.client.logger.warning(
          "a consumer does not leave, and is left behind", metadata: ["group": "\(self.group)"])
        return false
      }
      self.partitions.close()
      return self.mayBeDestroyed
    }
  }

  /// Before version 2.3.0, librdkafka aborts the process when it destroys a member between its join and its first
  /// assignment (librdkafka issue 4312); such a client is left as it is instead: out of its group, and idle. So is one
  /// that was fenced: 2.0.2 waits for its group for ever, and a thread of it keeps a processor busy meanwhile.
  private var mayBeDestroyed: Bool {
    self.client.fatalError() == nil && (rd_kafka_version() >= 0x0203_0000 || self.state.withLock(\.wasAssigned))
  }

  /// Leaves the group in order; what remains to be told is of no interest any more. The client's queue waits for it
  /// meanwhile.
  private func leave() {
    let handle = self.client.handle
    guard let queue = self.partitions.groupQueue else { return }
    if let error = rd_kafka_consumer_close_queue(handle, queue) {
      rd_kafka_error_destroy(error)
      // It was fenced: what waits is let go of, or the client would never end.
      self.serve()
      return
    }
    let deadline = ContinuousClock.now + Self.closeTimeout
    while rd_kafka_consumer_closed(handle) == 0, ContinuousClock.now < deadline {
      self.client.serveEvents(of: queue, timeout: .milliseconds(100)) { type, event in
        if type == RD_KAFKA_EVENT_REBALANCE { self.rebalance(event) }
      }
    }
  }
}

/// How a consumer writes what it has made of its input.
protocol ConsumerWriter: Sendable {
  /// Takes the place of whoever wrote in this one's name before.
  func prepare() async throws

  /// Writes records and offsets, after `check` has let them pass.
  func write(
    _ records: [NewRecord], offsets: [TopicPartition: Int64], _ check: @escaping @Sendable () throws -> Void
  ) async throws

  /// Waits until nothing is being written. Blocks: not for a cooperative thread.
  func waitForWork()

  /// Ends what is being written, and takes no more.
  func close() async
}
