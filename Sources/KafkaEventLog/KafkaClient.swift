import CRdkafka
import Dispatch
import EventLog
import Foundation
import Logging
import Synchronization

/// One client of librdkafka, with a queue for the calls that block.
///
/// Unchecked: `handle` and `mainQueue` never change, librdkafka may be called from any thread (INTRODUCTION.md,
/// "Threads and callbacks"), and both are destroyed by the last work on `queue`, after which `run` calls nothing.
final class KafkaClient: @unchecked Sendable {
  enum Kind {
    case producer
    case consumer
  }

  let handle: OpaquePointer
  /// Events of the client: deliveries, rebalances, errors, log lines.
  let mainQueue: OpaquePointer
  /// Rings when there are events.
  let bell = ChangeBell()
  let logger: Logger
  private let kind: Kind
  private let queue = DispatchQueue(label: "mneme-kafka")
  /// Used on `queue` only.
  private var isClosed = false
  private let isClosing = Atomic(false)
  private let isLeftBehind = Atomic(false)

  /// Settings hold librdkafka's names; `events` is a set of `RD_KAFKA_EVENT_…`.
  /// - Throws: `EventLogError`.
  init(_ kind: Kind, settings: [String: String], events: Int32, logger: Logger) throws {
    self.kind = kind
    self.logger = logger
    let configuration: OpaquePointer = rd_kafka_conf_new()
    do {
      try Self.apply(settings.merging(["log.queue": "true"]) { $1 }, to: configuration)
    } catch {
      rd_kafka_conf_destroy(configuration)
      throw error
    }
    rd_kafka_conf_set_events(configuration, events | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG)
    var text = [CChar](repeating: 0, count: 512)
    let type = kind == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
    guard let handle = rd_kafka_new(type, configuration, &text, text.count) else {
      rd_kafka_conf_destroy(configuration)
      throw EventLogError(.storage, "librdkafka refuses its settings: \(Self.string(text)); check kafka.* settings")
    }
    self.handle = handle
    rd_kafka_set_log_queue(handle, nil)
    self.mainQueue = rd_kafka_queue_get_main(handle)
    // The handle's threads ring until it is destroyed, even where nobody closes the client.
    _ = Unmanaged.passRetained(self.bell)
    Self.ring(self.bell, for: self.mainQueue)
  }

