extension Route {
  /// The service itself: who asks, whether it runs, what it does.
  static let operations: [Route] = [
    Route("GET", "/v1/ping/", .reader, in: .loop) { api, request in api.ping(request) },
    Route("GET", "/v1/lag/", .reader) { api, request in try await api.lagReport(request) },
    Route("GET", "/", .anyone, in: .loop) { api, request in api.root(request) },
    Route("GET", "/healthz", .anyone, in: .loop) { api, request in api.health(request) },
    Route("GET", "/readyz", .anyone) { api, request in try await api.readiness(request) },
    Route("GET", "/metrics", .anyone) { api, request in try await api.metricsText(request) },
    Route("GET", "/openapi.json", .anyone) { api, request in api.document(request) },
    Route("GET", "/docs", .anyone) { api, request in api.documentation(request) },
  ]
}
