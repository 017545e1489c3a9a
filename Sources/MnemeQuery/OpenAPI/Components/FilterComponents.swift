import MnemeCore

extension Component {
  private static let conditions: [(String, Component)] = [
    ("user_id", idCondition), ("agent_id", idCondition), ("app_id", idCondition), ("run_id", idCondition),
    ("session_id", idCondition), ("actor", textCondition), ("created_at", timeCondition),
    ("updated_at", timeCondition), ("timestamp", timeCondition), ("expiration_date", timeCondition),
    ("text", textCondition), ("keywords", textCondition), ("keywords_search", textCondition),
    ("categories", textCondition),
  ]

  /// A filter with `description`, whose connectives hold `inner` ones.
  private static func filter(_ description: String, _ inner: Schema) -> Schema {
    let parts = Schema.any(of: [inner, .list(of: inner)])
    let schema = Schema.object(
      description,
      optional: [
        "AND": parts, "OR": parts, "NOT": parts,
        "memory_ids": .any(
          of: [.string(), .list(of: .string(length: 1...64)), .reference(textCondition)], "Ids of memories."),
        "metadata": .map("Conditions on what the publisher gave, at any depth.", of: .reference(dataCondition))
          .atLeast(1),
      ])
    return conditions.reduce(schema) { $0.and(nil, optional: [$1.0: .reference($1.1)]) }.closed.atLeast(1)
  }

  /// The filter of a list, a search, a context or a summary.
  static let filters = Component(
    "Filters",
    filter(
      "Conditions on memories, all of which must hold. At least one of the four ids stands among them, at any depth. "
        + "What is not understood is refused, never left out. Depth 16, 256 conditions.",
      Schema.nestedFilters
    ).requiringOne(of: ["user_id", "agent_id", "app_id", "run_id", "AND", "OR", "NOT"])
      .example(["user_id": "alex"]))

  /// A filter inside of `AND`, `OR` or `NOT`.
  static let nestedFilters = Component(
    "NestedFilters", filter("Conditions inside of a connective.", Schema.nestedFilters).example(["agent_id": "cook"]))

  /// A condition on an id.
  static let idCondition = Component(
    "IdCondition", condition("An id; `\"*\"` for any; or operators and their operands.", .reference(identifier)))
  /// A condition on an instant.
  static let timeCondition = Component(
    "TimeCondition",
    .any(
      of: [
        .reference(time), Schema.word(["*"]),
        operators(["eq", "ne", "gt", "gte", "lt", "lte"], .reference(time), lists: ["in", "nin"]),
      ], "An instant; `\"*\"` for any; or operators and their operands."
    ).example(["gte": "2026-11-01"]))
  /// A condition on a text.
  static let textCondition = Component(
    "TextCondition", condition("A text; `\"*\"` for any; or operators and their operands.", .string()))
  /// A condition on a member of the publisher's data.
  static let dataCondition = Component(
    "DataCondition",
    .any(
      of: [
        .string(), .number(), .flag(), .null(),
        Schema.map("Operators and their operands, or further members.").atLeast(1),
      ], "A value; `\"*\"` for any; operators and their operands; or conditions on members of this one."
    ).example("kitchen"))

  private static func condition(_ description: String, _ operand: Schema) -> Schema {
    .any(
      of: [
        operand, operators(["eq", "ne", "gt", "gte", "lt", "lte"], operand, lists: ["in", "nin"], withText: true),
      ],
      description
    ).example("alex")
  }

  private static func operators(
    _ single: [String], _ operand: Schema, lists: [String], withText: Bool = false
  ) -> Schema {
    var schema = Schema.object()
    for name in single { schema = schema.and(nil, optional: [name: operand]) }
    for name in lists { schema = schema.and(nil, optional: [name: .list(of: operand)]) }
    if withText { schema = schema.and(nil, optional: ["contains": .string(), "icontains": .string()]) }
    return schema.closed.atLeast(1)
  }
}

extension Schema {
  /// By its name, as the component refers to itself.
  fileprivate static let nestedFilters = Schema.reference(Component("NestedFilters", .object()))
}
