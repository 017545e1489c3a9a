/// Puts answers that say what a better one says already behind those that add something.
///
/// An answer's score is multiplied by `1 − similarity` to the most similar answer before it, where that is
/// `minSimilarity` or more: maximal marginal relevance as `DiverseOrder` has it, for lists in which most things are
/// said once. Answers that repeat nothing keep their scores and their order.
public enum Repeats {
  /// Two texts that are less alike say two things.
  public static let minSimilarity = 0.5
  /// More answers that are looked at than are wanted, at most.
  public static let maxSpareCount = 20

  /// How many answers to look at where `limit` are wanted: half as many again.
  public static func count(for limit: Int) -> Int { limit + min((limit + 1) / 2, maxSpareCount) }

  /// One answer.
  public struct Item: Sendable {
    /// How well it fits, 0 or more.
    public var score: Double
    /// What it says.
    public var text: String
    /// Whom it is about: of two, no text repeats the other.
    public var subject: String

    /// An answer with all its parts.
    public init(score: Double, text: String, subject: String) {
      self.score = score
      self.text = text
      self.subject = subject
    }
  }

  /// Where an answer stands.
  public struct Placed: Hashable, Sendable {
    /// Its number among those given.
    public var index: Int
    /// What it adds: its score, less what was said before.
    public var score: Double
    /// How much of it was said before, 0 or `minSimilarity`…1.
    public var similarity: Double

    /// A place with all its parts.
    public init(index: Int, score: Double, similarity: Double) {
      self.index = index
      self.score = score
      self.similarity = similarity
    }
  }

  /// The first `limit` of `items` by what each adds to those before it. Of equal ones, the first comes first.
  /// - Parameter phrasing: The phrasing of an item's text about its subject, for whoever knows it already.
  public static func order(
    _ items: [Item], limit: Int, phrasing: (Item) -> Phrasing = { Phrasing($0.text, about: $0.subject) }
  ) -> [Placed] {
    var waiting = items.indices.map { Waiting(index: $0, score: items[$0].score) }
    waiting.sort { $0.precedes($1) }
    var taken: [Said] = []
    var placed: [Placed] = []
    while placed.count < limit, var next = waiting.first {
      waiting.removeFirst()
      if next.said == nil { next.said = Said(items[next.index]) }
      guard var said = next.said else { continue }
      for index in next.comparedCount..<taken.count {
        let similarity = said.similarity(to: &taken[index], phrasing)
        if similarity >= minSimilarity { next.similarity = max(next.similarity, similarity) }
      }
      next.said = said
      next.comparedCount = taken.count
      next.score = items[next.index].score * (1 - next.similarity)
      // What fell behind another one waits: that one may be what it repeats, too.
      if let other = waiting.first, other.precedes(next) {
        waiting.insert(next, at: waiting.firstIndex { next.precedes($0) } ?? waiting.endIndex)
      } else {
        taken.append(said)
        placed.append(Placed(index: next.index, score: next.score, similarity: next.similarity))
      }
    }
    return placed
  }

  /// An answer that has no place yet.
  private struct Waiting {
    let index: Int
    /// At most what it adds.
    var score: Double
    var similarity = 0.0
    /// How many of the placed ones it was compared with.
    var comparedCount = 0
    var said: Said?

    init(index: Int, score: Double) {
      self.index = index
      self.score = score
    }

    func precedes(_ other: Self) -> Bool { (other.score, index) < (score, other.index) }
  }

  /// What an answer says. Hardly any two are alike, which a glance at their words shows: only those that may be are
  /// compared in earnest.
  private struct Said {
    private let item: Item
    private let glance: [UInt32]
    private var known: Phrasing?

    init(_ item: Item) {
      self.item = item
      self.glance = Self.glance(item.text)
    }

    mutating func similarity(to other: inout Self, _ read: (Item) -> Phrasing) -> Double {
      guard item.subject == other.item.subject, Self.mayBeAlike(glance, other.glance) else { return 0 }
      return phrasing(read).similarity(to: other.phrasing(read))
    }

    private mutating func phrasing(_ read: (Item) -> Phrasing) -> Phrasing {
      if let known { return known }
      let phrasing = read(item)
      self.known = phrasing
      return phrasing
    }

    /// Different numbers, sorted, of the beginnings of words, which inflection leaves alone: four letters, of words of
    /// two or more. Of scripts other than ASCII's, the characters.
    private static func glance(_ text: String) -> [UInt32] {
      var parts: [UInt32] = []
      var (part, length) = (UInt32(0), 0)
      for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0x61...0x7A, 0x30...0x39, 0x41...0x5A:
          length += 1
          // Sets the bit by which small letters differ from capitals.
          if length <= 4 { part = part << 8 | (scalar.value | 0x20) }
        case ..<0x80:
          if length > 1 { parts.append(part) }
          (part, length) = (0, 0)
        default: parts.append(scalar.value << 8)
        }
      }
      if length > 1 { parts.append(part) }
      parts.sort()
      var different: [UInt32] = []
      different.reserveCapacity(parts.count)
      for part in parts where different.last != part { different.append(part) }
      return different
    }

    /// Whether a fifth of all their parts are in both.
    private static func mayBeAlike(_ left: [UInt32], _ right: [UInt32]) -> Bool {
      var (i, j, sharedCount) = (0, 0, 0)
      while i < left.count, j < right.count {
        if left[i] == right[j] {
          (i, j, sharedCount) = (i + 1, j + 1, sharedCount + 1)
        } else if left[i] < right[j] {
          i += 1
        } else {
          j += 1
        }
      }
      return 5 * sharedCount >= left.count + right.count - sharedCount
    }
  }
}
