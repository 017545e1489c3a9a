/// What a request brings to show who sent it.
public struct Credentials: Sendable {
  /// Header `Authorization`, e.g. `Token …` or `Bearer …`.
  public var authorization: String?
  /// Header `X-API-Key`.
  public var apiKey: String?
  /// Header `Host` (or `:authority`).
  public var host: String?
  /// Header `Origin`, which browsers send.
  public var origin: String?

  /// Credentials with all their parts.
  public init(authorization: String? = nil, apiKey: String? = nil, host: String? = nil, origin: String? = nil) {
    self.authorization = authorization
    self.apiKey = apiKey
    self.host = host
    self.origin = origin
  }

  /// Whether a browser sent the request for a page of another site.
  var isOfOtherSite: Bool {
    guard let origin else { return false }
    guard let host, let scheme = origin.firstRange(of: "://") else { return true }
    return origin[scheme.upperBound...].lowercased() != host.lowercased()
  }
}

/// Knows callers by their credentials.
public protocol Authenticator: Sendable {
  /// The caller; nil where the credentials are missing or wrong.
  func principal(for credentials: Credentials) async throws -> Principal?
}
