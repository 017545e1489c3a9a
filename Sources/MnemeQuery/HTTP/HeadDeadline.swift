import NIOCore
import NIOHTTP1

/// How far the requests of one connection are, as far as it decides since when the head of the next one is awaited.
///
/// Time runs only while that head is all that there is to wait for: what is read late because a request before it is
/// under way is not the client's doing.
struct HeadProgress {
  /// Requests whose answers are not written yet.
  private var requestCount = 0
  /// Whether a request's body is being read.
  private var isInBody = false
  /// Whether a head has come in part.
  private(set) var isInHead = false

  /// Bytes came; `isDecoded` where they completed a head, a body or a part of one.
  /// - Returns: whether time begins to run, where it does not already.
  mutating func didRead(isDecoded: Bool) -> Bool {
    guard !isDecoded, !self.isInBody else { return false }
    self.isInHead = true
    return self.requestCount == 0
  }

  /// A head is complete.
  mutating func didReadHead() {
    (self.isInHead, self.isInBody) = (false, true)
    self.requestCount += 1
  }

  /// A request is complete.
  mutating func didReadEnd() { self.isInBody = false }

  /// An answer is written.
  /// - Returns: whether time begins to run.
  mutating func didAnswer() -> Bool {
    // What is no HTTP is answered, too, and was never counted.
    self.requestCount = max(0, self.requestCount - 1)
    return self.requestCount == 0 && self.isInHead
  }
}

/// Ends a connection whose request's head is not complete some time after its first byte, however steadily it trickles:
/// `idleTimeout` is for connections that rest, and the body has a deadline of its own.
///
/// A whole head in one read, which is nearly every one, costs no timer.
final class HeadDeadline {
  private let timeout: TimeAmount
  private var progress = HeadProgress()
  private var decodedPartCount = 0
  private var timer: Scheduled<Void>?

  private init(_ timeout: Duration) {
    self.timeout = TimeAmount(timeout)
  }

  /// Watches over `channel`, whose pipeline reads HTTP/1.1 already; called on its event loop.
  static func install(on channel: any Channel, timeout: Duration) throws {
    let deadline = HeadDeadline(timeout)
    let pipeline = channel.pipeline.syncOperations
    let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
    try pipeline.addHandler(Parts(deadline), position: .after(decoder))
    try pipeline.addHandler(Bytes(deadline), position: .first)
  }

  private func start(_ channel: any Channel) {
    guard self.timer == nil else { return }
    // The loop is the channel's, and so is all that is touched.
    self.timer = channel.eventLoop.assumeIsolated().scheduleTask(in: self.timeout) { self.end(channel) }
  }

  private func stop() {
    self.timer?.cancel()
    self.timer = nil
  }

  private func end(_ channel: any Channel) {
    self.timer = nil
    guard self.progress.isInHead else { return }
    // No answer is under way, so it stands between no two bytes of one.
    let pipeline = channel.pipeline.syncOperations
    guard let first = try? pipeline.context(handlerType: Bytes.self) else { return }
    first.writeAndFlush(NIOAny(ByteBuffer(bytes: Self.answer)), promise: nil)
    first.close(promise: nil)
  }

  private static let failure = RequestFailure(.requestTimeout, "the head of the request did not arrive in time")

  /// Written by hand, as there is no request to answer.
  private static let answer: [UInt8] = {
    let body = JSONWriter.write(failure.body)
    let head = """
      HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n\
      Connection: close\r\n\r\n
      """
    return Array(head.utf8) + body
  }()

  /// Sees the bytes of a connection before they are decoded.
  private final class Bytes: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let deadline: HeadDeadline

    init(_ deadline: HeadDeadline) { self.deadline = deadline }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let before = self.deadline.decodedPartCount
      // Decodes before it returns.
      context.fireChannelRead(data)
      let isDecoded = self.deadline.decodedPartCount != before
      if self.deadline.progress.didRead(isDecoded: isDecoded) { self.deadline.start(context.channel) }
    }

    func channelInactive(context: ChannelHandlerContext) {
      self.deadline.stop()
      context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.deadline.stop() }
  }

  /// Sees what the bytes were decoded to, and the answers.
  private final class Parts: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let deadline: HeadDeadline

    init(_ deadline: HeadDeadline) { self.deadline = deadline }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      self.deadline.decodedPartCount += 1
      switch Self.unwrapInboundIn(data) {
      case .head:
        self.deadline.stop()
        self.deadline.progress.didReadHead()
      case .body: break
      case .end: self.deadline.progress.didReadEnd()
      }
      context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
      let isEnd = if case .end = Self.unwrapOutboundIn(data) { true } else { false }
      context.write(data, promise: promise)
      if isEnd, self.deadline.progress.didAnswer() { self.deadline.start(context.channel) }
    }
  }
}
