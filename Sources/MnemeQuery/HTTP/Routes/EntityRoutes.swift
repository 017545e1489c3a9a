import MnemeProjection

extension Route {
  /// Users, agents, applications and sessions, and how much there is of them.
  static let entities: [Route] = [
    Route("GET", "/v1/entities/", .reader, in: .readers) { api, request in try await api.listEntities(request) },
    Route("GET", "/v1/entities/filters/", .reader, in: .readers) { api, request in
      try await api.entityFilters(request)
    },
    Route("GET", "/v2/entities/{type}/{id}/", .reader, in: .readers) { api, request in
      try await api.getEntity(request)
    },
    Route("DELETE", "/v2/entities/{type}/{id}/", .writer) { api, request in try await api.deleteEntity(request) },
    Route("GET", "/v1/entities/{type}/{id}/", .reader, in: .readers) { api, request in
      try await api.getEntity(request)
    },
    Route("DELETE", "/v1/entities/{type}/{id}/", .writer) { api, request in try await api.deleteEntity(request) },
    Route("POST", "/v1/users/", .writer) { api, request in try await api.describeEntity(request, .user) },
    Route("POST", "/v1/agents/", .writer) { api, request in try await api.describeEntity(request, .agent) },
    Route("POST", "/v1/apps/", .writer) { api, request in try await api.describeEntity(request, .app) },
    Route("POST", "/v1/runs/", .writer) { api, request in try await api.describeEntity(request, .run) },
    Route("GET", "/v1/stats/", .reader, in: .readers) { api, request in try await api.stats(request) },
  ]
}
