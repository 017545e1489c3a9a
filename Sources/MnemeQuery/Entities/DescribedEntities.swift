import MnemeCore
import MnemeProjection

/// What was said of entities, as far as a caller reaches them.
struct DescribedEntities: Sendable {
  private let descriptions: [Owner: EntityDescription]

  /// Those of `project` within `reach`.
  init(_ project: Project, _ reach: Reach) {
    self.descriptions = project.entities.filter { reach.includes($0.key) }
  }

  /// What was said of `entity`; nil for nothing.
  subscript(entity: EntitySummary) -> EntityDescription? {
    self[EntityName(kind: entity.kind, id: entity.id)]
  }

  /// What was said of the entity of that name; nil for nothing.
  subscript(name: EntityName) -> EntityDescription? { self.descriptions[name.owner] }

  /// `entities`, and those of which nothing is but that they were described, in the order of lists.
  func joining(_ entities: [EntitySummary]) -> [EntitySummary] {
    guard !self.descriptions.isEmpty else { return entities }
    let known = Set(entities.map { EntityName(kind: $0.kind, id: $0.id) })
    let others = self.descriptions.values.map(EntitySummary.init)
      .filter { !known.contains(EntityName(kind: $0.kind, id: $0.id)) }
    let order = EntitySummary.Kind.allCases
    func place(_ entity: EntitySummary) -> Int { order.firstIndex(of: entity.kind) ?? order.count }
    return (entities + others).sorted { (place($0), $0.id) < (place($1), $1.id) }
  }
}

extension EntityName {
  /// An entity.
  init(kind: EntitySummary.Kind, id: String) {
    (self.kind, self.id) = (kind, id)
  }

  /// What it stands by.
  var owner: Owner { Owner(kind: self.kind.ownerKind, id: self.id) }
}

extension EntitySummary.Kind {
  /// The same of whom a memory is about.
  var ownerKind: Owner.Kind {
    switch self {
    case .user: .user
    case .agent: .agent
    case .app: .app
    case .run: .run
    }
  }
}

extension EntitySummary {
  /// An entity of which no memory is.
  init(_ description: EntityDescription) {
    let kind: Kind =
      switch description.kind {
      case .user: .user
      case .agent: .agent
      case .app: .app
      case .run: .run
      }
    self.init(
      kind: kind, id: description.id, currentMemoryCount: 0, firstAt: description.createdAt,
      lastAt: description.updatedAt)
  }
}

extension QueryAPI {
  /// Most bytes of an entity's metadata, as JSON.
  static let maxEntityMetadataByteCount = 16 << 10

  /// What was said of the entities of the caller's project.
  func describedEntities(_ request: APIRequest) async throws -> DescribedEntities {
    DescribedEntities(try await self.projects.refresh()[self.ownProject(request)], self.reach)
  }

  /// The entity of that name, where memories are of it, or something was said of it.
  func entity(
    _ name: EntityName, _ request: APIRequest, _ described: DescribedEntities
  ) async throws -> EntitySummary? {
    let found = try await self.entities(request, name.filter).first { $0.kind == name.kind && $0.id == name.id }
    return found ?? described[name].map(EntitySummary.init)
  }

  /// `POST /v1/users/`, `/v1/agents/`, `/v1/apps/` and `/v1/runs/`: says something of an entity, which needs no memory
  /// for that; in place of what was said before.
  func describeEntity(_ request: APIRequest, _ kind: EntitySummary.Kind) async throws -> APIResponse {
    let members = try request.members()
    let idName = "\(kind.rawValue)_id"
    guard let id = try members.id(idName) else { throw RequestFailure.invalid("\(idName) is required") }
    let name = EntityName(kind: kind, id: id)
    if let violation = Scope(name.owner).violation { throw RequestFailure.invalid(violation) }
    let metadata = try members.object("metadata") ?? [:]
    guard EventBodyCoding.encode(JSONValue.object(metadata)).count <= Self.maxEntityMetadataByteCount else {
      throw RequestFailure.invalid("metadata has more than \(Self.maxEntityMetadataByteCount) bytes")
    }
    let displayName = try members.string("name", maxLength: ProjectForm.maxNameLength, isName: true)
    try self.reach.require(name.owner)
    let now = self.clock()
    try await self.change(
      self.ownProject(request),
      .entityDescribed(
        EntityDescription(
          kind: name.owner.kind, id: id, name: displayName, metadata: metadata, createdAt: now, updatedAt: now)))
    let described = DescribedEntities(self.projects.catalog[self.ownProject(request)], self.reach)
    guard let entity = try await self.entity(name, request, described) else {
      throw RequestFailure(.unavailable, "the entity is gone again; send the request again", retryAfterSeconds: 1)
    }
    return APIResponse(
      .object(Self.object(entity, described[name], owner: request.admission.principal.tenant)), status: 201)
  }

  /// Takes back what was said of an entity that goes, if anything was.
  func forgetDescription(of name: EntityName, _ request: APIRequest) async throws {
    let key = self.ownProject(request)
    let project = try await self.projects.refresh()[key]
    let isKnown = project.entities[name.owner] != nil || (name.kind == .user && project.profileCounts[name.id] != nil)
    guard isKnown, self.reach.includes(name.owner) else { return }
    try await self.change(key, .entityForgotten(name.owner))
  }
}
