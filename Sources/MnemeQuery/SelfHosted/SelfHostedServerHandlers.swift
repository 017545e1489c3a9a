import LanguageModel
import MnemeCore
import MnemeProjection

/// The server itself, as mem0's own one shows it.
extension QueryAPI {
  /// `GET /configure`: what the service works with and within which bounds. It holds no secret.
  func configuration(_ request: APIRequest) async throws -> APIResponse {
    let bounds = self.configuration
    return APIResponse(
      .object([
        "version": "v1.1", "generation": .string(self.active.generation),
        "embedder": .object([
          "provider": .string(self.embedder.backend),
          "config": .object([
            "model": .string(self.embedder.space.name),
            "embedding_dims": .int(Int64(self.embedder.space.dimension)),
          ]),
        ]),
        "reranker": .bool(self.reranker != nil),
        "limits": .object([
          "body_bytes": .int(Int64(bounds.maxBodyByteCount)), "messages": .int(Int64(bounds.maxMessageCount)),
          "message_bytes": .int(Int64(bounds.maxMessageByteCount)), "batch": .int(Int64(BatchForm.maxCount)),
          "page_size": .int(Int64(Page.maxSize)), "requests_per_second": .int(Int64(bounds.rateLimit)),
        ]),
      ]))
  }

  /// `POST /configure`: refused. What the server works with belongs to the process, and to how its memories were made.
  func configure(_ request: APIRequest) async throws -> APIResponse {
    throw RequestFailure(
      .forbidden, "settings belong to the process; start the server with others (mneme up --help lists them)")
  }

  /// `GET /configure/providers`: what language models and embedders can be asked.
  func providers(_ request: APIRequest) -> APIResponse {
    APIResponse(["llm": ["openai"], "embedder": ["minilm", "openai"]])
  }

  /// Longest description of a use, in characters.
  static let maxUseCaseLength = 4000

  /// `POST /generate-instructions`: instructions for the extractor from what a person wants to use memories for, and a
  /// message to try them with. No model is asked: they are the same each time.
  func generateInstructions(_ request: APIRequest) async throws -> APIResponse {
    guard let useCase = try request.members().string("use_case", maxLength: Self.maxUseCaseLength),
      !useCase.allSatisfy(\.isWhitespace)
    else { throw RequestFailure.invalid("use_case is required") }
    let use = String(useCase.drop(while: \.isWhitespace))
    return APIResponse([
      "custom_instructions": .string(
        """
        The memories are used for this: \(use)
        Keep what will still matter for it in later conversations: facts about the people involved, their preferences, \
        decisions, plans and dates. Leave out greetings, questions without an answer, and what only this conversation \
        needs.
        """),
      "test_message": .string(
        "I would like help with this: \(use) I prefer short answers, and my next appointment is on 3 March."),
    ])
  }

  /// `GET /requests`: the latest requests of the caller's project that this process answered, by their routes.
  func requestLog(_ request: APIRequest) async throws -> APIResponse {
    let limit = try request.target.integer("limit", in: 1...RequestLog.maxShownCount) ?? RequestLog.maxShownCount
    // A key that is bound to some owners sees what was done with it, and nothing of others.
    let caller = request.admission.principal
    let entries = self.requests.latest(limit, realm: caller.realm, keyID: caller.owners == nil ? nil : caller.keyID)
    return APIResponse(
      .array(
        entries.map { entry in
          .object([
            "method": .string(entry.method), "path": .string(entry.route), "status_code": .int(Int64(entry.status)),
            "latency_ms": .double(entry.milliseconds), "auth_type": .string(entry.keyID == nil ? "none" : "api_key"),
            "created_at": .string(entry.at.description),
          ])
        }))
  }

  /// `GET /auth/setup-status`: there is nothing to set up, as there are no accounts.
  func setupStatus(_ request: APIRequest) -> APIResponse { APIResponse(["needs_setup": false]) }

  /// `GET /auth/me`: whose key it is.
  func whoAmI(_ request: APIRequest) -> APIResponse {
    let caller = request.admission.principal
    return APIResponse([
      "id": caller.keyID.map(JSONValue.string) ?? .null, "name": .string(caller.tenant), "email": nil,
      "role": .string(caller.role.description), "org_id": .string(caller.tenant), "project_id": .string(caller.project),
    ])
  }

  /// The rest of `/auth`: refused, as there are no passwords.
  func noAccounts(_ request: APIRequest) async throws -> APIResponse {
    throw RequestFailure(.forbidden, "accounts are API keys here: mneme keys create makes one")
  }
}
