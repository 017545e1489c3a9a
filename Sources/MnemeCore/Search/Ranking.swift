import Foundation

/// What each way of looking found, for one memory.
public struct Signals: Hashable, Sendable {
  /// Cosine of query and memory, −1…1; nil where one of them has no vector.
  public var cosine: Double?
  /// The best cosine among the memories said just before and after, cut off at 0; nil where there is none.
  public var contextCosine: Double?
  /// BM25 of the memory's own words, larger is better; nil where no word of the query is among them.
  public var bm25: Double?
  /// Share of the query's words that it explains, each by its weight, 0…1: its own words, its date, the time that the
  /// query asks about, and, for half, the words said just before and after.
  public var keywords: Double
  /// Whether it was said by whom the query asks for, or is about whom the query names.
  public var isAskedPerson: Bool
  /// Whether the query names that person.
  public var isNamed: Bool
  /// Whether it is of the time that the query asks about.
  public var isOfAskedTime: Bool
  /// How fresh it is, 0…1: `Ranking.freshness`.
  public var freshness: Double
  /// Whether it holds no more, though nothing in the query asks for what was.
  public var isOver: Bool

  /// The signals of one memory.
  public init(
    cosine: Double? = nil, contextCosine: Double? = nil, bm25: Double? = nil, keywords: Double = 0,
    isAskedPerson: Bool = false, isNamed: Bool = false, isOfAskedTime: Bool = false, freshness: Double = 1,
    isOver: Bool = false
  ) {
    self.cosine = cosine
    self.contextCosine = contextCosine
    self.bm25 = bm25
    self.keywords = keywords
    self.isAskedPerson = isAskedPerson
    self.isNamed = isNamed
    self.isOfAskedTime = isOfAskedTime
    self.freshness = freshness
    self.isOver = isOver
  }

  /// Whether the memory itself says anything about the query, by its meaning, its words, the person or the time: what
  /// stands around it raises a hit, but makes none.
  public var isHit: Bool { cosine != nil || bm25 != nil || isNamed || isOfAskedTime }
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
  /// Weight of who said it, or whom it is about.
  public static let personWeight = 0.15
  /// Share of its score that a memory loses as it grows old.
  public static let ageShare = 0.05
  /// Share of its score that a memory loses when it holds no more.
  public static let overShare = 0.2
  /// Days in which a memory that was said once loses half of its freshness.
  public static let freshnessHalfLife = 365.0

  /// How fresh a memory is, 0…1: `2^(−age / (365 · (1 + reinforcements)))`. Each time that it was said again it is
  /// forgotten more slowly (the forgetting curve as Zhong et al. use it, "MemoryBank", 2024, on days). What a person
  /// thinks of it comes in here as well: see `strength`.
  /// - Parameters:
  ///   - age: Days since it was last said; what lies ahead is fresh.
  ///   - strength: `strength(reinforcementCount:feedback:)`.
  public static func freshness(age: Double, strength: Int) -> Double {
    let curve = exp2(-max(age, 0) / (freshnessHalfLife * Double(1 + max(strength, 0))))
    return strength >= 0 ? curve : strength == doubted ? curve / 2 : 0
  }

  /// How well a memory is remembered: how often it was said again, and what a person thinks of it. `POSITIVE` counts as
  /// said once more; a `NEGATIVE` one is forgotten as if it was never said again, and is half as fresh from the start;
  /// a `VERY_NEGATIVE` one is as stale as can be. So a judgement moves a score by 5 % at most: between memories that
  /// fit alike, it decides.
  public static func strength(reinforcementCount: Int, feedback: Feedback.Rating?) -> Int {
    switch feedback {
    case nil: max(reinforcementCount, 0)
    case .positive: max(reinforcementCount, 0) + 1
    case .negative: doubted
    case .veryNegative: refused
    }
  }

  private static let doubted = -1
  private static let refused = -2

  /// The share of its score that a memory keeps, 0.76…1: what is stale never outdoes what fits much better.
  @inlinable
  public static func standing(freshness: Double, isOver: Bool) -> Double {
    (1 - ageShare * (1 - freshness)) * (isOver ? 1 - overShare : 1)
  }

  /// The score of one memory, 0…1: a convex combination of its signals (Bruch, Gai and Ingber, "An Analysis of Fusion
  /// Functions for Hybrid Retrieval", 2023), each of which is one memory's own and depends on no other candidate.
  ///
  /// `0.45 · cosine + 0.15 · cosine around it + 0.25 · keywords + 0.15 · person`, cosines cut off at 0. Without a
  /// vector of the query, the last two alone, by the same weights: `(0.25 · keywords + 0.15 · person) / 0.40`.
  /// That is how well it fits; of it a memory keeps `(1 − 0.05 · (1 − freshness)) · (0.8 where it is over)`.
  public static func score(_ signals: Signals, comparesMeaning: Bool) -> Double {
    fit(
      cosine: signals.cosine ?? 0, contextCosine: signals.contextCosine ?? 0, keywords: signals.keywords,
      isAskedPerson: signals.isAskedPerson, comparesMeaning: comparesMeaning)
      * standing(freshness: signals.freshness, isOver: signals.isOver)
  }

  /// How well a memory fits, 0…1, by signals that stand by themselves; 0 for a cosine that there is not.
  @inlinable
  public static func fit(
    cosine: Double, contextCosine: Double, keywords: Double, isAskedPerson: Bool, comparesMeaning: Bool
  ) -> Double {
    let words = keywordWeight * unit(keywords) + (isAskedPerson ? personWeight : 0)
    guard comparesMeaning else { return words / (keywordWeight + personWeight) }
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
