import NIOCore
import Synchronization

/// Tells the request under way on a connection that its client has closed it, or its own side of it.
final class ConnectionWatch: ChannelInboundHandler, RemovableChannelHandler, Sendable {
  // It looks at events alone.
  typealias InboundIn = Never

  private struct State {
    var isClosed = false
    var onClose: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  /// Calls `onClose` once the client has closed, at once where it has already; for the request under way, until
  /// `forget`.
  func watch(_ onClose: @escaping @Sendable () -> Void) {
    let isClosed = state.withLock { state in
      if !state.isClosed { state.onClose = onClose }
      return state.isClosed
    }
    if isClosed { onClose() }
  }

  /// The request is over.
  func forget() { state.withLock { $0.onClose = nil } }

  private func close() {
    let onClose = state.withLock { state in
      defer { state.onClose = nil }
      state.isClosed = true
      return state.onClose
    }
    onClose?()
  }

  /// What closes one side.
  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? ChannelEvent, event == .inputClosed { close() }
    context.fireUserInboundEventTriggered(event)
  }

  /// What closes both.
  func channelInactive(context: ChannelHandlerContext) {
    close()
    context.fireChannelInactive()
  }
}
