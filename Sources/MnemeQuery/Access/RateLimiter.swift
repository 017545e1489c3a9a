import MnemeCore
import Synchronization

/// Counts requests by key: a bucket of tokens for each, which holds what a second brings. Buckets that are full again
/// are forgotten.
final class RateLimiter: Sendable {
  /// How a key stands after a request.
  struct Standing: Hashable, Sendable {
    /// Requests per second.
    let limit: Int
    /// Requests that may follow at once.
    let remaining: Int
    /// Seconds until the bucket is full again, rounded up.
    let resetSeconds: Int
    /// Seconds after which the next request is let through; nil where this one was.
    let retryAfterSeconds: Int?
  }

  private struct Bucket {
    var tokens: Double
    var at: Timestamp
  }

  /// Buckets at one time, at most. Beyond, the ones that are full again are forgotten, and if none is, all: nobody is
  /// refused for it.
  static let maxBucketCount = 65_536

  private let now: @Sendable () -> Timestamp
  private let buckets = Mutex<[String: Bucket]>([:])

  /// A limiter that asks `now` for the time.
  init(now: @escaping @Sendable () -> Timestamp) {
    self.now = now
  }

  /// Takes a token from the bucket of `key`, into which `limit` flow each second.
  func take(_ key: String, limit: Int) -> Standing {
    precondition(limit > 0, "a limit is above zero")
    let now = self.now()
    return self.buckets.withLock { buckets in
      var bucket = buckets[key] ?? Bucket(tokens: Double(limit), at: now)
      bucket.tokens = Self.tokens(of: bucket, limit, now)
      bucket.at = now
      let isLetThrough = bucket.tokens >= 1
      if isLetThrough { bucket.tokens -= 1 }
      if buckets[key] == nil, buckets.count >= Self.maxBucketCount { Self.forgetFull(&buckets, now) }
      buckets[key] = bucket
      return Standing(
        limit: limit, remaining: Int(bucket.tokens),
        resetSeconds: Int(((Double(limit) - bucket.tokens) / Double(limit)).rounded(.up)),
        retryAfterSeconds: isLetThrough ? nil : max(1, Int(((1 - bucket.tokens) / Double(limit)).rounded(.up))))
    }
  }

  /// A clock that is set back brings no tokens, and takes none.
  private static func tokens(of bucket: Bucket, _ limit: Int, _ now: Timestamp) -> Double {
    let milliseconds = max(0, now.milliseconds - bucket.at.milliseconds)
    return min(Double(limit), bucket.tokens + Double(milliseconds) / 1000 * Double(limit))
  }

  /// A bucket is full a second after its last request, whatever its limit.
  private static func forgetFull(_ buckets: inout [String: Bucket], _ now: Timestamp) {
    buckets = buckets.filter { now.milliseconds - $0.value.at.milliseconds < 1000 }
    if buckets.count >= maxBucketCount { buckets = [:] }
  }
}

extension RateLimiter.Standing {
  /// What is told to the client of it.
  var headers: [ResponseHeader] {
    [
      ResponseHeader("X-RateLimit-Limit", String(limit)), ResponseHeader("X-RateLimit-Remaining", String(remaining)),
      ResponseHeader("X-RateLimit-Reset", String(resetSeconds)),
    ]
  }
}
