import FoundationEssentials
import Synchronization

/// A memory that one way of looking found.
struct Candidate: Sendable, Comparable {
  /// The signal: cosine or BM25.
  var score: Double
  let id: UUID
  let number: Int64

  /// Worse before better. Of equal scores the smaller id is the better one, so that answers repeat.
  static func < (left: Self, right: Self) -> Bool {
    left.score == right.score ? left.id > right.id : left.score < right.score
  }
}

/// The best candidates of many, in a heap with the worst of them on top.
struct TopCandidates: Sendable {
  /// How many are kept.
  let capacity: Int
  private(set) var candidates: [Candidate] = []

  /// Candidates for which there is room from the start, at most.
  private static let maxReservedCount = 1024

  init(capacity: Int) {
    precondition(capacity > 0, "at least one candidate is kept")
    self.capacity = capacity
    candidates.reserveCapacity(min(capacity, Self.maxReservedCount))
  }

  /// Scores below this one cannot enter any more.
  var threshold: Double { candidates.count < capacity ? -.infinity : candidates[0].score }

  /// Keeps `candidate` if it is among the best.
  mutating func insert(_ candidate: Candidate) {
    if candidates.count < capacity {
      candidates.append(candidate)
      siftUp(candidates.count - 1)
    } else if candidates[0] < candidate {
      candidates[0] = candidate
      siftDown()
    }
  }

  private mutating func siftUp(_ start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      guard candidates[child] < candidates[parent] else { return }
      candidates.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func siftDown() {
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < candidates.count && candidates[child] < candidates[least] {
        least = child
      }
      guard least != parent else { return }
      candidates.swapAt(least, parent)
      parent = least
    }
  }
}

/// What several searches for the best of all have found together: a score that as many candidates have as are wanted,
/// so that what is below it is not among them.
final class ScoreFloor: Sendable {
  private let score = Atomic<UInt64>((-Double.infinity).bitPattern)

  /// The score.
  var value: Double { Double(bitPattern: self.score.load(ordering: .relaxed)) }

  /// One of them has as many candidates with at least `score`. Where two raise it at the same time either may stay:
  /// both are right.
  func raise(to score: Double) {
    if score > self.value { self.score.store(score.bitPattern, ordering: .relaxed) }
  }
}
