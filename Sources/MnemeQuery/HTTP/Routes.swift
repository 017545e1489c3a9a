extension RouteTable {
  /// The API's endpoints.
  static let api = RouteTable([
    Route("GET", "/v1/ping/", .reader, in: .loop) { api, request in api.ping(request) },
    Route("POST", "/v3/memories/add/", .writer) { api, request in try await api.add(request) },
    Route("POST", "/v3/memories/search/", .reader, in: .readers) { api, request in try await api.search(request) },
    Route("POST", "/v1/context/", .reader, in: .readers) { api, request in try await api.context(request) },
    Route("POST", "/v3/memories/", .reader, in: .readers) { api, request in try await api.list(request) },
    Route("DELETE", "/v1/memories/", .writer) { api, request in try await api.deleteAll(request) },
    Route("GET", "/v1/memories/{id}/", .reader, in: .readers) { api, request in try await api.get(request) },
    Route("PUT", "/v1/memories/{id}/", .writer) { api, request in try await api.update(request) },
    Route("DELETE", "/v1/memories/{id}/", .writer) { api, request in try await api.delete(request) },
    Route("GET", "/v1/memories/{id}/history/", .reader, in: .readers) { api, request in try await api.history(request)
    },
    Route("GET", "/v1/event/{id}/", .reader, in: .readers) { api, request in try await api.event(request) },
    Route("GET", "/v1/lag/", .reader) { api, request in try await api.lagReport(request) },
    Route("GET", "/healthz", .anyone, in: .loop) { api, request in api.health(request) },
    Route("GET", "/readyz", .anyone) { api, request in try await api.readiness(request) },
    Route("GET", "/metrics", .anyone) { api, request in try await api.metricsText(request) },
  ])
}
