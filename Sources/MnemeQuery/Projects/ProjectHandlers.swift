import FoundationEssentials
import MnemeCore
import MnemeProjection

extension QueryAPI {
  static let projectNotFound = RequestFailure(
    .notFound, "There is no such project, or the key is another one's.")

  /// The caller's own project.
  func ownProject(_ request: APIRequest) -> ProjectKey {
    let caller = request.admission.principal
    return ProjectKey(tenant: caller.tenant, project: caller.project)
  }

  /// The project that the path names: the caller's own, and no other one.
  /// - Throws: `RequestFailure`: `.notFound` for any other, `.forbidden` where the key is bound to owners.
  func project(_ request: APIRequest) throws -> ProjectKey {
    let caller = try self.manager(request)
    guard request.pathValues.count < 2 || request.pathValues[1] == caller.project else { throw Self.projectNotFound }
    return ProjectKey(tenant: caller.tenant, project: caller.project)
  }

  /// Who asks, where the path names the caller's organisation and the key is bound to no owners: what is set for a
  /// project concerns all of them.
  private func manager(_ request: APIRequest) throws -> Principal {
    let caller = try self.projectCaller(request)
    guard request.pathValues.first == caller.tenant else { throw Self.projectNotFound }
    return caller
  }

  /// Who asks, where the key is bound to no owners.
  func projectCaller(_ request: APIRequest) throws -> Principal {
    let caller = request.admission.principal
    guard caller.owners == nil else {
      throw RequestFailure(.forbidden, "the key is bound to owners; use one of the whole project for what concerns all")
    }
    return caller
  }

  // MARK: Handlers

  /// `GET /api/v1/orgs/organizations/{org}/projects/`: all of the organisation's projects to an admin of its default
  /// one, who makes them; to anybody else, their own.
  func listProjects(_ request: APIRequest) async throws -> APIResponse {
    let caller = try self.manager(request)
    let catalog = try await self.projects.refresh()
    let own = ProjectKey(tenant: caller.tenant, project: caller.project)
    let seesAll = caller.role == .admin && caller.project == Principal.defaultProject
    var listed = catalog.projects(of: caller.tenant).filter { seesAll || $0.key == own }
    if !listed.contains(where: { $0.key == own }) { listed.insert((own, catalog[own]), at: 0) }
    return APIResponse(["results": .array(listed.map { Self.object($0.key, $0.project, caller.role) })])
  }

  /// `POST /api/v1/orgs/organizations/{org}/projects/`: makes a project. Its keys are made by `mneme keys`.
  func createProject(_ request: APIRequest) async throws -> APIResponse {
    let caller = try self.manager(request)
    let members = try request.members()
    guard let name = try members.string("name", maxLength: ProjectForm.maxNameLength, isName: true) else {
      throw RequestFailure.invalid("name is required")
    }
    var settings: [Project.Setting: JSONValue] = [.name: .string(name)]
    if let text = try members.string("description", maxLength: ProjectForm.maxTextLength) {
      settings[.description] = .string(text)
    }
    let key = ProjectKey(tenant: caller.tenant, project: "proj-" + String(UUID().text.filter { $0 != "-" }.prefix(16)))
    try await self.change(key, .created)
    try await self.change(key, .settingsChanged(settings))
    return APIResponse(["message": "Project created successfully.", "project_id": .string(key.project)])
  }

  /// `GET /api/v1/orgs/organizations/{org}/projects/{project}/`: what is set for it; `fields`, which may be repeated,
  /// names the members that are wanted.
  func getProject(_ request: APIRequest) async throws -> APIResponse {
    let key = try self.project(request)
    let project = try await self.projects.refresh()[key]
    let object = Self.object(key, project, request.admission.principal.role).objectValue ?? [:]
    let fields = request.target.values("fields")
    guard !fields.isEmpty else { return APIResponse(.object(object)) }
    return APIResponse(.object(fields.reduce(into: [:]) { $0[$1] = object[$1] ?? .null }))
  }

  /// `PATCH` of the same: sets what is given, and leaves the rest.
  func updateProject(_ request: APIRequest) async throws -> APIResponse {
    let key = try self.project(request)
    let settings = try ProjectForm.settings(try request.members())
    guard !settings.isEmpty else { throw RequestFailure.invalid("nothing to change: the body holds no setting") }
    try await self.change(key, .settingsChanged(settings))
    return APIResponse(["message": "Project updated successfully"])
  }

  /// `DELETE` of the same: deletes all of its memories, and puts its settings, members and webhooks back to nothing.
  /// Its keys go on: `mneme keys revoke` takes them away.
  func deleteProject(_ request: APIRequest) async throws -> APIResponse {
    let key = try self.project(request)
    _ = try await self.deleteEverything(id: nil, tenant: request.tenant, waits: true)
    try await self.change(key, .cleared)
    return APIResponse(["message": "Project and related data deleted successfully."])
  }

  /// - Throws: `RequestFailure` where the project cannot be changed so.
  func change(_ key: ProjectKey, _ change: ProjectEvent.Change) async throws {
    do {
      try await self.projects.append(ProjectEvent(key, change))
    } catch let error as ProjectError {
      throw RequestFailure(error.code == .unknown ? .notFound : .conflict, error.description)
    }
  }

  // MARK: Answers

  private static func object(_ key: ProjectKey, _ project: Project, _ role: AccessRole) -> JSONValue {
    var object: [String: JSONValue] = [
      "project_id": .string(key.project), "org_id": .string(key.tenant),
      "created_at": project.createdAt.map { .string($0.description) } ?? .null,
      "updated_at": project.updatedAt.map { .string($0.description) } ?? .null,
      "members": .array(project.members.map(Self.object)), "user_role": role == .admin ? "OWNER" : "READER",
      "is_default": .bool(key.project == Principal.defaultProject),
    ]
    for setting in Project.Setting.allCases where !setting.isOfProfiles {
      object[setting.rawValue] = project.settings[setting] ?? .null
    }
    if object["name"] == .null { object["name"] = .string(key.project) }
    return .object(object)
  }

  static func object(_ member: Project.Member) -> JSONValue {
    ["username": .string(member.email), "email": .string(member.email), "role": .string(member.role)]
  }
}
