extension Route {
  /// Several memories in one request.
  static let batches: [Route] = [
    Route("PUT", "/v1/batch/", .writer) { api, request in try await api.updateBatch(request) },
    Route("DELETE", "/v1/batch/", .writer) { api, request in try await api.deleteBatch(request) },
  ]
}
