import MnemeCore
import MnemeProjection

extension OperationArea {
  /// What mem0's own server has.
  static let selfHosted = OperationArea(
    "mem0's own server", "Its paths, without a version and without a slash at the end.",
    selfHostedMemories.merging(selfHostedServer) { $1 }.merging(selfHostedAccounts) { $1 })

  private static let done = Operation.Reply.written("It is done.", .reference(.message))

  private static let selfHostedMemories: [String: Operation] = [
    "POST /memories": Operation(
      "serverAddMemories", "Takes a turn in, and waits for its outcome", [.wait(true), .idempotencyKey],
      body: Operation.Body(
        .form(
          "A turn.", ["messages": .messages],
          optional: Schema.turning + ["prompt": .string("The same as `custom_instructions`.")]),
        example: ["messages": [["role": "user", "content": "I moved to Berlin"]], "user_id": "alex"]),
      replies: [.written("What it did.", .object(nil, ["results": .reference(.addedResults)]))]),
    "GET /memories": Operation(
      "serverListMemories", "Lists memories",
      details: "Of everybody, as a bare list, to an admin who names nobody.", conditions,
      replies: [
        Operation.Reply(
          "The memories.", .any(of: [.reference(.resultList), .list(of: .reference(.memory))]))
      ]),
    "DELETE /memories": Operation(
      "serverDeleteMemories", "Deletes every memory that matches",
      Operation.Parameter.owners + [
        .query("filters", .string(), "A filter, as JSON or as Python prints a dict."),
        .query("metadata", .string(), "Conditions on the publisher's data, written so."), .wait(true), .minPosition,
        .idempotencyKey,
      ], replies: [done]),
    "GET /memories/{id}": Operation(
      "serverGetMemory", "Reads one memory",
      [.path("id", .string().example(Schema.sampleID), "Id of the memory."), .minPosition],
      replies: [Operation.Reply("The memory; null where there is none.", .any(of: [.reference(.memory), .null()]))]),
    "PUT /memories/{id}": Operation(
      "serverUpdateMemory", "Changes one memory", [.memoryID, .wait(true), .minPosition, .idempotencyKey],
      body: Operation.Body(.revision, example: ["text": "Lives in Berlin, near the river"]), replies: [done]),
    "DELETE /memories/{id}": Operation(
      "serverDeleteMemory", "Deletes one memory",
      [
        .memoryID, .query("delete_linked", .flag(), "Whether what it superseded goes, too."), .wait(true), .minPosition,
        .idempotencyKey,
      ], replies: [done]),
    "GET /memories/{id}/history": Operation(
      "serverGetHistory", "Tells every change of a memory, oldest first", [.memoryID, .minPosition],
      replies: [Operation.Reply("The changes.", .list(of: .reference(.historyEntry)))]),
    "POST /search": Operation(
      "serverSearchMemories", "Finds the memories that fit a question best", [.minPosition],
      body: Operation.Body(
        .form(nil, ["query": .question], optional: Schema.searching(max: SearchForm.maxLimit) + Schema.idsAtTheTop),
        example: ["query": "Where does Alex live?", "user_id": "alex"]),
      replies: [
        Operation.Reply("What fits, best first.", .reference(.searchAnswer), headers: ["X-Mneme-Degraded"])
      ]),
    "POST /reset": Operation(
      "serverReset", "Deletes every memory that there is", [.wait(true), .minPosition, .idempotencyKey],
      body: Operation.Body(
        .form(nil, optional: ["event_id": .publishersEventID]), example: [:], isRequired: false), replies: [done]),
    "GET /entities": Operation(
      "serverListEntities", "Lists entities", [.minPosition],
      replies: [Operation.Reply("The first 10,000.", .list(of: .reference(.bareEntity)))]),
    "DELETE /entities/{type}/{id}": Operation(
      "serverDeleteEntity", "Deletes all memories of an entity",
      [
        .path("type", .word(EntitySummary.Kind.allCases.map(\.rawValue)), "Which of the four ids."),
        .path("id", .string(length: 1...Scope.maxIDLength).example("alex"), "The id."), .wait(true), .minPosition,
        .idempotencyKey,
      ], replies: [done]),
  ]