  private static func apply(_ settings: [String: String], to configuration: OpaquePointer) throws {
    var text = [CChar](repeating: 0, count: 512)
    for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
      guard rd_kafka_conf_set(configuration, name, value, &text, text.count) != RD_KAFKA_CONF_OK else { continue }
      // librdkafka's words repeat the value.
      let detail = KafkaEventLog.Options.isSecret(name) ? "its value is not allowed" : self.string(text)
      throw EventLogError(.storage, "kafka.\(name) is refused by librdkafka: \(detail); correct the setting")
    }
  }

  static func string(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Lets `bell` ring when `queue` gets something after it was empty. The bell lives as long as its client's handle.
  static func ring(_ bell: ChangeBell, for queue: OpaquePointer) {
    rd_kafka_queue_cb_event_enable(queue, ringBell, Unmanaged.passUnretained(bell).toOpaque())
  }

  /// Runs `body` where it may block, after what was given before.
  func run<Value: Sendable>(_ body: @escaping @Sendable (OpaquePointer) throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      self.queue.async {
        continuation.resume(with: Result { try body(try self.openHandle()) })
      }
    }
  }

  /// The same for what can be asked again: whoever is cancelled waits no longer.
  func ask<Value: Sendable>(_ body: @escaping @Sendable (OpaquePointer) throws -> Value) async throws -> Value {
    try await self.queue.abandonable { try body(try self.openHandle()) }
  }

  private func openHandle() throws -> OpaquePointer {
    guard !self.isClosing.load(ordering: .relaxed) else { throw EventLogError(.closed, "the log is closed") }
    return self.handle
  }

  /// What waits to be run, and what comes later, fails from now on: a close does not wait for it.
  func refuse() {
    self.isClosing.store(true, ordering: .relaxed)
  }

  /// The handle is not destroyed: librdkafka does not come back from a call that uses it.
  func leaveBehind() {
    self.isLeftBehind.store(true, ordering: .relaxed)
  }

  /// Destroys the client after `last`, the last work on its queue, which says whether it may be destroyed. Closing
  /// again does nothing. What is under way is waited for, for `timeout` at most.
  func close(
    within timeout: Duration = closeTimeout, _ last: @escaping @Sendable (OpaquePointer) -> Bool = { _ in true }
  ) async {
    self.refuse()
    let isDone = await isSignalled(within: timeout) { done in
      self.queue.async {
        self.destroy(last)
        done()
      }
    }
    if !isDone { self.logger.warning("a client of librdkafka is not closed in time, and ends by itself") }
  }

  /// Destroys the client, with nobody waiting for it.
  func closeSoon() {
    self.refuse()
    self.queue.async { self.destroy { _ in true } }
  }

  private func destroy(_ last: (OpaquePointer) -> Bool) {
    guard !self.isClosed else { return }
    self.isClosed = true
    let mayBeDestroyed = last(self.handle)
    rd_kafka_queue_cb_event_enable(self.mainQueue, nil, nil)
    rd_kafka_queue_destroy(self.mainQueue)
    if self.kind == .producer {
      rd_kafka_purge(self.handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
    }
    // A consumer has left its group by now, or shall not leave it.
    if mayBeDestroyed, !self.isLeftBehind.load(ordering: .relaxed) { self.destroyHandle() }
    self.bell.ring()
  }

  /// How long a close takes at most, where nothing else is said.
  static let closeTimeout: Duration = .seconds(30)
  /// How long it waits for librdkafka to end its threads.
  private static let destroyTimeout: Duration = .seconds(10)

  private func destroyHandle() {
    let isDestroyed = Self.run(for: Self.destroyTimeout) {
      rd_kafka_destroy_flags(self.handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
      Unmanaged.passUnretained(self.bell).release()
    }
    if !isDestroyed { self.logger.warning("a client of librdkafka does not end, and is left behind") }
  }

  /// Runs `body`, which calls what librdkafka sets no bound to, on a thread of its own, and waits for it. Returns
  /// whether it ended within `timeout`; otherwise its thread is left behind. Blocks: not for a cooperative thread.
  static func run(for timeout: Duration, _ body: @escaping @Sendable () -> Void) -> Bool {
    let isDone = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      body()
      isDone.signal()
    }
    return isDone.wait(timeout: .now() + .milliseconds(Int(timeout.milliseconds))) == .success
  }

  // MARK: Events

  /// Hands every event that waits to `body`, which gets each with its type and does not keep it. Log lines are logged.
  func serveEvents(
    of queue: OpaquePointer, timeout: Duration = .zero, _ body: (rd_kafka_event_type_t, OpaquePointer) -> Void
  ) {
    var timeout = timeout.milliseconds
    while let event = rd_kafka_queue_poll(queue, timeout) {
      timeout = 0
      let type = rd_kafka_event_type(event)
      if type == RD_KAFKA_EVENT_LOG { self.log(event) } else { body(type, event) }
      rd_kafka_event_destroy(event)
    }
  }

  private func log(_ event: OpaquePointer) {
    var facility: UnsafePointer<CChar>?
    var text: UnsafePointer<CChar>?
    var level: Int32 = 0
    guard rd_kafka_event_log(event, &facility, &text, &level) == 0, let text else { return }
    // Syslog's levels (librdkafka, `rd_kafka_conf_set_log_cb`).
    let severity: Logger.Level =
      switch level {
      case ...3: .error
      case 4: .warning
      case 5: .notice
      case 6: .info
      default: .debug
      }
    let source = facility.map { String(cString: $0) } ?? ""
    self.logger.log(level: severity, "librdkafka: \(String(cString: text))", metadata: ["facility": "\(source)"])
  }

  /// Why the client can do nothing any more; nil while it can.
  func fatalError() -> KafkaFailure? {
    var text = [CChar](repeating: 0, count: 512)
    let code = rd_kafka_fatal_error(self.handle, &text, text.count)
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    var failure = KafkaFailure(code)
    failure.text = Self.string(text)
    failure.isFatal = true
    return failure
  }
}

/// Called by librdkafka's threads when a queue is empty no more; it must not call librdkafka.
private func ringBell(_ client: OpaquePointer?, _ context: UnsafeMutableRawPointer?) {
  guard let context else { return }
  Unmanaged<ChangeBell>.fromOpaque(context).takeUnretainedValue().ring()
}
