import Glibc
import Synchronization

/// A TCP proxy in front of one broker that understands where Kafka's requests and answers begin and end.
///
/// It keeps clients with itself, by writing its own port into the answers that name brokers; it makes up for three gaps
/// of noida-db (`fetchPace`, `KafkaAnswer.withoutEndedTransactions`, `KafkaGroupCoordinator`); and it injects the
/// faults that a test asks for. Requests and answers keep their order on each connection, as with Kafka: a held one
/// holds those behind it. Each connection has two threads.
public final class KafkaProxy: Sendable {
  /// Decides about one request, on the thread of its connection, so it may block.
  public typealias FaultHook = @Sendable (KafkaRequestFrame) -> KafkaFault

  /// The largest request or answer, in bytes; a larger one closes its connection.
  public static let maxFrameBytes = 200 << 20
  /// The most connections at a time; a further one is closed at once.
  public static let maxConnectionCount = 1_000
  /// The most requests of one connection that wait for an answer; one more closes it.
  static let maxPendingCount = 100_000

  struct State {
    /// Open sockets by the number of their connection. They are closed under the lock only.
    var connections: [Int: (client: Int32, broker: Int32?)] = [:]
    var lastConnection = 0
    var requestCounts: [KafkaAPIKey: Int] = [:]
    var waiters: [UInt64: Waiter] = [:]
    var lastWaiter: UInt64 = 0
    var hook: FaultHook?
    var isAcceptorRunning = true
    var isRefusing = false
    var isStopping = false
    var threadCount = 1
    var stoppers: [CheckedContinuation<Void, Never>] = []
  }

  struct Waiter {
    let apiKey: KafkaAPIKey
    let count: Int
    let continuation: CheckedContinuation<Void, any Error>
  }

  /// Where it listens; the same after `refuse` and `accept`.
  public var port: Int { self.reservation.number }
  /// How long after its request a Fetch answer without records is sent at the earliest. noida-db ignores
  /// `fetch.wait.max.ms`, so that idle consumers would spin.
  public let fetchPace: Duration
  let groups = KafkaGroupCoordinator()
  let brokerPort: Int
  let state = Mutex(State())
  private let reservation: ReservedPort
  private let listener: Int32

  /// A proxy on a free port in front of the broker at 127.0.0.1 and `brokerPort`, which need not run yet.
  /// - Throws: `KafkaFixtureError` where no port can be had.
  public init(
    brokerPort: Int, fetchPace: Duration = .milliseconds(10)
  ) throws {
    self.brokerPort = brokerPort
    self.fetchPace = fetchPace
    let reservation = try ReservedPort()
    let listener: Int32
    do {
      listener = try Self.listen(reservation.number)
    } catch {
      reservation.release()
      throw error
    }
    self.reservation = reservation
    self.listener = listener
    startThread { [self] in self.acceptConnections() }
  }

  /// A proxy on a free port in front of `broker`, which it does not own.
  /// - Throws: `KafkaFixtureError` where no port can be had.
  public convenience init(
    broker: KafkaBroker, fetchPace: Duration = .milliseconds(10)
  ) throws {
    try self.init(brokerPort: broker.port, fetchPace: fetchPace)
  }

  /// `127.0.0.1:port`, as Kafka clients want it.
  public var bootstrap: String { "127.0.0.1:\(self.port)" }

  /// Asks `hook` about each request from now on; nil lets all pass.
  public func setFault(_ hook: FaultHook?) {
    self.state.withLock { $0.hook = hook }
  }

  /// How many requests of a type have come so far, faulty ones included.
  public func requestCount(apiKey: KafkaAPIKey) -> Int {
    self.state.withLock { $0.requestCounts[apiKey, default: 0] }
  }

