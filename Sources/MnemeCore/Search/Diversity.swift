/// How a text says what it says, for telling whether another one says the same.
public struct Phrasing: Hashable, Sendable {
  /// Its content words.
  let words: Set<String>
  /// Numbers, and names that stand inside a sentence.
  private let marks: Set<String>
  /// Every word, as it stands there.
  private let all: Set<String>
  private let denies: Bool
  private let subject: String

  /// The phrasing of `text`.
  /// - Parameter subject: Whom it is about: of two, no text repeats the other.
  public init(_ text: String, about subject: String) {
    self.words = ContentWords.set(of: text)
    self.all = Set(NormalizedText.of(text).split(separator: " ").map(String.init))
    self.marks = Self.marks(of: text)
    self.denies = !all.isDisjoint(with: DistinguishingMarks.denials)
    self.subject = subject
  }

  /// How much of what the two say is the same, 0…1: the Jaccard index of their stemmed content words. 0 where they are
  /// about others, where one denies and the other does not, and where each has a number or a name that the other lacks.
  public func similarity(to other: Phrasing) -> Double {
    guard subject == other.subject, denies == other.denies, !words.isEmpty, !other.words.isEmpty else { return 0 }
    let sharedCount = words.count { other.words.contains($0) }
    guard sharedCount > 0, marks.isSubset(of: other.all) || other.marks.isSubset(of: all) else { return 0 }
    return Double(sharedCount) / Double(words.count + other.words.count - sharedCount)
  }

  private static func marks(of text: String) -> Set<String> {
    var marks: Set<String> = []
    var startsSentence = true
    for part in text.split(whereSeparator: \.isWhitespace) {
      let isName = !startsSentence && part.first(where: \.isLetter)?.isUppercase == true && part.count > 1
      if isName || part.contains(where: \.isNumber) {
        let words = NormalizedText.of(String(part)).split(separator: " ").map(String.init)
        marks.formUnion(words.filter { !ContentWords.stopWords.contains($0) })
      }
      startsSentence = part.last.map { ".!?:\u{2026}".contains($0) } ?? false
    }
    return marks
  }
}

/// An order in which each text adds something to those before it: five phrasings of one fact stand once at the front,
/// and not five times.
///
/// The next one is always the one with the largest gain, `relevance · (1 − similarity)`, by the largest similarity to
/// any that was taken: maximal marginal relevance (Carbonell and Goldstein, "The Use of MMR, Diversity-Based
/// Reranking", 1998) as a product, so that it needs no weight between two scales. What repeats another wholly gains
/// nothing; what repeats nothing gains its relevance.
public struct DiverseOrder: Sendable {
  /// One text that may be taken next.
  public struct Candidate: Sendable {
    /// How well it fits, 0 or more.
    public var relevance: Double
    /// What it says.
    public var phrasing: Phrasing

    /// A candidate with all its parts.
    public init(relevance: Double, phrasing: Phrasing) {
      self.relevance = relevance
      self.phrasing = phrasing
    }
  }

  private let candidates: [Candidate]
  /// Those that were not offered yet, in order.
  private var waiting: [Int]
  /// The largest similarity of each to any that was taken.
  private var similarity: [Double]

  /// An order of `candidates`, of which none is taken yet.
  public init(_ candidates: [Candidate]) {
    self.candidates = candidates
    self.waiting = Array(candidates.indices)
    self.similarity = candidates.map { _ in 0 }
  }

  /// Number and gain of the candidate that gains most; of equal ones the first. It is offered once.
  /// - Parameter isReady: Whether a candidate may be offered already.
  public mutating func next(where isReady: (Int) -> Bool = { _ in true }) -> (index: Int, gain: Double)? {
    var best: (place: Int, gain: Double)?
    for (place, index) in waiting.enumerated() where isReady(index) {
      let gain = candidates[index].relevance * (1 - similarity[index])
      if best.map({ gain > $0.gain }) ?? true { best = (place, gain) }
    }
    guard let best else { return nil }
    return (waiting.remove(at: best.place), best.gain)
  }

  /// Takes the candidate: what repeats it gains less from here on.
  public mutating func take(_ index: Int) {
    for other in waiting {
      similarity[other] = max(similarity[other], candidates[other].phrasing.similarity(to: candidates[index].phrasing))
    }
  }

  /// The numbers of all candidates in this order.
  public static func of(_ candidates: [Candidate]) -> [Int] {
    var order = DiverseOrder(candidates)
    var numbers: [Int] = []
    while let (index, _) = order.next() {
      order.take(index)
      numbers.append(index)
    }
    return numbers
  }
}
