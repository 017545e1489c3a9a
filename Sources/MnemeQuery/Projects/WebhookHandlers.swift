import EventLog
import FoundationEssentials
import MnemeCore

extension QueryAPI {
  private static let webhookNotFound = RequestFailure(
    .notFound, "There is no such webhook, or the key is another project's.")

  /// `GET /api/v1/webhooks/projects/{project}/`: a bare list, as clients expect it. Secrets are not shown again.
  func listWebhooks(_ request: APIRequest) async throws -> APIResponse {
    let key = try self.webhookProject(request)
    let webhooks = try await self.projects.refresh()[key].webhooks
    return APIResponse(.array(webhooks.map { .object(Self.object($0, of: key)) }))
  }

  /// `POST` of the same: the webhook is told what is taken in from now on. Its secret is in this answer alone.
  func createWebhook(_ request: APIRequest) async throws -> APIResponse {
    let key = try self.webhookProject(request)
    let members = try request.members()
    guard let url = try self.webhookURL(members) else { throw RequestFailure.invalid("url is required") }
    guard let events = try Self.webhookEvents(members) else { throw RequestFailure.invalid("event_types is required") }
    let now = self.clock()
    var random = SystemRandomNumberGenerator()
    let secret = Data((0..<Webhook.secretByteCount).map { _ in UInt8.random(in: 0...255, using: &random) })
    let webhook = Webhook(
      id: "wh-" + String(UUID().text.filter { $0 != "-" }.prefix(16)),
      name: try members.string("name", maxLength: Webhook.maxNameLength, isName: true) ?? "", url: url,
      events: events, secret: secret.base64EncodedString(),
      turns: try await self.log.bounds(of: Topics.turns).map(\.end), createdAt: now, updatedAt: now)
    try await self.change(key, .webhookSet(webhook))
    var object = Self.object(webhook, of: key)
    object["secret"] = .string(WebhookSignature.secretPrefix + webhook.secret)
    return APIResponse(.object(object), status: 201)
  }

  /// `PUT /api/v1/webhooks/{id}/`: changes what is given, and switches it on again unless `is_active` says otherwise.
  func updateWebhook(_ request: APIRequest) async throws -> APIResponse {
    var (key, webhook) = try await self.webhook(request)
    let members = try request.members()
    let url = try self.webhookURL(members)
    let name = try members.string("name", maxLength: Webhook.maxNameLength, isName: true)
    let events = try Self.webhookEvents(members)
    let isActive = try members.bool("is_active")
    guard url != nil || name != nil || events != nil || isActive != nil else {
      throw RequestFailure.invalid("nothing to change: give url, name, event_types or is_active")
    }
    if let url { webhook.url = url }
    if let name { webhook.name = name }
    if let events { webhook.events = events }
    webhook.isActive = isActive ?? true
    webhook.updatedAt = self.clock()
    try await self.change(key, .webhookSet(webhook))
    return APIResponse(["message": "Webhook updated successfully"])
  }

  /// `DELETE` of the same. What it was still to be told is not told any more.
  func deleteWebhook(_ request: APIRequest) async throws -> APIResponse {
    let (key, webhook) = try await self.webhook(request)
    try await self.change(key, .webhookRemoved(id: webhook.id))
    return APIResponse(["message": "Webhook deleted successfully"])
  }

  /// `GET /api/v1/webhooks/{id}/deliveries/`: the latest messages to it and what became of them, the newest first.
  func listDeliveries(_ request: APIRequest) async throws -> APIResponse {
    let (_, webhook) = try await self.webhook(request)
    let deliveries = try await self.webhookLedger.deliveries(of: webhook.id)
    return APIResponse(["results": .array(deliveries.map(\.object))])
  }

  // MARK: Reading requests

  private func webhookProject(_ request: APIRequest) throws -> ProjectKey {
    let caller = try self.projectCaller(request)
    guard request.pathValues.first == caller.project else { throw Self.projectNotFound }
    return ProjectKey(tenant: caller.tenant, project: caller.project)
  }

  private func webhook(_ request: APIRequest) async throws -> (key: ProjectKey, webhook: Webhook) {
    let caller = try self.projectCaller(request)
    let key = ProjectKey(tenant: caller.tenant, project: caller.project)
    let found = try await self.projects.refresh()[key].webhooks.first { $0.id == request.pathValues.first }
    guard let found else { throw Self.webhookNotFound }
    return (key, found)
  }

  private func webhookURL(_ members: Members) throws -> String? {
    guard let url = try members.string("url") else { return nil }
    if let problem = WebhookURL.problem(url) { throw RequestFailure.invalid("url cannot be called: \(problem)") }
    guard self.configuration.allowsPrivateWebhooks || WebhookURL.literalAddress(of: url)?.isPublic ?? true else {
      throw RequestFailure.invalid(
        "url is at an address that is not the Internet's; whoever runs the server can allow that "
          + "(--webhook-allow-private on)")
    }
    return url
  }

  private static func webhookEvents(_ members: Members) throws -> [Webhook.Event]? {
    guard let names = try members.strings("event_types") else { return nil }
    let events = names.compactMap(Webhook.Event.init(rawValue:))
    guard !names.isEmpty, events.count == names.count, Set(events).count == events.count else {
      throw RequestFailure.invalid(
        "event_types must be some of \(Webhook.Event.allCases.map(\.rawValue).joined(separator: ", ")), each once")
    }
    return events
  }

  // MARK: Answers

  private static func object(_ webhook: Webhook, of key: ProjectKey) -> [String: JSONValue] {
    [
      "webhook_id": .string(webhook.id), "name": .string(webhook.name), "url": .string(webhook.url),
      "event_types": .array(webhook.events.map { .string($0.rawValue) }), "owner": .string(key.tenant),
      "is_active": .bool(webhook.isActive), "project": .string(key.project),
      "created_at": .string(webhook.createdAt.description), "updated_at": .string(webhook.updatedAt.description),
    ]
  }
}
