import FoundationEssentials
import MnemeCore
import MnemeProjection

/// How a profile stands, in the platform's words. It is made of what is read, so none is ever pending, or fails.
enum ProfileStatus: String, Sendable, CaseIterable {
  case succeeded
  case notEnabled = "not_enabled"
  case insufficientData = "insufficient_data"
}

extension QueryAPI {
  /// Memories of a profile, at most: the newest ones.
  static let maxProfileMemoryCount = 1000
  /// Memories that are read at a time.
  private static let profilePageSize = 500
  /// Users of a sample, if the request does not say.
  private static let defaultSampleCount = 5
  /// Most users of a sample.
  static let maxSampleCount = 10
  /// Where jobs are, as clients ask for them.
  private static let jobsPath = "/v2/profiles/jobs/"

  private static let userNotFound = RequestFailure(.notFound, "User not found!")

  // MARK: Profiles

  /// `GET /v2/entities/user/{id}/profile/`: what is remembered of a user now.
  func profile(_ request: APIRequest) async throws -> APIResponse {
    let name = EntityName(kind: .user, id: request.pathValues[0])
    try await self.awaitPosition(request)
    let project = try await self.projects.refresh()[self.ownProject(request)]
    let memories = try await self.profileMemories(of: name, request)
    if memories.isEmpty {
      guard try await self.isKnown(name, request, project) else { throw Self.userNotFound }
    }
    let settings = ProfileSettings(project)
    let status: ProfileStatus =
      !settings.isEnabled ? .notEnabled : memories.isEmpty ? .insufficientData : .succeeded
    let profile = status == .succeeded ? try Self.profile(memories, settings) : .null
    let updatedAt = memories.map(\.updatedAt).max()
    return APIResponse([
      "profile": profile, "status": .string(status.rawValue), "entity_type": .string(ProfileSettings.entityType),
      "entity_id": .string(name.id),
      "updated_at": status == .succeeded ? updatedAt.map { .string($0.description) } ?? .null : .null,
      "generation_count": .int(Int64(self.reach.includes(name.owner) ? project.profileCounts[name.id] ?? 0 : 0)),
    ])
  }

  private static func profile(_ memories: [Memory], _ settings: ProfileSettings) throws -> JSONValue {
    guard let schema = settings.schema else { return UserProfile.document(memories) }
    do {
      return try SchemaDocument.fill(schema, from: memories)
    } catch let error as SchemaDocument.TooLarge {
      throw RequestFailure.invalid(error.description)
    }
  }

  /// The newest current memories of a user.
  private func profileMemories(of name: EntityName, _ request: APIRequest) async throws -> [Memory] {
    let query = MemoryQuery(tenant: request.tenant, filter: name.filter, notExpiredAt: self.clock())
    var memories: [Memory] = []
    while memories.count < Self.maxProfileMemoryCount {
      let page = try await self.reader.memories(query, offset: memories.count, limit: Self.profilePageSize)
      memories += page.memories.map(\.memory)
      guard memories.count < page.totalCount, !page.memories.isEmpty else { break }
    }
    return memories
  }

  /// Whether anything was ever remembered or said of a user, as far as the caller reaches.
  private func isKnown(_ name: EntityName, _ request: APIRequest, _ project: Project) async throws -> Bool {
    let described = DescribedEntities(project, self.reach)
    return try await self.entity(name, request, described) != nil
  }

  // MARK: Jobs

  /// `POST /v2/profiles/jobs/`: makes the profile of one user, or those of some. It is done when it is answered.
  func makeProfiles(_ request: APIRequest) async throws -> APIResponse {
    let members = try request.members()
    guard let word = try members.string("operation"), let operation = ProfileJob.Operation(rawValue: word) else {
      throw RequestFailure.invalid("operation must be trigger or sample")
    }
    guard try members.string("entity_type") ?? ProfileSettings.entityType == ProfileSettings.entityType else {
      throw RequestFailure.invalid("entity_type must be \(ProfileSettings.entityType)")
    }
    let user = try members.id("entity_id")
    if let user, let violation = Scope(Owner(kind: .user, id: user)).violation {
      throw RequestFailure.invalid("entity_id: \(violation)")
    }
    let limit = try members.integer("limit", in: 1...Self.maxSampleCount) ?? Self.defaultSampleCount
    let idempotencyKey = try EventID.find(in: nil, header: request.header("idempotency-key"))
    let key = self.ownProject(request)
    let project = try await self.projects.refresh()[key]
    guard ProfileSettings(project).isEnabled else {
      throw RequestFailure.invalid("profiles are not enabled; POST {\"enabled\": true} to /v2/profiles/settings/")
    }
    if let earlier = try self.earlier(idempotencyKey, operation, user, project) {
      return APIResponse(Self.answer(earlier, isReplayed: true))
    }
    let users: [(id: String, isSkipped: Bool)] =
      switch operation {
      case .trigger: [try await self.triggered(user, request, project)]
      case .sample: try await self.sampled(limit, request)
      }
    let job = ProfileJob(
      id: UUID().text, operation: operation, users: users.map(\.id),
      skipped: users.filter(\.isSkipped).map(\.id), idempotencyKey: idempotencyKey, at: self.clock())
    do {
      try await self.projects.append(ProjectEvent(key, .profilesMade(job)))
    } catch let error as ProjectError {
      // The same request, sent twice at one time: the one that came first has made it.
      guard error.code == .exists,
        let earlier = try self.earlier(idempotencyKey, operation, user, try await self.projects.refresh()[key])
      else { throw RequestFailure(.conflict, error.description) }
      return APIResponse(Self.answer(earlier, isReplayed: true))
    }
    return APIResponse(Self.answer(job, isReplayed: false))
  }

