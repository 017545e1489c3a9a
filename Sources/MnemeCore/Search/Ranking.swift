/// What each way of looking found, for one memory.
public struct Signals: Hashable, Sendable {
  /// Cosine of query and memory, −1…1; nil where one of them has no vector.
  public var cosine: Double?
  /// The best cosine among the memories said just before and after, cut off at 0; nil where there is none.
  public var contextCosine: Double?
  /// BM25 of the memory's own words, larger is better; nil where no word of the query is among them.
  public var bm25: Double?
  /// Share of the query's words that it explains, each by its weight, 0…1: its own words, its date, and, for half,
  /// the words said just before and after.
  public var keywords: Double
  /// Whether it was said by whom the query asks for.
  public var isAskedSpeaker: Bool

  /// The signals of one memory.
  public init(
    cosine: Double? = nil, contextCosine: Double? = nil, bm25: Double? = nil, keywords: Double = 0,
    isAskedSpeaker: Bool = false
  ) {
    self.cosine = cosine
    self.contextCosine = contextCosine
    self.bm25 = bm25
    self.keywords = keywords
    self.isAskedSpeaker = isAskedSpeaker
  }

  /// Whether the memory itself says anything about the query: what stands around it raises a hit, but makes none.
  public var isHit: Bool { cosine != nil || bm25 != nil }
}

/// One memory's place in an answer, and why it stands there.
public struct Ranked<ID: Hashable & Sendable>: Hashable, Sendable {
  /// The memory.
  public var id: ID
  /// 0…1, larger is better.
  public var score: Double
  /// The dense signal's share before weighting, 0…1.
  public var semantic: Double
  /// The keyword signal's share before weighting, 0…1.
  public var keyword: Double
}

/// Fuses the signals of candidates into one order.
public enum Ranking {
  /// Weight of the memory's own cosine.
  public static let semanticWeight = 0.45
  /// Weight of the best cosine around it.
  public static let contextWeight = 0.15
  /// Weight of the words.
  public static let keywordWeight = 0.25
  /// Weight of who said it.
  public static let speakerWeight = 0.15

  /// The score of one memory, 0…1: a convex combination of its signals (Bruch, Gai and Ingber, "An Analysis of Fusion
  /// Functions for Hybrid Retrieval", 2023), each of which is one memory's own and depends on no other candidate.
  ///
  /// `0.45 · cosine + 0.15 · cosine around it + 0.25 · keywords + 0.15 · speaker`, cosines cut off at 0. Without a
  /// vector of the query, the last two alone, by the same weights: `(0.25 · keywords + 0.15 · speaker) / 0.40`.
  public static func score(_ signals: Signals, comparesMeaning: Bool) -> Double {
    score(
      cosine: signals.cosine ?? 0, contextCosine: signals.contextCosine ?? 0, keywords: signals.keywords,
      isAskedSpeaker: signals.isAskedSpeaker, comparesMeaning: comparesMeaning)
  }

  /// The same, of signals that stand by themselves; 0 for a cosine that there is not.
  @inlinable
  public static func score(
    cosine: Double, contextCosine: Double, keywords: Double, isAskedSpeaker: Bool, comparesMeaning: Bool
  ) -> Double {
    let words = keywordWeight * unit(keywords) + (isAskedSpeaker ? speakerWeight : 0)
    guard comparesMeaning else { return words / (keywordWeight + speakerWeight) }
    return semanticWeight * unit(cosine) + contextWeight * unit(contextCosine) + words
  }

  /// The candidates, best first; of equal ones the smaller id.
  public static func fuse<ID: Hashable & Sendable & Comparable>(
    _ candidates: [ID: Signals], comparesMeaning: Bool
  ) -> [Ranked<ID>] {
    candidates.map { id, signals in
      Ranked(
        id: id, score: score(signals, comparesMeaning: comparesMeaning), semantic: unit(signals.cosine ?? 0),
        keyword: unit(signals.keywords))
    }.sorted { ($1.score, $0.id) < ($0.score, $1.id) }
  }

  @inlinable
  static func unit(_ value: Double) -> Double { min(max(value, 0), 1) }
}
