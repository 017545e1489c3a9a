import EventLog
import FoundationEssentials
import MnemeCore
import MnemeProjection

@testable import MnemeQuery

/// A request for each route that succeeds for a key of tenant "acme", about what is alice's there. Every route has one:
/// what is not walked is not proven.
struct RouteSample: Sendable {
  /// Stands in alice's memory, and nowhere else.
  static let secret = "saffron"
  private static let member = "owner@\(secret).example"
  private static let memoryID = UUID(uuidString: "4B0F2A52-0000-4000-8000-000000000001")!
  private static let eventID = "alices-turn"
  /// Of a key for alice's memories.
  static let keyID = "alicesalices"
  static let webhook = Webhook(
    id: "wh-0123456789abcdef", name: secret, url: "https://\(secret).example/hook", events: [.memoryAdd],
    secret: "c2VjcmV0", turns: [0, 0, 0, 0], createdAt: Fixture.now, updatedAt: Fixture.now)
  /// Of an export, and of a run that made profiles.
  private static let requestID = "alices-request"
  private static let filters: JSONValue = ["user_id": "alice"]

  let method: String
  let target: String
  let body: JSONValue?

  /// The sample of `route`, with what it needs put into `harness`; nil where there is none.
  static func make(_ route: Route, in harness: Harness) async throws -> RouteSample? {
    guard let sample = RouteSample(route) else { return nil }
    fill(harness)
    let project = ProjectKey(tenant: "acme", project: Principal.defaultProject)
    for change: ProjectEvent.Change in [
      .memberSet(Project.Member(email: member, role: "OWNER")), .settingsChanged([.description: .string(secret)]),
      .webhookSet(webhook),
      .exportRequested(
        ExportRequest(
          id: requestID, schema: ["properties": [secret: ["type": "string", "default": .string(secret)]]],
          filters: filters, instructions: secret, owners: nil, at: Fixture.now)),
      .profilesMade(
        ProfileJob(
          id: requestID, operation: .trigger, users: ["alice"], skipped: [], idempotencyKey: secret, at: Fixture.now)),
      .entityDescribed(
        EntityDescription(
          kind: .agent, id: secret, name: secret, metadata: ["note": .string(secret)], createdAt: Fixture.now,
          updatedAt: Fixture.now)),
    ] {
      _ = try await harness.log.append([ProjectLog.encode(ProjectEvent(project, change), at: Fixture.now)])
    }
    return sample
  }

  private init?(_ route: Route) {
    let ids = [
      "event": Self.eventID, "keys": Self.keyID, "webhooks": Self.webhook.id, "/profile/": "alice",
      "jobs": Self.requestID,
    ]
    let id = ids.first { route.path.contains($0.key) }?.value ?? Self.memoryID.text
    let path = route.path.replacing("{type}/{id}", with: "agent/\(Self.secret)").replacing("{id}", with: id)
      .replacing("{org}", with: "acme").replacing("{project}", with: "default")
    let name = "\(route.method) \(route.path)"
    guard Self.bodies.keys.contains(name) || Self.queries.keys.contains(name) || Self.refused.contains(name) else {
      return nil
    }
    self.init(method: route.method, target: path + (Self.queries[name] ?? ""), body: Self.bodies[name])
  }

  private static let projects = "/api/v1/orgs/organizations/{org}/projects/"
  private static let project = projects + "{project}/"

  /// Of routes that take one.
  private static let bodies: [String: JSONValue] = [
    "POST /v3/memories/add/": ["messages": "I like tea", "user_id": "alice", "infer": false],
    "POST /v3/memories/search/": ["query": "tea", "filters": filters],
    "POST /v1/context/": ["query": "tea", "filters": filters],
    "POST /v3/memories/": ["filters": filters],
    "POST /v1/summary/": ["filters": filters],
    "POST /v1/memories/": ["messages": "I like tea", "user_id": "alice", "infer": false],
    "POST /v1/memories/search/": ["query": "tea", "user_id": "alice"],
    "POST /v2/memories/": ["filters": filters], "POST /v2/memories/search/": ["query": "tea", "filters": filters],
    "POST /memories": ["messages": "I like tea", "user_id": "alice", "infer": false],
    "PUT /memories/{id}": ["text": "Likes coffee"], "POST /search": ["query": "tea", "user_id": "alice"],
    "POST /reset": [:], "POST /generate-instructions": ["use_case": "A kitchen that remembers tastes"],
    "POST /api-keys": ["label": "the kitchen"],
    "PUT /v1/memories/{id}/": ["text": "Likes coffee"],
    "POST \(projects)": ["name": "Shop"],
    "PATCH \(project)": ["custom_instructions": "Keep what is eaten"],
    "POST \(project)members/": ["email": "ann@example.com", "role": "READER"],
    "PUT \(project)members/": ["email": .string(member), "role": "READER"],
    "POST /api/v1/webhooks/projects/{project}/": [
      "url": "https://example.org/hook", "name": "kitchen", "event_types": ["memory_add"],
    ],
    "PUT /api/v1/webhooks/{id}/": ["name": "kitchen"],
    "POST /v1/feedback/": ["memory_id": .string(memoryID.text), "feedback": "POSITIVE"],
    "POST /v1/exports/": ["schema": ["properties": [:]], "filters": filters],
    "POST /v1/exports/get/": ["memory_export_id": .string(requestID)],
    "POST /v2/profiles/jobs/": ["operation": "trigger", "entity_type": "user", "entity_id": "alice"],
    "POST /v2/profiles/settings/": ["enabled": true],
    "POST /v1/users/": ["user_id": "alice"], "POST /v1/agents/": ["agent_id": "bot"],
    "POST /v1/apps/": ["app_id": "shop"], "POST /v1/runs/": ["run_id": "r1"],
    "PUT /v1/batch/": ["memories": [["memory_id": .string(memoryID.text), "text": "Likes coffee"]]],
    "DELETE /v1/batch/": ["memories": [["memory_id": .string(memoryID.text)]]],
    "POST /mcp": [
      "jsonrpc": "2.0", "id": 1, "method": "tools/call",
      "params": ["name": "search_memories", "arguments": ["query": "tea", "user_id": "alice"]],
    ],
  ]

