import Glibc
import Synchronization

/// One connection to a broker or proxy that speaks Kafka's protocol by hand, one caller at a time.
///
/// For tests that need to see what a client library hides: which port is advertised, when exactly a connection ends,
/// what a second request on a held connection does. Each call runs on a thread of its own.
public final class KafkaRawConnection: Sendable {
  /// How long `receive` waits, in seconds.
  public static let maxReceiveSeconds = 30

  private let descriptor: Int32
  private let lastID = Mutex<Int32>(0)

  /// Connects to a port of 127.0.0.1.
  /// - Throws: `KafkaFixtureError` where nothing listens there.
  public init(port: Int) throws {
    self.descriptor = try LoopbackSocket.connect(port: port)
    LoopbackSocket.limitReads(self.descriptor, seconds: Self.maxReceiveSeconds)
  }

  deinit { Glibc.close(self.descriptor) }

  /// Whether something listens on a port of 127.0.0.1.
  public static func isListening(port: Int) -> Bool {
    guard let descriptor = try? LoopbackSocket.connect(port: port) else { return false }
    Glibc.close(descriptor)
    return true
  }

  /// Sends one request without waiting for its answer.
  /// - Parameters:
  ///   - body: what follows the header.
  ///   - isFlexible: whether the version's header ends with tagged fields.
  /// - Returns: the correlation id.
  /// - Throws: `KafkaFixtureError` where the connection is closed.
  @discardableResult
  public func send(
    _ apiKey: KafkaAPIKey, version: Int16, body: KafkaWriter, isFlexible: Bool = false
  ) async throws -> Int32 {
    let id = self.lastID.withLock { last in
      last += 1
      return last
    }
    try await self.send(raw: Self.frame(apiKey, version: version, id: id, body: body, isFlexible: isFlexible))
    return id
  }

  /// Sends bytes as they are.
  /// - Throws: `KafkaFixtureError` where the connection is closed.
  public func send(raw bytes: [UInt8]) async throws {
    let isSent = try await onOwnThread { LoopbackSocket.send(self.descriptor, bytes) }
    guard isSent else { throw KafkaFixtureError("the connection is closed: open another one", isRetriable: true) }
  }

  /// Waits for the next answer.
  /// - Returns: its correlation id and a reader of what follows it; nil where the peer has closed the connection.
  /// - Throws: `KafkaFixtureError` where nothing comes within `maxReceiveSeconds`.
  public func receive() async throws -> (id: Int32, body: KafkaReader)? {
    let result = try await onOwnThread {
      LoopbackSocket.readFrame(self.descriptor, maxBytes: KafkaProxy.maxFrameBytes)
    }
    switch result {
    case .complete(let frame):
      guard let id = KafkaAnswer.correlationID(frame) else {
        throw KafkaFixtureError("an answer of \(frame.count) bytes has no correlation id")
      }
      return (id, KafkaReader(frame, from: 8))
    case .closed: return nil
    case .timedOut: throw KafkaFixtureError("no answer within \(Self.maxReceiveSeconds) s", isRetriable: true)
    case .oversized: throw KafkaFixtureError("an answer is beyond \(KafkaProxy.maxFrameBytes) bytes")
    }
  }

  /// Sends one request and waits for its answer, which must be the next one to come.
  /// - Throws: `KafkaFixtureError` as `send` and `receive`, and where the connection ends instead.
  public func ask(
    _ apiKey: KafkaAPIKey, version: Int16, body: KafkaWriter, isFlexible: Bool = false
  ) async throws -> KafkaReader {
    let id = try await self.send(apiKey, version: version, body: body, isFlexible: isFlexible)
    guard let answer = try await self.receive() else {
      throw KafkaFixtureError("the connection was closed instead of an answer", isRetriable: true)
    }
    guard answer.id == id else {
      throw KafkaFixtureError("the answer to request \(answer.id) came, not the one to request \(id)")
    }
    return answer.body
  }

  /// Whether an answer, or the end of the connection, waits to be received.
  public var hasInput: Bool {
    var polled = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&polled, 1, 0) > 0
  }

  /// Whether a broker at `port` answers an ApiVersions request without an error within a second. Blocks.
  static func answers(port: Int) -> Bool {
    guard let descriptor = try? LoopbackSocket.connect(port: port) else { return false }
    defer { Glibc.close(descriptor) }
    LoopbackSocket.limitReads(descriptor, seconds: 1)
    let request = self.frame(.apiVersions, version: 0, id: 1, body: KafkaWriter(), isFlexible: false)
    guard LoopbackSocket.send(descriptor, request),
      case .complete(let frame) = LoopbackSocket.readFrame(descriptor, maxBytes: KafkaProxy.maxFrameBytes)
    else { return false }
    var reader = KafkaReader(frame, from: 4)
    return reader.int32() == 1 && reader.int16() == 0
  }

  private static func frame(
    _ apiKey: KafkaAPIKey, version: Int16, id: Int32, body: KafkaWriter, isFlexible: Bool
  ) -> [UInt8] {
    var request = KafkaWriter()
    request.integer(apiKey.rawValue)
    request.integer(version)
    request.integer(id)
    request.string("mneme-test")
    if isFlexible { request.integer(UInt8(0)) }
    var frame = KafkaWriter()
    frame.sized(request.bytes + body.bytes)
    return frame.bytes
  }
}