  private static let selfHostedServer: [String: Operation] = [
    "GET /configure": Operation(
      "serverGetSettings", "Tells what the service works with, and within which bounds",
      replies: [Operation.Reply("The settings.", .reference(.serverSettings))]),
    "POST /configure": refused("serverSetSettings", "Refused: settings belong to the process"),
    "GET /configure/providers": Operation(
      "serverListProviders", "Tells which models can be asked",
      replies: [Operation.Reply("The providers.", .reference(.providers))]),
    "POST /generate-instructions": Operation(
      "serverGenerateInstructions", "Writes instructions for the extractor from what memories are used for",
      details: "No model is asked.",
      body: Operation.Body(
        .form(
          nil,
          [
            "use_case": .string("What memories are used for.", length: 1...QueryAPI.maxUseCaseLength, pattern: #"\S"#)
              .example("A kitchen that remembers tastes")
          ]), example: ["use_case": "A kitchen that remembers tastes"]),
      replies: [Operation.Reply("Instructions, and a message to try them with.", .reference(.instructions))]),
    "GET /requests": Operation(
      "serverListRequests", "Lists the latest requests to this process, by their routes",
      [.query("limit", .integer(in: 1...RequestLog.maxShownCount), "Requests, at most.")],
      replies: [Operation.Reply("The requests, the latest first.", .list(of: .reference(.answeredRequest)))]),
    "GET /api-keys": Operation(
      "serverListKeys", "Lists the project's keys", details: "403 where the server has no key file.",
      replies: [Operation.Reply("The keys.", .list(of: .reference(.key)))]),
    "POST /api-keys": Operation(
      "serverCreateKey", "Makes a key",
      details: "It opens nothing that the caller's does not, and no longer. 403 where the server has no key file.",
      body: Operation.Body(
        .form(
          nil,
          optional: [
            "label": .string("What it is for.", length: 0...QueryAPI.maxKeyLabelLength).example("shop"),
            "role": .word(AccessRole.allCases.filter { $0 > .anyone }.map(\.description), "Otherwise writer."),
            "owners": .list(
              "Owners whose memories it opens.", of: .string(pattern: "^(user|agent|run|app):.+$").example("user:ann"),
              count: 1...Int(Int32.max)),
            "expires_at": .timeInRequest,
          ]), example: ["label": "shop", "role": "writer"], isRequired: false),
      replies: [Operation.Reply("The key. It is shown once.", .reference(.createdKey), status: 201)]),
    "DELETE /api-keys/{id}": Operation(
      "serverRevokeKey", "Revokes a key", [.path("id", .string().example("Ab3dEf5hIj7k"), "Id of the key.")],
      replies: [Operation.Reply("It is revoked.", .reference(.message))]),
  ]

  private static let selfHostedAccounts: [String: Operation] = [
    "GET /auth/setup-status": Operation(
      "serverGetSetupStatus", "Tells that there is nothing to set up",
      replies: [Operation.Reply("Whether there is.", .object(nil, ["needs_setup": .flag().example(false)]))]),
    "GET /auth/me": Operation(
      "serverGetCaller", "Tells whose key it is", replies: [Operation.Reply("The caller.", .reference(.caller))]),
    "PATCH /auth/me": refused("serverUpdateCaller"), "POST /auth/register": refused("serverRegister"),
    "POST /auth/login": refused("serverLogIn"), "POST /auth/refresh": refused("serverRefreshToken"),
    "POST /auth/change-password": refused("serverChangePassword"),
    "POST /auth/onboarding-complete": refused("serverCompleteOnboarding"),
  ]

  private static func refused(_ id: String, _ summary: String = "Refused: accounts are API keys") -> Operation {
    Operation(id, summary, replies: [Operation.Reply("Why not.", .reference(.error), status: 403)])
  }
}
