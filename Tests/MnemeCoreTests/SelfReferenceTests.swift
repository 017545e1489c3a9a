import MnemeCore
import Testing

@Suite struct SelfReferenceTests {
  @Test(
    arguments: [
      ("Where does Alex live?", ["Alex"], "Where does the user live?"),
      ("where does ALEX live?", ["Alex"], "where does the user live?"),
      ("What is Alex's dog called?", ["Alex"], "What is the user's dog called?"),
      ("Does Alex Smith like tea?", ["Alex Smith"], "Does the user like tea?"),
      ("Does Alex like tea?", ["Alex Smith"], "Does the user like tea?"),
      ("Who is Alexandra?", ["Alex"], "Who is Alexandra?"),
      ("Alex", ["Alex"], "Alex"),
      ("Alex?", ["Alex"], "Alex?"),
      ("Where does Bob live?", ["Alex"], "Where does Bob live?"),
      ("Where?", [], "Where?"),
      ("", ["Alex"], ""),
      ("a  b", ["Alex"], "a  b"),
    ] as [(String, [String], String)])
  func anOwnersNameIsPutAsTheirMemoriesPutIt(query: String, names: [String], expected: String) {
    #expect(SelfReference.neutral(query, names: names) == expected)
  }
}
