import MnemeCore
import Testing

@Suite struct DiversityTests {
  static let pairs: [(String, String, Double)] = [
    ("Likes green tea", "Likes green tea", 1),
    ("Likes green tea", "User is fond of green tea", 0.4),
    ("Likes tea", "Plays the cello", 0),
    ("Likes tea", "Does not like tea", 0),
    ("Weighs 80 kg", "Weighs 85 kg", 0),
    ("Weighs 80 kg", "Weighs 80 kg now", 1),
    ("Lives in Berlin", "Lives in Lisbon", 0),
    ("Lives in Berlin", "Now lives in Berlin", 1),
    ("Lives in Berlin", "lives in berlin since 2026", 0.5),
    ("", "", 0), ("the", "the", 0),
  ]

  @Test(arguments: pairs)
  func howMuchTwoTextsSayTheSame(_ left: String, _ right: String, _ expected: Double) {
    let (a, b) = (Phrasing(left, about: "user"), Phrasing(right, about: "user"))
    #expect(abs(a.similarity(to: b) - expected) < 1e-9)
    #expect(a.similarity(to: b) == b.similarity(to: a))
    #expect(a.similarity(to: Phrasing(right, about: "somebody else")) == 0)
  }

  private static func order(_ texts: [(Double, String)]) -> [Int] {
    DiverseOrder.of(texts.map { .init(relevance: $0.0, phrasing: Phrasing($0.1, about: "user")) })
  }

  @Test func fivePhrasingsOfOneFactStandOnceAtTheFront() {
    let texts = [
      (0.9, "Likes green tea"), (0.89, "Really likes green tea"), (0.88, "Likes tea, the green one"),
      (0.87, "Likes green tea very much"), (0.86, "Green tea is liked"), (0.6, "Allergic to peanuts"),
      (0.5, "Plays the cello"),
    ]
    #expect(Self.order(texts).prefix(3) == [0, 5, 6])
  }

  @Test func withoutRepetitionTheOrderIsThatOfRelevance() {
    #expect(Self.order([(0.2, "tea"), (0.9, "cello"), (0.5, "peanuts"), (0.5, "lisbon")]) == [1, 2, 3, 0])
    #expect(Self.order([]).isEmpty)
  }

  @Test(arguments: 0..<200)
  func everyCandidateIsOfferedOnceAndGainsNeverGrow(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let words = ["tea", "green", "cello", "Berlin", "Lisbon", "80", "85", "not", "peanuts", "lives"]
    let candidates = (0..<random.below(30)).map { _ in
      let text = (0..<1 + random.below(6)).map { _ in words[random.below(words.count)] }.joined(separator: " ")
      return DiverseOrder.Candidate(
        relevance: Double(random.below(1000)) / 1000, phrasing: Phrasing(text, about: "user"))
    }
    var order = DiverseOrder(candidates)
    var seen: [Int] = []
    var last = Double.infinity
    while let (index, gain) = order.next() {
      order.take(index)
      #expect(gain <= last && gain <= candidates[index].relevance && gain >= 0)
      last = gain
      seen.append(index)
    }
    #expect(seen.sorted() == Array(candidates.indices))
    #expect(seen == DiverseOrder.of(candidates))
  }

  @Test func whatIsNotReadyWaits() {
    var order = DiverseOrder([
      .init(relevance: 0.9, phrasing: Phrasing("tea", about: "user")),
      .init(relevance: 0.1, phrasing: Phrasing("cello", about: "user")),
    ])
    let first = order.next { $0 == 1 }
    #expect(first?.index == 1)
    let none = order.next { $0 == 1 }
    #expect(none == nil)
    let last = order.next()
    #expect(last?.index == 0)
  }
}
