import MnemeCore

extension OperationArea {
  private static let listed = Schema.list(of: .reference(.listedMemory))
  private static let hits = Schema.list(of: .reference(.hit))

  /// Conditions of a list that stand in its query.
  static let conditions: [Operation.Parameter] =
    Operation.Parameter.owners + [
      .query("session_id", .string(length: 1...Scope.maxIDLength), "The same as `run_id`."),
      .query("filters", .string(), "A filter, as JSON or as Python prints a dict."),
      .query("metadata", .string(), "Conditions on the publisher's data, written so."),
      .query("categories", .list(of: .string()), "One of these; given several times for several."),
      .query("fields", .list(of: .string()), "Members that are wanted; given several times for several."),
      .query("keywords", .string(), "Words that stand in the text, in this order."),
      .query("start_date", .string(), "Only those made later: RFC 3339, a date, or seconds since 1970."),
      .query("end_date", .string(), "Only those made earlier."),
      .query("latest_only", .flag(), "Whether memories that have ended are left out."),
      .query("include_ended", .flag(), "Whether memories that have ended are among them."),
      .query("show_expired", .flag(), "Whether expired memories are among them."),
      .query("as_of", .string(), "As it was believed then."), .query("valid_at", .string(), "As it was then."),
      .query("reference_date", .string(), "When expired is what has expired."),
      .query("top_k", .integer(in: 0...QueryAPI.maxUnpagedMemoryCount), "Memories, at most."), .minPosition,
    ]

  /// What clients before version 3 ask for.
  static let legacy = OperationArea(
    "Earlier versions", "What clients before version 3 ask for: ids at the top, bare lists, adds that are awaited.",
    [
      "POST /v1/memories/": Operation(
        "addMemoriesV1", "Takes a turn in, and waits for its outcome", [.wait(true), .idempotencyKey],
        body: Operation.Body(
          Schema.form(
            "A turn.", ["messages": .messages],
            optional: Schema.turning + ["output_format": .string("`v1.1` for an object with `results`.")]),
          example: ["messages": [["role": "user", "content": "I moved to Berlin"]], "user_id": "alex"]),
        replies: [
          .written(
            "What it did.",
            .any(of: [.reference(.addedResults), .object(nil, ["results": .reference(.addedResults)])]))
        ]),
      "GET /v1/memories/": Operation(
        "listMemoriesV1", "Lists memories",
        details: "A page where both `page` and `page_size` are given; else a bare list.",
        conditions + [
          .page, .pageSize(QueryAPI.maxUnpagedMemoryCount, max: QueryAPI.maxUnpagedMemoryCount),
        ],
        replies: [Operation.Reply("The memories.", .any(of: [listed, .reference(.memoryPage)]))]),
      "POST /v1/memories/search/": Operation(
        "searchMemoriesV1", "Finds the memories that fit a question best", [.minPosition],
        body: Operation.Body(
          .form(
            nil, ["query": .question], optional: Schema.searching(max: SearchForm.maxLimit) + Schema.idsAtTheTop),
          example: ["query": "Where does Alex live?", "user_id": "alex"]),
        replies: [
          Operation.Reply(
            "What fits, best first.", .any(of: [hits, .reference(.searchAnswer)]), headers: ["X-Mneme-Degraded"])
        ]),
      "POST /v2/memories/": Operation(
        "listMemoriesV2", "Lists memories",
        details: "A page where the query has both `page` and `page_size`; else a bare list.",
        [.page, .pageSize(QueryAPI.maxUnpagedMemoryCount, max: QueryAPI.maxUnpagedMemoryCount), .minPosition],
        body: Operation.Body(
          .form(
            nil,
            optional: Schema.reading + Schema.idsAtTheTop + [
              "page": .integer(in: 1...Page.maxNumber), "page_size": .integer(in: 1...QueryAPI.maxUnpagedMemoryCount),
              "top_k": .integer(in: 1...QueryAPI.maxUnpagedMemoryCount),
              "limit": .integer(in: 1...QueryAPI.maxUnpagedMemoryCount),
            ]), example: ["filters": ["user_id": "alex"]]),
        replies: [Operation.Reply("The memories.", .any(of: [listed, .reference(.memoryPage)]))]),
      "POST /v2/memories/search/": Operation(
        "searchMemoriesV2", "Finds the memories that fit a question best", [.minPosition],
        body: Operation.Body(
          .form(
            nil, ["query": .question], optional: Schema.searching(max: SearchForm.maxLimit) + Schema.idsAtTheTop),
          example: ["query": "Where does Alex live?", "filters": ["user_id": "alex"]]),
        replies: [Operation.Reply("What fits, best first.", hits, headers: ["X-Mneme-Degraded"])]),
    ])
}
