/// A stretch of time, in UTC: from the first instant up to, and without, the second.
public struct CivilInterval: Hashable, Sendable {
  /// The first instant; `distantPast` where it has no beginning.
  public var from: Timestamp
  /// The instant after the last; `distantFuture` where it has no end.
  public var to: Timestamp

  /// `from` of an interval without a beginning.
  public static let distantPast = Timestamp.range.lowerBound
  /// `to` of an interval without an end.
  public static let distantFuture = Timestamp.range.upperBound

  /// The interval from `from` up to, and without, `to`, which is not earlier.
  public init(from: Timestamp, to: Timestamp) {
    precondition(from <= to, "an interval does not end before it begins")
    self.from = from
    self.to = to
  }

  /// Everything before `instant`.
  public static func before(_ instant: Timestamp) -> CivilInterval {
    CivilInterval(from: distantPast, to: max(instant, distantPast))
  }

  /// `instant`, and everything after it.
  public static func since(_ instant: Timestamp) -> CivilInterval {
    CivilInterval(from: min(instant, distantFuture), to: distantFuture)
  }

  /// Whether `instant` lies in it.
  public func contains(_ instant: Timestamp) -> Bool { from <= instant && instant < to }
}
