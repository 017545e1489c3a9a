/// The time that a question asks about.
///
/// Days are those of UTC, weeks begin on Monday, seasons are the northern hemisphere's. A month, a weekday, a season or
/// a day without a year is the last one up to the reference, or the next one in a question about what will be.
/// "recently" is the last `DateRules.recentDayCount` days; "a few days ago" is widened by one of its unit either way.
/// English only.
public struct QueryTime: Hashable, Sendable {
  /// What the words mean.
  public enum Meaning: Hashable, Sendable {
    /// That time.
    case interval(CivilInterval)
    /// Before or after what the words in `to` tell: which time that is has to be looked up.
    case relative(to: String, Side)
  }

  /// The side of an event.
  public enum Side: String, Hashable, Sendable {
    case before, after

    /// The time on this side of what happened at `instant`; what is after begins with it.
    public func interval(of instant: Timestamp) -> CivilInterval {
      switch self {
      case .before: .before(instant)
      case .after: .since(instant)
      }
    }
  }

  /// What the words mean.
  public var meaning: Meaning
  /// The words that say so, as they stand in the question.
  public var words: String
  /// Where they stand: bytes of the question in UTF-8.
  public var range: Range<Int>

  /// The first time that `question`, asked at `reference`, speaks of; nil where it speaks of none. An event counts only
  /// where there is no date.
  public init?(_ question: String, reference: Timestamp) {
    let question = TimeQuestion(question, today: reference.day)
    guard let found = question.date() ?? question.event() else { return nil }
    self.meaning = found.meaning
    self.range = question.bytes(of: found.words)
    self.words = question.text(of: found.words)
  }

  /// Bytes of a question that are read, at most.
  public static let maxByteCount = 16 << 10
}
