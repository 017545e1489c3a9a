/// What becomes of a message after an attempt at it. Pure.
public struct WebhookRetry: Hashable, Sendable {
  /// How an attempt ended.
  public enum Answer: Hashable, Sendable {
    /// With an answer of that status; `retryAfter` is what it asked for.
    case status(Int, retryAfter: Duration? = nil)
    /// Without one: the code of the failure, and whether it may pass.
    case failure(code: String, isRetriable: Bool)
  }

  /// What is done.
  public enum Verdict: Hashable, Sendable {
    /// It is told.
    case delivered
    /// It is told again then.
    case retry(at: Timestamp)
    /// It is given up.
    case giveUp
    /// It is given up, and the webhook is switched off: the other side says that it is gone for good.
    case switchOff
  }

  /// The status by which the other side says that it is gone for good.
  public static let goneStatus = 410

  /// How often, and how long apart. 15 pauses, from 1 s to 1 h: more than 2 h, and at most some 4 h 10 min.
  public var policy: RetryPolicy
  /// How long after it was made a message is still tried, whatever the pauses came to.
  public var maxAge: Duration

  /// A policy with all its parts.
  public init(
    policy: RetryPolicy = RetryPolicy(maxAttemptCount: 16, initialDelay: .seconds(1), maxDelay: .seconds(3600)),
    maxAge: Duration = .seconds(86_400)
  ) {
    self.policy = policy
    self.maxAge = maxAge
  }

  /// What is done after attempt number `attempt` (from 1) at a message that was made at `madeAt` ended with `answer`;
  /// `jitter` is a random number in 0…1. Redirects are not followed: they are failures as any other status.
  public func verdict(
    _ answer: Answer, attempt: Int, madeAt: Timestamp, now: Timestamp, jitter: Double
  ) -> Verdict {
    var wanted: Duration?
    switch answer {
    case .status(200..<300, _): return .delivered
    case .status(Self.goneStatus, _): return .switchOff
    case .status(_, let retryAfter): wanted = retryAfter
    case .failure(_, let isRetriable): guard isRetriable else { return .giveUp }
    }
    guard let delay = policy.delay(afterAttempt: attempt, retryAfter: wanted, jitter: jitter) else { return .giveUp }
    let next = Timestamp(milliseconds: now.milliseconds + delay.milliseconds)
    guard next.milliseconds - madeAt.milliseconds <= maxAge.milliseconds else { return .giveUp }
    return .retry(at: next)
  }
}

extension WebhookRetry.Answer {
  /// Why it is no delivery, in words that scripts may rely on: `http_status` or the failure's code.
  public var errorCode: String {
    switch self {
    case .status: "http_status"
    case .failure(let code, _): code
    }
  }

  /// The status of the answer; nil where there was none.
  public var status: Int? {
    switch self {
    case .status(let status, _): status
    case .failure: nil
    }
  }
}

extension Duration {
  /// Whole milliseconds, rounded down.
  fileprivate var milliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}
