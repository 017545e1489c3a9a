import FoundationEssentials
import Testing

@testable import MnemeCore

/// What one generation's memory is in another one's words.
@Suite struct MatchingTests {
  /// A memory as a recipe words it: the quote is the clause from which it was read.
  struct Fact: Sendable {
    var text: String
    var quote: String
    var attribute: String?
    var value: String?
    var polarity = Polarity.positive
    var subject = "user"
    var event = "e1"
    var index = 0
  }

  static func memory(_ fact: Fact, recipe: String = "recipe-1") -> Memory {
    let time = Moment(ResolutionTests.time(1), .stated)
    return Memory(
      id: Derivation.uuid("matching", recipe, fact.event, String(fact.index), fact.text), text: fact.text,
      category: "misc", scope: Scope(userID: "alex"), actor: "user", subject: fact.subject, attribute: fact.attribute,
      value: fact.value, polarity: fact.polarity, confidence: 0.9, validFrom: time, validTo: nil,
      sources: [
        Source(eventID: fact.event, messageIndex: fact.index, role: "user", time: time, quote: fact.quote)
      ], metadata: nil, expiresAt: nil, recipe: recipe, recordedAt: time.at, updatedAt: time.at)
  }

  static func matches(_ target: Fact, _ others: [Fact], vectors: [String: [Float]] = [:]) -> [String] {
    MemoryMatching.matches(
      MemoryMatching.Entry(memory(target), vectors: vectors),
      among: others.map { MemoryMatching.Entry(memory($0, recipe: "recipe-2"), vectors: vectors) },
      policy: MatchingPolicy()
    ).map(\.statement.text).sorted()
  }

  static let hike = "I love hiking in the Alps"
  static let pets = "I have a dog named Rex and a cat called Tom"
  static let move = "I moved from Lisbon to Berlin last month"

  static let cases: [(String, Fact, [Fact], [String])] = [
    (
      "reworded, with and without a slot", Fact(text: "Loves hiking", quote: hike, attribute: "likes", value: "hiking"),
      [Fact(text: "User enjoys hiking in the Alps", quote: "love hiking in the Alps")],
      ["User enjoys hiking in the Alps"]
    ),
    (
      "the same slot and value, worded otherwise",
      Fact(text: "Is a nurse", quote: "x", attribute: "job", value: "nurse"),
      [Fact(text: "Works in healthcare", quote: "x", attribute: "job", value: "registered nurse")],
      ["Works in healthcare"]
    ),
    (
      "a whole message on one side, a clause on the other",
      Fact(text: "Has a dog named Rex", quote: pets, attribute: "pet", value: "Rex"),
      [Fact(text: "User's dog is called Rex", quote: "a dog named Rex")], ["User's dog is called Rex"]
    ),
    (
      "of two pets in one sentence, the one that is meant",
      Fact(text: "Has a dog named Rex", quote: pets, attribute: "pet", value: "Rex"),
      [
        Fact(text: "User's dog is called Rex", quote: pets), Fact(text: "User's cat is called Tom", quote: pets),
        Fact(text: "Has a pet", quote: pets, attribute: "pet", value: "Tom"),
      ], ["User's dog is called Rex"]
    ),
    (
      "the other pet alone is another fact", Fact(text: "Has a dog named Rex", quote: pets),
      [Fact(text: "Has a cat called Tom", quote: pets)], []
    ),
    (
      "split: every part goes", Fact(text: "Has a dog named Rex and a cat called Tom", quote: pets),
      [
        Fact(text: "Has a dog, Rex", quote: "a dog named Rex", attribute: "pet", value: "Rex"),
        Fact(text: "Has a cat, Tom", quote: "a cat called Tom", attribute: "pet", value: "Tom"),
      ], ["Has a cat, Tom", "Has a dog, Rex"]
    ),
    (
      "merged: what holds it goes", Fact(text: "Loves tea", quote: "I love tea and long hikes"),
      [Fact(text: "Likes tea and long hikes", quote: "I love tea and long hikes")], ["Likes tea and long hikes"]
    ),
    (
      "merged with a denial of something else", Fact(text: "Likes tea", quote: "I like tea but not coffee"),
      [Fact(text: "Likes tea but not coffee", quote: "I like tea but not coffee")], ["Likes tea but not coffee"]
    ),
    (
      "values that were both said are two",
      Fact(text: "Home was Lisbon", quote: move, attribute: "home", value: "Lisbon"),
      [Fact(text: "Home is Berlin", quote: move, attribute: "home", value: "Berlin")], []
    ),
    (
      "one value in a model's own words",
      Fact(text: "Lives in NYC", quote: "I live in NYC", attribute: "home", value: "NYC"),
      [Fact(text: "Lives in New York City", quote: "I live in NYC", attribute: "home", value: "New York City")],
      ["Lives in New York City"]
    ),
    (
      "plural and singular",
      Fact(text: "Allergic to peanuts", quote: "peanuts kill me", attribute: "allergy", value: "peanuts"),
      [Fact(text: "Has a peanut allergy", quote: "peanuts kill me", attribute: "allergy", value: "peanut")],
      ["Has a peanut allergy"]
    ),
    (
      "numbers tell apart", Fact(text: "Ran 5 km on Monday", quote: "I ran 5 km on Monday and 8 km on Friday"),
      [Fact(text: "Ran 8 km on Friday", quote: "I ran 5 km on Monday and 8 km on Friday")], []
    ),
    (
      "a denial is no statement", Fact(text: "Eats meat", quote: "I used to eat meat, now I do not eat meat"),
      [Fact(text: "Does not eat meat", quote: "I used to eat meat, now I do not eat meat")], []
    ),
    (
      "two ways to deny", Fact(text: "Dislikes coffee", quote: "I hate coffee", attribute: "dislikes", value: "coffee"),
      [Fact(text: "Does not like coffee", quote: "I hate coffee")], ["Does not like coffee"]
    ),
    (
      "a liking is not its opposite", Fact(text: "Likes tea", quote: "I like tea", attribute: "likes", value: "tea"),
      [Fact(text: "Dislikes tea", quote: "I like tea", attribute: "dislikes", value: "tea")], []
    ),
    (
      "somebody else's", Fact(text: "Rex likes fish", quote: "My dogs Rex and Bello like fish", subject: "Rex"),
      [Fact(text: "Bello likes fish", quote: "My dogs Rex and Bello like fish", subject: "Bello")], []
    ),
    (
      "another slot, another value",
      Fact(text: "Works at Acme", quote: "I am a nurse at Acme", attribute: "employer", value: "Acme"),
      [Fact(text: "Works as a nurse at Acme", quote: "I am a nurse at Acme", attribute: "job", value: "nurse")], []
    ),
    (
      "another message", Fact(text: "Loves hiking", quote: hike),
      [
        Fact(text: "Loves hiking", quote: hike, event: "e2"), Fact(text: "Loves hiking", quote: hike, index: 1),
      ], []
    ),
    (
      "other words of the message, beyond doubt only",
      Fact(text: "Likes tea", quote: "I like tea", attribute: "likes", value: "tea"),
      [
        Fact(text: "Drinks tea", quote: "as I said, tea is it", attribute: "likes", value: "tea"),
        Fact(text: "Has tea every morning at home", quote: "every morning", attribute: nil),
      ], ["Drinks tea"]
    ),
    (
      "a fact about the same thing is another fact",
      Fact(text: "Has a dog named Rex", quote: "my dog Rex, a retriever"),
      [
        Fact(text: "Has a dog called Rex", quote: "my dog Rex, a retriever"),
        Fact(text: "Rex is a golden retriever", quote: "my dog Rex, a retriever"),
      ], ["Has a dog called Rex"]
    ),
  ]

