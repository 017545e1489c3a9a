import EventLog
import MnemeCore
import MnemeProjection

/// Why a request was not answered as asked: the response's status and body. Its text holds no user data.
struct RequestFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of failure, in words that scripts may rely on.
  enum Code: String, Sendable, CaseIterable {
    case invalidRequest = "invalid_request"
    case unauthorized
    case forbidden
    case notFound = "not_found"
    case methodNotAllowed = "method_not_allowed"
    case requestTimeout = "request_timeout"
    case conflict
    case tooLarge = "too_large"
    case unsupportedMediaType = "unsupported_media_type"
    case rateLimited = "rate_limited"
    case failed
    case backpressure
    case unavailable
    case positionNotReached = "position_not_reached"
    case timeout
    case diskFull = "disk_full"

    /// The HTTP status.
    var status: Int {
      switch self {
      case .invalidRequest: 400
      case .unauthorized: 401
      case .forbidden: 403
      case .notFound: 404
      case .methodNotAllowed: 405
      case .requestTimeout: 408
      case .conflict: 409
      case .tooLarge: 413
      case .unsupportedMediaType: 415
      case .rateLimited: 429
      case .failed: 500
      case .backpressure, .unavailable, .positionNotReached: 503
      case .timeout: 504
      case .diskFull: 507
      }
    }
  }

  /// The kind of failure.
  let code: Code
  /// What is wrong, in which part of the request, and what to do next.
  let description: String
  /// More about it, where a program can use it.
  var details: [String: JSONValue] = [:]
  /// After how many seconds the same request may succeed.
  var retryAfterSeconds: Int?
  /// Methods that the path does have, for `.methodNotAllowed`.
  var allowedMethods: [String] = []
  /// Further headers of the response.
  var headers: [ResponseHeader] = []
  /// Whether the connection ends after the response, as unread bytes of the request stand in it.
  var closesConnection = false

  /// A failure of kind `code`.
  init(_ code: Code, _ description: String, retryAfterSeconds: Int? = nil) {
    self.code = code
    self.description = description
    self.retryAfterSeconds = retryAfterSeconds
  }

  /// Whether the same request may succeed later with nothing else changed.
  var isRetriable: Bool { self.retryAfterSeconds != nil }

  /// A request that stays wrong.
  static func invalid(_ description: String) -> RequestFailure { RequestFailure(.invalidRequest, description) }

  /// A memory that does not exist in the tenant; the words are the platform's.
  static let memoryNotFound = RequestFailure(.notFound, "Memory not found!")

  /// The response's body: the client reads `detail`, the platform writes `error`.
  var body: JSONValue {
    var members: [String: JSONValue] = [
      "detail": .string(self.description), "error": .string(self.description), "code": .string(self.code.rawValue),
    ]
    if !self.details.isEmpty { members["details"] = .object(self.details) }
    return .object(members)
  }
}

extension RequestFailure {
  /// The failure that `error` means to whoever asked; nil for an error that nobody foresaw.
  static func classify(_ error: any Error) -> RequestFailure? {
    switch error {
    case let error as RequestFailure: error
    case let error as JSONSyntaxError: .invalid("the body is no valid JSON: \(error)")
    case let error as FilterError: .invalid(error.description)
    case let error as EventLogError: Self.logFailure(error)
    case let error as ProjectionError where error.code == .unanswerable: .invalid(error.description)
    case let error as ProjectionError:
      RequestFailure(
        .unavailable, "the projection cannot be read (\(error.code.rawValue)); see the server's log",
        retryAfterSeconds: error.isRetriable ? 5 : nil)
    case is CancellationError:
      RequestFailure(.unavailable, "the server is shutting down; send the request again", retryAfterSeconds: 1)
    default: nil
    }
  }

  private static func logFailure(_ error: EventLogError) -> RequestFailure {
    switch error.code {
    case .backpressure:
      RequestFailure(.backpressure, "too many writes wait already; send the request again later", retryAfterSeconds: 1)
    case .diskFull:
      RequestFailure(.diskFull, "the log has no space left on its device; nothing was stored", retryAfterSeconds: 30)
    case .recordTooLarge:
      RequestFailure(.tooLarge, "the event is larger than the log takes; send fewer or shorter messages")
    case .unreachable, .storage, .closed, .readOnly, .unknownTopic, .topicMismatch, .fenced, .offsetOutOfRange:
      RequestFailure(
        .unavailable, "the log cannot be used (\(error.code.rawValue)); see the server's log",
        retryAfterSeconds: error.isRetriable ? 5 : nil)
    }
  }
}
