import FoundationEssentials
import Glibc
import Synchronization

/// A server on a loopback port that answers what a test has written down, faults included.
///
/// Each connection has a thread of its own, so a handler may block. Nothing here depends on time: a reply that must
/// come late waits for `release`, and tests wait for `requests(atLeast:)`.
public final class ScriptedHTTPServer: Sendable {
  /// Decides the reply to one request, on the thread of its connection.
  public typealias Handler = @Sendable (RecordedRequest) -> ScriptedReply

  struct Waiter {
    let count: Int
    let continuation: CheckedContinuation<[RecordedRequest], any Error>
  }

  struct State {
    var requests: [RecordedRequest] = []
    var waiters: [UInt64: Waiter] = [:]
    var nextWaiterID: UInt64 = 0
    var released: Set<String> = []
    /// Open sockets with the bells of their threads.
    var connections: [Int: (socket: Int32, bell: Bell)] = [:]
    var acceptedCount = 0
    var threadCount = 1
    var isStopping = false
    var stoppers: [CheckedContinuation<Void, Never>] = []
  }

  /// Requests that fit in one connection's memory, in bytes of header and body.
  public static let maxRequestBytes = 64 << 20

  /// The port, chosen by the system.
  public let port: Int
  let handler: Handler
  let state = Mutex(State())
  private let listener: Int32

  /// A server that asks `handler` for every reply.
  /// - Throws: `POSIXError` where no socket can be had.
  public init(handler: @escaping Handler) throws {
    self.handler = handler
    (self.listener, self.port) = try Self.listen()
    startThread { [self] in self.acceptConnections() }
  }

  /// A server that gives the replies of each path in order, the last one again and again. Another path is answered 404.
  /// - Throws: `POSIXError` where no socket can be had.
  public convenience init(script: [String: [ScriptedReply]]) throws {
    let served = Mutex<[String: Int]>([:])
    try self.init { request in
      guard let replies = script[request.path], let last = replies.last else {
        return .text("no such path", status: 404)
      }
      let index = served.withLock { served in
        defer { served[request.path, default: 0] += 1 }
        return served[request.path, default: 0]
      }
      return index < replies.count ? replies[index] : last
    }
  }

  /// `http://127.0.0.1:port`, without a slash at its end.
  public var url: String { "http://127.0.0.1:\(self.port)" }

  /// Every request received so far, in order of arrival.
  public var requests: [RecordedRequest] { self.state.withLock { $0.requests } }

  /// How many connections have been accepted so far.
  public var connectionCount: Int { self.state.withLock { $0.acceptedCount } }