  @Test(arguments: cases) func findsWhatIsMeant(name: String, target: Fact, others: [Fact], expected: [String]) {
    #expect(Self.matches(target, others) == expected, "\(name)")
  }

  @Test func vectorsFindWhatSharesNoWord() {
    let target = Fact(text: "Works as a physician", quote: "I am on call at the clinic")
    let other = Fact(text: "User is a doctor", quote: "on call at the clinic")
    #expect(Self.matches(target, [other]).isEmpty)
    // Alone from these words, it is what is meant at a lower cosine than among others.
    let near: [Float] = [0.6, 0.8, 0]
    let third = Fact(text: "Is tired", quote: "on call at the clinic")
    #expect(
      Self.matches(target, [other], vectors: [target.text: [1, 0, 0], other.text: near]) == ["User is a doctor"])
    #expect(Self.matches(target, [other, third], vectors: [target.text: [1, 0, 0], other.text: near]).isEmpty)
    let nearer: [Float] = [0.9, 0.4358899, 0]
    #expect(
      Self.matches(target, [other, third], vectors: [target.text: [1, 0, 0], other.text: nearer]) == [
        "User is a doctor"
      ]
    )
    #expect(Self.matches(target, [other], vectors: [target.text: [1, 0, 0], other.text: [0, 1, 0]]).isEmpty)
  }

  @Test(arguments: [
    ("I have a dog", "a dog", 2), ("I have a dog", "my cat", 1), ("Yes", "yes!", 2), ("", "I have a dog", 1),
    ("well, I have a dog named Rex", "a dog named Rex and a cat", 2), ("I have a cat", "I have a dog", 2),
    ("a dog", "a cat", 1),
  ])
  func quotesOverlap(left: String, right: String, expected: Int) {
    let span = SourceSpan(eventID: "e1", messageIndex: 0, quote: left)
    #expect(span.overlap(with: SourceSpan(eventID: "e1", messageIndex: 0, quote: right)).rawValue == expected)
    #expect(span.overlap(with: SourceSpan(eventID: "e1", messageIndex: 1, quote: left)) == .none)
    #expect(span.overlap(with: SourceSpan(eventID: "e2", messageIndex: 0, quote: left)) == .none)
  }

  @Test func snapshotsAreBounded() throws {
    var memory = Self.memory(Fact(text: "Loves hiking", quote: String(repeating: "x", count: 10_000)))
    memory.sources = (0..<200).map { number in
      var source = memory.sources[0]
      source.eventID = "e\(number)"
      return source
    }
    memory.metadata = ["note": .string(String(repeating: "y", count: 300_000))]
    let small = Self.memory(Fact(text: "Loves tea", quote: "tea"))
    let snapshot = MemorySnapshot.of([memory, small])
    #expect(snapshot.map(\.text) == ["Loves hiking", "Loves tea"])
    #expect(snapshot[0].sources.count == 64 && snapshot[0].sources[0].quote.count == 512)
    #expect(snapshot[0].metadata == nil)
    #expect(MemorySnapshot.of(Array(repeating: small, count: 5000)).count < 5000)
    #expect(
      EventBodyCoding.encode(MemorySnapshot.of(Array(repeating: small, count: 5000))).count
        <= MemorySnapshot.maxByteCount + 5000)
  }
}
