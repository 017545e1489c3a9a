import FoundationEssentials
import MnemeCore
import MnemeProjection

/// Memories as mem0's own server has them: paths without a version, answers without an event.
extension QueryAPI {
  /// `POST /memories`: takes a turn in and waits for its outcome. `prompt` is what the platform calls
  /// `custom_instructions`.
  func selfHostedAdd(_ request: APIRequest) async throws -> APIResponse {
    var object = try request.members().object
    if let prompt = object["prompt"], object["custom_instructions"] == nil { object["custom_instructions"] = prompt }
    let (_, receipt) = try await self.takeIn(request, Members(object, of: nil), waits: true)
    return Self.written(.value(["results": .array(try Self.legacyResults(receipt))]), receipt)
  }

  /// `GET /memories`: the newest memories of an entity; for an admin who names none, of everybody, as a bare list.
  func selfHostedList(_ request: APIRequest) async throws -> APIResponse {
    let members = try LegacyForm.members(of: request.target)
    let limit = try members.integer("top_k", in: 0...Self.maxUnpagedMemoryCount) ?? Self.maxUnpagedMemoryCount
    let page = Page(number: 1, size: limit)
    guard TurnForm.idNames.contains(where: members.isSet) || members.isSet("filters") else {
      guard request.admission.principal.role >= .admin else {
        throw RequestFailure(.forbidden, "only an admin lists everybody's memories; name user_id, agent_id or run_id")
      }
      try await self.awaitPosition(request)
      let now = self.clock()
      let showsExpired = try members.bool("show_expired") ?? false
      let found = try await self.reader.memories(
        MemoryQuery(tenant: request.tenant, filter: nil, notExpiredAt: showsExpired ? nil : now), offset: 0,
        limit: limit)
      return APIResponse(.array(found.memories.map { .object(MemoryObject.object($0, now: now)) }))
    }
    return APIResponse(.object(["results": .array(try await self.listed(request, members, page).results)]))
  }

  /// `GET /memories/{id}`: a memory; `null` where there is none.
  func selfHostedGet(_ request: APIRequest) async throws -> APIResponse {
    try await self.awaitPosition(request)
    guard let id = UUID(uuidString: request.pathValues[0]),
      let view = try await self.reader.memory(id, tenant: request.tenant)
    else { return APIResponse(JSONOutput.null) }
    return APIResponse(.object(MemoryObject.object(view, now: self.clock())))
  }

  /// `PUT /memories/{id}`.
  func selfHostedUpdate(_ request: APIRequest) async throws -> APIResponse {
    try await self.update(request).saying("Memory updated successfully!")
  }

  /// `DELETE /memories/{id}`.
  func selfHostedDelete(_ request: APIRequest) async throws -> APIResponse {
    try await self.delete(request).saying("Memory deleted successfully")
  }

  /// `DELETE /memories`: all memories of an entity.
  func selfHostedDeleteAll(_ request: APIRequest) async throws -> APIResponse {
    try await self.deleteAll(request).saying("All relevant memories deleted")
  }

  /// `POST /search`: `results`, with ids at the top or in `filters`.
  func selfHostedSearch(_ request: APIRequest) async throws -> APIResponse {
    let (_, found, results) = try await self.results(of: request, LegacyForm.current(try request.members()))
    return found.answer(["results": .array(results)])
  }

  /// `POST /reset`: deletes every memory that there is.
  func reset(_ request: APIRequest) async throws -> APIResponse {
    let eventID = try EventID.find(in: try request.optionalMembers(), header: request.header("idempotency-key"))
    let waits = try request.target.flag("wait") ?? true
    try await self.awaitPosition(request)
    let message: JSONValue = ["message": "All memories reset"]
    guard let receipt = try await self.deleteEverything(id: eventID, tenant: request.tenant, waits: waits) else {
      return APIResponse(message)
    }
    return Self.written(.value(message), receipt)
  }

  /// `GET /entities`: a bare list.
  func selfHostedEntities(_ request: APIRequest) async throws -> APIResponse {
    let entities = try await self.entities(request).prefix(Self.maxEntityCount)
    return APIResponse(
      .array(
        entities.map { entity in
          .object([
            "id": .string(entity.id), "type": .string(entity.kind.rawValue),
            "total_memories": .int(Int64(entity.currentMemoryCount)),
            "created_at": .string(entity.firstAt.description), "updated_at": .string(entity.lastAt.description),
          ])
        }))
  }

  /// `DELETE /entities/{type}/{id}`.
  func selfHostedDeleteEntity(_ request: APIRequest) async throws -> APIResponse {
    let receipt = try await self.deleteMemories(ofEntity: request)
    return Self.written(.value(["message": "Entity deleted"]), receipt)
  }
}

extension APIResponse {
  /// The same with nothing in its body but `message`.
  fileprivate func saying(_ message: String) -> APIResponse {
    var response = self
    response.body = JSONWriter.write(.value(["message": .string(message)]))
    return response
  }
}
