extension Route {
  /// What clients before version 3 ask for.
  static let legacy: [Route] = [
    Route("POST", "/v1/memories/", .writer, in: .readers) { api, request in try await api.legacyAdd(request) },
    Route("GET", "/v1/memories/", .reader, in: .readers) { api, request in try await api.legacyQueryList(request) },
    Route("POST", "/v1/memories/search/", .reader, in: .readers) { api, request in
      try await api.legacySearch(request)
    },
    Route("POST", "/v2/memories/", .reader, in: .readers) { api, request in try await api.legacyBodyList(request) },
    Route("POST", "/v2/memories/search/", .reader, in: .readers) { api, request in
      try await api.legacyBareSearch(request)
    },
  ]
}
