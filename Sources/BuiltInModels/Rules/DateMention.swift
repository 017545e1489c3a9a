import MnemeCore

/// A date in a text.
struct DateMention: Hashable, Sendable {
  /// What it says of the statement around it.
  enum Role: Sendable {
    /// When it happened or will happen.
    case at
    /// From when it holds.
    case since
    /// Until when it holds.
    case until
  }

  /// The tokens of the expression.
  var tokens: Range<Int>
  /// The days that it means.
  var span: DateSpan
  /// What it says of the statement.
  var role: Role
  /// Whether it needs no explanation: its words give day or month, and year.
  var isAbsolute: Bool

  /// What a statement says of it in parentheses.
  var annotation: String { role == .since && !isAbsolute ? "since " + span.text : span.text }
}
