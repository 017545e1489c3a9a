/// The words of one message from which a fact was read, as two facts are compared by where they come from.
/// A storage format: it travels inside `CommandMark`.
public struct SourceSpan: Hashable, Sendable, Codable {
  /// The publisher's event id of the turn.
  public var eventID: String
  /// Index of the message in its turn.
  public var messageIndex: Int
  /// The words, at most `maxQuoteLength` characters of them.
  public var quote: String

  /// Most characters of a quote that are kept: beyond it, a quote is a whole long message and tells no clause apart.
  public static let maxQuoteLength = 512
  /// Most spans that are kept of one memory.
  public static let maxCount = 64

  enum CodingKeys: String, CodingKey {
    case quote
    case eventID = "event_id"
    case messageIndex = "message_index"
  }

  /// A span with all its parts; the quote is cut to its bound.
  public init(eventID: String, messageIndex: Int, quote: String) {
    self.eventID = eventID
    self.messageIndex = messageIndex
    self.quote = String(quote.prefix(Self.maxQuoteLength))
  }

  /// The span of `source`.
  public init(_ source: Source) {
    self.init(eventID: source.eventID, messageIndex: source.messageIndex, quote: source.quote)
  }

  /// How much two spans have in common.
  enum Overlap: Int, Comparable {
    /// Different messages.
    case none
    /// The same message, but other words of it.
    case message
    /// The same words, or a part of them.
    case words

    static func < (left: Overlap, right: Overlap) -> Bool { left.rawValue < right.rawValue }
  }

  /// Words in a row that two quotes must share where neither contains the other. Three words hardly ever come twice in
  /// a message by chance, and clauses that two models cut differently share more.
  static let sharedRunLength = 3

  func overlap(with other: SourceSpan) -> Overlap {
    guard eventID == other.eventID, messageIndex == other.messageIndex else { return .none }
    let left = NormalizedText.of(quote).split(separator: " ")
    let right = NormalizedText.of(other.quote).split(separator: " ")
    let run = min(Self.sharedRunLength, left.count, right.count)
    guard run > 0 else { return .message }
    // Either contains the other where the shorter one is a run itself.
    let runs = Set(Self.runs(left, of: run))
    return Self.runs(right, of: run).contains(where: runs.contains) ? .words : .message
  }

  private static func runs(_ words: [Substring], of count: Int) -> [[Substring]] {
    words.indices.dropLast(count - 1).map { Array(words[$0..<$0 + count]) }
  }
}