  /// Waits until `count` requests of a type have come since the proxy was made; they need not be forwarded yet.
  /// - Throws: `CancellationError` where the task is cancelled or the proxy stops first.
  public func requests(_ apiKey: KafkaAPIKey, atLeast count: Int) async throws {
    let id = self.state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let result: Result<Void, any Error>? = self.state.withLock { state in
          if state.requestCounts[apiKey, default: 0] >= count { return .success(()) }
          if state.isStopping || Task.isCancelled { return .failure(CancellationError()) }
          state.waiters[id] = Waiter(apiKey: apiKey, count: count, continuation: continuation)
          return nil
        }
        if let result { continuation.resume(with: result) }
      }
    } onCancel: {
      let waiter = self.state.withLock { $0.waiters.removeValue(forKey: id) }
      waiter?.continuation.resume(throwing: CancellationError())
    }
  }

  /// Closes all connections and refuses new ones, as if the broker's machine were up and the broker down. When this
  /// returns, no connection can be made; the port stays the proxy's.
  public func refuse() {
    self.state.withLock { state in
      guard !state.isStopping else { return }
      state.isRefusing = true
      // Takes the socket out of listening and leaves it bound, so that clients get ECONNREFUSED; wakes its thread.
      shutdown(self.listener, Int32(SHUT_RDWR))
      Self.hangUpAll(state)
    }
  }

  /// Accepts connections again after `refuse`, on the same port.
  public func accept() {
    let needsThread = self.state.withLock { state in
      guard state.isRefusing, !state.isStopping else { return false }
      state.isRefusing = false
      precondition(Glibc.listen(self.listener, 512) == 0, "a bound socket can listen again: error \(errno)")
      // The thread may not have noticed yet that it should end, and then goes on.
      if state.isAcceptorRunning { return false }
      state.isAcceptorRunning = true
      state.threadCount += 1
      return true
    }
    if needsThread { startThread { [self] in self.acceptConnections() } }
  }

  /// Closes all connections and gives the port up. Returns once all threads have ended; a hook that blocks for ever
  /// blocks this too.
  public func stop() async {
    let (waiters, isFirst) = self.state.withLock { state in
      defer {
        state.waiters = [:]
        state.isStopping = true
      }
      if !state.isStopping { shutdown(self.listener, Int32(SHUT_RDWR)) }
      Self.hangUpAll(state)
      return (Array(state.waiters.values), !state.isStopping)
    }
    for waiter in waiters { waiter.continuation.resume(throwing: CancellationError()) }
    await withCheckedContinuation { continuation in
      let isOver = self.state.withLock { state in
        if state.threadCount > 0 { state.stoppers.append(continuation) }
        return state.threadCount == 0
      }
      if isOver { continuation.resume() }
    }
    guard isFirst else { return }
    close(self.listener)
    self.reservation.release()
  }

  /// Counts a request, wakes those who wait for it, and decides what becomes of it.
  func received(_ request: KafkaRequestFrame) -> KafkaFault {
    let (ready, hook) = self.state.withLock { state in
      state.requestCounts[request.apiKey, default: 0] += 1
      let count = state.requestCounts[request.apiKey, default: 0]
      let ready = state.waiters.filter { $0.value.apiKey == request.apiKey && $0.value.count <= count }
      for id in ready.keys { state.waiters[id] = nil }
      return (ready.values.map(\.continuation), state.hook)
    }
    for continuation in ready { continuation.resume() }
    return hook?(request) ?? .pass
  }

  /// The last act of each thread.
  func threadEnded() {
    let stoppers = self.state.withLock { state in
      state.threadCount -= 1
      guard state.threadCount == 0 else { return [CheckedContinuation<Void, Never>]() }
      defer { state.stoppers = [] }
      return state.stoppers
    }
    for stopper in stoppers { stopper.resume() }
  }

  /// Ends both directions of each connection, so that its threads close it. Call it under the lock: no thread can close
  /// a descriptor, and another get its number, in between.
  private static func hangUpAll(_ state: State) {
    for connection in state.connections.values {
      shutdown(connection.client, Int32(SHUT_RDWR))
      if let broker = connection.broker { shutdown(broker, Int32(SHUT_RDWR)) }
    }
  }

  private func acceptConnections() {
    while true {
      var polled = pollfd(fd: self.listener, events: Int16(POLLIN), revents: 0)
      _ = poll(&polled, 1, -1)
      let (connection, isOver): (KafkaProxyConnection?, Bool) = self.state.withLock { state in
        if state.isRefusing || state.isStopping {
          state.isAcceptorRunning = false
          return (nil, true)
        }
        return (self.acceptOne(&state), false)
      }
      if isOver { break }
      if let connection {
        startThread { connection.run() }
      } else {
        // Nobody came after all, or there are no descriptors left and the connection stays in the queue: do not spin.
        usleep(1_000)
      }
    }
    self.threadEnded()
  }

  /// Under the lock, so that no connection from before a `refuse` appears after it. Does not block.
  private func acceptOne(_ state: inout State) -> KafkaProxyConnection? {
    let client = Glibc.accept(self.listener, nil, nil)
    guard client >= 0 else { return nil }
    // A subprocess started by a test must not keep a connection open by inheriting it.
    _ = fcntl(client, F_SETFD, FD_CLOEXEC)
    guard state.connections.count < Self.maxConnectionCount else {
      close(client)
      return nil
    }
    state.lastConnection += 1
    state.threadCount += 1
    state.connections[state.lastConnection] = (client, nil)
    return KafkaProxyConnection(proxy: self, number: state.lastConnection, client: client)
  }

  private static func listen(_ port: Int) throws(KafkaFixtureError) -> Int32 {
    let listener = try LoopbackSocket.open()
    let flags = fcntl(listener, F_GETFL)
    guard fcntl(listener, F_SETFL, flags | O_NONBLOCK) == 0, LoopbackSocket.bind(listener, port: port),
      Glibc.listen(listener, 512) == 0
    else {
      let code = errno
      close(listener)
      throw .system("listening on 127.0.0.1:\(port)", code: code)
    }
    return listener
  }
}
