/// Which open connections new requests may share after a request has timed out.
///
/// Giving up one HTTP/2 stream leaves its connection open and shared. If it is the connection that hangs, every later
/// request would be sent down the same hole. So what was open at the time of a timeout is not used again: while
/// requests from before are still under way it is in use, and only a new connection is sure to be another one; later it
/// is idle, and an age limit tells it apart.
struct ConnectionSuspicion {
  typealias Instant = ContinuousClock.Instant

  /// Which connections a request may take.
  enum Reuse: Equatable {
    case any
    /// Those opened within the last so many seconds; at least 1.
    case youngerThan(seconds: Int)
    case none
  }

  /// Idle connections older than this are not reused anyway.
  static let maxIdle: Duration = .seconds(90)
  /// Endpoints remembered; beyond them the one that timed out longest ago is forgotten.
  static let maxOrigins = 64

  private var lastTimeout: [String: Instant] = [:]

  /// A request to `origin` has timed out.
  mutating func timedOut(_ origin: String, now: Instant) {
    self.lastTimeout[origin] = now
    if self.lastTimeout.count > Self.maxOrigins, let oldest = self.lastTimeout.min(by: { $0.value < $1.value }) {
      self.lastTimeout[oldest.key] = nil
    }
  }

  /// What a request to `origin` may use, where `oldestStart` is the start of the oldest one still under way.
  mutating func reuse(_ origin: String, oldestStart: Instant?, now: Instant) -> Reuse {
    guard let timeout = self.lastTimeout[origin] else { return .any }
    if let oldestStart, oldestStart <= timeout { return .none }
    let age = timeout.duration(to: now)
    guard age < Self.maxIdle else {
      self.lastTimeout[origin] = nil
      return .any
    }
    return .youngerThan(seconds: max(1, Int(age.components.seconds)))
  }
}
