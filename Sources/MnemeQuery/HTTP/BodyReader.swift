import Hummingbird
import Synchronization

/// Reads bodies within bounds: of each one, of all that are held at a time, and of time.
final class BodyReader: Sendable {
  private let configuration: QueryConfiguration
  private let metrics: MetricRegistry
  private let heldByteCount = Mutex(0)

  /// A reader within the bounds of `configuration`.
  init(configuration: QueryConfiguration, metrics: MetricRegistry) {
    self.configuration = configuration
    self.metrics = metrics
  }

  /// Gives back bytes that were held for a request.
  func release(_ byteCount: Int) {
    guard byteCount > 0 else { return }
    self.heldByteCount.withLock { $0 -= byteCount }
    self.metrics.count(.bufferedBytes, by: -byteCount)
  }

  /// The whole body; the caller bounds the time that it takes. Its bytes count as held until they are released.
  /// - Throws: `RequestFailure`, once the rest of the body is out of the way or cannot be.
  func read(_ request: Request) async throws -> [UInt8] {
    let declared = request.headers[.contentLength].flatMap { Int($0) } ?? 0
    if declared > self.configuration.maxBodyByteCount, request.headers[.expect] != nil {
      // The client waits for a word before it sends: there is nothing to get out of the way.
      throw Self.closing(self.tooLarge)
    }
    return try await self.collect(request.body, declared: declared)
  }

  /// Gets the body of a request that is refused unread out of the way; false where it is too long or too slow for that.
  func discard(_ request: Request) async -> Bool {
    do {
      return try await withDeadline(self.configuration.bodyTimeout, failure: Self.tooSlow) {
        var rest = self.configuration.maxDiscardedByteCount
        for try await chunk in request.body {
          rest -= chunk.readableBytes
          if rest < 0 { return false }
        }
        return true
      }
    } catch {
      return false
    }
  }

  /// A body that did not come in time; what is missing of it stands between this request and the next.
  static let tooSlow = closing(RequestFailure(.requestTimeout, "the body did not arrive in time"))
  /// A body that ends early, or whose chunks are malformed.
  private static let incomplete = closing(.invalid("the body ends early, or is not framed as its head says"))
  private static let tooManyBodies = RequestFailure(
    .backpressure, "too many large requests at a time; send the request again later", retryAfterSeconds: 1)

  private var tooLarge: RequestFailure {
    RequestFailure(.tooLarge, "the body has more than \(self.configuration.maxBodyByteCount) bytes; send several turns")
  }

  private static func closing(_ failure: RequestFailure) -> RequestFailure {
    var failure = failure
    failure.closesConnection = true
    return failure
  }

  private func collect(_ body: RequestBody, declared: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    var failure = declared > self.configuration.maxBodyByteCount ? self.tooLarge : nil
    var discardedByteCount = 0
    do {
      for try await chunk in body {
        if failure == nil { failure = self.hold(chunk.readableBytes, after: bytes.count) }
        if failure == nil {
          bytes.append(contentsOf: chunk.readableBytesView)
        } else {
          discardedByteCount += chunk.readableBytes
          if discardedByteCount > self.configuration.maxDiscardedByteCount { break }
        }
      }
      try Task.checkCancellation()
    } catch let error as CancellationError {
      self.release(bytes.count)
      throw error
    } catch {
      // Reading fails where the connection does, or where the chunks are none: the client's doing, or nobody's.
      self.release(bytes.count)
      throw Self.incomplete
    }
    guard let failure else { return bytes }
    self.release(bytes.count)
    throw discardedByteCount > self.configuration.maxDiscardedByteCount ? Self.closing(failure) : failure
  }

  /// Holds `byteCount` more bytes, or says why not.
  private func hold(_ byteCount: Int, after heldBefore: Int) -> RequestFailure? {
    guard heldBefore + byteCount <= self.configuration.maxBodyByteCount else { return self.tooLarge }
    let isHeld = self.heldByteCount.withLock { held in
      guard held + byteCount <= self.configuration.maxBufferedByteCount else { return false }
      held += byteCount
      return true
    }
    guard isHeld else { return Self.tooManyBodies }
    self.metrics.count(.bufferedBytes, by: byteCount)
    return nil
  }
}
