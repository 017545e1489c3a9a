import MnemeCore
import Testing

@Suite struct RepeatsTests {
  private static func order(_ texts: [(Double, String)], limit: Int = 10) -> [Repeats.Placed] {
    Repeats.order(texts.map { .init(score: $0.0, text: $0.1, subject: "user") }, limit: limit)
  }

  @Test func fivePhrasingsOfOneFactStandOnceAtTheFront() {
    let placed = Self.order([
      (0.9, "Likes green tea"), (0.89, "Really likes green tea"), (0.88, "Likes tea, the green one"),
      (0.87, "Likes green tea very much"), (0.86, "Green tea is liked"), (0.6, "Allergic to peanuts"),
      (0.5, "Plays the cello"),
    ])
    #expect(placed.map(\.index).prefix(3) == [0, 5, 6])
    #expect(placed.map(\.similarity).prefix(3) == [0, 0, 0] && placed[3...].allSatisfy { $0.similarity >= 0.5 })
  }

  @Test(
    arguments: [
      ("Lives in Berlin", "Lives in Lisbon"), ("Weighs 80 kg", "Weighs 85 kg"), ("Likes tea", "Does not like tea"),
      ("Likes green tea", "Likes to travel"), ("", ""), ("住在柏林", "喜欢绿茶"),
    ])
  func whatSaysTwoThingsKeepsItsScore(_ first: String, _ second: String) {
    let placed = Self.order([(0.9, first), (0.9, second)])
    #expect(placed.map(\.score) == [0.9, 0.9] && placed.map(\.index) == [0, 1])
  }

  @Test func whatIsAboutOthersRepeatsNothing() {
    let items = ["Ann", "Bo"].map { Repeats.Item(score: 0.5, text: "Likes green tea", subject: $0) }
    #expect(Repeats.order(items, limit: 2).map(\.similarity) == [0, 0])
  }

  @Test(arguments: 0..<200)
  func theOrderIsThatOfTheGreedyChoice(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let words = ["tea", "green", "cello", "Berlin", "Lisbon", "80", "not", "peanuts", "lives", "likes"]
    let items = (0..<random.below(30)).map { _ in
      let text = (0..<1 + random.below(6)).map { _ in words[random.below(words.count)] }.joined(separator: " ")
      return Repeats.Item(score: Double(random.below(50)) / 50, text: text, subject: "user")
    }
    let limit = random.below(items.count + 2)
    let phrasings = items.map { Phrasing($0.text, about: $0.subject) }
    var expected: [Repeats.Placed] = []
    while expected.count < min(limit, items.count) {
      var best: Repeats.Placed?
      for (index, item) in items.enumerated() where !expected.contains(where: { $0.index == index }) {
        let nearest = expected.map { phrasings[index].similarity(to: phrasings[$0.index]) }.max() ?? 0
        let similarity = nearest >= Repeats.minSimilarity ? nearest : 0
        let score = item.score * (1 - similarity)
        if best.map({ score > $0.score }) ?? true {
          best = Repeats.Placed(index: index, score: score, similarity: similarity)
        }
      }
      if let best { expected.append(best) }
    }
    #expect(Repeats.order(items, limit: limit) == expected)
  }

  @Test(arguments: [(0, 0), (1, 2), (10, 15), (1000, 1020)])
  func moreIsLookedAtThanIsWanted(_ limit: Int, _ expected: Int) { #expect(Repeats.count(for: limit) == expected) }
}
