import MnemeCore
import MnemeProjection

extension QueryAPI {
  /// `POST /v3/memories/add/`: takes a turn in.
  func add(_ request: APIRequest) async throws -> APIResponse {
    let members = try request.members()
    let form = try TurnForm(members, bounds: self.configuration)
    let id = try EventID.find(in: members, header: request.header("idempotency-key"))
    // Without an extractor to ask, the outcome is at hand, and the platform returns it whatever `async_mode` says.
    let waits = try request.target.flag("wait") ?? (form.turn.infer ? form.waits ?? false : true)
    guard let owner = form.turn.scope.owner else { preconditionFailure("a scope without an owner was let through") }
    let receipt = try await self.submit(
      Submission(
        id: id, type: .turnRecorded, owner: OwnerKey(tenant: request.tenant, owner: owner), body: form.turn),
      waits: waits)
    var response = APIResponse(Self.addAnswer(receipt))
    response.headers.append(ResponseHeader(Position.header, receipt.position.description))
    return response
  }

  private static func addAnswer(_ receipt: Receipt) -> JSONValue {
    var answer: [String: JSONValue] = ["event_id": .string(receipt.id)]
    guard let outcome = receipt.outcome else {
      answer["status"] = .string(EventStatus.pending.rawValue)
      answer["message"] = "Memory processing has been queued for background execution"
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
