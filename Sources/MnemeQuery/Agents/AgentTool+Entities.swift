import MnemeCore

extension AgentTool {
  /// Tools about whom there are memories of, and about what became of writes.
  static let entitiesAndEvents: [AgentTool] = [listEntities, deleteEntities, listEvents, getEventStatus]

  private static let page = Argument("page", "integer", "Number of the page, from 1.", ["minimum": 1])
  private static let pageSize = Argument(
    "page_size", "integer", "Entries of a page; 50 where it is missing.", ["minimum": 1, "maximum": 100])

  private static let listEntities = AgentTool(
    "list_entities", "List entities", .reads,
    "Whom there are memories of: people, agents, applications and sessions, each with how many.",
    arguments: [page, pageSize], results: ["results": ["type": "array"]], method: "GET", path: ["v1", "entities"],
    request: { input in
      ToolRequest(
        "GET", ["v1", "entities"],
        query: [("page", try input.number("page") ?? "1"), ("page_size", try input.number("page_size") ?? "50")])
    }, answer: paged)

  private static let deleteEntities = AgentTool(
    "delete_entities", "Delete entity", .deletes,
    "Delete one person, agent, application or session with all of its memories, for good. Ask the person first.",
    ids: "to delete; name exactly one.", arguments: [], results: ["message": ["type": "string"]], method: "DELETE",
    path: ["v2", "entities", "x", "x"],
    request: { input in
      // The fixed owner is among the ids; what else is named is to be deleted, within what is the owner's.
      let named = input.named
      guard let only = named.first, named.count == 1 else {
        throw RequestFailure.invalid(
          "name exactly one id; delete_all_memories deletes everything, or what several ids have in common")
      }
      return ToolRequest("DELETE", ["v2", "entities", String(only.key.dropLast("_id".count)), only.value])
    })

  private static let listEvents = AgentTool(
    "list_events", "List events", .reads, "What was added, changed and deleted lately, newest first.",
    arguments: [
      page, pageSize,
      Argument("event_type", "string", "Of this kind alone.", ["enum": ["ADD", "UPDATE", "DELETE", "FEEDBACK"]]),
      Argument("status", "string", "Of this status alone.", ["enum": ["PENDING", "SUCCEEDED", "FAILED"]]),
      Argument("start_date", "string", "From then on, RFC 3339 or a date."),
      Argument("end_date", "string", "Until then, RFC 3339 or a date."),
    ],
    results: ["results": ["type": "array"]], method: "GET", path: ["v1", "events"],
    request: { input in
      var query: [(String, String?)] = [
        ("page", try input.number("page") ?? "1"), ("page_size", try input.number("page_size") ?? "50"),
      ]
      for name in ["event_type", "status", "start_date", "end_date"] { query.append((name, try input.text(name))) }
      return ToolRequest("GET", ["v1", "events"], query: query)
    }, answer: paged)

  private static let getEventStatus = AgentTool(
    "get_event_status", "Get event status", .reads,
    "What became of something added, changed or deleted: PENDING, SUCCEEDED or FAILED, and which memories it made.",
    arguments: [
      Argument("event_id", "string", "The event_id that another tool returned.", isRequired: true)
    ],
    results: ["id": ["type": "string"], "status": ["type": "string"]], method: "GET", path: ["v1", "event", "x"],
    request: { input in
      ToolRequest("GET", ["v1", "event", try input.text("event_id", maxLength: EventID.maxLength) ?? ""])
    })

  /// A page with numbers in place of links: a model cannot follow those.
  @Sendable static func paged(_ value: JSONValue, _ input: ToolInput) -> ToolAnswer {
    guard var object = value.objectValue else { return ToolAnswer(["results": value]) }
    var page: Int64 = 1
    if case .int(let number)? = input.arguments["page"] { page = number }
    let hasNext = object["next"].map { $0 != .null } ?? false
    object["page"] = .int(page)
    object["next_page"] = hasNext ? .int(page + 1) : .null
    object["next"] = nil
    object["previous"] = nil
    return ToolAnswer(.object(object))
  }
}
