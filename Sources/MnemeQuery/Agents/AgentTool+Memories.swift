import MnemeCore

extension AgentTool {
  /// All tools, those that models need most first. They go by the names that mem0's have.
  static let all: [AgentTool] =
    [
      addMemory, searchMemories, getContext, getMemories, getMemory, updateMemory, deleteMemory, deleteAllMemories,
    ] + entitiesAndEvents

  /// Members of a memory that a list shows a model: few of much meaning. `get_memory` has them all.
  private static let shownFields: JSONValue = [
    "id", "memory", "categories", "metadata", "score", "user_id", "agent_id", "app_id", "run_id", "created_at",
    "updated_at", "valid_from", "valid_to", "lifecycle_state", "expiration_date",
  ]

  private static let filters = Argument(
    "filters", "object",
    """
    Conditions, e.g. {"AND": [{"categories": {"in": ["food"]}}, {"created_at": {"gte": "2026-01-01"}}]}. Fields: \
    user_id, agent_id, app_id, run_id, actor, created_at, updated_at, timestamp, expiration_date, text, categories, \
    memory_ids, metadata. Operators: eq, ne, gt, gte, lt, lte, in, nin, contains, icontains; AND, OR, NOT.
    """, ["additionalProperties": true])

  private static let limit = Argument(
    "limit", "integer", "At most so many memories; 10 where it is missing.", ["minimum": 1, "maximum": 200])

  private static let memoryID = Argument(
    "memory_id", "string", "Id of the memory, a UUID as other tools return it.", isRequired: true, ["format": "uuid"])

  private static let asOf = Argument(
    "as_of", "string", "What was believed then, RFC 3339 or a date. Not set: what is believed now.")

  private static let validAt = Argument(
    "valid_at", "string", "What was true then, RFC 3339 or a date. Not set: what holds now.")

  private static let includeEnded = Argument(
    "include_ended", "boolean", "Whether facts that hold no more are among them.", ["default": false])

  private static let query = Argument(
    "query", "string", "A question or a description in plain words; it may name a time.", isRequired: true,
    ["minLength": 1])

  private static let addMemory = AgentTool(
    "add_memory", "Add memory", .adds,
    """
    Store something worth remembering: a preference, a fact, a decision, something that happened. Give text, or the \
    messages of a conversation. It is on disk when this returns; facts are taken out of it a moment later. Returns \
    an event_id; get_event_status tells what became of it.
    """,
    ids: "that it is about.",
    arguments: [
      Argument("text", "string", "What to remember, in a full sentence. Needed where messages are missing."),
      Argument(
        "messages", "array", "A conversation to take facts from, in place of text.",
        [
          "items": [
            "type": "object",
            "properties": [
              "role": ["type": "string", "description": "user or assistant"], "content": ["type": "string"],
              "name": ["type": "string", "description": "Who speaks."],
            ], "required": ["role", "content"],
          ]
        ]),
      Argument(
        "metadata", "object", "Anything to keep with it; filters can ask for it.", ["additionalProperties": true]),
      Argument(
        "infer", "boolean", "False stores each message as it stands, true takes facts out of it.", ["default": true]),
      Argument("timestamp", "string", "When it was said, RFC 3339. Not set: now."),
      Argument("expiration_date", "string", "From when on it is forgotten, RFC 3339 or a date."),
      Argument(
        "wait", "boolean",
        "Whether to wait for what became of it, up to 30 s. Not set: only where infer is false."),
      Argument("event_id", "string", "An id of your own: a second call with the same one adds nothing."),
    ],
    results: ["event_id": ["type": "string"], "status": ["type": "string"]], method: "POST",
    path: ["v3", "memories", "add"],
    request: { input in
      var body = input.members("metadata", "infer", "timestamp", "expiration_date", "event_id")
      guard let said = input.arguments["messages"] ?? input.arguments["text"] else {
        throw RequestFailure.invalid("text is required, or messages")
      }
      body["messages"] = said
      for (name, id) in input.ids { body[name] = .string(id) }
      // What is not extracted is waited for unless somebody says otherwise.
      let waits = try Members(input.arguments, of: nil).bool("wait")
      return ToolRequest("POST", ["v3", "memories", "add"], query: [("wait", waits.map { "\($0)" })], body: body)
    })

  private static let searchMemories = AgentTool(
    "search_memories", "Search memories", .reads,
    """
    Find memories by meaning, words, people and time. Use it before answering anything that may depend on what is \
    known of the person. Best first, each with a score from 0 to 1.
    """,
    ids: "whose memories are searched.",
    arguments: [
      query, limit, filters,
      Argument("threshold", "number", "Least score; 0.1 where it is missing.", ["minimum": 0, "maximum": 1]),
      Argument("rerank", "boolean", "Whether a reranker orders the best ones anew, if there is one."),
      includeEnded, asOf, validAt,
    ],
    results: ["results": memoryList], method: "POST", path: ["v3", "memories", "search"],
    request: { input in
      var body = input.members("query", "threshold", "rerank", "include_ended", "as_of", "valid_at")
      body["top_k"] = input.arguments["limit"]
      body["filters"] = try input.filters()
      body["fields"] = shownFields
      return ToolRequest("POST", ["v3", "memories", "search"], body: body)
    })

