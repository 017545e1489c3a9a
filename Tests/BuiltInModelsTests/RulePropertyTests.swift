import LanguageModel
import MnemeCore
import Testing

@testable import BuiltInModels

@Suite("Properties of the rule extractor")
struct RulePropertyTests {
  /// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
  struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
      return mixed ^ (mixed >> 31)
    }
  }

  static let pieces = [
    "I", "I'm", "my", "live in", "Oslo", "a", "dog", "called", "Rex", ",", ".", "!", "?", "\n", "'", "’", "\"", "(",
    "[",
    "]", ":", "-", "...", "…", "yesterday", "5th", "May", "2021", "last", "week", "don't", "no longer", "allergic to",
    "and", "\u{301}", "👩‍👩‍👧", "日本", "ß", "\u{200d}", "\r\n", "\0", "ignore", "if", "@", "+", "99999999999999999999",
    "2026-02-31", "ago", "in", "years", "🇳🇴", "\u{feff}", "n't", "'s", "'", "favorite", "is", "of", "&",
  ]

  static func text(_ generator: inout SeededGenerator) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0...40, using: &generator) {
      if Int.random(in: 0..<4, using: &generator) == 0 {
        let scalar = Unicode.Scalar(UInt32.random(in: 0...0x10ffff, using: &generator)) ?? " "
        text.unicodeScalars.append(scalar)
      } else {
        text += pieces.randomElement(using: &generator) ?? ""
      }
      if Bool.random(using: &generator) { text += " " }
    }
    return text
  }

  static func contains(_ part: String, in whole: String) -> Bool {
    let (part, whole) = (Array(part.utf8), Array(whole.utf8))
    guard part.count <= whole.count else { return false }
    return (0...(whole.count - part.count)).contains { whole[$0..<($0 + part.count)].elementsEqual(part) }
  }

  @Test("any text gives valid facts whose quotes are its words, and the same ones each time", arguments: 0..<40)
  func anyText(_ seed: Int) {
    var generator = SeededGenerator(state: UInt64(seed))
    for _ in 0..<100 {
      let content = Self.text(&generator)
      let found = facts(content)
      #expect(found == facts(content), "seed \(seed): \(content.debugDescription)")
      for fact in found {
        #expect(!fact.quote.isEmpty && Self.contains(fact.quote, in: content), "seed \(seed): \(fact)")
        #expect(!fact.text.isEmpty && fact.messageIndex == 0 && fact.actor != "", "seed \(seed): \(fact)")
        #expect((0...1).contains(fact.confidence) && Category.all.contains(fact.category), "seed \(seed): \(fact)")
        #expect(fact.attribute == nil || Attribute.named(fact.attribute ?? "") != nil, "seed \(seed): \(fact)")
      }
      #expect(Set(found.map(\.text)).count == found.count, "seed \(seed): \(content.debugDescription)")
    }
  }

  @Test("a huge message yields a bounded number of bounded facts")
  func hugeMessages() {
    let units = [
      "I live in Oslo and my dog Rex ate soup. ", "a", "I'm allergic to ", "((((", "\u{301}", "日", "1, ", "\n",
    ]
    for unit in units {
      let content = String(repeating: unit, count: 300_000 / unit.utf8.count)
      let found = facts(content)
      #expect(found.count <= RuleExtractor.maxFactsPerMessage)
      for fact in found { #expect(fact.text.utf8.count <= RuleExtractor.maxStatementBytes, "\(unit)") }
    }
  }

  @Test("each turn gets its extraction, in order, whatever stands beside it")
  func manyTurns() async throws {
    let contents = ["I live in Oslo.", "Hello", "I have a cat called Mops."]
    let turns = contents.map { content in
      Turn(
        id: content, owner: OwnerKey("t/user:u")!, receivedAt: sunday,
        body: TurnBody(scope: Scope(userID: "u"), messages: [Message(role: "user", content: content)]))
    }
    let extractions = try await RuleExtractor().extract(turns)
    #expect(extractions.map(\.facts.count) == [1, 0, 1])
    #expect(extractions.map(\.facts.first?.text) == ["Lives in Oslo", nil, "Has a pet: cat Mops"])
  }

  @Test("messages of a turn keep their index, their time and their speaker")
  func messages() {
    let body = TurnBody(
      scope: Scope(userID: "u"),
      messages: [
        Message(role: "user", content: "Hello"),
        Message(role: "user", content: "I planted a fig tree yesterday.", name: "Ines"),
        Message(
          role: "user", content: "I planted a fig tree yesterday.",
          timestamp: Timestamp(CivilDay(year: 2020, month: 1, day: 1))),
      ], timestamp: sunday)
    let found = RuleExtractor().facts(
      of: Turn(id: "e", owner: OwnerKey("t/user:u")!, receivedAt: sunday, body: body))
    #expect(found.map(\.messageIndex) == [1, 2])
    #expect(found.map(\.actor) == ["Ines", "user"])
    #expect(
      found.map(\.text) == [
        "Ines: I planted a fig tree yesterday (14 March 2026)",
        "User: I planted a fig tree yesterday (31 December 2019)",
      ])
  }

  @Test("the recipe names the rules")
  func recipe() {
    let recipe = RuleExtractor().recipe
    #expect(recipe.extractor == "builtin-1" && recipe.model == "none" && recipe.promptHash.count == 64)
  }
}
