import LanguageModel
import MnemeCore
import Synchronization
import Testing

@testable import MnemePipeline

/// From what a turn asks of its extraction to what a model is asked, and what is taken of its answer.
@Suite struct ExtractionWishesTests {
  static func turn(
    instructions: String? = nil, agent: String? = nil, includes: String? = nil, excludes: String? = nil,
    categories: [CustomCategory]? = nil
  ) -> Turn {
    var turn = ModelExtractorTests.turn("I live in Lisbon")
    turn.body.customInstructions = instructions
    turn.body.agentCustomInstructions = agent
    (turn.body.includes, turn.body.excludes) = (includes, excludes)
    turn.body.customCategories = categories
    return turn
  }

  static let food = [CustomCategory("food", "meals, \"snacks\"\nand drinks"), CustomCategory("places")]

  /// What stands behind the constant part.
  static let asked: [(Turn, String)] = [
    (turn(), ""), (turn(instructions: "", agent: "", includes: "", excludes: "", categories: []), ""),
    (
      turn(instructions: "only food"),
      "\nWhat to heed in choosing facts, beyond the rules above:\nonly food\n"
    ),
    (
      turn(agent: "what was recommended"),
      "\nWhat to heed in choosing facts from what the assistant says:\nwhat was recommended\n"
    ),
    (turn(includes: "food"), "\nReturn facts about this alone:\nfood\n"),
    (turn(excludes: "salaries"), "\nReturn no facts about this, whatever else is asked for:\nsalaries\n"),
    (
      turn(categories: food),
      """

      "category" is the name of the one of these that fits best, or "misc" where none does:
      [{"description":"meals, \\"snacks\\"\\nand drinks","name":"food"},{"name":"places"}]

      """
    ),
    (
      turn(instructions: "a", agent: "b", includes: "c", excludes: "d", categories: [CustomCategory("e")]),
      """

      What to heed in choosing facts, beyond the rules above:
      a

      What to heed in choosing facts from what the assistant says:
      b

      Return facts about this alone:
      c

      Return no facts about this, whatever else is asked for:
      d

      "category" is the name of the one of these that fits best, or "misc" where none does:
      [{"name":"e"}]

      """
    ),
  ]

  @Test(arguments: asked)
  func `a model is told what a turn asks for, behind what every turn gets`(turn: Turn, words: String) async throws {
    let model = RecordingChatModel(category: "misc")
    _ = try await ModelExtractor(model: model).extract([turn])
    let request = try #require(model.requests.withLock { $0.first })
    #expect(request.system == ExtractionPrompt.standard.text + words)
    #expect(request.user == ExtractionPrompt.user([ModelExtractorTests.turn("I live in Lisbon")]))
    let fact = request.schema["properties"]?["turns"]?["items"]?["properties"]?["facts"]?["items"]?["properties"]
    let own = turn.body.customCategories ?? []
    let names = own.isEmpty ? Category.all : own.map(\.name) + ["misc"]
    #expect(fact?["category"]?["enum"] == .array(names.map(JSONValue.string)))
    if own.isEmpty { #expect(request.schema == ExtractionPrompt.schema) }
  }

  /// The constant part of what is asked has not changed: memories that were derived stay those of this recipe.
  @Test func `the recipe is the one from before there were wishes`() {
    let hash = "95c1fbd2ecada62b0e922bdd40a88946ee0b291694d87fcda1a5f387fd93ce39"
    #expect(ModelExtractor(model: RecordingChatModel(category: "misc")).recipe.promptHash == hash)
  }

  @Test func `what a turn asks for is part of what its answer depends on, and nothing where it asks nothing`() {
    let recipe = ExtractionRecipe(extractor: "e", model: "m", promptHash: "p")
    func hash(_ turn: Turn) -> String? { ExtractionInput.hash(of: turn, recipe: recipe) }
    func old(_ instructions: String) -> String {
      Derivation.sha256(
        ["e", "m", "p", instructions, ExtractionPrompt.user([Self.turn()])].joined(separator: "\u{1f}"))
    }
    #expect(hash(Self.turn()) == old(""))
    #expect(hash(Self.turn(instructions: "only food")) == old("only food"))
    #expect(hash(Self.turn(agent: "", includes: "", categories: [])) == old(""))
    let different = [
      Self.turn(), Self.turn(instructions: "x"), Self.turn(agent: "x"), Self.turn(includes: "x"),
      Self.turn(excludes: "x"), Self.turn(categories: [CustomCategory("x")]),
      Self.turn(categories: [CustomCategory("x", "y")]),
      Self.turn(categories: [CustomCategory("y"), CustomCategory("x")]),
    ]
    #expect(Set(different.map(hash)).count == different.count)
  }

  @Test func `turns share a call only where they ask the same`() {
    let turns = [
      Self.turn(), Self.turn(includes: ""), Self.turn(includes: "x"), Self.turn(includes: "x"),
      Self.turn(excludes: "x"), Self.turn(categories: Self.food), Self.turn(categories: Self.food),
      Self.turn(agent: "x"),
    ]
    let calls = ExtractionBatches(maxTurnCount: 8).calls(turns.enumerated().map { ($0, $1) })
    #expect(calls.map { $0.map(\.index) } == [[0, 1], [2, 3], [4], [5, 6], [7]])
  }

  static let answers: [([CustomCategory]?, String, String)] = [
    (nil, "food", "food"), (nil, "places", "personal_details"), ([], "places", "personal_details"),
    (food, "places", "places"), (food, "Places", "places"), (food, "misc", "misc"), (food, "travel", "misc"),
    (food, "personal_details", "misc"), ([CustomCategory("a"), CustomCategory("A")], "A", "A"),
  ]

  @Test(arguments: answers)
  func `a category that a turn does not have is not believed`(
    categories: [CustomCategory]?, said: String, taken: String
  ) async throws {
    let model = RecordingChatModel(category: said)
    let extraction = try await ModelExtractor(model: model).extract([Self.turn(categories: categories)])
    #expect(extraction.first?.facts.map(\.category) == [taken])
  }
}

/// A chat model that answers with one fact of one category, and keeps what it was asked.
final class RecordingChatModel: ChatModel {
  let name = "recording"
  let requests = Mutex<[ChatRequest]>([])
  private let category: String

  init(category: String) { self.category = category }

  func complete(_ request: ChatRequest) async throws -> ChatReply {
    requests.withLock { $0.append(request) }
    let fact = ModelExtractorTests.fact("Lives in Lisbon").replacing("personal_details", with: category)
    return ChatReply(
      text: "{\"turns\":[{\"index\":0,\"facts\":[\(fact)]}]}", promptTokens: 1, completionTokens: 1, isTruncated: false)
  }
}
