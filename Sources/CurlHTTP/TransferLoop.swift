import Glibc
import Synchronization

/// The storage between the tasks that ask and the one thread that runs libcurl's multi interface.
///
/// The thread alone touches libcurl's handles. Tasks reach it through the ledger in the lock and through the doorbell.
final class TransferLoop: Sendable {
  typealias Continuation = CheckedContinuation<HTTPResponse, any Error>

  /// A request that somebody waits for.
  struct Entry: Sendable {
    let request: HTTPRequest
    let target: RequestTarget
    let continuation: Continuation
  }

  private struct State {
    var ledger: RequestLedger<Entry>
    var closers: [CheckedContinuation<Void, Never>] = []
  }

  /// How long the thread sleeps when nothing is due. Only the doorbell matters then; this merely bounds the call.
  private static let idleWait: Duration = .seconds(60)

  private let configuration: HTTPClient.Configuration
  private let state: Mutex<State>
  /// Nil before the thread has its multi handle and after it has begun to destroy it.
  private let doorbell = Mutex<Doorbell?>(nil)

  init(_ configuration: HTTPClient.Configuration) {
    self.configuration = configuration
    let ledger = RequestLedger<Entry>(
      maxInFlight: configuration.maxRequestsInFlight, maxWaiting: configuration.maxRequestsWaiting)
    self.state = Mutex(State(ledger: ledger))
  }

  /// Starts the thread, which keeps the loop alive until `beginClosing`.
  func start() {
    let context = Unmanaged.passRetained(self).toOpaque()
    var thread = pthread_t()
    let code = pthread_create(&thread, nil, runLoop, context)
    precondition(code == 0, "no thread for the HTTP client: error \(code)")
    pthread_detach(thread)
  }

  func submit(_ id: UInt64, _ entry: Entry) {
    let deadline = ContinuousClock.now.advanced(by: entry.request.timeout)
    switch self.state.withLock({ $0.ledger.submit(id, entry, deadline: deadline) }) {
    case .accepted(let rings):
      if rings { self.ring() }
    case .busy:
      let limit = self.configuration.maxRequestsInFlight + self.configuration.maxRequestsWaiting
      entry.continuation.resume(
        throwing: HTTPError(.busy, "\(limit) HTTP requests are in flight or wait already; send fewer at once"))
    case .closed:
      entry.continuation.resume(throwing: Self.closedError)
    }
  }

  /// Answers the request at once; its transfer is aborted as soon as the thread looks. Before `submit` and after the
  /// answer it does nothing.
  func cancel(_ id: UInt64) {
    guard let gone = self.state.withLock({ $0.ledger.abandon(id) }) else { return }
    if gone.rings { self.ring() }
    gone.entry.continuation.resume(throwing: Self.cancelledError)
  }

  /// Ends intake, fails what is unanswered and lets the thread end; does not wait for it.
  func beginClosing() {
    let entries = self.state.withLock { $0.ledger.beginClosing() }
    self.ring()
    for entry in entries { entry.continuation.resume(throwing: Self.closedError) }
  }

  /// Returns once the thread has released every handle of libcurl.
  func closed() async {
    await withCheckedContinuation { continuation in
      let isClosed = self.state.withLock { state in
        if !state.ledger.isClosed { state.closers.append(continuation) }
        return state.ledger.isClosed
      }
      if isClosed { continuation.resume() }
    }
  }

  static let cancelledError = HTTPError(.cancelled, "the task that sent the request was cancelled")
  static let closedError = HTTPError(.closed, "the HTTP client is closed; make a new one")

  private func ring() { self.doorbell.withLock { $0?.ring() } }

  /// The thread's whole life.
  fileprivate func run() {
    let transfers = TransferSet(self.configuration)
    // What is submitted before this line rings in vain, and is found by the first `collect`.
    let doorbell = transfers.doorbell
    self.doorbell.withLock { $0 = doorbell }
    while true {
      let now = ContinuousClock.now
      let work = self.state.withLock { $0.ledger.collect(now: now) }
      for entry in work.expired {
        transfers.timedOut(entry.target, now: now)
        entry.continuation.resume(throwing: Self.timeoutError(entry))
      }
      for id in work.drops { transfers.drop(id) }
      if work.isClosing { break }
      for (id, entry) in work.starts { transfers.start(id, entry.request, entry.target, now: now) }
      let ended = transfers.perform()
      for (id, outcome) in ended { self.finish(id, outcome) }
      // What has ended leaves room for what waits: look again before sleeping.
      if ended.isEmpty { transfers.wait(timeout: Self.wait(until: work.nextDeadline)) }
    }
    self.doorbell.withLock { $0 = nil }
    transfers.close()
    self.finishClosing()
  }

  private func finish(_ id: UInt64, _ outcome: Result<HTTPResponse, HTTPError>) {
    guard let entry = self.state.withLock({ $0.ledger.complete(id) }) else { return }
    entry.continuation.resume(with: outcome.mapError { $0 })
  }

  private func finishClosing() {
    let closers = self.state.withLock { state in
      state.ledger.didClose()
      defer { state.closers = [] }
      return state.closers
    }
    for closer in closers { closer.resume() }
  }

  private static func wait(until deadline: ContinuousClock.Instant?) -> Duration {
    guard let deadline else { return self.idleWait }
    return max(.zero, min(self.idleWait, ContinuousClock.now.duration(to: deadline)))
  }

  private static func timeoutError(_ entry: Entry) -> HTTPError {
    HTTPError(
      .timeout,
      "no full response from \(entry.target.origin) within \(entry.request.timeout); try again or raise the timeout")
  }
}

private func runLoop(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let context else { return nil }
  let loop = Unmanaged<TransferLoop>.fromOpaque(context).takeRetainedValue()
  // OpenSSL writes with write(2): a peer that has gone would end the process by SIGPIPE. libcurl's threads inherit it.
  var signals = sigset_t()
  sigemptyset(&signals)
  sigaddset(&signals, SIGPIPE)
  pthread_sigmask(SIG_BLOCK, &signals, nil)
  loop.run()
  return nil
}
