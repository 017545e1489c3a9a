import FoundationEssentials
import MnemeCore
import MnemeProjection

@testable import MnemeQuery

/// A request for each route that succeeds for a key of tenant "acme", about what is alice's there. Every route has one:
/// what is not walked is not proven.
struct RouteSample: Sendable {
  /// Stands in alice's memory, and nowhere else.
  static let secret = "saffron"
  private static let memoryID = UUID(uuidString: "4B0F2A52-0000-4000-8000-000000000001")!
  private static let eventID = "alices-turn"
  private static let filters: JSONValue = ["user_id": "alice"]

  let method: String
  let target: String
  let body: JSONValue?

  /// The sample of `route`, with what it needs put into `harness`; nil where there is none.
  init?(_ route: Route, in harness: Harness) {
    let path = route.path.replacing(
      "{id}", with: route.path.contains("event") ? Self.eventID : Self.memoryID.text)
    let name = "\(route.method) \(route.path)"
    guard Self.bodies.keys.contains(name) || Self.queries.keys.contains(name) else { return nil }
    self.init(method: route.method, target: path + (Self.queries[name] ?? ""), body: Self.bodies[name])
    Self.fill(harness)
  }

  /// Of routes that take one.
  private static let bodies: [String: JSONValue] = [
    "POST /v3/memories/add/": ["messages": "I like tea", "user_id": "alice", "infer": false],
    "POST /v3/memories/search/": ["query": "tea", "filters": filters],
    "POST /v1/context/": ["query": "tea", "filters": filters],
    "POST /v3/memories/": ["filters": filters],
    "PUT /v1/memories/{id}/": ["text": "Likes coffee"],
    "POST /mcp/": [
      "jsonrpc": "2.0", "id": 1, "method": "tools/call",
      "params": ["name": "search_memories", "arguments": ["query": "tea", "user_id": "alice"]],
    ],
  ]

  /// Of routes without a body.
  private static let queries: [String: String] = [
    "DELETE /v1/memories/": "?user_id=alice", "DELETE /v1/memories/{id}/": "", "GET /v1/memories/{id}/": "",
    "GET /v1/memories/{id}/history/": "", "GET /v1/event/{id}/": "", "GET /v1/ping/": "", "GET /v1/lag/": "",
    "GET /healthz": "", "GET /readyz": "", "GET /metrics": "",
  ]

  private init(method: String, target: String, body: JSONValue?) {
    (self.method, self.target, self.body) = (method, target, body)
  }

  private static func fill(_ harness: Harness) {
    let view = Fixture.view("Likes \(secret)", id: memoryID, tenant: "acme", metadata: ["note": .string(secret)])
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
