extension Route {
  /// Memories in a form of the caller's own.
  static let exports: [Route] = [
    Route("POST", "/v1/exports/", .writer) { api, request in try await api.requestExport(request) },
    Route("POST", "/v1/exports/get/", .reader, in: .readers) { api, request in try await api.export(request) },
    Route("GET", "/v1/exports/", .reader, in: .readers) { api, request in try await api.queriedExport(request) },
  ]
}
