import MnemeCore

extension OperationArea {
  /// Memories one by one and by filter.
  static let memories = OperationArea(
    "Memories", "Adding, finding, reading, changing and deleting.", found.merging(single) { $1 })

  private static let found: [String: Operation] = [
    "POST /v3/memories/add/": Operation(
      "addMemories", "Takes a turn in",
      details: "The answer comes when the turn is on disk; extraction follows. With `infer: false` each message is "
        + "stored as it stands, and the outcome is waited for. At least one of the four ids says whose it is.",
      [.wait(false), .idempotencyKey],
      body: Operation.Body(
        .turn,
        example: ["messages": [["role": "user", "content": "I moved to Berlin last month"]], "user_id": "alex"]),
      replies: [.written("The turn is on disk.", .reference(.addAnswer))]),
    "POST /v3/memories/search/": Operation(
      "searchMemories", "Finds the memories that fit a question best", [.minPosition],
      body: Operation.Body(
        .search, example: ["query": "Where does Alex live?", "filters": ["user_id": "alex"], "top_k": 5]),
      replies: [
        Reply("What fits, best first.", .reference(.searchAnswer), headers: ["X-Mneme-Degraded"])
      ]),
    "POST /v1/context/": Operation(
      "getContext", "Writes what is remembered about a question as text for a prompt", [.minPosition],
      body: Operation.Body(
        Schema.form(
          "A search, and how long the text may be.", ["query": .question, "filters": .reference(.filters)],
          optional: Schema.searching(max: ContextBlock.maxItemCount)
        ).and(nil, optional: ["max_tokens": .tokens]),
        example: ["query": "Where does Alex live?", "filters": ["user_id": "alex"], "max_tokens": 500]),
      replies: [
        Reply(
          "The text, and the memories that it cites.", .reference(.contextAnswer),
          headers: ["X-Mneme-Degraded"])
      ]),
    "POST /v1/summary/": Operation(
      "summarizeMemories", "Writes the newest current memories as text for a prompt",
      details: "No model is asked.", [.minPosition],
      body: Operation.Body(
        Schema.form(nil, ["filters": .reference(.filters)], optional: Schema.reading).and(
          nil, optional: ["max_tokens": .tokens]), example: ["filters": ["user_id": "alex"]]),
      replies: [Reply("The text, and the memories that it cites.", .reference(.summaryAnswer))]),
    "POST /v3/memories/": Operation(
      "listMemories", "Lists the memories that match a filter, newest first",
      [.page, .pageSize(Page.defaultSize, max: Page.maxSize), .minPosition],
      body: Operation.Body(
        .form(nil, ["filters": .reference(.filters)], optional: Schema.reading),
        example: ["filters": ["AND": [["user_id": "alex"], ["categories": ["in": ["food", "travel"]]]]]]),
      replies: [Reply("A page.", .reference(.memoryPage))]),
    "DELETE /v1/memories/": Operation(
      "deleteMemories", "Deletes every memory that matches, ended and expired ones included",
      details: "Conditions stand in the query, at least one of the four ids among them; a name that is not known is "
        + "refused. A body is refused.",
      Operation.Parameter.owners + [
        .query("filters", .string(), "A filter, as JSON or as Python prints a dict."),
        .query("metadata", .string(), "Conditions on the publisher's data, written so."),
        .wait(true), .query("async_mode", .flag(), "The opposite of `wait`, for older clients."), .minPosition,
        .query("version", .string(), "Of older clients; means nothing."),
        .query("output_format", .string(), "Of older clients; means nothing."), .idempotencyKey,
      ],
      replies: [.written("They are deleted, or will be; or nothing matches.", .reference(.receipt))]),
  ]

  private static let single: [String: Operation] = [
    "GET /v1/memories/{id}/": Operation(
      "getMemory", "Reads one memory, ended ones included",
      [
        .memoryID, .query("as_of", .string(), "As it was believed then: RFC 3339, a date, or seconds since 1970."),
        .minPosition,
      ],
      replies: [Reply("The memory.", .reference(.memory))]),
    "PUT /v1/memories/{id}/": Operation(
      "updateMemory", "Changes words, data or expiry of one memory",
      [.memoryID, .wait(true), .minPosition, .idempotencyKey],
      body: Operation.Body(.revision, example: ["text": "Lives in Berlin, near the river"]),
      replies: [.written("The memory.", .reference(.updatedMemory))]),
    "DELETE /v1/memories/{id}/": Operation(
      "deleteMemory", "Deletes one memory",
      [
        .memoryID, .query("delete_linked", .flag(), "Whether what it superseded goes, too. Otherwise false."),
        .wait(true), .minPosition, .idempotencyKey,
      ],
      replies: [.written("It is deleted, or will be.", .reference(.deletion))]),
    "POST /v1/feedback/": Operation(
      "giveFeedback", "Says what somebody thinks of a memory",
      details: "In place of what was said before. Without `feedback`, that is taken back.",
      [.wait(true), .minPosition, .idempotencyKey],
      body: Operation.Body(
        .form(
          nil, ["memory_id": .uuid("The memory.")],
          optional: [
            "feedback": Component.rating,
            "feedback_reason": .string("Why.", length: 0...QueryAPI.maxFeedbackReasonLength),
            "event_id": .publishersEventID, "min_position": .position,
          ]),
        example: [
          "memory_id": Schema.sampleID, "feedback": "NEGATIVE", "feedback_reason": "It is out of date.",
        ]),
      replies: [.written("It is kept, or will be.", .reference(.feedbackAnswer))]),
    "GET /v1/memories/{id}/history/": Operation(
      "getHistory", "Tells every change of a memory, oldest first, also of one that was deleted",
      [.memoryID, .minPosition], replies: [Reply("The changes.", .list(of: .reference(.historyEntry)))]),
  ]

  private typealias Reply = Operation.Reply
}

extension OperationArea {
  /// Several memories in one request.
  static let batches = OperationArea(
    "Several at once", "At most 1,000 memories; all are found before anything is written, and one event tells of all.",
    [
      "PUT /v1/batch/": Operation(
        "updateBatch", "Changes several memories", [.wait(true), .minPosition, .idempotencyKey],
        body: Operation.Body(
          .batch(of: .form(nil, ["memory_id": .uuid()], optional: Schema.revising)),
          example: ["memories": [["memory_id": Schema.sampleID, "text": "Likes green tea"]]]),
        replies: [.written("They are changed, or will be.", .reference(.receipt))]),
      "DELETE /v1/batch/": Operation(
        "deleteBatch", "Deletes several memories", [.wait(true), .minPosition, .idempotencyKey],
        body: Operation.Body(
          .batch(of: .form(nil, ["memory_id": .uuid()])), example: ["memories": [["memory_id": Schema.sampleID]]]),
        replies: [.written("They are deleted, or will be.", .reference(.receipt))]),
    ])
}
