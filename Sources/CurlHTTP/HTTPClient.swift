import Synchronization

/// An HTTP client over libcurl with many requests in flight on one thread of its own.
///
/// HTTP/1.1 with kept connections for `http`, HTTP/2 where offered for `https`. Redirects are not followed, cookies are
/// not kept. Requests beyond `maxRequestsInFlight` wait in order of arrival.
///
/// Call `close` before the process ends: OpenSSL's exit handlers must not find the thread at work.
public final class HTTPClient: Sendable {
  /// Bounds and identity of a client.
  public struct Configuration: Sendable {
    /// Open connections to one host; further requests to it wait for one.
    public var maxConnectionsPerHost: Int
    /// Requests on their way at one time.
    public var maxRequestsInFlight: Int
    /// Requests that wait for their turn; one more fails with `busy`.
    public var maxRequestsWaiting: Int
    /// The `User-Agent` header.
    public var userAgent: String
    /// A file of PEM certificates to trust instead of the system's; nil for the system's.
    public var certificateAuthorityPath: String?
    /// Whether an address may be connected to: its 4 or 16 bytes, in network order. nil for any. It is asked of the
    /// address itself, whatever name led to it, on the client's own thread; and no proxy is used, which would connect
    /// in our place.
    public var mayConnect: (@Sendable ([UInt8]) -> Bool)?

    /// A configuration; each bound is at least one, but for `maxRequestsWaiting`, which may be zero.
    public init(
      maxConnectionsPerHost: Int = 64, maxRequestsInFlight: Int = 64, maxRequestsWaiting: Int = 1024,
      userAgent: String = "mneme", certificateAuthorityPath: String? = nil,
      mayConnect: (@Sendable ([UInt8]) -> Bool)? = nil
    ) {
      precondition(maxConnectionsPerHost > 0 && maxRequestsInFlight > 0, "a client needs room for one request")
      precondition(maxRequestsWaiting >= 0, "a queue cannot be shorter than empty")
      self.maxConnectionsPerHost = maxConnectionsPerHost
      self.maxRequestsInFlight = maxRequestsInFlight
      self.maxRequestsWaiting = maxRequestsWaiting
      self.userAgent = userAgent
      self.certificateAuthorityPath = certificateAuthorityPath
      self.mayConnect = mayConnect
    }
  }

  private let loop: TransferLoop
  private let nextID = Atomic<UInt64>(0)

  /// A client with its thread running.
  public init(_ configuration: Configuration = Configuration()) {
    self.loop = TransferLoop(configuration)
    self.loop.start()
  }

  // Lets the thread end, without waiting for it, where `close` was forgotten.
  deinit { self.loop.beginClosing() }

  /// Sends a request and returns its response, whatever the status.
  ///
  /// One call is one attempt, save that libcurl itself repeats a request whose kept connection turns out to have been
  /// closed before any byte of a response. Cancelling the task answers at once.
  /// - Throws: `HTTPError`.
  public func execute(_ request: HTTPRequest) async throws -> HTTPResponse {
    let target = try RequestTarget(url: request.url)
    try request.headers.validate()
    if Task.isCancelled { throw TransferLoop.cancelledError }
    let id = self.nextID.wrappingAdd(1, ordering: .relaxed).oldValue
    let loop = self.loop
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        loop.submit(id, TransferLoop.Entry(request: request, target: target, continuation: continuation))
        // A handler that ran before `submit` found nothing to cancel.
        if Task.isCancelled { loop.cancel(id) }
      }
    } onCancel: {
      loop.cancel(id)
    }
  }

  /// Fails every unanswered request with `closed` and returns once the thread has released all it held.
  /// Closing again waits likewise.
  public func close() async {
    self.loop.beginClosing()
    await self.loop.closed()
  }
}