  /// `GET /v2/profiles/jobs/{id}/`.
  func profileJob(_ request: APIRequest) async throws -> APIResponse {
    let project = try await self.projects.refresh()[self.ownProject(request)]
    guard let job = project.profileJobs.last(where: { $0.id == request.pathValues[0] && self.reaches($0) }) else {
      throw RequestFailure(.notFound, "Profile job not found!")
    }
    let (total, skipped) = (Int64(job.users.count), Int64(job.skipped.count))
    return APIResponse([
      "job": [
        "job_id": .string(job.id), "operation": .string(job.operation.rawValue),
        "status": .string(ProfileStatus.succeeded.rawValue), "total": .int(total), "completed": .int(total),
        "succeeded": .int(total - skipped), "failed": 0, "skipped": .int(skipped), "enumeration_complete": true,
        "created_at": .string(job.at.description), "completed_at": .string(job.at.description),
      ]
    ])
  }

  private func reaches(_ job: ProfileJob) -> Bool {
    job.users.allSatisfy { self.reach.includes(Owner(kind: .user, id: $0)) }
  }

  /// What the same request led to before; nil where it is new.
  /// - Throws: `RequestFailure` (`.conflict`) where its key was another request's.
  private func earlier(
    _ idempotencyKey: String?, _ operation: ProfileJob.Operation, _ user: String?, _ project: Project
  ) throws -> ProfileJob? {
    guard let idempotencyKey,
      let job = project.profileJobs.last(where: { $0.idempotencyKey == idempotencyKey })
    else { return nil }
    guard self.reaches(job), job.operation == operation, operation == .sample || job.users == user.map({ [$0] }) else {
      throw RequestFailure(.conflict, "the Idempotency-Key was used for another job; choose another one")
    }
    return job
  }

  /// The user whose profile is asked for.
  private func triggered(
    _ user: String?, _ request: APIRequest, _ project: Project
  ) async throws -> (id: String, isSkipped: Bool) {
    guard let user else { throw RequestFailure.invalid("entity_id is required") }
    let name = EntityName(kind: .user, id: user)
    if try await !self.profileMemories(of: name, request).isEmpty {
      guard self.reach.includes(name.owner) else { throw Self.userNotFound }
      return (user, false)
    }
    guard try await self.isKnown(name, request, project) else { throw Self.userNotFound }
    return (user, true)
  }

  /// Some users of whom something is remembered: those whose memories changed last.
  private func sampled(_ limit: Int, _ request: APIRequest) async throws -> [(id: String, isSkipped: Bool)] {
    try await self.entities(request)
      .filter { $0.kind == .user && $0.currentMemoryCount > 0 && self.reach.includes(Owner(kind: .user, id: $0.id)) }
      .sorted { ($1.lastAt, $0.id) < ($0.lastAt, $1.id) }.prefix(limit).map { ($0.id, false) }
  }

  private static func answer(_ job: ProfileJob, isReplayed: Bool) -> JSONValue {
    var answer: [String: JSONValue] = [
      "job_id": .string(job.id), "status": .string(ProfileStatus.succeeded.rawValue),
      // Without the prefix of the path: clients put their base address before it.
      "status_url": .string("\(jobsPath)\(job.id)/"), "operation": .string(job.operation.rawValue),
      "entity_type": .string(ProfileSettings.entityType), "event_id": .string(job.id), "replayed": .bool(isReplayed),
    ]
    switch job.operation {
    case .trigger: answer["entity_count_reserved"] = .int(Int64(job.users.count))
    case .sample:
      answer["sampled"] = .int(Int64(job.users.count))
      answer["entity_ids"] = .array(job.users.map(JSONValue.string))
    }
    return .object(answer)
  }
}
