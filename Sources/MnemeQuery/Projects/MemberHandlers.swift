import MnemeCore

// Who belongs to a project, as its clients keep it. What somebody may do is said by their key, not by this list.
extension QueryAPI {
  /// Longest e-mail address, in characters.
  private static let maxEmailLength = 320

  /// `GET …/projects/{project}/members/`.
  func listMembers(_ request: APIRequest) async throws -> APIResponse {
    let key = try self.project(request)
    return APIResponse(["members": .array(try await self.projects.refresh()[key].members.map(Self.object))])
  }

  /// `POST …/projects/{project}/members/`.
  func addMember(_ request: APIRequest) async throws -> APIResponse {
    let key = try self.project(request)
    let member = try Self.member(try request.members())
    guard try await !self.isMember(member.email, key) else {
      throw RequestFailure(.conflict, "the project has this member already")
    }
    try await self.change(key, .memberSet(member))
    return APIResponse(["message": "User added to the project successfully."])
  }

  /// `PUT …/projects/{project}/members/`: gives a member another role.
  func updateMember(_ request: APIRequest) async throws -> APIResponse {
    let key = try self.project(request)
    let member = try Self.member(try request.members())
    guard try await self.isMember(member.email, key) else {
      throw RequestFailure(.notFound, "the project has no such member")
    }
    try await self.change(key, .memberSet(member))
    return APIResponse(["message": "User role updated successfully."])
  }

  /// `DELETE …/projects/{project}/members/?email=…`.
  func removeMember(_ request: APIRequest) async throws -> APIResponse {
    let key = try self.project(request)
    guard let email = try request.target.value("email"), !email.isEmpty else {
      throw RequestFailure.invalid("query parameter email is required")
    }
    try await self.change(key, .memberRemoved(email: email))
    return APIResponse(["message": "User removed from the project"])
  }

  private func isMember(_ email: String, _ key: ProjectKey) async throws -> Bool {
    try await self.projects.refresh()[key].members.contains { $0.email == email }
  }

  private static func member(_ members: Members) throws -> Project.Member {
    guard let email = try members.string("email", maxLength: maxEmailLength, isName: true), email.contains("@") else {
      throw RequestFailure.invalid("email is required, and must be an e-mail address")
    }
    guard let role = try members.string("role"), ["READER", "OWNER"].contains(role) else {
      throw RequestFailure.invalid("role must be READER or OWNER")
    }
    return Project.Member(email: email, role: role)
  }
}
