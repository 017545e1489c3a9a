import MnemeCore
import Testing

@Suite struct RankingTests {
  private static let all = Signals(cosine: 1, contextCosine: 1, bm25: 9, keywords: 1, isAskedPerson: true)

  @Test(
    arguments: [
      (Signals(), true, 0), (RankingTests.all, true, 1), (RankingTests.all, false, 1),
      (Signals(cosine: 0.5), true, 0.225), (Signals(cosine: -1, contextCosine: -1), true, 0),
      (Signals(contextCosine: 1), true, 0.15), (Signals(keywords: 0.5), true, 0.125),
      (Signals(keywords: 2), true, 0.25), (Signals(isAskedPerson: true), true, 0.15),
      // Without a vector of the query, what is left counts by the same weights.
      (Signals(cosine: 1, keywords: 0.5), false, 0.3125), (Signals(isAskedPerson: true), false, 0.375),
      // What is old or over keeps a share.
      (Signals(keywords: 1, isAskedPerson: true, freshness: 0), false, 0.95),
      (Signals(keywords: 1, isAskedPerson: true, freshness: 0.5, isOver: true), false, 0.78),
    ] as [(Signals, Bool, Double)])
  func aScoreIsTheWeightedSumOfTheSignals(_ signals: Signals, _ comparesMeaning: Bool, _ expected: Double) {
    #expect(abs(Ranking.score(signals, comparesMeaning: comparesMeaning) - expected) < 1e-12)
  }

  @Test func whatStandsAroundAMemoryMakesNoHit() {
    #expect(!Signals(contextCosine: 1, keywords: 0.5, isAskedPerson: true).isHit)
    #expect(Signals(cosine: -1).isHit && Signals(bm25: 0.1).isHit)
    #expect(Signals(isNamed: true).isHit && Signals(isOfAskedTime: true).isHit)
  }

  @Test(
    arguments: [
      (0, 0, 1), (365, 0, 0.5), (730, 0, 0.25), (730, 1, 0.5), (1460, 3, 0.5), (-5, 0, 1), (1e9, 0, 0),
    ] as [(Double, Int, Double)])
  func freshnessHalvesMoreSlowlyTheMoreOftenItWasSaid(_ age: Double, _ count: Int, _ expected: Double) {
    let strength = Ranking.strength(reinforcementCount: count, feedback: nil)
    #expect(abs(Ranking.freshness(age: age, strength: strength) - expected) < 1e-12)
  }

  @Test(
    arguments: [
      (365, 0, .positive, 0.5.squareRoot()), (0, 0, .positive, 1), (730, 0, .positive, 0.5),
      (0, 0, .negative, 0.5), (365, 9, .negative, 0.25), (0, 9, .veryNegative, 0), (-5, 0, .negative, 0.5),
    ] as [(Double, Int, Feedback.Rating, Double)])
  func feedbackCountsAsReinforcement(_ age: Double, _ count: Int, _ rating: Feedback.Rating, _ expected: Double) {
    let strength = Ranking.strength(reinforcementCount: count, feedback: rating)
    #expect(abs(Ranking.freshness(age: age, strength: strength) - expected) < 1e-12)
  }

  @Test func feedbackMovesAScoreByATwentiethAtMostAndInItsDirection() {
    for age in [0.0, 1, 30, 365, 4000] {
      for count in 0...3 {
        let scores = [.veryNegative, .negative, nil, .positive].map { (rating: Feedback.Rating?) in
          let strength = Ranking.strength(reinforcementCount: count, feedback: rating)
          return Ranking.standing(freshness: Ranking.freshness(age: age, strength: strength), isOver: false)
        }
        #expect(scores == scores.sorted() && scores[3] - scores[0] <= 0.05 + 1e-12)
      }
    }
  }

  @Test func equalScoresComeInOrderOfTheirIDs() {
    let ranked = Ranking.fuse([3: Signals(cosine: 0.5), 1: Signals(cosine: 0.5), 2: Self.all], comparesMeaning: true)
    #expect(ranked.map(\.id) == [2, 1, 3])
    #expect(ranked[0].semantic == 1 && ranked[0].keyword == 1)
  }
}
