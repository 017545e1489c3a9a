extension Route {
  /// What is remembered of a user, as one document.
  static let profiles: [Route] = [
    Route("GET", "/v2/entities/user/{id}/profile/", .reader, in: .readers) { api, request in
      try await api.profile(request)
    },
    Route("POST", "/v2/profiles/jobs/", .writer) { api, request in try await api.makeProfiles(request) },
    Route("GET", "/v2/profiles/jobs/{id}/", .reader) { api, request in try await api.profileJob(request) },
    Route("GET", "/v2/profiles/settings/", .reader) { api, request in try await api.profileSettings(request) },
    Route("POST", "/v2/profiles/settings/", .admin) { api, request in try await api.updateProfileSettings(request) },
  ]
}
