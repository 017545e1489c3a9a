/// Why a model gave no usable answer. Its text holds no prompt and no reply.
public struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure, in words that scripts may rely on.
  public enum Code: String, Sendable, CaseIterable {
    /// No connection, connection reset, or name not resolved.
    case unreachable
    /// No full answer within the time limit.
    case timeout
    /// HTTP 429.
    case rateLimited = "rate_limited"
    /// HTTP 5xx.
    case serverError = "server_error"
    /// HTTP 401 or 403.
    case unauthorized
    /// Any other HTTP 4xx: the endpoint does not accept such a request.
    case refused
    /// HTTP 200, but not what the protocol promises: no choice, null content, HTML, a vector of another length.
    case malformedReply = "malformed_reply"
    /// The reply's text is not the JSON that the schema asks for.
    case invalidOutput = "invalid_output"
    /// The reply was cut off.
    case truncatedOutput = "truncated_output"
    /// The weights or the vocabulary are missing or damaged.
    case unavailable
  }

  /// The kind of failure.
  public let code: Code
  /// What happened, to what, and what to do next; free of user data.
  public let description: String
  /// How long the endpoint asked to be left alone.
  public let retryAfter: Duration?

  /// A failure of kind `code`.
  public init(_ code: Code, _ description: String, retryAfter: Duration? = nil) {
    self.code = code
    self.description = description
    self.retryAfter = retryAfter
  }

  /// Whether the same call may succeed later.
  public var isRetriable: Bool {
    switch self.code {
    case .unreachable, .timeout, .rateLimited, .serverError: true
    // A sampling model may do better at the next attempt.
    case .malformedReply, .invalidOutput, .truncatedOutput: true
    case .unauthorized, .refused, .unavailable: false
    }
  }
}