  private static let getContext = AgentTool(
    "get_context", "Get context", .reads,
    """
    What is remembered about a question, as text for a prompt: few memories of much meaning, grouped and dated, each \
    with a number to cite it by, within a budget of tokens.
    """,
    ids: "whose memories are used.",
    arguments: [
      query,
      Argument(
        "max_tokens", "integer", "At most so many tokens; \(ContextBlock.defaultTokenCount) where it is missing.",
        [
          "minimum": .int(Int64(ContextBlock.minTokenCount)), "maximum": .int(Int64(ContextBlock.maxTokenCount)),
        ]),
      filters, includeEnded, asOf, validAt,
    ],
    results: ["context": ["type": "string"], "memories": memoryList], method: "POST", path: ["v1", "context"],
    request: { input in
      var body = input.members("query", "max_tokens", "include_ended", "as_of", "valid_at")
      body["filters"] = try input.filters()
      body["fields"] = ["id", "citation", "text", "date", "past", "score"]
      return ToolRequest("POST", ["v1", "context"], body: body)
    },
    answer: { value, _ in
      let text = value["context"]?.stringValue ?? ""
      return ToolAnswer(value, text: text.isEmpty ? "Nothing is remembered about this." : text)
    })

  private static let getMemories = AgentTool(
    "get_memories", "List memories", .reads,
    "List memories, newest first, page by page. To find something, search_memories is better.",
    ids: "whose memories are listed.",
    arguments: [
      filters, includeEnded, asOf, validAt,
      Argument("page", "integer", "Number of the page, from 1.", ["minimum": 1]),
      Argument("page_size", "integer", "Memories of a page; 20 where it is missing.", ["minimum": 1, "maximum": 200]),
    ],
    results: [
      "count": ["type": "integer"], "page": ["type": "integer"], "next_page": ["type": ["integer", "null"]],
      "results": memoryList,
    ],
    method: "POST", path: ["v3", "memories"],
    request: { input in
      var body = input.members("include_ended", "as_of", "valid_at")
      body["filters"] = try input.filters()
      body["fields"] = shownFields
      return ToolRequest(
        "POST", ["v3", "memories"],
        query: [("page", try input.number("page")), ("page_size", try input.number("page_size") ?? "20")], body: body)
    }, answer: paged)

  private static let getMemory = AgentTool(
    "get_memory", "Get memory", .reads,
    "One memory with all that is known of it: where it comes from, when it holds, what took its place.",
    arguments: [memoryID, asOf], results: ["id": ["type": "string"], "memory": ["type": "string"]], method: "GET",
    path: ["v1", "memories", "x"],
    request: { input in
      ToolRequest(
        "GET", ["v1", "memories", try input.text("memory_id") ?? ""], query: [("as_of", try input.text("as_of"))])
    })

  private static let updateMemory = AgentTool(
    "update_memory", "Update memory", .changes,
    "Correct the words or the data of one memory. What changed in the world is a new memory: use add_memory for it.",
    arguments: [
      memoryID, Argument("text", "string", "The new words."),
      Argument("metadata", "object", "The new data, in place of the old.", ["additionalProperties": true]),
      Argument("event_id", "string", "An id of your own: a second call with the same one changes nothing."),
    ],
    results: ["id": ["type": "string"], "event_id": ["type": "string"], "status": ["type": "string"]], method: "PUT",
    path: ["v1", "memories", "x"],
    request: { input in
      ToolRequest(
        "PUT", ["v1", "memories", try input.text("memory_id") ?? ""],
        body: input.members("text", "metadata", "event_id"))
    })

  private static let deleteMemory = AgentTool(
    "delete_memory", "Delete memory", .deletes, "Delete one memory for good. Ask the person first.",
    arguments: [memoryID], results: ["message": ["type": "string"]], method: "DELETE", path: ["v1", "memories", "x"],
    request: { input in ToolRequest("DELETE", ["v1", "memories", try input.text("memory_id") ?? ""]) })

  private static let deleteAllMemories = AgentTool(
    "delete_all_memories", "Delete all memories", .deletes,
    "Delete every memory of these ids for good, past ones included. Ask the person first, and say how many there are.",
    ids: "whose memories are deleted.", arguments: [], results: ["message": ["type": "string"]], method: "DELETE",
    path: ["v1", "memories"],
    request: { input in
      ToolRequest("DELETE", ["v1", "memories"], query: input.ids.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    })

  private static let memoryList: JSONValue = [
    "type": "array", "items": ["type": "object", "properties": ["id": ["type": "string"]], "required": ["id"]],
  ]
}
