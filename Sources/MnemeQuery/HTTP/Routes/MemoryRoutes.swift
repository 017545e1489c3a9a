extension Route {
  /// Memories: adding, reading, changing, deleting.
  static let memories: [Route] = [
    Route("POST", "/v3/memories/add/", .writer, in: .readers) { api, request in try await api.add(request) },
    Route("POST", "/v3/memories/search/", .reader, in: .readers) { api, request in try await api.search(request) },
    Route("POST", "/v1/context/", .reader, in: .readers) { api, request in try await api.context(request) },
    Route("POST", "/v1/summary/", .reader, in: .readers) { api, request in try await api.summary(request) },
    Route("POST", "/v1/feedback/", .writer, in: .readers) { api, request in try await api.giveFeedback(request) },
    Route("POST", "/v3/memories/", .reader, in: .readers) { api, request in try await api.list(request) },
    Route("DELETE", "/v1/memories/", .writer) { api, request in try await api.deleteAll(request) },
    Route("GET", "/v1/memories/{id}/", .reader, in: .readers) { api, request in try await api.get(request) },
    Route("PUT", "/v1/memories/{id}/", .writer, in: .readers) { api, request in try await api.update(request) },
    Route("DELETE", "/v1/memories/{id}/", .writer, in: .readers) { api, request in try await api.delete(request) },
    Route("GET", "/v1/memories/{id}/history/", .reader, in: .readers) { api, request in try await api.history(request)
    },
  ]
}
