import MnemeCore
import MnemeProjection

extension QueryAPI {
  /// `POST /v3/memories/add/`: takes a turn in.
  func add(_ request: APIRequest) async throws -> APIResponse {
    let (turn, receipt) = try await self.takeIn(request, try request.members(), waits: false)
    return Self.written(.value(Self.addAnswer(receipt, turn)), receipt)
  }

  /// Appends the turn that `members` describe.
  /// - Parameter waits: Whether its outcome is waited for where the request does not say.
  func takeIn(
    _ request: APIRequest, _ members: Members, waits: Bool
  ) async throws -> (turn: TurnBody, receipt: Receipt) {
    let form = try TurnForm(members, bounds: self.configuration)
    let id = try EventID.find(in: members, header: request.header("idempotency-key"))
    // Without an extractor to ask, the outcome is at hand, and the platform returns it whatever `async_mode` says.
    let waits = try request.target.flag("wait") ?? (form.turn.infer ? form.waits ?? waits : true)
    let turn = self.completed(form.turn, request)
    guard let owner = turn.scope.owner else { preconditionFailure("a scope without an owner was let through") }
    let receipt = try await self.submit(
      Submission(
        id: id, type: .turnRecorded, owner: OwnerKey(tenant: request.tenant, owner: owner), body: turn),
      waits: waits)
    return (turn, receipt)
  }

  /// The turn with what is set for its project where it says nothing itself. It is written into the turn, so that a
  /// replay finds what was set when it was said.
  private func completed(_ turn: TurnBody, _ request: APIRequest) -> TurnBody {
    guard turn.infer else { return turn }
    let caller = request.admission.principal
    let settings = self.projects.catalog[ProjectKey(tenant: caller.tenant, project: caller.project)].settings
    func text(_ setting: Project.Setting) -> String? {
      settings[setting]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }
    var turn = turn
    turn.customInstructions = turn.customInstructions ?? text(.customInstructions)
    // Nothing else of a turn could be what they are about.
    if turn.messages.contains(where: { $0.role == "assistant" }) {
      turn.agentCustomInstructions = turn.agentCustomInstructions ?? text(.agentCustomInstructions)
    }
    turn.includes = turn.includes ?? text(.inclusionPrompt)
    turn.excludes = turn.excludes ?? text(.exclusionPrompt)
    if turn.customCategories == nil, let value = settings[.customCategories], value != [], value != .null {
      // What was set before there were bounds may be beyond them; it keeps nobody from adding.
      turn.customCategories = try? CategoryForm.categories(value, Project.Setting.customCategories.rawValue)
    }
    return turn
  }

  /// What is said of a turn that has no outcome yet.
  static let queuedMessage = "Memory processing has been queued for background execution"

  private static func addAnswer(_ receipt: Receipt, _ turn: TurnBody) -> JSONValue {
    var answer: [String: JSONValue] = ["event_id": .string(receipt.id)]
    guard let outcome = receipt.outcome else {
      answer["status"] = .string(EventStatus.pending.rawValue)
      answer["message"] = .string(Self.queuedMessage)
      // Whoever stores messages as they stand takes the results for granted.
      if !turn.infer { answer["results"] = [] }
      return .object(answer)
    }
    let status = EventStatus(outcome)
    answer["status"] = .string(status.rawValue)
    answer["results"] = .array(outcome.effects.map(MemoryObject.effect))
    if let error = EventStatus.errorText(outcome) {
      answer["message"] = "Memories could not be stored yet; the turn is kept in dead letters"
      answer["error"] = .string(error)
    } else {
      answer["message"] = "Memories stored successfully"
    }
    return .object(answer)
  }
}
