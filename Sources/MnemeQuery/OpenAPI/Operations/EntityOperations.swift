import MnemeCore
import MnemeProjection

extension OperationArea {
  private static let ofEntity: [Operation.Parameter] = [
    .path("type", .word(EntitySummary.Kind.allCases.map(\.rawValue)), "Which of the four ids."),
    .path("id", .string(length: 1...Scope.maxIDLength).example("alex"), "The id."),
  ]

  private static let getting = Operation(
    "getEntity", "Tells of one entity", ofEntity + [.minPosition],
    replies: [Operation.Reply("The entity.", .reference(.entity))])

  private static let deleting = Operation(
    "deleteEntity", "Deletes all memories of an entity",
    details: "200 also where nothing is left of it.", ofEntity + [.wait(true), .minPosition, .idempotencyKey],
    replies: [.written("They are deleted, or will be.", .reference(.receipt))])

  /// Says something of an entity of `kind`.
  private static func describing(_ kind: EntitySummary.Kind, _ id: String) -> Operation {
    let name = "\(kind.rawValue)_id"
    return Operation(
      id, "Says something of the \(kind.rawValue) of an id",
      details: "In place of what was said before. It needs no memory for that.",
      body: Operation.Body(
        .form(
          nil, [name: .reference(.identifier)],
          optional: [
            "name": .string("What people call it.", length: 1...ProjectForm.maxNameLength, pattern: Schema.plainText)
              .example("Alex"),
            "metadata": .map("Anything about it, of 16 KiB at most."),
          ]), example: [name: "alex", "name": "Alex", "metadata": ["team": "kitchen"]]),
      replies: [Operation.Reply("The entity.", .reference(.entity), status: 201)])
  }

  /// Users, agents, applications and sessions.
  static let entities = OperationArea(
    "Entities", "Users, agents, applications and sessions: what stands on memories that are left, or was described.",
    [
      "GET /v1/entities/": Operation(
        "listEntities", "Lists entities",
        details: "Without a page, the first 10,000.",
        [.page, .pageSize(QueryAPI.maxEntityCount, max: QueryAPI.maxEntityCount), .minPosition],
        replies: [Operation.Reply("A page.", .reference(.entityPage))]),
      "GET /v1/entities/filters/": Operation(
        "listEntityNames", "Lists ids by type", [.minPosition],
        replies: [Operation.Reply("The first 10,000.", .reference(.entityNames))]),
      "GET /v2/entities/{type}/{id}/": getting,
      "DELETE /v2/entities/{type}/{id}/": deleting,
      "GET /v1/entities/{type}/{id}/": getting.older("getEntityV1"),
      "DELETE /v1/entities/{type}/{id}/": deleting.older("deleteEntityV1"),
      "POST /v1/users/": describing(.user, "describeUser"),
      "POST /v1/agents/": describing(.agent, "describeAgent"),
      "POST /v1/apps/": describing(.app, "describeApp"), "POST /v1/runs/": describing(.run, "describeRun"),
      "GET /v1/stats/": Operation(
        "getStatistics", "Tells how much there is", [.minPosition],
        replies: [Operation.Reply("How much there is.", .reference(.statistics))]),
    ])

  /// What became of writes.
  static let events = OperationArea(
    "Events", "What became of writes.",
    [
      "GET /v1/events/": Operation(
        "listEvents", "Lists writes, the latest first",
        details: "Those of this process that are under way, then those that ended.",
        [
          .query(
            "event_type", .word(["ADD", "UPDATE", "DELETE", "FEEDBACK", "SEARCH", "GET", "GET_ALL"]),
            "What was asked for. Reads leave no event."),
          .query("status", .word(EventStatus.allCases.map(\.rawValue)), "How far they are."),
          .query("start_date", .string(), "Only later ones: RFC 3339, a date, or seconds since 1970."),
          .query("end_date", .string(), "Only earlier ones."), .page,
          .pageSize(EventListForm.defaultPageSize, max: EventListForm.maxPageSize), .minPosition,
        ],
        replies: [Operation.Reply("A page.", .reference(.eventPage))]),
      "GET /v1/event/{id}/": Operation(
        "getEvent", "Tells how far a write is, and what it did",
        [.path("id", .string(length: 1...512).example("chat-7/3"), "Id of the event."), .minPosition],
        replies: [Operation.Reply("The event.", .reference(.event))]),
    ])
}

extension Operation {
  /// The same under a path that clients before used.
  func older(_ id: String) -> Operation {
    Operation(
      id, "\(self.summary), for older clients", details: self.details, self.parameters, body: self.body,
      replies: self.replies)
  }
}
