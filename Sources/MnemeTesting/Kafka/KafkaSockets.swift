import Glibc

/// What this folder needs of TCP on 127.0.0.1. All calls block: they belong on threads of one's own.
enum LoopbackSocket {
  /// How reading one frame ended.
  enum Frame {
    /// The whole frame, its four bytes of length included.
    case complete([UInt8])
    /// The peer has gone, or the socket is shut down.
    case closed
    /// The socket's own time limit has passed.
    case timedOut
    /// The length before the frame is negative or beyond the limit.
    case oversized
  }

  /// A socket that does not outlive `exec`.
  static func open() throws(KafkaFixtureError) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .system("socket", code: errno) }
    return descriptor
  }

  /// A socket connected to `port`.
  static func connect(port: Int) throws(KafkaFixtureError) -> Int32 {
    let descriptor = try self.open()
    let code = withAddress(port) { address, size in
      while Glibc.connect(descriptor, address, size) != 0 {
        if errno != EINTR { return errno }
      }
      return 0
    }
    guard code == 0 else {
      close(descriptor)
      throw .system("connecting to 127.0.0.1:\(port)", code: code)
    }
    self.sendAtOnce(descriptor)
    return descriptor
  }

  /// Binds `descriptor` to `port`. False where that is taken.
  static func bind(_ descriptor: Int32, port: Int) -> Bool {
    var isOn: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size))
    return withAddress(port) { address, size in Glibc.bind(descriptor, address, size) == 0 }
  }

  /// Whether the peer has closed the connection, or it is shut down. Does not block.
  static func isGone(_ descriptor: Int32) -> Bool {
    let end = Int16(bitPattern: UInt16(0x2000))  // POLLRDHUP
    var polled = pollfd(fd: descriptor, events: end, revents: 0)
    return poll(&polled, 1, 0) > 0 && polled.revents & (end | Int16(POLLHUP) | Int16(POLLERR)) != 0
  }

  /// Switches Nagle's algorithm off.
  static func sendAtOnce(_ descriptor: Int32) {
    var isOn: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Lets each later read end after that many seconds.
  static func limitReads(_ descriptor: Int32, seconds: Int) {
    var limit = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  /// Reads one frame with its four bytes of length, of at most `maxBytes` behind those.
  static func readFrame(_ descriptor: Int32, maxBytes: Int) -> Frame {
    var length = [UInt8](repeating: 0, count: 4)
    if let end = length.withUnsafeMutableBytes({ self.fill($0, from: descriptor) }) { return end }
    var reader = KafkaReader(length)
    guard let count = reader.int32(), count >= 0, count <= maxBytes else { return .oversized }
    var end: Frame?
    let frame = [UInt8](unsafeUninitializedCapacity: 4 + Int(count)) { buffer, initializedCount in
      _ = buffer.initialize(from: length)
      let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[4...])
      end = self.fill(rest, from: descriptor)
      initializedCount = end == nil ? 4 + Int(count) : 0
    }
    return end ?? .complete(frame)
  }

  /// Sends all of `bytes`. False where the peer has gone.
  static func send(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var sent = 0
      while sent < buffer.count {
        let rest = UnsafeRawBufferPointer(rebasing: buffer[sent...])
        let count = Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        sent += count
      }
      return true
    }
  }

  /// Waits until `instant`. False where `descriptor` is reset or shut down first.
  static func wait(until instant: ContinuousClock.Instant, watching descriptor: Int32) -> Bool {
    while true {
      let rest = instant - .now
      guard rest > .zero else { return true }
      // Without any event asked for, poll still reports a socket whose both directions are shut. A day is the most
      // that one call waits, so that the milliseconds fit.
      let milliseconds = min(rest / .milliseconds(1), 86_400_000)
      var polled = pollfd(fd: descriptor, events: 0, revents: 0)
      if poll(&polled, 1, Int32(milliseconds.rounded(.up))) > 0 { return false }
    }
  }

  /// Nil once `buffer` is full.
  private static func fill(_ buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32) -> Frame? {
    var filled = 0
    while filled < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count = recv(descriptor, rest.baseAddress, rest.count, 0)
      if count < 0 {
        if errno == EINTR { continue }
        return errno == EAGAIN ? .timedOut : .closed
      }
      guard count > 0 else { return .closed }
      filled += count
    }
    return nil
  }

  private static func withAddress<Value>(
    _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value
  ) -> Value {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        body(generic, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}

/// A loopback port that stays ours while nothing listens on it, as when a broker restarts.
///
/// Two things make that so. The number lies below the range from which Linux gives ports to outgoing connections
/// (32,768 and up): no client can take it, nor connect to itself on it. And an abstract Unix socket with the port in
/// its name marks it as taken for all fixtures of all test processes on the machine; it goes with the process.
struct ReservedPort: Sendable {
  /// The numbers among which one is drawn.
  static let range = 10_000..<32_768
  /// How many are tried before giving up.
  static let maxAttempts = 200

  /// The port.
  let number: Int
  private let mark: Int32

  /// Draws a port that is neither reserved nor in use.
  init() throws(KafkaFixtureError) {
    for _ in 0..<Self.maxAttempts {
      let number = Int.random(in: Self.range)
      guard let mark = try Self.mark(number) else { continue }
      let probe = try LoopbackSocket.open()
      let isFree = LoopbackSocket.bind(probe, port: number)
      close(probe)
      if isFree {
        self.number = number
        self.mark = mark
        return
      }
      close(mark)
    }
    throw KafkaFixtureError("no free port found in \(Self.range) after \(Self.maxAttempts) attempts", isRetriable: true)
  }

  /// Gives the port up. Call it once.
  func release() { close(self.mark) }

  /// Nil where another fixture has reserved the port.
  private static func mark(_ number: Int) throws(KafkaFixtureError) -> Int32? {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .system("socket", code: errno) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // A name that starts with a zero byte is an abstract one: no file, and free again when the socket is closed.
    let name = [0] + Array("mneme-test-port-\(number)".utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    let size = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
    let isBound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(descriptor, $0, size) == 0 }
    }
    if isBound { return descriptor }
    close(descriptor)
    return nil
  }
}

/// Runs what blocks on a new thread, so that no thread of the cooperative pool is held.
func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    startThread { continuation.resume(with: Result { try body() }) }
  }
}
