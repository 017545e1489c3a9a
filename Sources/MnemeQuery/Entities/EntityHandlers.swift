import MnemeCore
import MnemeProjection

/// An entity as paths name it: which of a scope's ids, and the id.
struct EntityName: Hashable, Sendable {
  let kind: EntitySummary.Kind
  let id: String

  /// The entity of `…/{type}/{id}/`.
  /// - Throws: `RequestFailure` where there is no such type, or where nothing may have that id.
  init(_ request: APIRequest) throws {
    guard let kind = EntitySummary.Kind(rawValue: request.pathValues[0]) else {
      throw RequestFailure.invalid("the type of an entity must be user, agent, app or run")
    }
    let id = request.pathValues[1]
    // Else it would be taken for all users, where somebody means one.
    guard id != "*" else { throw RequestFailure.invalid("'*' names no entity") }
    guard id.count <= Scope.maxIDLength else {
      throw RequestFailure.invalid("the id has more than \(Scope.maxIDLength) characters")
    }
    (self.kind, self.id) = (kind, id)
  }

  /// What is true of its memories.
  var filter: Filter { .compare(self.kind.field, .eq, .string(self.id)) }
}

extension EntitySummary.Kind {
  /// The field that holds such an id.
  var field: Filter.Field {
    switch self {
    case .user: .userID
    case .agent: .agentID
    case .app: .appID
    case .run: .runID
    }
  }

  /// What the platform calls all of them.
  var plural: String { "\(self.rawValue)s" }
}

extension QueryAPI {
  /// Entities of a list that names no page, and of the largest page.
  static let maxEntityCount = 10_000

  /// Every entity of the tenant, or those that `filter` names.
  func entities(_ request: APIRequest, _ filter: Filter? = nil) async throws -> [EntitySummary] {
    try await self.awaitPosition(request)
    return try await self.reader.entities(
      matching: MemoryQuery(tenant: request.tenant, filter: filter, includesEnded: true, notExpiredAt: nil))
  }

  /// `GET /v1/entities/`: users, agents, applications and sessions. Without a page it is the whole list, as clients
  /// that delete all of them do not page.
  func listEntities(_ request: APIRequest) async throws -> APIResponse {
    let page =
      try Page(request.target, maxSize: Self.maxEntityCount) ?? Page(number: 1, size: Self.maxEntityCount)
    let described = try await self.describedEntities(request)
    let entities = described.joining(try await self.entities(request))
    let owner = request.admission.principal.tenant
    var answer = page.answer(
      to: request, totalCount: entities.count,
      page.of(entities).map {
        .object(Self.object($0, described[$0], owner: owner))
      })
    for (name, count) in Self.totals(entities) { answer.add(name, .int(count)) }
    return APIResponse(.object(answer))
  }

  /// `GET /v1/entities/filters/`: the ids of all entities, by type.
  func entityFilters(_ request: APIRequest) async throws -> APIResponse {
    let entities = try await self.entities(request).prefix(Self.maxEntityCount)
    var answer = JSONMembers()
    for kind in EntitySummary.Kind.allCases {
      answer.add(kind.plural, .array(entities.filter { $0.kind == kind }.map { .string($0.id) }))
    }
    return APIResponse(.object(answer))
  }

  /// `GET /v2/entities/{type}/{id}/`.
  func getEntity(_ request: APIRequest) async throws -> APIResponse {
    let name = try EntityName(request)
    let described = try await self.describedEntities(request)
    guard let found = try await self.entity(name, request, described) else {
      throw RequestFailure(.notFound, "Entity not found!")
    }
    return APIResponse(.object(Self.object(found, described[found], owner: request.admission.principal.tenant)))
  }

  /// `DELETE /v2/entities/{type}/{id}/`: deletes all memories of an entity. Where none is left, that is done already:
  /// a client that deletes one entity after the other meets those that went with others.
  func deleteEntity(_ request: APIRequest) async throws -> APIResponse {
    let receipt = try await self.deleteMemories(ofEntity: request)
    let message =
      receipt.isProcessed ? "Entity deleted successfully!" : "Delete in progress. This may take some time."
    let status = receipt.isProcessed ? EventStatus.succeeded : .pending
    return Self.written(
      .object(["message": .string(message), "event_id": .string(receipt.id), "status": .string(status.rawValue)]),
      receipt)
  }

  /// Deletes all memories of the entity that the path names.
  func deleteMemories(ofEntity request: APIRequest) async throws -> Receipt {
    let name = try EntityName(request)
    let eventID = try EventID.find(in: nil, header: request.header("idempotency-key"))
    let waits = try request.target.flag("wait") ?? true
    try await self.awaitPosition(request)
    let receipt = try await self.delete(
      DeletionForm(name.filter), id: eventID, tenant: request.tenant, waits: waits)
    try Self.requireNotParked(receipt)
    try await self.forgetDescription(of: name, request)
    return receipt
  }

  /// `GET /v1/stats/`: how much there is. Searches leave no event, so there is no count of them.
  func stats(_ request: APIRequest) async throws -> APIResponse {
    let entities = try await self.entities(request)
    let memories = try await self.reader.memories(
      MemoryQuery(tenant: request.tenant, filter: nil, notExpiredAt: self.clock()), offset: 0, limit: 0)
    let adds = try await self.reader.inputs(
      InputQuery(tenant: request.tenant, types: [.turnRecorded]), offset: 0, limit: 0)
    var answer: JSONMembers = [
      "total_memories": .int(Int64(memories.totalCount)), "total_add_events": .int(Int64(adds.totalCount)),
      "total_search_events": .null,
    ]
    for (name, count) in Self.totals(entities) { answer.add(name, .int(count)) }
    return APIResponse(.object(answer))
  }

  /// How many entities there are of each kind.
  private static func totals(_ entities: [EntitySummary]) -> [(name: String, count: Int64)] {
    EntitySummary.Kind.allCases.map { kind in
      ("total_\(kind.plural)", Int64(entities.count { $0.kind == kind }))
    }
  }

  /// An entity. Clients delete it by its `name`, which is why that is the id.
  static func object(_ entity: EntitySummary, _ description: EntityDescription?, owner: String) -> JSONMembers {
    [
      "id": .string(entity.id), "name": .string(entity.id), "type": .string(entity.kind.rawValue),
      "owner": .string(owner), "total_memories": .int(Int64(entity.currentMemoryCount)),
      "display_name": description?.name.map { .string($0) } ?? .null,
      "metadata": .value(.object(description?.metadata ?? [:])),
      "created_at": .string(entity.firstAt.description), "updated_at": .string(entity.lastAt.description),
    ]
  }
}
