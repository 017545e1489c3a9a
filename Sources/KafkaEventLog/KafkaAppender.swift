import CRdkafka
import EventLog
import Logging
import Synchronization

/// Appends records through an idempotent producer, with no transaction: many in flight, each durable when its call
/// returns.
final class KafkaAppender: Sendable {
  private struct State {
    var nextID = 0
    /// What each delivery report belongs to.
    var waiting: [Int: (append: KafkaAppend, index: Int)] = [:]
    var isClosed = false
  }

  private let client: KafkaClient
  private let options: KafkaEventLog.Options
  private let state = Mutex(State())
  private let service = Mutex<Task<Void, Never>?>(nil)

  init(settings: [String: String], options: KafkaEventLog.Options, logger: Logger) throws {
    self.client = try KafkaClient(.producer, settings: settings, events: RD_KAFKA_EVENT_DR, logger: logger)
    self.options = options
  }

  /// Begins to take delivery reports.
  func start() {
    self.service.withLock { task in
      guard task == nil else { return }
      task = Task { await self.serve() }
    }
  }

  /// Why nothing can be appended any more; the appender is to be made anew then.
  var fatalError: KafkaFailure? { self.client.fatalError() }

  /// Returns once the brokers have the records, or have refused one of them. All are handed over before the first is
  /// waited for, in their order.
  func append(_ records: [PlacedRecord]) async throws -> [LogPosition] {
    guard !records.isEmpty else { return [] }
    let offsets = try await withCheckedThrowingContinuation { continuation in
      let batch = KafkaAppend(count: records.count, continuation)
      for (index, record) in records.enumerated() { self.hand(record, batch, index) }
    }
    return zip(records, offsets).map {
      LogPosition(TopicPartition($0.record.topic, Int($0.partition)), $1)
    }
  }

  private func hand(_ record: PlacedRecord, _ batch: KafkaAppend, _ index: Int) {
    let id: Int? = self.state.withLock { state in
      guard !state.isClosed, state.waiting.count < self.options.maxWaitingAppendCount else { return nil }
      // 0 is NULL.
      state.nextID += 1
      state.waiting[state.nextID] = (batch, index)
      return state.nextID
    }
    guard let id else { return batch.finish(index, .failure(self.refusal)) }
    do throws(KafkaFailure) {
      try record.produce(by: self.client.handle, opaque: id)
    } catch {
      self.finish(id, .failure(error.eventLogError("an append to \(record.record.topic)")))
    }
  }

  private var refusal: EventLogError {
    self.state.withLock { state in
      state.isClosed
        ? EventLogError(.closed, "the log is closed")
        : EventLogError(.backpressure, "\(state.waiting.count) appends wait for the brokers; try again later")
    }
  }

  private func finish(_ id: Int, _ result: Result<Int64, EventLogError>) {
    guard let (batch, index) = self.state.withLock({ $0.waiting.removeValue(forKey: id) }) else { return }
    batch.finish(index, result)
  }

  private func serve() async {
    while !Task.isCancelled {
      let mark = self.client.bell.mark
      self.takeReports()
      await self.client.bell.wait(since: mark, until: .now + .seconds(3600))
    }
  }

  private func takeReports() {
    self.client.serveEvents(of: self.client.mainQueue) { type, event in
      guard type == RD_KAFKA_EVENT_DR else { return }
      while let message = rd_kafka_event_message_next(event) {
        let fields = message.pointee
        let id = Int(bitPattern: fields._private)
        if fields.err == RD_KAFKA_RESP_ERR_NO_ERROR {
          self.finish(id, .success(fields.offset))
        } else {
          self.finish(id, .failure(KafkaFailure(fields.err).eventLogError("an append")))
        }
      }
    }
  }

  /// Lets go of an appender that cannot go on: what is under way fails.
  func closeSoon() {
    Task { await self.close() }
  }

  /// Waits for what is under way, within the request timeout, and lets go.
  func close() async {
    self.state.withLock { $0.isClosed = true }
    let deadline = ContinuousClock.now + self.options.requestTimeout
    while !self.state.withLock({ $0.waiting.isEmpty }), ContinuousClock.now < deadline {
      let mark = self.client.bell.mark
      self.takeReports()
      if self.state.withLock({ $0.waiting.isEmpty }) { break }
      await self.client.bell.wait(since: mark, until: deadline)
    }
    let task = self.service.withLock { $0 }
    task?.cancel()
    await task?.value
    await self.client.close()
    let rest = self.state.withLock { state in
      defer { state.waiting.removeAll() }
      return state.waiting.values
    }
    for (append, index) in rest { append.finish(index, .failure(EventLogError(.closed, "the log was closed"))) }
  }
}

/// Records that were handed over together, and who waits for them.
private final class KafkaAppend: Sendable {
  private struct State {
    var offsets: [Int64]
    var missingCount: Int
    var failure: EventLogError?
  }

  private let state: Mutex<State>
  private let continuation: CheckedContinuation<[Int64], any Error>

  init(count: Int, _ continuation: CheckedContinuation<[Int64], any Error>) {
    self.state = Mutex(State(offsets: [Int64](repeating: -1, count: count), missingCount: count))
    self.continuation = continuation
  }

  /// One record has its offset, or its reason why it has none. Called once for each; the last one wakes the caller.
  func finish(_ index: Int, _ result: Result<Int64, EventLogError>) {
    let state = self.state.withLock { state in
      state.missingCount -= 1
      switch result {
      case .success(let offset): state.offsets[index] = offset
      case .failure(let error): state.failure = state.failure ?? error
      }
      return state
    }
    guard state.missingCount == 0 else { return }
    if let failure = state.failure {
      self.continuation.resume(throwing: failure)
    } else {
      self.continuation.resume(returning: state.offsets)
    }
  }
}
