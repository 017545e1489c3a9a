import MnemeCore
import Testing

@Suite struct FilterTests {
  @Test func readsTheGrammar() throws {
    let filter = try Filter.parse([
      "AND": [["user_id": "alex"], ["OR": [["categories": ["in": ["food"]]], ["NOT": ["run_id": "*"]]]]],
      "created_at": ["gte": "2026-01-01", "lt": 1_800_000_000],
      "metadata": ["shop": ["city": "Lisbon"], "stars": ["gt": 3]],
    ])
    #expect(filter.requiredScope == Scope(userID: "alex"))
    #expect(filter.namesScope)
    #expect(
      filter
        == .and([
          .and([
            .compare(.userID, .eq, "alex"),
            .or([.compare(.category, .isIn, ["food"]), .not(.or([.isPresent(.runID)]))]),
          ]),
          .and([
            .compare(.createdAt, .gte, .int(1_767_225_600_000)), .compare(.createdAt, .lt, .int(1_800_000_000_000)),
          ]),
          .and([
            .and([.compare(.metadata(["shop", "city"]), .eq, "Lisbon")]),
            .compare(.metadata(["stars"]), .gt, 3),
          ]),
        ]))
  }

  @Test(
    arguments: [
      (["user_id": ["like": "a"]], "filters.user_id.like is not an operator"),
      (["colour": "red"], "filters.colour is not a field"),
      (["user_id": ["in": "a"]], "filters.user_id.in must be a list"),
      (["user_id": ["a"]], "filters.user_id is a list"),
      (["user_id": 5], "filters.user_id must be a string"),
      (["user_id": [:]], "filters.user_id names no operator"),
      (["created_at": ["gt": "soon"]], "filters.created_at.gt is no RFC 3339 time"),
      (["AND": [["AND": "x"]]], "filters.AND[0].AND must be an object"),
      (["metadata": "x"], "filters.metadata must be an object"),
      ("x", "filters must be an object"),
      (["text": ["contains": 3]], "filters.text.contains must be a string"),
    ] as [(JSONValue, String)])
  func namesWhatItDoesNotUnderstand(value: JSONValue, message: String) {
    let error = #expect(throws: FilterError.self) { try Filter.parse(value) }
    #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
  }

  @Test func depthAndNumberOfConditionsAreBounded() {
    var deep: JSONValue = ["user_id": "a"]
    for _ in 0...Filter.maxDepth { deep = ["NOT": deep] }
    #expect(throws: FilterError.self) { try Filter.parse(deep) }
    let many = JSONValue.array((0...Filter.maxConditionCount).map { ["user_id": .string("\($0)")] })
    #expect(throws: FilterError.self) { try Filter.parse(["OR": many]) }
  }

  @Test func anOwnerInsideOrOrNotIsNotRequired() throws {
    #expect(try Filter.parse(["OR": [["user_id": "a"], ["user_id": "b"]]]).requiredScope == Scope())
    #expect(try Filter.parse(["NOT": ["user_id": "a"]]).requiredScope == Scope())
  }
}
