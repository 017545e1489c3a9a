extension Route {
  /// Projects, and who belongs to them.
  static let projects: [Route] = [
    Route("GET", "/api/v1/orgs/organizations/{org}/projects/", .reader) { api, request in
      try await api.listProjects(request)
    },
    Route("POST", "/api/v1/orgs/organizations/{org}/projects/", .admin) { api, request in
      try await api.createProject(request)
    },
    Route("GET", "/api/v1/orgs/organizations/{org}/projects/{project}/", .reader) { api, request in
      try await api.getProject(request)
    },
    Route("PATCH", "/api/v1/orgs/organizations/{org}/projects/{project}/", .admin) { api, request in
      try await api.updateProject(request)
    },
    Route("DELETE", "/api/v1/orgs/organizations/{org}/projects/{project}/", .admin) { api, request in
      try await api.deleteProject(request)
    },
    Route("GET", "/api/v1/orgs/organizations/{org}/projects/{project}/members/", .reader) { api, request in
      try await api.listMembers(request)
    },
    Route("POST", "/api/v1/orgs/organizations/{org}/projects/{project}/members/", .admin) { api, request in
      try await api.addMember(request)
    },
    Route("PUT", "/api/v1/orgs/organizations/{org}/projects/{project}/members/", .admin) { api, request in
      try await api.updateMember(request)
    },
    Route("DELETE", "/api/v1/orgs/organizations/{org}/projects/{project}/members/", .admin) { api, request in
      try await api.removeMember(request)
    },
  ]
}
