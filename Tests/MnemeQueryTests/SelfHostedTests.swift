import EventLog
import FoundationEssentials
import Logging
import MnemeCore
import MnemeProjection
import MnemeTesting
import Synchronization
import Testing

@testable import MnemeQuery

/// The paths of mem0's own server, as its clients use them.
@Suite struct SelfHostedTests {
  @Test func `a memory lives from add to delete`() async throws {
    let harness = Harness()
    try await harness.run { client in
      let added = try await client.send(
        "POST", "/memories",
        json: [
          "messages": [["role": "user", "content": "I like tea"]], "user_id": "alice", "prompt": "be kind",
          "memory_type": nil, "metadata": ["k": "v"],
        ])
      #expect(added.status == 200, "\(added.text)")
      let first = try #require(added.json["results"]?.arrayValue?.first)
      let id = try #require(first["id"]?.stringValue)
      #expect(first["memory"] == "I like tea" && first["event"] == "ADD")
      #expect(try await client.send("GET", "/memories/\(id)").json["memory"] == "I like tea")
      for wrong in ["4b0f2a52-0000-4000-8000-000000000009", "no-uuid"] {
        let missing = try await client.send("GET", "/memories/\(wrong)")
        #expect(missing.status == 200 && missing.text == "null")
      }
      let updated = try await client.send("PUT", "/memories/\(id)", json: ["text": "I like coffee"])
      #expect(try updated.json == ["message": "Memory updated successfully!"])
      #expect(updated.headers["x-mneme-position"] != nil)
      let missing = try await client.send(
        "PUT", "/memories/4b0f2a52-0000-4000-8000-000000000009", json: ["text": "x"])
      #expect(missing.status == 404)
      for body in [["user_id": "alice"], ["filters": ["user_id": "alice"]]] as [[String: JSONValue]] {
        let found = try await client.send(
          "POST", "/search", json: .object(body.merging(["query": "coffee", "top_k": 5]) { $1 }))
        #expect(try found.json["results"]?.arrayValue?.first?["memory"] == "I like coffee")
      }
      #expect(try await client.send("GET", "/memories?user_id=alice").json["results"]?.arrayValue?.count == 1)
      #expect(try await client.send("GET", "/memories?user_id=bob").json == ["results": []])
      #expect(try await client.send("GET", "/memories?top_k=5").json.arrayValue?.count == 1)
      #expect(try await client.send("GET", "/memories?top_k=1001").status == 400)
      #expect(try await client.send("GET", "/memories/\(id)/history").json.arrayValue?.count == 2)
      let deleted = try await client.send("DELETE", "/memories/\(id)")
      #expect(try deleted.json == ["message": "Memory deleted successfully"])
      #expect(try await client.send("POST", "/memories", json: ["messages": "x"]).status == 400)
    }
    let turn = try EventBodyCoding.decode(TurnBody.self, from: try #require(harness.log.events.first).data)
    #expect(turn.customInstructions == "be kind")
  }

  @Test func `everybody's memories are an admin's to list and to delete`() async throws {
    let harness = Harness(authenticator: DoorTests.Keys())
    harness.reader.put(Fixture.view("a", tenant: "acme"))
    harness.reader.put(Fixture.view("b", tenant: "acme", scope: Scope(agentID: "bot")))
    harness.reader.put(Fixture.view("c", tenant: "acme", scope: Scope(runID: "r"), supersededBy: UUID()))
    harness.reader.put(Fixture.view("o", tenant: "other"))
    try await harness.run { client in
      func send(_ method: String, _ target: String, _ key: String) async throws -> HTTPReply {
        try await client.send(method, target, headers: ["Authorization": "Token \(key)"])
      }
      let refused = try await send("GET", "/memories", "writer")
      #expect(refused.status == 403)
      #expect(try await send("GET", "/memories", "admin").json.arrayValue?.count == 2)
      #expect(try await send("GET", "/memories", "bound").json == [])
      #expect(try await send("DELETE", "/memories", "admin").status == 400)
      #expect(try await send("POST", "/reset", "writer").status == 403)
      for _ in 0..<2 {
        #expect(try await send("POST", "/reset", "admin").json == ["message": "All memories reset"])
      }
    }
    #expect(harness.reader.state.withLock { $0.memories.values.map(\.memory.text) } == ["o"])
  }

  @Test func `settings are shown without secrets and are not set`() async throws {
    try await Harness().run { client in
      let shown = try await client.send("GET", "/configure").json
      #expect(shown["embedder"]?["config"]?["embedding_dims"] == 4 && shown["embedder"]?["provider"] == "twin")
      #expect(try await client.send("GET", "/configure/providers").json["llm"] == ["openai"])
      let refused = try await client.send("POST", "/configure", json: ["llm": ["provider": "x"]])
      #expect(try refused.status == 403 && refused.json["detail"]?.stringValue?.contains("mneme up") == true)
      let made = try await client.send("POST", "/generate-instructions", json: ["use_case": "a travel agent"]).json
      #expect(made["custom_instructions"]?.stringValue?.contains("a travel agent") == true)
      #expect(made["test_message"]?.stringValue?.contains("a travel agent") == true)
      #expect(try await client.send("POST", "/generate-instructions", json: ["use_case": " "]).status == 400)
      #expect(try await client.send("GET", "/auth/setup-status").json == ["needs_setup": false])
      #expect(try await client.send("GET", "/auth/me").json["role"] == "admin")
      #expect(try await client.send("POST", "/auth/login", json: ["email": "a", "password": "b"]).status == 403)
    }
  }

  @Test func `requests are told of by their routes, to those of the same project`() async throws {
    try await Harness(authenticator: DoorTests.Keys()).run { client in
      func log(_ key: String, _ query: String = "") async throws -> [JSONValue] {
        try await client.send("GET", "/requests\(query)", headers: ["Authorization": "Token \(key)"]).json.arrayValue
          ?? []
      }
      _ = try await client.send(
        "GET", "/v1/memories/no-uuid-at-all/?as_of=2026-01-01", headers: ["Authorization": "Token reader"])
      _ = try await client.send("GET", "/v1/ping/", headers: ["Authorization": "Token nobody"])
      _ = try await client.send("GET", "/healthz")
      let entries = try await log("admin")
      #expect(entries.count == 1)
      #expect(entries[0]["path"] == "/v1/memories/{id}/" && entries[0]["method"] == "GET")
      #expect(entries[0]["status_code"] == 400 && entries[0]["auth_type"]?.stringValue != nil)
      #expect(try await log("admin", "?limit=1").first?["path"] == "/requests")
      #expect(try await log("other").isEmpty)
    }
  }

  @Test func `the log of requests forgets the oldest`() {
    let log = RequestLog()
    for number in 0..<RequestLog.maxCount + 10 {
      log.note(
        RequestLog.Entry(
          realm: number % 2 == 0 ? "a" : "b", keyID: nil, method: "GET", route: "\(number)", status: 200,
          milliseconds: 1, at: Fixture.now))
    }
    let last = RequestLog.maxCount + 8
    #expect(log.latest(3, realm: "a", keyID: nil).map(\.route) == ["\(last)", "\(last - 2)", "\(last - 4)"])
    #expect(log.latest(.max, realm: "b", keyID: nil).count == RequestLog.maxCount / 2)
    #expect(log.latest(3, realm: "a", keyID: "k").isEmpty)
  }
}

@Suite struct KeyHandlerTests {
  private func run(
    _ owners: [String]? = nil, expires: Timestamp? = nil,
    _ body: @Sendable (TestClient, [String: String], KeyFile) async throws -> Void
  ) async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let file = KeyFile(path: folder.path + "/keys.json")
    var random = SystemRandomNumberGenerator()
    let (key, other) = (APIKey.make(using: &random), APIKey.make(using: &random))
    func record(_ key: APIKey, _ tenant: String, _ owners: [String]?) -> APIKeyRecord {
      APIKeyRecord(
        id: key.id, hash: key.hash, label: "first of \(tenant)", tenant: tenant, project: "default", role: .admin,
        owners: owners, rateLimit: nil, createdAt: Fixture.now, expiresAt: expires)
    }
    try file.change { $0 = [record(key, "acme", owners), record(other, "other", nil)] }
    var harness = Harness()
    harness.authenticator = try KeyAuthenticator(file, clock: { Fixture.now }, logger: Logger(label: "test"))
    try await harness.run { client in try await body(client, ["X-API-Key": key.text], file) }
  }

