import Glibc
import LanguageModel
import Synchronization

/// Threads that run the encoder, apart from Swift's own, which must not be blocked for milliseconds.
///
/// There are two sets of them, of which one is nicer and gives way: whatever else wakes up then has its processor at
/// once, where it would wait for milliseconds otherwise.
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
  private let backgroundBell = Bell()
  private let threadCount: Int

  /// How much nicer the threads are that work for background calls (nice(2)).
  private static let backgroundNiceness: Int32 = 10

  /// Threads that have not exited yet.
  var runningCount: Int { self.running.load(ordering: .acquiring) }

  /// Calls that wait or run.
  var callCount: Int { self.queue.withLock { $0.callCount } }

  /// Starts `threadCount` threads, and as many for background calls.
  init(weights: EncoderWeights, set: InstructionSet, threadCount: Int, maxCallCount: Int) throws {
    self.weights = weights
    self.set = set
    self.threadCount = threadCount
    self.queue = Mutex(GroupQueue(maxCallCount: maxCallCount))
    for _ in 0..<threadCount {
      for isBackground in [false, true] { try self.startThread(isBackground: isBackground) }
    }
  }

  /// One vector for each list of tokens, none of which is empty or longer than a run. A task of a priority below
  /// `.medium` calls in the background.
  func encode(_ texts: [[UInt16]]) async throws -> [[Float]] {
    try Task.checkCancellation()
    let isBackground = Task.currentPriority < .medium
    let groups = Grouping.groups(
      lengths: texts.map(\.count),
      maxTokenCount: isBackground ? SentenceEncoder.maxYieldingTokenCount : SentenceEncoder.maxTokenCount,
      workerCount: self.threadCount)
    let id = self.lastCall.wrappingAdd(1, ordering: .relaxed).newValue
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { reply in
        let admission = self.queue.withLock {
          $0.admit(id, isBackground: isBackground, texts: texts, groups: groups, reply: reply)
        }
        switch admission {
        case .waiting:
          (isBackground ? self.backgroundBell : self.bell).ring(groups.count)
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
    self.backgroundBell.ring(self.threadCount)
  }

  private static let closed = ModelError(.unavailable, "embedding model: closed")

  private func cancel(_ id: UInt64) {
    self.queue.withLock { $0.cancel(id) }?.resume(throwing: CancellationError())
  }

  private func startThread(isBackground: Bool) throws {
    var thread = pthread_t()
    // The thread takes this reference over.
    let retained = Unmanaged.passRetained(EncoderThread(threads: self, isBackground: isBackground))
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

  fileprivate func run(isBackground: Bool) {
    // Of this thread alone, on Linux (nice(2), "C library/kernel differences").
    if isBackground { _ = nice(Self.backgroundNiceness) }
    self.work(SentenceEncoder(weights: self.weights, set: self.set), isBackground: isBackground)
    self.running.wrappingSubtract(1, ordering: .acquiringAndReleasing)
  }

  private func work(_ encoder: SentenceEncoder, isBackground: Bool) {
    let bell = isBackground ? self.backgroundBell : self.bell
    while true {
      bell.wait()
      switch self.queue.withLock({ $0.next(isBackground: isBackground) }) {
      case .encode(let assignment):
        // What it was woken for still waits.
        if assignment.isBackground, !isBackground { bell.ring(1) }
        let vectors = encoder.encode(assignment.texts, givesWay: isBackground)
        if let (reply, all) = self.queue.withLock({ $0.finish(assignment, vectors) }) { reply.resume(returning: all) }
      case .wait: continue
      case .exit: return
      }
    }
  }
}

/// What a thread is started with.
private final class EncoderThread {
  let threads: EncoderThreads
  let isBackground: Bool

  init(threads: EncoderThreads, isBackground: Bool) {
    self.threads = threads
    self.isBackground = isBackground
  }
}

private func encoderThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  let thread = Unmanaged<EncoderThread>.fromOpaque(context!).takeRetainedValue()
  thread.threads.run(isBackground: thread.isBackground)
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
