import CRdkafka
import Dispatch
import EventLog
import Glibc
import Synchronization

/// Work for one transactional id, one transaction after the other; what waits meanwhile shares the next one.
final class TransactionQueue: Sendable {
  struct Job: Sendable {
    var records: [PlacedRecord]
    var offsets: [TopicPartition: Int64] = [:]
    /// Whether the job may be done, asked right before its transaction.
    var check: @Sendable () throws -> Void = {}
    /// Called once, with where the records stand or the reason why nothing was written.
    var finish: @Sendable (Result<[LogPosition], any Error>) -> Void

    var byteCount: Int { self.records.reduce(0) { $0 + $1.record.byteCount } }
  }

  private struct State {
    var waiting: [Job] = []
    var isDraining = false
    var isClosed = false
  }

  private let producer: TransactionalProducer
  private let options: KafkaEventLog.Options
  /// The metadata of the consumer whose offsets are committed, as librdkafka wants it; destroyed after its use.
  private let groupMetadata: @Sendable () -> OpaquePointer?
  private let queue = DispatchQueue(label: "mneme-kafka-transactions")
  private let state = Mutex(State())

  init(
    producer: TransactionalProducer, options: KafkaEventLog.Options,
    groupMetadata: @escaping @Sendable () -> OpaquePointer? = { nil }
  ) {
    self.producer = producer
    self.options = options
    self.groupMetadata = groupMetadata
  }

  /// Takes the transactional id over: whoever had it can write nothing from now on.
  func prepare() async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      self.queue.async { continuation.resume(with: Result { try self.producer.prepare() }) }
    }
  }

  /// Writes `job` in a transaction that may hold other jobs too, each of which can fail alone.
  func submit(_ job: Job) {
    enum Action {
      case refuse(EventLogError)
      case start
      case wait
    }
    let action: Action = self.state.withLock { state in
      if state.isClosed { return .refuse(EventLogError(.closed, "the log is closed")) }
      guard state.waiting.count < self.options.maxWaitingAppendCount else {
        return .refuse(
          EventLogError(.backpressure, "\(state.waiting.count) appends wait for the brokers; try again later"))
      }
      state.waiting.append(job)
      defer { state.isDraining = true }
      return state.isDraining ? .wait : .start
    }
    switch action {
    case .refuse(let error): job.finish(.failure(error))
    case .start: self.queue.async { while let group = self.takeGroup() { self.write(group) } }
    case .wait: break
    }
  }

  /// Waits until no transaction is under way. Blocks: not for a cooperative thread.
  func waitForWork() {
    self.queue.sync {}
  }

  /// Takes no more jobs; those that wait are still done. Lets go of the producer.
  func close() async {
    self.state.withLock { $0.isClosed = true }
    await withCheckedContinuation { continuation in
      self.queue.async {
        self.producer.discard()
        continuation.resume()
      }
    }
  }

  // MARK: On the queue

  private func takeGroup() -> [Job]? {
    self.state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.isDraining = false
        return nil
      }
      var count = 0
      var byteCount = 0
      for job in state.waiting.prefix(self.options.maxTransactionJobCount) {
        byteCount += job.byteCount
        if count > 0, byteCount > self.options.maxTransactionByteCount { break }
        count += 1
      }
      defer { state.waiting.removeFirst(count) }
      return Array(state.waiting.prefix(count))
    }
  }

  private func write(_ group: [Job]) {
    let deadline = ContinuousClock.now + self.options.sessionTimeout
    var jobs = group
    while true {
      jobs = self.admitted(jobs)
      guard !jobs.isEmpty else { return }
      do {
        return try self.commit(jobs)
      } catch let error as StaleGeneration {
        guard ContinuousClock.now < deadline else { return self.fail(jobs, error.error) }
        // The client learns of the new generation, or that partitions are another's now, by itself.
        usleep(UInt32(KafkaFailure.generationPause.milliseconds) * 1000)
      } catch let error as EventLogError where jobs.count > 1 && Self.concernsOneJob(error) {
        // One of them cannot be done: each by itself.
        for job in jobs { self.write([job]) }
        return
      } catch {
        return self.fail(jobs, error)
      }
    }
  }

  /// Those that may still be done.
  private func admitted(_ jobs: [Job]) -> [Job] {
    jobs.filter { job in
      do {
        try job.check()
        return true
      } catch {
        job.finish(.failure(error))
        return false
      }
    }
  }

  private func fail(_ jobs: [Job], _ error: any Error) {
    for job in jobs { job.finish(.failure(error)) }
  }

  private static func concernsOneJob(_ error: EventLogError) -> Bool {
    switch error.code {
    case .unknownTopic, .recordTooLarge, .storage, .readOnly: true
    case .backpressure, .fenced, .topicMismatch, .offsetOutOfRange, .diskFull, .unreachable, .closed: false
    }
  }

  private func commit(_ jobs: [Job]) throws {
    var offsets: [TopicPartition: Int64] = [:]
    for job in jobs { offsets.merge(job.offsets) { max($0, $1) } }
    let metadata = offsets.isEmpty ? nil : self.groupMetadata()
    defer { if let metadata { rd_kafka_consumer_group_metadata_destroy(metadata) } }
    let prefix = self.options.prefix
    let positions = try self.producer.write(
      jobs.flatMap(\.records), offsets: offsets, topicName: { prefix + $0 }, groupMetadata: metadata)
    var start = 0
    for job in jobs {
      job.finish(.success(Array(positions[start..<start + job.records.count])))
      start += job.records.count
    }
  }
}
