import MnemeCore
import Testing

@testable import BuiltInModels

/// What the rules make of a publisher's categories, and of what is to be remembered or not.
@Suite struct RuleWishesTests {
  private static func facts(
    _ content: String, categories: [CustomCategory]? = nil, includes: String? = nil, excludes: String? = nil,
    instructions: String? = nil
  ) -> [FactCandidate] {
    let body = TurnBody(
      scope: Scope(userID: "u"), messages: [Message(role: "user", content: content)], timestamp: sunday,
      customInstructions: instructions, agentCustomInstructions: instructions, includes: includes, excludes: excludes,
      customCategories: categories)
    return RuleExtractor().facts(
      of: Turn(id: "e", owner: OwnerKey("t/user:u")!, receivedAt: sunday, body: body))
  }

  private static let home = [
    CustomCategory("eating", "food and drink"), CustomCategory("whereabouts", "where somebody lives, and moved to"),
    CustomCategory("leisure", "movies, games, hiking"),
  ]

  static let chosen: [(String, [CustomCategory], Set<String>)] = [
    // By words of the fact, its slot, and its built-in category.
    ("I live in Berlin.", home, ["whereabouts"]), ("I'm allergic to peanuts.", home, ["misc"]),
    ("I'm allergic to peanuts.", [CustomCategory("Allergies")], ["Allergies"]),
    ("I'm allergic to peanuts.", [CustomCategory("a"), CustomCategory("wellbeing", "health, sleep")], ["wellbeing"]),
    ("I work at Acme.", [CustomCategory("professional_details")], ["professional_details"]),
    // A word of the name counts twice, and the first one wins a tie.
    ("I live in Berlin.", [CustomCategory("travel", "lives Berlin"), CustomCategory("Berlin", "lives")], ["Berlin"]),
    ("I live in Berlin.", [CustomCategory("x", "Berlin"), CustomCategory("y", "Berlin")], ["x"]),
    // By the words of its built-in category, where it shares none.
    ("We went to a symphony yesterday evening.", [CustomCategory("arts", "concerts, songs")], ["arts"]),
    // Nothing fits, and words that tell nothing are none.
    ("I live in Berlin.", [CustomCategory("details", "things of the user")], ["misc"]),
    ("I live in Berlin.", [CustomCategory("食べ物")], ["misc"]),
  ]

  @Test(arguments: chosen)
  func `facts go to the category that fits best`(content: String, categories: [CustomCategory], names: Set<String>) {
    let facts = Self.facts(content, categories: categories)
    #expect(!facts.isEmpty && Set(facts.map(\.category)) == names, "\(facts.map { ($0.text, $0.category) })")
    // Nothing else of them changes.
    var plain = Self.facts(content)
    for index in plain.indices { plain[index].category = facts[index].category }
    #expect(plain == facts)
  }

  static let both = "I live in Berlin. I'm allergic to peanuts."
  static let kept: [(String?, String?, [String])] = [
    (nil, nil, ["Lives in Berlin", "Allergic to peanuts"]), ("", "", ["Lives in Berlin", "Allergic to peanuts"]),
    ("allergies", nil, ["Allergic to peanuts"]), ("Only health-related things", nil, ["Allergic to peanuts"]),
    (nil, "health", ["Lives in Berlin"]), (nil, "where I live", ["Allergic to peanuts"]),
    ("peanuts, Berlin", "Berlin", ["Allergic to peanuts"]), ("sports", nil, []),
    (nil, "peanuts and the home", []),
    // Words that tell nothing ask nothing.
    ("remember everything", "the details of the user", ["Lives in Berlin", "Allergic to peanuts"]),
  ]

  @Test(arguments: kept)
  func `facts stay or go by their words`(includes: String?, excludes: String?, texts: [String]) {
    #expect(Self.facts(Self.both, includes: includes, excludes: excludes).map(\.text) == texts)
  }

  @Test func `the name of a publisher's category counts among a fact's words`() {
    let categories = [CustomCategory("nutrition", "allergies, diets")]
    let facts = Self.facts(Self.both, categories: categories, includes: "nutrition")
    #expect(facts.map(\.text) == ["Allergic to peanuts"] && facts.map(\.category) == ["nutrition"])
  }

  @Test func `instructions and an empty list of categories change nothing`() {
    let plain = Self.facts(Self.both)
    #expect(Self.facts(Self.both, instructions: "Keep nothing") == plain)
    #expect(Self.facts(Self.both, categories: []) == plain)
    #expect(plain.map(\.category) == ["personal_details", "health"])
  }
}
