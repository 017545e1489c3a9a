import MnemeCore

extension Component {
  /// Every component, by area.
  static let all: [Component] = shared + memories + answers + entities + exports + projects + webhooks + agents + server

  /// What all areas use.
  static let shared = [error, message, receipt, time, identifier]

  /// What became of a request that was not answered as asked.
  static let error = Component(
    "Error",
    .object(
      "Why a request was not answered as asked. It holds no user data.",
      [
        "detail": .string("What is wrong, in which part of the request, and what to do next.")
          .example("Filters are required and cannot be empty."),
        "error": .string("The same, under the platform's name.").example("Filters are required and cannot be empty."),
        "code": .word(
          RequestFailure.Code.allCases.map(\.rawValue), "The kind of failure, in words that programs may rely on."),
      ], optional: ["details": .map("More about it, where a program can use it.")]))

  /// An answer of which there is nothing but to say that it was done.
  static let message = Component(
    "Message", .object(nil, ["message": .string("What was done, for people.").example("Done.")]))

  /// What a write that may go on answers.
  static let receipt = Component(
    "Receipt",
    .object(
      "What became of a write. One that is not waited for, or not processed in time, is `PENDING`: "
        + "`GET /v1/event/{id}/` tells how it ended.",
      [
        "message": .string("What was done, for people.").example("Memories deleted successfully!"),
        "event_id": .eventID, "status": .status,
      ]))

  /// An instant in a request.
  static let time = Component(
    "Time",
    .any(
      of: [
        .string(format: "date-time"), .string(format: "date"),
        .integer(in: -62_135_596_800...253_402_300_799), .number(in: -62_135_596_800...253_402_300_799),
      ], "An instant: RFC 3339, a date (midnight, UTC), or seconds since 1970."
    ).example("2026-11-21T09:00:00Z"))

  /// An id of an owner in a request.
  static let identifier = Component(
    "Identifier",
    .any(
      of: [.string(length: 1...Scope.maxIDLength, pattern: Schema.plainText), .integer()],
      "An id; a number means its digits."
    ).example("alex"))
}

extension Schema {
  /// The id of a write.
  static let eventID = Schema.string("Id of the event, by which its outcome is found.").example("chat-7/3")
  /// How far a write is.
  static let status = Schema.word(EventStatus.allCases.map(\.rawValue), "How far the write is.")
    .example(.string(EventStatus.succeeded.rawValue))
  /// An instant in a request.
  static let timeInRequest = Schema.reference(.time)
  /// The event id that a publisher gives.
  static let publishersEventID = Schema.string(
    "Id that the publisher gives the write. Sent again with the same one, it is answered as before and changes "
      + "nothing. Header `Idempotency-Key` says the same.",
    length: 1...EventID.maxLength, pattern: plainText
  ).example("chat-7/3")
  /// Names of members.
  static let fields = Schema.list("Members of each memory that are wanted; the id always is.", of: .string())
    .example(["memory", "score"])
}
