import Glibc
import LanguageModel
import Synchronization

/// Threads that run the encoder, apart from Swift's own, which must not be blocked for milliseconds.
///
/// The threads hold this object, so it outlives them; the face's end closes it.
final class EncoderThreads: Sendable {
  typealias Reply = CheckedContinuation<[[Float]], any Error>

  private let weights: EncoderWeights
  private let set: InstructionSet
  private let queue: Mutex<GroupQueue<Reply>>
  private let lastCall = Atomic<UInt64>(0)
  private let running = Atomic<Int>(0)
  private let bell = Bell()
  private let threadCount: Int

  /// Threads that have not exited yet.
  var runningCount: Int { self.running.load(ordering: .acquiring) }

  /// Calls that wait or run.
  var callCount: Int { self.queue.withLock { $0.callCount } }

  /// Starts the threads.
  init(weights: EncoderWeights, set: InstructionSet, threadCount: Int, maxCallCount: Int) throws {
    self.weights = weights
    self.set = set
    self.threadCount = threadCount
    self.queue = Mutex(GroupQueue(maxCallCount: maxCallCount))
    for _ in 0..<threadCount { try self.startThread() }
  }

  /// One vector for each list of tokens, none of which is empty or longer than a run.
  func encode(_ texts: [[UInt16]]) async throws -> [[Float]] {
    try Task.checkCancellation()
    let groups = Grouping.groups(
      lengths: texts.map(\.count), maxTokenCount: SentenceEncoder.maxTokenCount, workerCount: self.threadCount)
    let id = self.lastCall.wrappingAdd(1, ordering: .relaxed).newValue
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { reply in
        let admission = self.queue.withLock { $0.admit(id, texts: texts, groups: groups, reply: reply) }
        switch admission {
        case .waiting:
          self.bell.ring(groups.count)
          // The handler may have run since, before there was anything to cancel.
          if Task.isCancelled { self.cancel(id) }
        case .full:
          reply.resume(throwing: ModelError(.rateLimited, "embedding model: too many calls wait; call again later"))
        case .closed:
          reply.resume(throwing: Self.closed)
        }
      }
    } onCancel: {
      self.cancel(id)
    }
  }

  /// Ends the threads, each after the group at hand, and fails the calls that wait. May be called again.
  func close() {
    for reply in self.queue.withLock({ $0.close() }) { reply.resume(throwing: Self.closed) }
    self.bell.ring(self.threadCount)
  }

  private static let closed = ModelError(.unavailable, "embedding model: closed")

  private func cancel(_ id: UInt64) {
    self.queue.withLock { $0.cancel(id) }?.resume(throwing: CancellationError())
  }

  private func startThread() throws {
    var thread = pthread_t()
    // The thread takes this reference over.
    let retained = Unmanaged.passRetained(self)
    self.running.wrappingAdd(1, ordering: .acquiringAndReleasing)
    let code = pthread_create(&thread, nil, encoderThreadMain, retained.toOpaque())
    guard code == 0 else {
      retained.release()
      self.running.wrappingSubtract(1, ordering: .acquiringAndReleasing)
      self.close()
      throw ModelError(.unavailable, "embedding model: cannot start a thread (errno \(code)); lower its thread count")
    }
    pthread_detach(thread)
  }

  fileprivate func run() {
    self.work(SentenceEncoder(weights: self.weights, set: self.set))
    self.running.wrappingSubtract(1, ordering: .acquiringAndReleasing)
  }

  private func work(_ encoder: SentenceEncoder) {
    while true {
      self.bell.wait()
      switch self.queue.withLock({ $0.next() }) {
      case .encode(let assignment):
        let vectors = encoder.encode(assignment.texts)
        if let (reply, all) = self.queue.withLock({ $0.finish(assignment, vectors) }) { reply.resume(returning: all) }
      case .wait: continue
      case .exit: return
      }
    }
  }
}

private func encoderThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  Unmanaged<EncoderThreads>.fromOpaque(context!).takeRetainedValue().run()
  return nil
}

/// A counting semaphore: as many waits return as there were rings.
///
/// `@unchecked Sendable`: POSIX semaphores are made to be shared.
private final class Bell: @unchecked Sendable {
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() {
    sem_init(self.semaphore, 0, 0)
  }

  deinit {
    sem_destroy(self.semaphore)
    self.semaphore.deallocate()
  }

  func ring(_ count: Int) {
    for _ in 0..<count { sem_post(self.semaphore) }
  }

  func wait() {
    // Fails only when a signal came in between.
    while sem_wait(self.semaphore) != 0 {}
  }
}
