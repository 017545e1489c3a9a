/// What one way of looking found, for one memory. A signal that did not find it is nil.
public struct Signals: Hashable, Sendable {
  /// Cosine of query and memory, −1…1.
  public var cosine: Double?
  /// BM25 score of the keywords, larger is better, as the index computes it.
  public var bm25: Double?

  /// The signals of one memory.
  public init(cosine: Double? = nil, bm25: Double? = nil) {
    self.cosine = cosine
    self.bm25 = bm25
  }
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
  /// Weight of the dense signal; the keyword signal has the rest.
  public static let semanticWeight = 0.5

  /// The candidates, best first.
  ///
  /// Formula: `score = w · semantic + (1 − w) · keyword`, a convex combination of the two signals (Bruch, Gai and
  /// Ingber,
  /// "An Analysis of Fusion Functions for Hybrid Retrieval", 2023). `semantic` is the cosine, cut off at 0.
  /// `keyword` is BM25 over the best BM25 among the candidates, damped by how much of the query that best one can
  /// explain:
  /// `bm25 / (best + saturation)`, so that a lone weak hit does not count as a perfect one.
  public static func fuse<ID: Hashable & Sendable & Comparable>(_ candidates: [ID: Signals]) -> [Ranked<ID>] {
    let best = candidates.values.compactMap(\.bm25).max() ?? 0
    return candidates.map { id, signals in
      let semantic = min(max(signals.cosine ?? 0, 0), 1)
      let keyword = best > 0 ? min(max((signals.bm25 ?? 0) / (best + keywordSaturation), 0), 1) : 0
      return Ranked(
        id: id, score: semanticWeight * semantic + (1 - semanticWeight) * keyword, semantic: semantic, keyword: keyword)
    }.sorted { ($1.score, $0.id) < ($0.score, $1.id) }
  }

  /// BM25 at which a best keyword hit counts half.
  public static let keywordSaturation = 1.0
}
