import Dispatch
import Glibc
import MnemeQuery
import Synchronization

/// Standard input and output as a pipe of messages, one a line. From then on nothing else gets onto standard output:
/// whatever is printed there goes to standard error.
final class MessagePipe: Sendable {
  private struct Input {
    var buffer: [UInt8] = []
    /// Bytes of the buffer in which there is no end of a line.
    var scanned = 0
    /// Whether the rest of the line is thrown away.
    var isTooLong = false
    var isAtEnd = false
  }

  private static let chunkByteCount = 65_536

  private let maxMessageByteCount: Int
  private let output: Int32
  /// A byte in it wakes up the reader.
  private let wake: (reading: Int32, writing: Int32)
  private let input = Mutex(Input())
  // Both block, each a thread of its own.
  private let reading = DispatchQueue(label: "mneme-mcp-input")
  private let writing = DispatchQueue(label: "mneme-mcp-output")

  /// Takes over standard input and output.
  /// - Parameter maxMessageByteCount: Longer messages are dropped.
  init(maxMessageByteCount: Int) throws {
    self.maxMessageByteCount = maxMessageByteCount
    var ends: [Int32] = [-1, -1]
    self.output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
    guard output >= 0, dup2(STDERR_FILENO, STDOUT_FILENO) >= 0, Glibc.pipe(&ends) == 0 else {
      throw CommandFailure("standard output cannot be taken over (error \(errno))")
    }
    self.wake = (ends[0], ends[1])
  }

  deinit {
    for descriptor in [output, wake.reading, wake.writing] { close(descriptor) }
  }

  /// The next message; nil at the end of the input, or after `stop`.
  func next() async -> AgentLine? {
    await withCheckedContinuation { continuation in
      reading.async { continuation.resume(returning: self.read()) }
    }
  }

  /// Writes one message. Where nobody reads any longer, it is lost.
  func send(_ message: [UInt8]) async {
    await withCheckedContinuation { continuation in
      writing.async {
        self.write(message + [UInt8(ascii: "\n")])
        continuation.resume()
      }
    }
  }

  /// Ends the input.
  func stop() {
    var byte: UInt8 = 0
    _ = Glibc.write(wake.writing, &byte, 1)
  }

  private func read() -> AgentLine? {
    while true {
      if let line = input.withLock({ self.takeLine(&$0) }) { return line }
      if input.withLock({ $0.isAtEnd }) { return nil }
      let bytes = wait() ? receive() : []
      input.withLock { input in
        input.buffer += bytes
        // What the last line lacks is its end.
        if bytes.isEmpty {
          input.isAtEnd = true
          input.buffer.append(UInt8(ascii: "\n"))
        }
      }
    }
  }

  /// The next line that is not empty; nil where it is not complete.
  private func takeLine(_ input: inout Input) -> AgentLine? {
    while let end = input.buffer[input.scanned...].firstIndex(of: UInt8(ascii: "\n")) {
      let line = Array(input.buffer[..<end])
      let isTooLong = input.isTooLong || line.count > maxMessageByteCount
      input.buffer.removeSubrange(...end)
      (input.scanned, input.isTooLong) = (0, false)
      if isTooLong { return .tooLong }
      if line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d }) { return .message(line) }
    }
    input.scanned = input.buffer.count
    if input.buffer.count > maxMessageByteCount {
      input.isTooLong = true
      input.buffer.removeAll()
      input.scanned = 0
    }
    return nil
  }

  /// Waits for input; false where there is none to wait for any more.
  private func wait() -> Bool {
    var descriptors = [
      pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
      pollfd(fd: wake.reading, events: Int16(POLLIN), revents: 0),
    ]
    while poll(&descriptors, 2, -1) < 0 {
      guard errno == EINTR else { return false }
    }
    return descriptors[1].revents == 0
  }

  private func receive() -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: Self.chunkByteCount)
    while true {
      let count = buffer.withUnsafeMutableBytes { Glibc.read(STDIN_FILENO, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      return Array(buffer.prefix(max(0, count)))
    }
  }

  private func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(output, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
