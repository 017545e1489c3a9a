extension Route {
  /// What mem0's own server has: paths without a version.
  static let selfHosted: [Route] = selfHostedMemories + selfHostedServer

  private static let selfHostedMemories: [Route] = [
    Route("POST", "/memories", .writer, in: .readers) { api, request in try await api.selfHostedAdd(request) },
    Route("GET", "/memories", .reader, in: .readers) { api, request in try await api.selfHostedList(request) },
    Route("DELETE", "/memories", .admin) { api, request in try await api.selfHostedDeleteAll(request) },
    Route("GET", "/memories/{id}", .reader, in: .readers) { api, request in try await api.selfHostedGet(request) },
    Route("PUT", "/memories/{id}", .writer, in: .readers) { api, request in try await api.selfHostedUpdate(request) },
    Route("DELETE", "/memories/{id}", .writer, in: .readers) { api, request in try await api.selfHostedDelete(request)
    },
    Route("GET", "/memories/{id}/history", .reader, in: .readers) { api, request in try await api.history(request) },
    Route("POST", "/search", .reader, in: .readers) { api, request in try await api.selfHostedSearch(request) },
    Route("POST", "/reset", .admin) { api, request in try await api.reset(request) },
    Route("GET", "/entities", .reader, in: .readers) { api, request in try await api.selfHostedEntities(request) },
    Route("DELETE", "/entities/{type}/{id}", .admin) { api, request in
      try await api.selfHostedDeleteEntity(request)
    },
  ]

  private static let selfHostedServer: [Route] = [
    Route("GET", "/configure", .admin, in: .loop) { api, request in try await api.configuration(request) },
    Route("POST", "/configure", .admin, in: .loop) { api, request in try await api.configure(request) },
    Route("GET", "/configure/providers", .reader, in: .loop) { api, request in api.providers(request) },
    Route("POST", "/generate-instructions", .reader) { api, request in
      try await api.generateInstructions(request)
    },
    Route("GET", "/requests", .admin) { api, request in try await api.requestLog(request) },
    // What reads and writes the key file waits for a disk.
    Route("GET", "/api-keys", .admin, in: .readers) { api, request in try await api.listKeys(request) },
    Route("POST", "/api-keys", .admin, in: .readers) { api, request in try await api.createKey(request) },
    Route("DELETE", "/api-keys/{id}", .admin, in: .readers) { api, request in try await api.revokeKey(request) },
    Route("GET", "/auth/setup-status", .anyone, in: .loop) { api, request in api.setupStatus(request) },
    Route("GET", "/auth/me", .reader, in: .loop) { api, request in api.whoAmI(request) },
    Route("PATCH", "/auth/me", .reader, in: .loop) { api, request in try await api.noAccounts(request) },
    Route("POST", "/auth/register", .anyone, in: .loop) { api, request in try await api.noAccounts(request) },
    Route("POST", "/auth/login", .anyone, in: .loop) { api, request in try await api.noAccounts(request) },
    Route("POST", "/auth/refresh", .anyone, in: .loop) { api, request in try await api.noAccounts(request) },
    Route("POST", "/auth/change-password", .reader, in: .loop) { api, request in try await api.noAccounts(request) },
    Route("POST", "/auth/onboarding-complete", .reader, in: .loop) { api, request in
      try await api.noAccounts(request)
    },
  ]
}
