import MnemeCore
import Testing

@testable import MnemeProjection

/// What many memories may score is told side by side: as one by one.
@Suite struct OwnScoresTests {
  private static func plain(_ cosine: Float, _ words: Float) -> Float {
    Float(Ranking.semanticWeight) * max(cosine, 0) + min(words, Float(Ranking.keywordWeight))
      + Float(Ranking.personWeight)
  }

  @Test(arguments: [1, 15, 16, 17, 63, 64, 100, 256])
  func theyAreThoseOfEach(count: Int) {
    var random = SplitMix64(seed: UInt64(count))
    let cosines = (0..<count).map { _ in Float(random.below(2001)) / 1000 - 1 }
    let words = (0..<count + 9).map { _ in random.below(3) == 0 ? Float(random.below(400)) / 1000 : 0 }
    let expected = cosines.indices.map { Self.plain(cosines[$0], words[$0 + 5]) }
    var scores = OwnScores(capacity: 256)
    scores.take(cosines[...], words, at: 5)
    #expect(scores.count == count && (0..<count).map { scores[$0] } == expected)
    #expect(scores.largest.cosine == cosines.max() && scores.largest.score == expected.max())
    #expect(scores.largest.words == words[5..<5 + count].max())
    for least in [Float(0.3), 0.5, 0.7, 2] {
      var (found, next): ([Int], Int) = ([], 0)
      while let row = scores.next(from: next, atLeast: least) {
        found.append(row)
        next = row + 1
      }
      #expect(found == expected.indices.filter { expected[$0] >= least })
    }
  }

  @Test(arguments: [0, 1, 3, 16], [1, 40, 64, 130])
  func nothingAroundThemAddsMore(reach: Int, count: Int) {
    var random = SplitMix64(seed: UInt64(reach * 1000 + count))
    let around = count + 2 * reach
    let cosines = (0..<around).map { _ in Float(random.below(2001)) / 1000 - 1 }
    let words = (0..<around).map { _ in random.below(4) == 0 ? Float(random.below(300)) / 1000 : 0 }
    var scores = OwnScores(capacity: 256)
    scores.take(cosines[reach..<reach + count], words, at: reach)
    let own = (0..<count).map { scores[$0] }
    scores.addLifts(reach: reach, cosines, at: reach, words, at: reach)
    for place in 0..<count {
      let others = (place..<place + 2 * reach + 1).filter { $0 != place + reach }
      let words = others.reduce(Float(0)) { $0 + words[$1] }
      let lift =
        Float(Ranking.contextWeight) * max(others.map { cosines[$0] }.max() ?? 0, 0)
        + Float(KeywordQuery.contextShare) * min(words, Float(Ranking.keywordWeight))
      #expect(abs(scores[place] - own[place] - lift) < 1e-6)
    }
  }

  @Test func reachesAreThoseOfTheFarthestContext() {
    let group = ContextReaches.groupCount
    var contexts = [ContextDistances](repeating: .none, count: 4 * group + 3)
    contexts[5] = ContextDistances([3, 6, 9], from: 5)
    contexts[group] = ContextDistances([group - 16], from: group)
    contexts[2 * group + 1] = ContextDistances([2 * group + 18], from: 2 * group + 1)
    contexts[3 * group] = ContextDistances(Array(3 * group + 1...3 * group + 9), from: 3 * group)
    var reaches = ContextReaches(contexts)
    #expect((0..<6).map { reaches[$0] } == [.places(4), .places(16), .nextGroups, .nextGroups, .places(0), .anywhere])
    reaches.forget(around: 2 * group + 7)
    #expect((0..<5).map { reaches[$0] } == [.places(4), .anywhere, .anywhere, .anywhere, .places(0)])
  }
}
