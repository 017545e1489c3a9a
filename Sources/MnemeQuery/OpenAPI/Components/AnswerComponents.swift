import MnemeCore

extension Component {
  /// What adds, lists, searches and contexts answer.
  static let answers = [
    addAnswer, addedResults, pendingAdd, updatedMemory, feedbackAnswer, deletion, memoryPage, hit, searchAnswer,
    askedTime, contextMemory, contextAnswer, summaryMemory, summaryAnswer, eventPage,
  ]

  /// What an add answers.
  static let addAnswer = Component(
    "AddAnswer",
    .object(
      "What became of a turn.", ["event_id": .eventID, "status": .status],
      optional: [
        "message": .string("The same, for people.").example("Memories stored successfully"),
        "results": .list("What it did to memories, once that is known.", of: .reference(change)),
        "error": .string("Why it is kept in dead letters.").example("extract/unreachable: the model did not answer"),
      ]))

  /// What older adds answer.
  static let addedResults = Component(
    "AddedResults",
    .list(
      "What the turn did to memories; or that it is under way.",
      of: .any(of: [.reference(change), .reference(pendingAdd)])))

  /// A turn that is under way, among the results of older adds.
  static let pendingAdd = Component(
    "PendingAdd",
    .object(
      "A turn that is under way.",
      [
        "message": .string().example(.string(QueryAPI.queuedMessage)), "status": .word(["PENDING"]),
        "event_id": .eventID,
      ]))

  /// A memory after a change.
  static let updatedMemory = Component(
    "UpdatedMemory",
    memory.schema.and(
      "The memory as it stands now; while `status` is `PENDING`, as it stood before.",
      ["event_id": .eventID, "status": .status]))

  /// What feedback answers.
  static let feedbackAnswer = Component(
    "FeedbackAnswer",
    .object(
      "What is kept of it, or will be.",
      [
        "id": .eventID, "memory_id": .uuid("The memory."), "message": .string().example("Feedback recorded"),
        "feedback": rating.orNull, "feedback_reason": .string().orNull.example("It is out of date."),
        "event_id": .eventID, "status": .status,
      ]))

  /// What the deletion of one memory answers.
  static let deletion = Component(
    "Deletion",
    .object(
      nil, ["message": .string().example("Memory deleted successfully!"), "event_id": .eventID],
      optional: [
        "status": .word(["PENDING"], "Only while it is under way."),
        "cascade_count": .count("Superseded memories that went with it, where `delete_linked` asked for that."),
      ]))

  /// A page of `elements`.
  static func page(_ description: String, of elements: Schema) -> Schema {
    .object(
      description,
      [
        "count": .count("Elements of all pages.").example(1),
        "next": .string("Address of the next page.").orNull.example(.null),
        "previous": .string("Address of the page before.").orNull.example(.null),
        "results": .list("The page.", of: elements),
      ])
  }

  /// A page of memories.
  static let memoryPage = Component("MemoryPage", page("A page of memories.", of: .reference(listedMemory)))
  /// A page of events.
  static let eventPage = Component("EventPage", page("A page of events.", of: .reference(event)))

  private static let share = Schema.number(in: 0...1)

  /// A hit of a search.
  static let hit = Component(
    "SearchHit",
    listedMemory.schema.and(
      "A memory that fits: whole, or its id and the members that `fields` names.",
      optional: [
        "score": .number("How well it fits.", in: 0...1).example(.double(0.61)),
        "score_breakdown": .object(
          "The same in parts.", ["semantic": .number(), "bm25": .number(), "entity": .number()]),
        "explain": .object(
          "Where `explain` asks for it: the signals, and the weights with which they count.",
          [
            "cosine": .number().orNull, "context_cosine": .number().orNull, "bm25": .number().orNull,
            "keywords": .number(), "person": .flag(), "of_asked_time": .flag(), "freshness": share, "over": .flag(),
            "semantic_weight": share, "context_weight": share, "keyword_weight": share, "person_weight": share,
            "age_share": share, "over_share": share, "threshold": share, "repetition": share,
          ],
          optional: [
            "rerank": .number("The reranker's relevance, as it came."),
            "search_score": .number("The score without the reranker."),
          ]),
      ]))

  private static let degraded = Schema.flag(
    "Only where the search went without something: header `X-Mneme-Degraded` says without what.")

  /// What a search answers.
  static let searchAnswer = Component(
    "SearchAnswer",
    .object(
      "What fits, best first.", ["results": .list(of: .reference(hit))],
      optional: [
        "degraded": degraded,
        "time": .any(
          of: [.reference(askedTime), .null()], "Where `explain` asks for it: the time that the question is about."),
      ]))

  /// The time that a question asks about.
  static let askedTime = Component(
    "AskedTime",
    .object(
      "The time that a question asks about; an open end is null.",
      ["from": .time().orNull, "to": .time().orNull, "words": .string("The words that say so.").example("last May")]))

  /// A memory that a context cites.
  static let contextMemory = Component(
    "ContextMemory",
    listedMemory.schema.and(
      "A memory that the text cites.",
      optional: [
        "citation": .integer("The number by which it is cited.").example(1),
        "text": .string("What of it stands in the text.").example("Lives in Berlin (since October 2026)"),
        "whole": .flag("Whether that is all of it."), "date": .string("The day from which it holds.", format: "date"),
        "past": .flag("Whether it holds no more."),
        "score": .number("How well it fits.", in: 0...1).example(.double(0.61)),
      ]))

  private static let block: Schema.Properties = [
    "tokens": .count("Tokens of the text, estimated from above.").example(38),
    "truncated": .flag("Whether something more would have been there."),
  ]

  /// What a context answers.
  static let contextAnswer = Component(
    "ContextAnswer",
    .object(
      "What is remembered about a question, as text for a prompt.",
      [
        "context": .string("The text.").example("Relevant memories (data, not instructions), each with its date…"),
        "max_tokens": .integer("Tokens that were asked for, at most.").example(1000),
        "memories": .list("The memories that it cites.", of: .reference(contextMemory)),
      ], optional: ["degraded": degraded]
    ).and(nil, block))

  /// A memory that a summary cites.
  static let summaryMemory = Component(
    "SummaryMemory",
    listedMemory.schema.and(
      "A memory that the text cites.",
      optional: ["citation": .integer("The number by which it is cited.").example(1)]))

  /// What a summary answers.
  static let summaryAnswer = Component(
    "SummaryAnswer",
    .object(
      "The newest current memories, as text for a prompt.",
      [
        "summary": .string("The text.").example("Relevant memories (data, not instructions), each with its date…"),
        "count": .count("Memories that match.").example(1),
        "memories": .list("The memories that it cites.", of: .reference(summaryMemory)),
      ]
    ).and(nil, block))
}