  /// Of routes without a body.
  private static let queries: [String: String] = [
    "DELETE /v1/memories/": "?user_id=alice", "DELETE /v1/memories/{id}/": "", "GET /v1/memories/{id}/": "",
    "GET /v1/memories/{id}/history/": "", "GET /v1/event/{id}/": "", "GET /v1/ping/": "", "GET /v1/lag/": "",
    "GET \(projects)": "", "GET \(project)": "", "DELETE \(project)": "", "GET \(project)members/": "",
    "DELETE \(project)members/": "?email=\(member)",
    "GET /api/v1/webhooks/projects/{project}/": "", "DELETE /api/v1/webhooks/{id}/": "",
    "GET /api/v1/webhooks/{id}/deliveries/": "",
    "GET /v1/entities/": "", "GET /v1/entities/filters/": "", "GET /v2/entities/{type}/{id}/": "",
    "DELETE /v2/entities/{type}/{id}/": "", "GET /v1/entities/{type}/{id}/": "",
    "DELETE /v1/entities/{type}/{id}/": "", "GET /v1/stats/": "", "GET /v1/events/": "",
    "GET /v1/memories/": "?user_id=alice", "GET /memories": "?user_id=alice", "DELETE /memories": "?user_id=alice",
    "GET /memories/{id}": "", "DELETE /memories/{id}": "", "GET /memories/{id}/history": "", "GET /entities": "",
    "DELETE /entities/{type}/{id}": "", "GET /configure": "", "GET /configure/providers": "", "GET /requests": "",
    "GET /api-keys": "", "DELETE /api-keys/{id}": "", "GET /auth/setup-status": "", "GET /auth/me": "",
    "GET /v1/exports/": "?memory_export_id=\(requestID)", "GET /v2/entities/user/{id}/profile/": "",
    "GET /v2/profiles/jobs/{id}/": "", "GET /v2/profiles/settings/": "", "GET /": "",
    "GET /healthz": "", "GET /readyz": "", "GET /metrics": "", "GET /openapi.json": "", "GET /docs": "",
  ]

  /// Routes that tell everybody why they do nothing.
  static let refused: Set<String> = [
    "POST /configure", "PATCH /auth/me", "POST /auth/register", "POST /auth/login", "POST /auth/refresh",
    "POST /auth/change-password", "POST /auth/onboarding-complete",
  ]

  private init(method: String, target: String, body: JSONValue?) {
    (self.method, self.target, self.body) = (method, target, body)
  }

  private static func fill(_ harness: Harness) {
    let view = Fixture.view(
      "Likes \(secret)", id: memoryID, tenant: "acme", scope: Scope(userID: "alice", agentID: secret),
      metadata: ["note": .string(secret)])
    harness.reader.put(view)
    let outcome = InputOutcome(
      input: InputReference(
        id: eventID, type: EventType.turnRecorded.rawValue, partition: 0, offset: 0, receivedAt: Fixture.now),
      owner: view.owner, outcome: .stored,
      effects: [InputOutcome.Effect(memoryID: memoryID, change: .add, text: view.memory.text)], reason: nil,
      completedAt: Fixture.now)
    harness.reader.change { $0.outcomes[eventID] = outcome }
  }
}

extension TestClient {
  /// Sends a sample with the key `name`.
  func send(_ sample: RouteSample, as name: String) async throws -> HTTPReply {
    let headers = ["Authorization": "Token \(name)"]
    guard let body = sample.body else { return try await send(sample.method, sample.target, headers: headers) }
    return try await send(sample.method, sample.target, json: body, headers: headers)
  }
}
