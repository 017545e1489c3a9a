extension Route {
  /// Whom a project calls when something happens to its memories.
  static let webhooks: [Route] = [
    Route("GET", "/api/v1/webhooks/projects/{project}/", .admin) { api, request in
      try await api.listWebhooks(request)
    },
    Route("POST", "/api/v1/webhooks/projects/{project}/", .admin) { api, request in
      try await api.createWebhook(request)
    },
    Route("PUT", "/api/v1/webhooks/{id}/", .admin) { api, request in try await api.updateWebhook(request) },
    Route("DELETE", "/api/v1/webhooks/{id}/", .admin) { api, request in try await api.deleteWebhook(request) },
    Route("GET", "/api/v1/webhooks/{id}/deliveries/", .admin) { api, request in
      try await api.listDeliveries(request)
    },
  ]
}