  @Test func `an admin makes, lists and revokes keys of the own project`() async throws {
    try await run { client, headers, file in
      let made = try await client.send("POST", "/api-keys", json: ["label": "shop"], headers: headers)
      #expect(made.status == 201, "\(made.text)")
      let (id, text) = (try #require(made.json["id"]?.stringValue), try #require(made.json["key"]?.stringValue))
      #expect(try made.json["label"] == "shop" && made.json["key_prefix"] == .string("mnm_\(id)"))
      let kept = try #require(file.read()[id])
      #expect(kept.role == .writer && kept.tenant == "acme" && kept.hash == APIKey(text)?.hash)
      let list = try await client.send("GET", "/api-keys", headers: headers)
      #expect(try list.json.arrayValue?.map { $0["label"] } == ["first of acme", "shop"])
      #expect(!list.text.contains(text) && !list.text.contains(kept.hash) && !list.text.contains("other"))
      #expect(try await client.send("DELETE", "/api-keys/\(id)", headers: headers).status == 200)
      #expect(try file.read()[id]?.revokedAt == Fixture.now)
      let foreign = try #require(file.read().records.first { $0.tenant == "other" })
      #expect(try await client.send("DELETE", "/api-keys/\(foreign.id)", headers: headers).status == 404)
      #expect(try file.read()[foreign.id]?.revokedAt == nil)
    }
  }

  @Test func `a key opens nothing that the one does not by which it was made, and no longer`() async throws {
    let end = Timestamp("2026-12-01T00:00:00Z")!
    try await run(["user:ann", "user:bob"], expires: end) { client, headers, file in
      func make(_ body: JSONValue) async throws -> HTTPReply {
        try await client.send("POST", "/api-keys", json: body, headers: headers)
      }
      func kept(_ reply: HTTPReply) throws -> APIKeyRecord? {
        try reply.json["id"]?.stringValue.flatMap { try file.read()[$0] }
      }
      let plain = try kept(try await make([:]))
      #expect(plain?.owners == ["user:ann", "user:bob"] && plain?.expiresAt == end)
      let narrow = try kept(
        try await make(["owners": ["user:bob"], "role": "reader", "expires_at": "2026-11-30"]))
      #expect(narrow?.owners == ["user:bob"] && narrow?.role == .reader)
      #expect(narrow?.expiresAt == Timestamp("2026-11-30T00:00:00Z"))
      #expect(try kept(try await make(["expires_at": "2030-01-01"]))?.expiresAt == end)
      let wrong: [JSONValue] = [
        ["owners": ["user:eve"]], ["owners": ["user:ann", "eve"]], ["owners": []], ["role": "owner"],
        ["role": "anyone"], ["expires_at": "2026-01-01"], ["label": 5], ["org_id": "other"],
      ]
      for body in wrong {
        let status = try await make(body).status
        #expect([400, 404].contains(status), "\(body)")
      }
      #expect(try file.read().records.count == 5)
    }
  }

  @Test func `without a key file the command is named`() async throws {
    try await Harness().run { client in
      let reply = try await client.send("GET", "/api-keys")
      #expect(try reply.status == 403 && reply.json["detail"]?.stringValue?.contains("mneme keys create") == true)
    }
  }
}

@Suite struct SummaryTests {
  @Test func `a summary is the newest current memories, cited`() async throws {
    let harness = Harness()
    for number in 0..<3 { harness.reader.put(Fixture.view("Likes dish number \(number) of the menu")) }
    harness.reader.put(Fixture.view("Likes nothing", supersededBy: UUID()))
    try await harness.run { client in
      let reply = try await client.send("POST", "/v1/summary/", json: ["filters": ["user_id": "alice"]])
      #expect(reply.status == 200, "\(reply.text)")
      let answer = try reply.json
      let text = try #require(answer["summary"]?.stringValue)
      #expect(answer["count"] == 3 && answer["truncated"] == false && !text.contains("nothing"))
      let cited = answer["memories"]?.arrayValue ?? []
      #expect(!cited.isEmpty && cited.allSatisfy { $0["id"] != nil })
      #expect(cited.compactMap { $0["citation"] } == (1...cited.count).map { .int(Int64($0)) })
      let none = try await client.send("POST", "/v1/summary/", json: ["filters": ["user_id": "bob"]]).json
      #expect(none["summary"] == "" && none["count"] == 0 && none["memories"] == [])
      for body in [[:], ["filters": [:]], ["filters": ["user_id": "a"], "max_tokens": 1]] as [JSONValue] {
        #expect(try await client.send("POST", "/v1/summary/", json: body).status == 400)
      }
    }
  }
}
