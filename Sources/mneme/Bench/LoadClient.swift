import FoundationEssentials
import MnemeCore
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Many connections that are kept, each of which sends one request after the other: at a rate, or as fast as answers
/// come. All of them on one thread, without a task for any.
struct LoadClient: Sendable {
  /// One request.
  struct Request: Sendable {
    let path: String
    let body: [UInt8]
    /// Which figures it belongs to.
    let kind: Kind
  }

  enum Kind: String, Sendable, CaseIterable {
    case search, add
  }

  /// What became of all requests.
  struct Result: Sendable {
    /// Of each kind that was answered with 200.
    var latencies: [Kind: Latencies] = [:]
    /// Bodies of what additions were answered with.
    var added: [[UInt8]] = []
    /// What went wrong, and how often.
    var failures: [String: Int] = [:]
  }

  let port: Int
  let connectionCount: Int
  /// Requests a second of all connections together, begun evenly whatever answers take; nil for as many as there can
  /// be.
  let rate: Double?
  let duration: Duration

  /// Connections that are made at once.
  private static let connectingCount = 64

  /// Runs for its duration, and until what is under way is answered. `next` makes request `number` of a connection.
  func run(_ next: @escaping @Sendable (_ connection: Int, _ number: Int) -> Request) async throws -> Result {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let results = LoadResults()
    do {
      let channels = try await connect(group, results, next)
      try await drive(channels)
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
    try await group.shutdownGracefully()
    return results.value
  }

  private func connect(
    _ group: MultiThreadedEventLoopGroup, _ results: LoadResults,
    _ next: @escaping @Sendable (Int, Int) -> Request
  ) async throws -> [any Channel] {
    var channels: [any Channel] = []
    for first in stride(from: 0, to: connectionCount, by: Self.connectingCount) {
      let numbers = first..<min(first + Self.connectingCount, connectionCount)
      let connecting = numbers.map { number in
        ClientBootstrap(group: group).channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            let handler = LoadHandler(port: port, results: results) { next(number, $0) }
            try channel.pipeline.syncOperations.addHandler(handler)
          }
        }.connect(host: "127.0.0.1", port: port)
      }
      for connection in connecting { channels.append(try await connection.get()) }
    }
    return channels
  }

  private func drive(_ channels: [any Channel]) async throws {
    let start = NIODeadline.now()
    let end = start + .nanoseconds(Int64(duration.inSeconds * 1e9))
    for (number, channel) in channels.enumerated() {
      let pace = rate.map { rate in
        let period = TimeAmount.nanoseconds(Int64(Double(channels.count) / rate * 1e9))
        return (first: start + .nanoseconds(period.nanoseconds * Int64(number) / Int64(channels.count)), period: period)
      }
      channel.pipeline.fireUserInboundEventTriggered(LoadHandler.Schedule(pace: pace, end: end))
    }
    for channel in channels { try await channel.closeFuture.get() }
  }
}

/// What all connections found.
final class LoadResults: Sendable {
  private let state = Mutex(LoadClient.Result())

  var value: LoadClient.Result { self.state.withLock { $0 } }

  func answered(_ kind: LoadClient.Kind, after elapsed: TimeAmount, _ body: ByteBuffer) {
    self.state.withLock { state in
      state.latencies[kind, default: Latencies()].add(.nanoseconds(elapsed.nanoseconds))
      if kind == .add { state.added.append(Array(body.readableBytesView)) }
    }
  }

  func failed(_ what: String) {
    self.state.withLock { $0.failures[what, default: 0] += 1 }
  }
}

/// One connection.
private final class LoadHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  /// When it sends.
  struct Schedule: Sendable {
    /// The first time, and how long after it the next; nil for as soon as it is answered.
    let pace: (first: NIODeadline, period: TimeAmount)?
    let end: NIODeadline
  }

  private let port: Int
  private let results: LoadResults
  private let next: (Int) -> LoadClient.Request
  private var schedule: Schedule?
  private var number = 0
  private var underWay: (kind: LoadClient.Kind, since: NIODeadline)?
  private var status = HTTPResponseStatus.ok
  private var body = ByteBuffer()

  init(port: Int, results: LoadResults, _ next: @escaping (Int) -> LoadClient.Request) {
    self.port = port
    self.results = results
    self.next = next
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard let schedule = event as? Schedule else { return context.fireUserInboundEventTriggered(event) }
    self.schedule = schedule
    self.proceed(context)
  }

  /// Sends the next request when it is its turn. How long it takes counts from then, however long the one before it
  /// took.
  private func proceed(_ context: ChannelHandlerContext) {
    guard let schedule = self.schedule else { return }
    let now = NIODeadline.now()
    let due = schedule.pace.map { $0.first + $0.period * self.number } ?? now
    guard due < schedule.end else { return context.close(promise: nil) }
    guard due > now else { return self.send(context, due: due) }
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(deadline: due) {
      let (handler, context) = bound.value
      if context.channel.isActive { handler.send(context, due: due) }
    }
  }

  private func send(_ context: ChannelHandlerContext, due: NIODeadline) {
    let request = self.next(self.number)
    self.number += 1
    self.underWay = (request.kind, due)
    let headers: HTTPHeaders = [
      "Host": "127.0.0.1:\(self.port)", "Content-Type": "application/json", "Content-Length": "\(request.body.count)",
    ]
    let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: request.path, headers: headers)
    context.write(self.wrapOutboundOut(.head(head)), promise: nil)
    context.write(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: request.body)))), promise: nil)
    context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch self.unwrapInboundIn(data) {
    case .head(let head):
      self.status = head.status
      self.body.clear()
    case .body(var part): self.body.writeBuffer(&part)
    case .end:
      guard let (kind, since) = self.underWay else { return }
      self.underWay = nil
      if self.status == .ok {
        self.results.answered(kind, after: .now() - since, self.body)
      } else {
        self.results.failed("\(kind.rawValue): \(self.status.code)")
      }
      self.proceed(context)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    if let (kind, _) = self.underWay { self.results.failed("\(kind.rawValue): closed") }
    self.underWay = nil
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    self.results.failed("\(type(of: error))")
    context.close(promise: nil)
  }
}
