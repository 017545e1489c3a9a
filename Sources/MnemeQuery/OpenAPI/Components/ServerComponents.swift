import MnemeCore

extension Component {
  /// Messages of agents' clients.
  static let agents = [rpcMessage, rpcResponse, rpcFault]

  /// The service itself, and mem0's own server.
  static let server = [
    ping, lag, health, readiness, resultList, serverSettings, providers, instructions, answeredRequest, key, createdKey,
    caller,
  ]

  private static let rpcID = Schema.any(of: [.string(length: 0...RPCMessage.maxIDByteCount), .integer(), .null()])
    .example(1)

  /// A message of an agent's client.
  static let rpcMessage = Component(
    "RPCMessage",
    .object(
      "One JSON-RPC 2.0 message: a request has `id` and `method`, a notification only `method`.",
      ["jsonrpc": .word(["2.0"])],
      optional: [
        "id": .any(of: [.string(length: 0...RPCMessage.maxIDByteCount), .integer()]).example(1),
        "method": .string().example("tools/call"), "params": .map(), "result": .map(), "error": .map(),
      ]))

  /// The response to a request.
  static let rpcResponse = Component(
    "RPCResponse",
    .object(
      "A response: with `result`, or with `error`.", ["jsonrpc": .word(["2.0"]), "id": rpcID],
      optional: ["result": .map(), "error": .map()]))

  /// A fault of the protocol.
  static let rpcFault = Component(
    "RPCFault",
    .object(
      "A fault of the protocol.",
      [
        "jsonrpc": .word(["2.0"]), "id": rpcID,
        "error": .object(
          nil, ["code": .integer().example(-32600), "message": .string("What is wrong, and what to do next.")],
          optional: ["data": .map()]),
      ]))

  /// What a client asks first.
  static let ping = Component(
    "Ping",
    .object(
      "Who asks.",
      [
        "status": .word(["ok"]), "org_id": .string().example("default"), "project_id": .string().example("default"),
        "user_email": .null("Nobody's: clients report it to others."),
      ]))

  /// What waits.
  static let lag = Component(
    "Lag",
    .object(
      "How much is under way.",
      [
        "total": .count("Records that wait; 0 once every accepted turn has its outcome in the projection."),
        "groups": .list(
          "By consumer and partition.",
          of: .object(
            nil, ["group": .string(), "topic": .string(), "partition": .count(), "lag": .count()],
            optional: [
              "generation": .string("The generation that it works for; missing where it works for all.").orNull,
              "next": .integer("Offset that it consumes next."), "end": .integer("Offset that the next record gets."),
            ])),
      ]))

  /// The process answers.
  static let health = Component("Health", .object(nil, ["status": .word(["ok"])]))

  /// Log and projection answer.
  static let readiness = Component(
    "Readiness",
    .object(
      "Whether what the service needs answers.",
      [
        "status": .word(["ready", "not ready"]),
        "checks": .object(nil, ["log": .word(["ok", "failed"]), "projection": .word(["ok", "failed"])]),
      ]))

  /// Results of adds and lists on mem0's own server.
  static let resultList = Component(
    "ResultList", .object(nil, ["results": .list(of: .reference(listedMemory))]))

  /// What the service works with.
  static let serverSettings = Component(
    "ServerSettings",
    .object(
      "What the service works with, and within which bounds. It holds no secret.",
      [
        "version": .string().example("v1.1"), "generation": .string("The generation that is read.").example("g1"),
        "embedder": .object(
          nil,
          [
            "provider": .string().example("minilm"),
            "config": .object(nil, ["model": .string().example("minilm-384"), "embedding_dims": .count()]),
          ]),
        "reranker": .flag("Whether searches can be reranked."),
        "limits": .object(
          nil,
          [
            "body_bytes": .count(), "messages": .count(), "message_bytes": .count(), "batch": .count(),
            "page_size": .count(), "requests_per_second": .count(),
          ]),
      ]))

  /// Models that can be asked.
  static let providers = Component(
    "Providers", .object(nil, ["llm": .list(of: .string()), "embedder": .list(of: .string())]))

  /// Instructions for the extractor.
  static let instructions = Component(
    "Instructions",
    .object(
      nil,
      ["custom_instructions": .string("For the extractor."), "test_message": .string("A message to try them with.")]))

  /// A request that was answered.
  static let answeredRequest = Component(
    "AnsweredRequest",
    .object(
      "A request that this process answered, by its route.",
      [
        "method": .string().example("GET"), "path": .string("The route.").example("/v1/memories/{id}/"),
        "status_code": .integer().example(200), "latency_ms": .number().example(.double(1.5)),
        "auth_type": .word(["none", "api_key"]), "created_at": .time(),
      ]))

  /// A key.
  static let key = Component(
    "Key",
    .object(
      "An API key of the project, without what proves it.",
      [
        "id": .string().example("Ab3dEf5hIj7k"), "label": .string().example("shop"),
        "key_prefix": .string("How it begins.").example("mnk_Ab3dEf5hIj7k…"),
        "role": .word(AccessRole.allCases.filter { $0 > .anyone }.map(\.description)), "created_at": .time(),
        "owners": .list("Owners whose memories it opens; null for everybody's.", of: .string().example("user:ann"))
          .orNull,
        "expires_at": .time().orNull, "revoked_at": .time().orNull.example(.null),
        "last_used_at": .null("Not kept."),
      ]))

  /// A key that was just made.
  static let createdKey = Component(
    "CreatedKey", key.schema.and("A key, with what proves it: it is shown once.", ["key": .string("The key.")]))

  /// Whose key it is.
  static let caller = Component(
    "Caller",
    .object(
      "Whose key it is.",
      [
        "id": .string("Of the key.").orNull, "name": .string().example("default"), "email": .null("Keys have none."),
        "role": .string().example("writer"), "org_id": .string().example("default"),
        "project_id": .string().example("default"),
      ]))
}
