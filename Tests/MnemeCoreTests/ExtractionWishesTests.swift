import MnemeCore
import Testing

/// What a turn asks of its extraction, as it stands on the log.
@Suite struct ExtractionWishesTests {
  static let bounds: [([CustomCategory], String?)] = [
    ([], nil), ([CustomCategory("food")], nil), ([CustomCategory("food", ""), CustomCategory("Essen", "ü")], nil),
    ([CustomCategory("a"), CustomCategory(" ")], "list[1] has no name"),
    ([CustomCategory("")], "list[0] has no name"),
    ([CustomCategory("a\nb")], "the name in list[0] holds a control character"),
    ([CustomCategory("a\u{0}")], "the name in list[0] holds a control character"),
    ([CustomCategory("a", "b\u{0}")], "list[0] holds U+0000, which no text may; leave it out"),
    ([CustomCategory("a", "one\ntwo")], nil),
    ([CustomCategory("a"), CustomCategory("b"), CustomCategory("a", "x")], "list[2] has the name of one before it"),
    ([CustomCategory(String(repeating: "é", count: 256))], nil),
    ([CustomCategory(String(repeating: "é", count: 257))], "the name in list[0] has more than 256 characters"),
    ([CustomCategory("a", String(repeating: "é", count: 1000))], nil),
    (
      [CustomCategory("a", String(repeating: "é", count: 1001))],
      "the description in list[0] has more than 1000 characters"
    ),
    ((0..<100).map { CustomCategory("c\($0)") }, nil),
    ((0..<101).map { CustomCategory("c\($0)") }, "list has more than 100 elements"),
    (
      (0..<25).map { CustomCategory("c\($0)", String(repeating: "x", count: 900)) },
      "list has more than 20000 characters in all"
    ),
  ]

  @Test(arguments: bounds)
  func `categories are within bounds, or refused by their place`(categories: [CustomCategory], refusal: String?) {
    #expect(CustomCategory.violation(in: categories, at: "list") == refusal)
  }

  /// As it was written before there were other wishes than instructions.
  static let old = """
    {"custom_instructions":"only what lasts","infer":true,"messages":[{"content":"I moved","role":"user"}],\
    "scope":{"user_id":"alex"}}
    """

  @Test func `a turn of before is read, asks for no more, and is written as it was`() throws {
    let turn = try EventBodyCoding.decode(TurnBody.self, from: Array(Self.old.utf8))
    #expect(
      turn
        == TurnBody(
          scope: Scope(userID: "alex"), messages: [Message(role: "user", content: "I moved")],
          customInstructions: "only what lasts"))
    #expect(turn.wishes.categories == [] && turn.wishes.includes == nil && turn.wishes.excludes == nil)
    #expect(turn.wishes.agentCustomInstructions == nil)
    #expect(String(decoding: EventBodyCoding.encode(turn), as: UTF8.self) == Self.old)
  }

  @Test func `a turn keeps all that it asks for, and what is empty is not asked`() throws {
    var turn = TurnBody(
      scope: Scope(userID: "alex"), messages: [], customInstructions: "a", agentCustomInstructions: "b",
      includes: "c", excludes: "d", customCategories: [CustomCategory("food", "meals"), CustomCategory("x")])
    let again = try EventBodyCoding.decode(TurnBody.self, from: EventBodyCoding.encode(turn))
    #expect(again == turn)
    #expect(again.wishedTexts.map(\.text) == ["a", "b", "c", "d"])
    (turn.customInstructions, turn.agentCustomInstructions, turn.includes, turn.excludes) = ("", "", "", "")
    turn.customCategories = []
    #expect(turn.wishes == TurnBody(scope: turn.scope, messages: []).wishes)
  }
}
