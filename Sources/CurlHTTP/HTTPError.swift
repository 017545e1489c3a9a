/// Why a request has no response. Its text names the endpoint's scheme, host and port, and nothing else of the request.
public struct HTTPError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of failure, in words that scripts may rely on.
  public enum Code: String, Sendable, CaseIterable {
    /// The host's name is not resolved, or nothing accepts the connection in time.
    case unreachable
    /// The host's addresses are none that the client's configuration lets it connect to.
    case addressRefused = "address_refused"
    /// The connection ended or was reset before the response was complete.
    case connectionLost = "connection_lost"
    /// The response was not complete within the request's `timeout`.
    case timeout
    /// No TLS session, or the certificate is not trusted.
    case tls
    /// The response is larger than the request's `maxResponseBytes`.
    case tooLarge = "too_large"
    /// What came back is not HTTP.
    case malformedResponse = "malformed_response"
    /// The URL is not an absolute `http` or `https` one.
    case invalidURL = "invalid_url"
    /// A header's name or value may not stand in a request.
    case invalidHeader = "invalid_header"
    /// As many requests as the configuration allows are already in flight and waiting.
    case busy
    /// The calling task was cancelled.
    case cancelled
    /// The client is closed, or was closed before the response was complete.
    case closed
  }

  /// The kind of failure.
  public let code: Code
  /// What happened, to what, and what to do next; free of headers, paths, queries and bodies.
  public let description: String

  /// A failure of kind `code`.
  public init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }

  /// Whether the same request may succeed later.
  public var isRetriable: Bool {
    switch self.code {
    case .unreachable, .connectionLost, .timeout, .malformedResponse, .busy: true
    case .addressRefused, .tls, .tooLarge, .invalidURL, .invalidHeader, .cancelled, .closed: false
    }
  }
}
