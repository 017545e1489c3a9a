import CKernels
import MnemeCore

/// The most that memories which stand side by side may score by the signals that are their own: room that is used again
/// for the next ones.
struct OwnScores: Sendable {
  /// The largest of some memories.
  struct Largest: Sendable {
    /// `-infinity` of none.
    var cosine = -Float.infinity
    /// What words add to a score.
    var words: Float = 0
    var score: Float = 0
  }

  /// Of each memory; those behind `count` say nothing.
  private var scores: [Float]
  /// How many memories.
  private(set) var count = 0
  private(set) var largest = Largest()
  /// The same, as the kernel gives them.
  private var maxima = [Float](repeating: 0, count: 3)

  private static let weights = mneme_own_weights(
    cosine: Float(Ranking.semanticWeight), words: Float(Ranking.keywordWeight), person: Float(Ranking.personWeight))

  /// Room for `capacity` memories.
  init(capacity: Int) { scores = [Float](repeating: 0, count: capacity) }

  /// Those of memories with these cosines, of each of which `words` says, from `place` on, what words add.
  mutating func take(_ cosines: ArraySlice<Float>, _ words: [Float], at place: Int) {
    count = cosines.count
    precondition(count <= scores.count && place >= 0 && place + count <= words.count, "they stand side by side")
    unsafe cosines.withUnsafeBufferPointer { cosines in
      unsafe words.withUnsafeBufferPointer { words in
        guard let cosines = cosines.baseAddress, let words = words.baseAddress else { return }
        // There are `count` of each: checked above.
        unsafe mneme_own_scores(count, cosines, words + place, Self.weights, &scores, &maxima)
      }
    }
    largest = Largest(cosine: maxima[0], words: maxima[1], score: maxima[2])
  }

  private static let liftWeights = mneme_lift_weights(
    cosine: Float(Ranking.contextWeight), word_share: Float(KeywordQuery.contextShare),
    most_words: Float(Ranking.keywordWeight))

  /// Adds the most that what stands at most `reach` places from each of them may add. They begin at `start` of
  /// `cosines` and at `place` of `words`.
  mutating func addLifts(reach: Int, _ cosines: [Float], at start: Int, _ words: [Float], at place: Int) {
    precondition(
      reach >= 0 && min(start, place) >= reach && start + count + reach <= cosines.count
        && place + count + reach <= words.count, "as many stand around them")
    unsafe cosines.withUnsafeBufferPointer { cosines in
      unsafe words.withUnsafeBufferPointer { words in
        guard let cosines = cosines.baseAddress, let words = words.baseAddress else { return }
        // Those from `reach` before to `reach` behind are there: checked above.
        unsafe mneme_add_lifts(count, reach, cosines + start, words + place, Self.liftWeights, &scores)
      }
    }
  }

  /// The next memory from `first` on that may come to `least`; nil where there is none.
  func next(from first: Int, atLeast least: Float) -> Int? {
    let found = unsafe mneme_next_at_least(count, scores, first, least)
    return found < count ? found : nil
  }

  /// The most that memory `index` may score by its own signals.
  subscript(index: Int) -> Float { scores[index] }
}
