import NIOCore
import NIOHTTP1

/// Gives the answer to what is no HTTP a body that says so. The server's own answer, 400 without one, comes where no
/// request is that a route could answer.
final class MalformedRequest: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private static let malformed = RequestFailure.invalid(
    "the request is no HTTP/1.1, or is cut off; the connection is closed")
  private static let headTooLarge = RequestFailure(
    .tooLarge, "the head of the request is too large; send a shorter path, or fewer or shorter headers")

  /// Whether the head was given up for its size.
  private var isHeadTooLarge = false

  private init() {}

  /// Watches over `channel`, whose pipeline reads HTTP/1.1 already; called on its event loop.
  static func install(on channel: any Channel) throws {
    let pipeline = channel.pipeline.syncOperations
    let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
    try pipeline.addHandler(MalformedRequest(), position: .after(decoder))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if case HTTPParserError.headerOverflow = error { self.isHeadTooLarge = true }
    context.fireErrorCaught(error)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    // Every answer of a route has a type.
    guard case .head(var head) = Self.unwrapOutboundIn(data), head.status == .badRequest,
      head.headers["Content-Length"] == ["0"], !head.headers.contains(name: "Content-Type")
    else {
      context.write(data, promise: promise)
      return
    }
    if self.isHeadTooLarge { head.status = .requestHeaderFieldsTooLarge }
    let body = JSONWriter.write((self.isHeadTooLarge ? Self.headTooLarge : Self.malformed).body)
    head.headers.replaceOrAdd(name: "Content-Type", value: "application/json")
    head.headers.replaceOrAdd(name: "Content-Length", value: String(body.count))
    context.write(Self.wrapOutboundOut(.head(head)), promise: promise)
    context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
  }
}
