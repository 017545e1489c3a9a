extension Route {
  /// Tools for agents: the Model Context Protocol over streamable HTTP.
  static let agents: [Route] = [
    Route("POST", "/mcp", .reader, isGivenUpWithConnection: QueryAPI.isOfEnvelopeRevision) { api, request in
      try await api.agent(request)
    }
  ]
}
