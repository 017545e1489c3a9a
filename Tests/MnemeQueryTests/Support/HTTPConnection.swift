import Foundation
import Glibc
import MnemeCore
import Synchronization

@testable import MnemeQuery

/// What a server answered.
struct HTTPReply: Sendable {
  var status: Int
  var headers: [String: String]
  var body: [UInt8]

  /// The body as JSON.
  var json: JSONValue { get throws { try JSONParser.parse(self.body) } }
  /// The body as text.
  var text: String { String(decoding: self.body, as: UTF8.self) }
}

struct ConnectionError: Error, CustomStringConvertible {
  let description: String
}

/// One connection to a loopback port, driven by hand. Its calls block a thread of their own, never a cooperative one.
final class HTTPConnection: Sendable {
  /// How long any call waits.
  static let timeoutSeconds = 30

  private let descriptor: Int32
  /// Bytes received that belong to later replies.
  private let rest = Mutex<[UInt8]>([])

  init(port: Int) throws {
    self.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard self.descriptor >= 0 else { throw ConnectionError(description: "socket: \(errno)") }
    var timeout = timeval(tv_sec: Self.timeoutSeconds, tv_usec: 0)
    // The kernel copies the structures before the calls return.
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      _ = unsafe setsockopt(self.descriptor, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let descriptor = self.descriptor
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw ConnectionError(description: "connect: \(errno)") }
  }

  deinit { _ = Glibc.close(self.descriptor) }

  private func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
  }

  /// Sends bytes; false where the peer has closed.
  @discardableResult
  func send(_ bytes: [UInt8]) async throws -> Bool {
    try await self.onThread { [descriptor] in
      var sent = 0
      while sent < bytes.count {
        let rest = Array(bytes[sent..<min(sent + 65_536, bytes.count)])
        let count = unsafe Glibc.send(descriptor, rest, rest.count, Int32(MSG_NOSIGNAL))
        guard count > 0 else { return false }
        sent += count
      }
      return true
    }
  }

  @discardableResult
  func send(_ text: String) async throws -> Bool { try await self.send(Array(text.utf8)) }

  /// Says that nothing more comes; answers may.
  func closeSending() { _ = shutdown(self.descriptor, Int32(SHUT_WR)) }

  /// Whether the peer has closed.
  func isAtEnd() async throws -> Bool {
    try await self.onThread { [descriptor] in
      var buffer: [UInt8] = [0]
      return unsafe recv(descriptor, &buffer, 1, 0) <= 0
    }
  }

  /// The next response.
  func reply(toHead: Bool = false) async throws -> HTTPReply {
    try await self.onThread { [self] in
      let descriptor = self.descriptor
      var received = self.rest.withLock { $0 }
      func more() throws {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { throw ConnectionError(description: "closed after \(received.count) bytes") }
        received += buffer[..<count]
      }
      var end = received.headEnd
      while end == nil {
        try more()
        end = received.headEnd
      }
      let lines = String(decoding: received[..<end!], as: UTF8.self).components(separatedBy: "\r\n")
      var headers: [String: String] = [:]
      for line in lines.dropFirst() {
        guard let colon = line.firstIndex(of: ":") else { continue }
        headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      }
      let length = toHead ? 0 : headers["content-length"].flatMap { Int($0) } ?? 0
      while received.count < end! + 4 + length { try more() }
      self.rest.withLock { $0 = Array(received[(end! + 4 + length)...]) }
      return HTTPReply(
        status: Int(lines[0].split(separator: " ")[1])!, headers: headers,
        body: Array(received[(end! + 4)..<(end! + 4 + length)]))
    }
  }
}

extension [UInt8] {
  /// Where the empty line after a response's head begins.
  fileprivate var headEnd: Int? {
    guard self.count >= 4 else { return nil }
    return (0...self.count - 4).first { Array(self[$0..<$0 + 4]) == [13, 10, 13, 10] }
  }
}
