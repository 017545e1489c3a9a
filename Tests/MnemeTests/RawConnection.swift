import Foundation
import Glibc
import Synchronization

/// One connection to a loopback port that sends any bytes, HTTP or not. Its calls block: they are made in
/// `RawConnection.onThread`.
final class RawConnection: Sendable {
  /// An answer, as far as it came.
  struct Reply: Sendable {
    var status: Int
    var head: String
    var body: String
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// How long any call waits.
  static let timeoutSeconds = 60

  private let descriptor: Int32
  private let received = Mutex<[UInt8]>([])

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(description: "socket: \(errno)") }
    var timeout = timeval(tv_sec: Self.timeoutSeconds, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      _ = setsockopt(descriptor, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failure(description: "connect: \(errno)") }
  }

  deinit { _ = Glibc.close(descriptor) }

  /// Runs calls that block on a thread of their own.
  static func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
  }

  /// Sends bytes; false where the other side has closed.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let rest = Array(bytes[sent..<min(sent + 65_536, bytes.count)])
      let count = Glibc.send(descriptor, rest, rest.count, Int32(MSG_NOSIGNAL))
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// Says that nothing more comes; answers may.
  func closeSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

  /// Takes in more bytes; false where the other side has closed.
  private func receive(_ flags: Int32 = 0) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, flags)
    guard count > 0 else { return false }
    received.withLock { $0 += buffer[..<count] }
    return true
  }

  /// Whether something has come or the other side has closed; waits for `milliseconds` at most.
  func isReadable(within milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, milliseconds) > 0
  }

  /// The next answer; nil where the connection ends before it is complete.
  func reply() -> Reply? {
    while true {
      if let reply = received.withLock({ Self.take(from: &$0) }) { return reply }
      guard receive() else { return nil }
    }
  }

  /// Whether the other side closes, with no further answer.
  func isAtEnd() -> Bool { !receive() && received.withLock { $0.isEmpty } }

  private static func take(from bytes: inout [UInt8]) -> Reply? {
    let data = Data(bytes)
    guard let gap = data.firstRange(of: Data("\r\n\r\n".utf8)) else { return nil }
    let head = String(decoding: data[..<gap.lowerBound], as: UTF8.self)
    let length =
      head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
      .flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0
    guard data.count >= gap.upperBound + length else { return nil }
    let body = String(decoding: data[gap.upperBound..<gap.upperBound + length], as: UTF8.self)
    bytes = Array(data[(gap.upperBound + length)...])
    return Reply(status: Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0, head: head, body: body)
  }
}

extension RawConnection {
  /// A whole request of HTTP/1.1.
  static func request(_ method: String, _ target: String, _ body: String? = nil, _ headers: String = "") -> String {
    let length = body.map { "Content-Length: \($0.utf8.count)\r\n" } ?? ""
    return "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(headers)\(length)\r\n\(body ?? "")"
  }

  /// The answer to bytes on a connection of their own.
  static func exchange(_ port: Int, _ bytes: String) async throws -> Reply? {
    try await onThread {
      let connection = try RawConnection(port: port)
      connection.send(bytes)
      return connection.reply()
    }
  }
}
