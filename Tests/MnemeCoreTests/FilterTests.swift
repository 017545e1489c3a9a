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
      (["user_id": .double(5.5)], "filters.user_id must be a string"),
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

  typealias Case = (value: JSONValue, filter: Filter)

  /// The platform's filters, line by line, and what they mean here.
  static let ids: [Case] = zip(
    ["user_id", "agent_id", "app_id", "run_id"], [Filter.Field.userID, .agentID, .appID, .runID]
  ).flatMap { (name: String, field: Filter.Field) -> [Case] in
    [
      ([name: "a"], .compare(field, .eq, "a")), ([name: "*"], .isPresent(field)),
      ([name: ["eq": "a"]], .compare(field, .eq, "a")), ([name: ["ne": "a"]], .compare(field, .ne, "a")),
      ([name: ["in": ["a", "b"]]], .compare(field, .isIn, ["a", "b"])),
      ([name: ["nin": ["a"]]], .compare(field, .isNotIn, ["a"])),
    ]
  }

  static let times: [Case] = zip(
    ["created_at", "updated_at", "timestamp", "expiration_date"],
    [Filter.Field.createdAt, .updatedAt, .timestamp, .expirationDate]
  ).flatMap { (name: String, field: Filter.Field) -> [Case] in
    let day = JSONValue.int(1_767_225_600_000)
    return [
      ([name: "2026-01-01"], .compare(field, .eq, day)), ([name: 1_767_225_600], .compare(field, .eq, day)),
      ([name: .double(1_767_225_600)], .compare(field, .eq, day)),
      ([name: ["eq": "2026-01-01T00:00:00Z"]], .compare(field, .eq, day)),
      ([name: ["ne": "2026-01-01"]], .compare(field, .ne, day)),
      ([name: ["gt": "2026-01-01"]], .compare(field, .gt, day)),
      ([name: ["gte": "2026-01-01"]], .compare(field, .gte, day)),
      ([name: ["lt": "2026-01-01"]], .compare(field, .lt, day)),
      ([name: ["lte": "2026-01-01"]], .compare(field, .lte, day)),
      ([name: ["in": ["2026-01-01"]]], .compare(field, .isIn, [day])),
      ([name: "*"], .isPresent(field)),
    ]
  }

  static let others: [Case] = [
    (["categories": ["in": ["food"]]], .compare(.category, .isIn, ["food"])),
    (["categories": ["contains": "Foo"]], .compare(.category, .icontains, "Foo")),
    (["categories": ["icontains": "Foo"]], .compare(.category, .icontains, "Foo")),
    (["categories": "food"], .compare(.category, .eq, "food")), (["categories": "*"], .isPresent(.category)),
    (["metadata": ["k": "v"]], .and([.compare(.metadata(["k"]), .eq, "v")])),
    (["metadata": ["k": ["eq": true]]], .and([.compare(.metadata(["k"]), .eq, true)])),
    (["metadata": ["k": ["ne": nil]]], .and([.compare(.metadata(["k"]), .ne, nil)])),
    (["metadata": ["k": ["contains": "v"]]], .and([.compare(.metadata(["k"]), .contains, "v")])),
    (["metadata": ["k": ["in": [1, "a", nil]]]], .and([.compare(.metadata(["k"]), .isIn, [1, "a", nil])])),
    (["metadata": ["k": "*"]], .and([.isPresent(.metadata(["k"]))])),
    (
      ["metadata": ["k": ["l": ["gte": 2, "lt": 3]]]],
      .and([
        .and([.and([.compare(.metadata(["k", "l"]), .gte, 2), .compare(.metadata(["k", "l"]), .lt, 3)])])
      ])
    ),
    (["text": "tea"], .compare(.text, .eq, "tea")), (["text": ["contains": "t"]], .compare(.text, .contains, "t")),
    (["keywords": ["contains": "Tea"]], .compare(.text, .contains, "Tea")),
    (["keywords": ["icontains": "Tea"]], .compare(.text, .icontains, "Tea")),
    (["keywords": "Tea"], .compare(.text, .icontains, "Tea")),
    (["keywords_search": "Tea"], .compare(.text, .icontains, "Tea")),
    (["memory_ids": ["a", "b"]], .compare(.memoryID, .isIn, ["a", "b"])),
    (["memory_ids": ["in": ["a"]]], .compare(.memoryID, .isIn, ["a"])),
    (["memory_ids": "a"], .compare(.memoryID, .eq, "a")),
    (["session_id": "r"], .compare(.runID, .eq, "r")), (["actor_id": "Ann"], .compare(.actor, .eq, "Ann")),
    (["NOT": ["user_id": "a"]], .not(.or([.compare(.userID, .eq, "a")]))),
    (
      ["NOT": [["user_id": "a"], ["app_id": "b"]]],
      .not(.or([.compare(.userID, .eq, "a"), .compare(.appID, .eq, "b")]))
    ),
    (["OR": ["user_id": "a"]], .or([.compare(.userID, .eq, "a")])), (["AND": []], .and([])),
    // The platform drops the OR of these two.
    (
      ["AND": [["user_id": "a"]], "OR": [["app_id": "b"], ["app_id": "c"]]],
      .and([
        .and([.compare(.userID, .eq, "a")]), .or([.compare(.appID, .eq, "b"), .compare(.appID, .eq, "c")]),
      ])
    ),
  ]

  @Test(arguments: ids + times + others)
  func everyLineOfTheGrammarIsRead(value: JSONValue, filter: Filter) throws {
    #expect(try Filter.parse(value) == filter)
  }

  static let refused: [(JSONValue, String)] = [
    (["AND": [[:]]], "filters.AND[0] is empty"), (["NOT": [:]], "filters.NOT is empty"),
    (["NOT": "a"], "filters.NOT must be an object"), (["OR": nil], "filters.OR must be an object"),
    (["and": [["user_id": "a"]]], "filters.and is not a field"), (["a": 1], "filters.a is not a field"),
    (["user_id": nil], "filters.user_id must be a string"), (["user_id": true], "filters.user_id must be a string"),
    (["user_id": ["gt": nil]], "filters.user_id.gt compares by order what has none"),
    (["user_id": ["in": [true]]], "filters.user_id.in must be a string"),
    (["user_id": ["NOT": "a"]], "filters.user_id.NOT is not an operator"),
    (["created_at": ["contains": "2026"]], "filters.created_at.contains does not go with a time"),
    (["expiration_date": ["icontains": "2026"]], "filters.expiration_date.icontains does not go with a time"),
    (["created_at": nil], "filters.created_at is no time"), (["created_at": true], "filters.created_at is no time"),
    (["created_at": .int(1 << 41)], "filters.created_at is no time"),
    (["created_at": "7 May"], "filters.created_at is no RFC 3339 time"),
    (["timestamp": ["in": "2026-01-01"]], "filters.timestamp.in must be a list"),
    (["categories": ["food"]], "filters.categories is a list"),
    (["categories": 1], "filters.categories must be a string"),
    (["metadata": [:]], "filters.metadata names no member"), (["metadata": ["k": [:]]], "filters.metadata.k names no"),
    (["metadata": ["k": ["v"]]], "filters.metadata.k is a list"), (["metadata": []], "filters.metadata must be an"),
    (["metadata": ["k": ["eq": ["v"]]]], "filters.metadata.k.eq must be a string, a number, a boolean or null"),
    (["metadata": ["k": ["gt": true]]], "filters.metadata.k.gt compares by order what has none"),
    (["metadata": ["k": ["contains": 1]]], "filters.metadata.k.contains must be a string"),
    (["keywords": ["tea"]], "filters.keywords is a list"), (["keywords": 1], "filters.keywords must be a string"),
    (["memory_ids": [1]], "filters.memory_ids.in must be a string"),
    (["memory_ids": [:]], "filters.memory_ids names no"),
    (["text": ["startswith": "t"]], "filters.text.startswith is not an operator"),
  ]

  @Test(arguments: refused)
  func whatIsNotInTheGrammarIsRefusedByItsName(value: JSONValue, message: String) {
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
