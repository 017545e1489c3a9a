import MnemeCore
import MnemeProjection

extension Component {
  /// Memories, and conditions on them.
  static let memories = [
    memory, listedMemory, source, change, historyEntry, event, chatMessage, filters, nestedFilters, idCondition,
    timeCondition, textCondition, dataCondition,
  ]

  private static let scope: Schema.Properties = [
    "user_id": .string("Whom it is about.").orNull.example("alex"),
    "agent_id": .string("The agent that it belongs to.").orNull.example(.null),
    "app_id": .string("The application that it comes from.").orNull.example(.null),
    "run_id": .string("The session that it comes from.").orNull.example(.null),
    "session_id": .string("The same as `run_id`, as some clients call it.").orNull.example(.null),
  ]

  /// What somebody thinks of a memory.
  static let rating = Schema.word(Feedback.Rating.allCases.map(\.rawValue), "What somebody thinks of it.")

  /// A memory as it stands.
  static let memory = Component(
    "Memory",
    .object(
      "A memory: one self-contained fact, where it comes from, and from when to when it holds.", scope
    ).and(
      nil,
      [
        "id": .uuid("Follows from what it says and where that was said."),
        "memory": .string("What it says.").example("Lives in Berlin (since October 2026)"),
        "metadata": .map("What the publisher gave."),
        "categories": .list("What it is about.", of: .string()).example(["personal_details"]),
        "structured_attributes": .object(
          "The same in a form that can be compared.",
          [
            "subject": .string().example("user"), "attribute": .string().example("lives in"),
            "value": .string().orNull.example("Berlin"), "polarity": .word(Polarity.allCases.map(\.rawValue)),
          ]
        ).orNull,
        "replaced_by": .uuid("The memory that superseded it.").orNull.example(.null),
        "superseded_by": .uuid("The same.").orNull.example(.null),
        "synthesized": .flag("Never: each memory comes from what was said.").example(false),
        "expiration_date": .string("When it expires: a date, or RFC 3339.").orNull.example(.null),
        "created_at": .time("When it was decided."), "updated_at": .time("When it changed last."),
        "lifecycle_state": .word(["active", "expired", "ended", "superseded"], "Whether it holds."),
        "valid_from": .time("From when it holds."), "valid_to": .time("Until when it held.").orNull.example(.null),
        "actor": .string("Who said it.").example("user"),
        "confidence": .number("How sure the extractor was.", in: 0...1).example(.double(0.9)),
        "reinforcement_count": .count("How often it was said again.").example(0),
        "edited": .flag("Whether a person rewrote it.").example(false),
        "feedback": rating.orNull.example(.null),
        "feedback_reason": .string("Why, in their words.").orNull.example(.null),
        "recipe": .string("What derived it.").example("builtin-1/none/abc"),
        "sources": .list("Where it was said.", of: .reference(source)),
      ]))

  /// A memory in a list, of which `fields` may have left out members.
  static let listedMemory = Component(
    "ListedMemory",
    memory.schema.requiring(only: ["id"], "A memory in a list: whole, or its id and the members that `fields` names."))

  /// A message that a memory comes from.
  static let source = Component(
    "Source",
    .object(
      "A message that a memory comes from.",
      [
        "event_id": .eventID, "message_index": .count("Which of the event's messages, from 0."),
        "message_id": .string("Id that the publisher gave the message.").orNull.example(.null),
        "role": .string("Who spoke.").example("user"), "time": .time("When it was said."),
        "quote": .string("The words.").example("I moved to Berlin last month"),
        "run_id": .string("The session.").orNull.example(.null),
      ]))

  private static let happening: Schema.Properties = [
    "event": .word(["ADD", "UPDATE", "DELETE", "NOOP"], "What happened, in the platform's words."),
    "change": .word(HistoryEntry.Change.allCases.map(\.rawValue), "The same, in ours."),
  ]

  /// What a write did to one memory.
  static let change = Component(
    "Change",
    .object(
      "What a write did to one memory.",
      [
        "id": .uuid("The memory."), "memory": .string("What it says.").example("Likes tea"),
        "data": .object(nil, ["memory": .string("The same.").example("Likes tea")]),
      ]
    ).and(nil, happening))

  /// One entry of a memory's history.
  static let historyEntry = Component(
    "HistoryEntry",
    .object("One change in a memory's life.", scope).and(
      nil,
      [
        "id": .uuid("Of this entry."), "memory_id": .uuid("The memory."),
        "input": .list("What was said.", of: .object(nil, ["role": .string(), "content": .string()])),
        "event_id": .eventID, "old_memory": .string("What it said before.").orNull.example(.null),
        "new_memory": .string("What it says since.").orNull.example("Lives in Berlin"),
        "categories": .list(of: .string()).example(["personal_details"]), "metadata": .map(),
        "replaced_by": .uuid("The memory that superseded it.").orNull.example(.null), "created_at": .time(),
        "updated_at": .time(),
      ]
    ).and(nil, happening))

  /// How far a write is, and what it did.
  static let event = Component(
    "Event",
    .object(
      "How far a write is, and what it did.",
      [
        "id": .eventID, "event_type": .word(["ADD", "UPDATE", "DELETE", "FEEDBACK"], "What was asked for."),
        "status": .status,
        "payload": .map("Empty."), "metadata": .null("Nothing."),
        "results": .list("What it did to memories; empty while it is pending.", of: .reference(change)),
        "created_at": .time("When it was taken in."), "updated_at": .time(), "started_at": .time(),
        "completed_at": .time("When its outcome was decided.").orNull,
        "latency": .count("Milliseconds from one to the other.").orNull, "graph_status": .null("Nothing."),
        "error": .string("Why it failed.").orNull.example(.null),
      ],
      optional: [
        "error_details": .object(
          "The same for programs.",
          ["stage": .string(), "code": .string(), "detail": .string(), "attempts": .count()])
      ]))

  /// A message of a turn.
  static let chatMessage = Component(
    "ChatMessage",
    .form(
      "A message. One of an assistant that only calls tools may lack `content`, and is left out.",
      ["role": .string("`user`, `assistant`, or another one.", length: 1...TurnForm.maxRoleLength).example("user")],
      optional: [
        "content": .any(
          of: [
            .string(length: 0...(1 << 20)),
            .list(
              of: .form(nil, ["type": .string().example("text")], optional: ["text": .string()])),
          ], "The text, or parts of which those of type `text` count."
        ).example("I moved to Berlin last month"),
        "name": .string("Who spoke.", length: 1...Scope.maxIDLength, pattern: Schema.plainText).example("Alex"),
        "timestamp": .timeInRequest,
        "id": .string("Id that the publisher gives it.", length: 1...Scope.maxIDLength, pattern: Schema.plainText)
          .example("m-17"),
      ]))
}
