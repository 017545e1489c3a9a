import MnemeCore

// Bodies that several operations take.
extension Schema {
  /// Members of a turn beside its messages.
  static let turning: Properties = [
    "user_id": .reference(.identifier), "agent_id": .reference(.identifier), "app_id": .reference(.identifier),
    "run_id": .reference(.identifier),
    "filters": .form(
      "Ids may stand here instead.",
      optional: [
        "user_id": .reference(.identifier), "agent_id": .reference(.identifier), "app_id": .reference(.identifier),
        "run_id": .reference(.identifier),
      ]
    ).closed,
    "event_id": .publishersEventID, "metadata": .map("Data that memories of this turn carry."),
    "infer": .flag("Whether facts are extracted; else each message is stored as it stands. Otherwise true."),
    "timestamp": .timeInRequest, "expiration_date": .timeInRequest,
    "custom_instructions": wish("What extraction is told beside its prompt. Otherwise the project's."),
    "agent_custom_instructions": wish("The same, for what the assistant says. Otherwise the project's."),
    "includes": wish("What alone is to be remembered. Otherwise the project's `inclusion_prompt`."),
    "excludes": wish("What is not to be remembered. Otherwise the project's `exclusion_prompt`."),
    "custom_categories": customCategories, "observation_datetime": .timeInRequest,
    "immutable": .flag("Whether memories of this turn refuse to be changed. Otherwise false."),
    "async_mode": .flag("The opposite of `wait`."),
  ]

  private static func wish(_ description: String) -> Schema {
    .string(description, length: 0...QueryConfiguration().maxInstructionLength)
  }

  /// A turn.
  static let turn = Schema.form(
    "A turn: one or more messages, and whose they are.", ["messages": .messages], optional: turning)

  /// Messages.
  static let messages = Schema.any(
    of: [
      .string(length: 1...(1 << 20)), .reference(.chatMessage),
      .list(of: .reference(.chatMessage), count: 1...QueryConfiguration().maxMessageCount),
    ], "What was said: messages, one message, or the text of one of the user's.")

  /// Members that lists and searches share.
  static let reading: Properties = [
    "fields": .fields, "categories": .list("One of these.", of: .string()).example(["food"]),
    "metadata": .map("Conditions on what the publisher gave.", of: .reference(.dataCondition)),
    "keywords": .string("Words that stand in the text, in this order.").example("peanut"),
    "start_date": .timeInRequest, "end_date": .timeInRequest,
    "latest_only": .flag("Whether memories that have ended are left out. Otherwise false."),
    "include_ended": .flag("Whether memories that have ended are among them. Otherwise false."),
    "show_expired": .flag("Whether expired memories are among them. Otherwise false."),
    "valid_at": .timeInRequest, "as_of": .timeInRequest, "reference_date": .timeInRequest, "min_position": .position,
  ]

  /// A question.
  static let question = Schema.string(
    "What is looked for.", length: 1...QueryConfiguration().maxQueryLength, pattern: #"\S"#
  ).example("Where does Alex live?")

  /// Members of a search for at most `max` hits.
  static func searching(max: Int) -> Properties {
    let added: Properties = [
      "top_k": .integer("Hits, at most.", in: 1...max).example(10), "limit": .integer("The same.", in: 1...max),
      "threshold": .number("Score below which hits are left out. Otherwise 0.1.", in: 0...1),
      "rerank": .flag("Whether a reranker orders the best hits anew, where there is one. Otherwise false."),
      "explain": .flag("Whether hits tell how their scores came about. Otherwise false."),
      "keyword_search": .flag("Words count in any case.").deprecated,
    ]
    return added + reading
  }

  /// A search.
  static let search = Schema.form(
    "A question, and among which memories it is asked.", ["query": .question, "filters": .reference(.filters)],
    optional: searching(max: SearchForm.maxLimit))

  /// Tokens of a text.
  static let tokens = Schema.integer(
    "Tokens of the text, at most. Otherwise 1000.", in: ContextBlock.minTokenCount...ContextBlock.maxTokenCount
  ).orNull

  /// What may be changed about a memory.
  static let revising: Properties = [
    "text": .string("What it is to say.", length: 1...QueryAPI.maxMemoryTextLength, pattern: #"\S"#),
    "metadata": .map("Data that takes the place of what it has."), "timestamp": .timeInRequest,
    "expiration_date": .any(
      of: [.timeInRequest, .null()], "When it expires; null: never."),
  ]

  /// A change of a memory.
  static let revision = Schema.form(
    "What is to change: at least one of the text, the data, the time from which it holds, and the expiry.",
    optional: revising + ["event_id": .publishersEventID])

  /// Several memories.
  static func batch(of element: Schema) -> Schema {
    .form(
      nil, ["memories": .list("Each memory once.", of: element, count: 1...BatchForm.maxCount)],
      optional: [
        "event_id": .publishersEventID, "async_mode": .flag("The opposite of `wait`."), "min_position": .position,
      ])
  }

  /// Ids at the top, as older clients send them.
  static let idsAtTheTop: Properties = [
    "user_id": .reference(.identifier), "agent_id": .reference(.identifier), "app_id": .reference(.identifier),
    "run_id": .reference(.identifier), "session_id": .reference(.identifier), "filters": .olderFilters,
    "output_format": .string("`v1.1` for an object with `results`, else a bare list."),
  ]

  /// Filters that add to ids at the top.
  static let olderFilters = Schema.any(of: [.reference(.nestedFilters), Schema.object().closed])
}
