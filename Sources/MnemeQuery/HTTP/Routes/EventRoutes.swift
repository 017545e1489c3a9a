extension Route {
  /// What became of writes.
  static let events: [Route] = [
    Route("GET", "/v1/events/", .reader, in: .readers) { api, request in try await api.events(request) },
    Route("GET", "/v1/event/{id}/", .reader, in: .readers) { api, request in try await api.event(request) },
  ]
}