  /// Waits until `count` requests have been received; they need not have been answered.
  /// - Throws: `CancellationError` where the task is cancelled or the server stops first.
  @discardableResult
  public func requests(atLeast count: Int) async throws -> [RecordedRequest] {
    let id = self.state.withLock { state in
      state.nextWaiterID += 1
      return state.nextWaiterID
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let result: Result<[RecordedRequest], any Error>? = self.state.withLock { state in
          if state.requests.count >= count { return .success(state.requests) }
          if state.isStopping || Task.isCancelled { return .failure(CancellationError()) }
          state.waiters[id] = Waiter(count: count, continuation: continuation)
          return nil
        }
        if let result { continuation.resume(with: result) }
      }
    } onCancel: {
      let waiter = self.state.withLock { $0.waiters.removeValue(forKey: id) }
      waiter?.continuation.resume(throwing: CancellationError())
    }
  }

  /// Lets every reply go that is held under `name`, now and later.
  public func release(_ name: String) {
    let bells = self.state.withLock { state in
      state.released.insert(name)
      return state.connections.values.map(\.bell)
    }
    for bell in bells { bell.ring() }
  }

  /// Closes every connection and returns once all threads have ended. A handler that blocks for ever blocks this too.
  public func stop() async {
    let (waiters, isFirst) = self.state.withLock { state in
      defer {
        state.waiters = [:]
        state.isStopping = true
      }
      // Under the lock, so that no thread closes its descriptor, and another one gets its number, in between.
      for connection in state.connections.values {
        shutdown(connection.socket, Int32(SHUT_RDWR))
        connection.bell.ring()
      }
      return (Array(state.waiters.values), !state.isStopping)
    }
    for waiter in waiters { waiter.continuation.resume(throwing: CancellationError()) }
    // Wakes `accept`; the accepting thread closes the socket.
    if isFirst { shutdown(self.listener, Int32(SHUT_RDWR)) }
    await withCheckedContinuation { continuation in
      let isOver = self.state.withLock { state in
        if state.threadCount > 0 { state.stoppers.append(continuation) }
        return state.threadCount == 0
      }
      if isOver { continuation.resume() }
    }
  }

  /// Counts a request and wakes those who wait for it.
  func record(_ request: RecordedRequest) {
    let (ready, requests) = self.state.withLock { state in
      state.requests.append(request)
      let ready = state.waiters.filter { $0.value.count <= state.requests.count }
      for id in ready.keys { state.waiters[id] = nil }
      return (ready.values.map(\.continuation), state.requests)
    }
    for continuation in ready { continuation.resume(returning: requests) }
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

  private func acceptConnections() {
    while true {
      let socket = accept(self.listener, nil, nil)
      if socket < 0 {
        if errno == EINTR || errno == ECONNABORTED { continue }
        break
      }
      // A subprocess started by a test must not keep a connection open by inheriting it.
      _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
      guard let (number, bell) = self.register(socket) else {
        close(socket)
        break
      }
      startThread { [self] in
        ScriptedConnection(server: self, number: number, socket: socket, bell: bell).run()
      }
    }
    close(self.listener)
    self.threadEnded()
  }

  private func register(_ socket: Int32) -> (number: Int, bell: Bell)? {
    let bell = Bell()
    let number: Int? = self.state.withLock { state in
      guard !state.isStopping else { return nil }
      state.acceptedCount += 1
      state.threadCount += 1
      state.connections[state.acceptedCount] = (socket, bell)
      return state.acceptedCount
    }
    guard let number else {
      bell.close()
      return nil
    }
    return (number, bell)
  }

  private static func listen() throws -> (socket: Int32, port: Int) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard listener >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isOpen = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(listener, generic, size) == 0 && Glibc.listen(listener, 512) == 0
          && getsockname(listener, generic, &size) == 0
      }
    }
    guard isOpen else {
      let code = errno
      close(listener)
      throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO)
    }
    return (listener, Int(UInt16(bigEndian: address.sin_port)))
  }
}

/// Wakes one thread that waits in `wait`; rings before the wait are not lost.
struct Bell: Sendable {
  private let readEnd: Int32
  private let writeEnd: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    precondition(socketpair(AF_UNIX, kind, 0, &ends) == 0, "no sockets for a connection's bell: error \(errno)")
    self.readEnd = ends[0]
    self.writeEnd = ends[1]
  }

  func ring() {
    // Where the buffer is full, it rings already.
    _ = write(self.writeEnd, [1], 1)
  }

  func wait() {
    var descriptor = pollfd(fd: self.readEnd, events: Int16(POLLIN), revents: 0)
    _ = poll(&descriptor, 1, -1)
    var rings = [UInt8](repeating: 0, count: 64)
    _ = read(self.readEnd, &rings, rings.count)
  }

  func close() {
    Glibc.close(self.readEnd)
    Glibc.close(self.writeEnd)
  }
}

/// Runs `body` on a new thread.
func startThread(_ body: @escaping @Sendable () -> Void) {
  var thread = pthread_t()
  let code = pthread_create(&thread, nil, runStart, Unmanaged.passRetained(ThreadBody(body)).toOpaque())
  precondition(code == 0, "no thread for the scripted server: error \(code)")
  pthread_detach(thread)
}

/// What a new thread runs, boxed for its way through C.
private final class ThreadBody: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

private func runStart(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let context else { return nil }
  Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().body()
  return nil
}
