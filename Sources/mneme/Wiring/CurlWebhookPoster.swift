import CurlHTTP
import MnemeCore
import MnemePipeline

/// Calls webhooks over libcurl, at addresses of the Internet only unless others are allowed.
struct CurlWebhookPoster: WebhookPoster {
  /// From the call to the last byte of the answer.
  static let timeout: Duration = .seconds(15)
  /// From the call to an open connection.
  static let connectTimeout: Duration = .seconds(5)
  /// The largest answer that is read to its end, in bytes. Nothing is done with it.
  static let maxResponseBytes = 1 << 20
  /// Calls in flight at one time in this process.
  static let maxCallsInFlight = 512

  private let client: HTTPClient

  /// A poster with a client of its own: its connections are never those of models, which may be anywhere.
  init(allowsPrivateAddresses: Bool) {
    self.client = HTTPClient(
      HTTPClient.Configuration(
        maxConnectionsPerHost: 16, maxRequestsInFlight: Self.maxCallsInFlight, userAgent: "mneme-webhooks",
        mayConnect: { bytes in allowsPrivateAddresses || NetworkAddress(bytes: bytes)?.isPublic ?? false }))
  }

  func post(_ body: [UInt8], headers: [(name: String, value: String)], to url: String) async throws
    -> WebhookRetry.Answer
  {
    var fields = HTTPHeaders()
    for header in headers { fields.add(header.name, header.value) }
    let request = HTTPRequest(
      .post, url, headers: fields, body: body, timeout: Self.timeout, connectTimeout: Self.connectTimeout,
      maxResponseBytes: Self.maxResponseBytes)
    do {
      let response = try await client.execute(request)
      let now = MnemeSystem.now().milliseconds / 1000
      return .status(
        response.status,
        retryAfter: response.headers["Retry-After"].flatMap { RetryAfter.delay($0, unixSeconds: now) })
    } catch let error as HTTPError {
      if error.code == .cancelled || error.code == .closed { throw CancellationError() }
      return .failure(code: error.code.rawValue, isRetriable: error.isRetriable || error.code == .tls)
    }
  }

  /// Lets go of the client's thread, after nothing is called any more.
  func close() async { await client.close() }
}
