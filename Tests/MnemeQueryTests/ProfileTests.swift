import EventLog
import FoundationEssentials
import MnemeCore
import MnemeProjection
import Testing

@testable import MnemeQuery

@Suite struct ProfileTests {
  private static let settings = "/v2/profiles/settings/"
  private static let jobs = "/v2/profiles/jobs/"

  private static func filled() -> Harness {
    let harness = Harness { $0.pathPrefix = "/mem0" }
    harness.reader.put(Fixture.view("Likes tea", scope: Scope(userID: "al ice/x", agentID: "bot")))
    harness.reader.put(Fixture.view("Likes rye", scope: Scope(userID: "bob")))
    harness.reader.put(Fixture.view("Liked ale", scope: Scope(userID: "eve"), supersededBy: UUID()))
    return harness
  }

  private static func profile(_ user: String, _ client: TestClient) async throws -> HTTPReply {
    try await client.send("GET", "/v2/entities/user/\(user)/profile/")
  }

  private static func trigger(
    _ user: JSONValue, _ client: TestClient, key: String? = nil, operation: JSONValue = "trigger"
  ) async throws -> HTTPReply {
    try await client.send(
      "POST", jobs, json: ["operation": operation, "entity_type": "user", "entity_id": user],
      headers: key.map { ["Idempotency-Key": $0] } ?? [:])
  }

  @Test func `a profile says what is remembered, or why it says nothing`() async throws {
    try await Self.filled().run { client in
      let known = try await Self.profile("al%20ice%2Fx", client).json
      #expect(known["status"] == "succeeded" && known["entity_id"] == "al ice/x" && known["entity_type"] == "user")
      #expect(known["profile"] == ["attributes": ["likes": ["tea"]], "categories": ["food": ["Likes tea"]]])
      #expect(known["generation_count"] == 0 && known["updated_at"] == .string(Fixture.now.description))
      let ended = try await Self.profile("eve", client).json
      #expect(ended["status"] == "insufficient_data" && ended["profile"] == .null && ended["updated_at"] == .null)
      #expect(try await Self.profile("nobody", client).status == 404)
      // Who was only described is known.
      _ = try await client.send("POST", "/v1/users/", json: ["user_id": "zoe"])
      #expect(try await Self.profile("zoe", client).json["status"] == "insufficient_data")
      _ = try await client.send("POST", Self.settings, json: ["enabled": false])
      let off = try await Self.profile("bob", client)
      #expect(try off.status == 200 && off.json["status"] == "not_enabled" && off.json["profile"] == .null)
      #expect(try await Self.profile("nobody", client).status == 404)
      #expect(try await Self.trigger("bob", client).status == 400)
    }
  }

  @Test func `settings stand until they are set again, null clears and absence leaves`() async throws {
    try await Self.filled().run { client in
      func set(_ body: JSONValue) async throws -> JSONValue {
        let reply = try await client.send("POST", Self.settings, json: body)
        try #require(reply.status == 200, "\(reply.text)")
        #expect(try await client.send("GET", Self.settings).json == reply.json)
        return try reply.json
      }
      let usual = try await client.send("GET", Self.settings).json
      #expect(usual["enabled"] == true && usual["capabilities"]?.objectValue != nil)
      #expect(usual["entities"] == ["user": ["schema": nil, "custom_instructions": nil]])
      let schema: JSONValue = ["properties": ["drinks": ["type": "array"], "likes": ["type": "string"]]]
      let both = try await set(["entities": ["user": ["schema": schema, "custom_instructions": "short"]]])
      #expect(both["entities"] == ["user": ["schema": schema, "custom_instructions": "short"]])
      #expect(try await Self.profile("bob", client).json["profile"] == ["drinks": [], "likes": "tea"])
      let one = try await set(["enabled": true, "entities": ["user": ["custom_instructions": nil]]])
      #expect(one["entities"] == ["user": ["schema": schema, "custom_instructions": nil]])
      let off = try await set(["enabled": false])
      #expect(off["enabled"] == false && off["entities"]?["user"]?["schema"] == schema)
      #expect(try await set(["entities": ["user": ["schema": nil]]])["entities"] == usual["entities"])
      // They are no settings of the project's.
      let project = try await client.send("GET", "/api/v1/orgs/organizations/default/projects/default/").json
      #expect(project["profile_enabled"] == nil)
    }
  }

  static let wrongSettings: [JSONValue] = [
    [:], ["enabled": nil], ["enabled": "yes"], ["entities": []], ["entities": ["agent": [:]]],
    ["entities": ["user": [:]]], ["entities": ["user": ["schema": [:]]]], ["entities": ["user": ["schema": "x"]]],
    ["entities": ["user": ["schema": ["properties": ["a": 1]]]]], ["entities": ["user": ["custom_instructions": 1]]],
  ]

  @Test(arguments: wrongSettings)
  func `settings that say nothing or something wrong are refused`(body: JSONValue) async throws {
    try await Self.filled().run { client in
      let reply = try await client.send("POST", Self.settings, json: body)
      #expect(reply.status == 400, "\(reply.text)")
    }
  }

  @Test func `a job is answered once, and can be asked for`() async throws {
    try await Self.filled().run { client in
      let made = try await Self.trigger("al ice/x", client, key: "k1")
      let job = try made.json
      #expect(made.status == 200 && job["replayed"] == false && job["entity_count_reserved"] == 1)
      #expect(job["status"] == "succeeded" && job["operation"] == "trigger" && job["event_id"] != nil)
      let url = try #require(job["status_url"]?.stringValue)
      #expect(url == "\(Self.jobs)\(job["job_id"]?.stringValue ?? "")/")
      let told = try await client.send("GET", "/mem0\(url)").json["job"]
      #expect(told?["status"] == "succeeded" && told?["enumeration_complete"] == true)
      #expect(["total", "completed", "succeeded", "failed", "skipped"].map { told?[$0] } == [1, 1, 1, 0, 0])
      let again = try await Self.trigger("al ice/x", client, key: "k1").json
      #expect(again["replayed"] == true && again["job_id"] == job["job_id"])
      #expect(try await Self.profile("al%20ice%2Fx", client).json["generation_count"] == 1)
      #expect(try await Self.trigger("bob", client, key: "k1").status == 409)
      #expect(try await Self.trigger("bob", client, key: "k1", operation: "sample").status == 409)
      let ended = try await Self.trigger("eve", client).json["status_url"]?.stringValue
      let skipped = try await client.send("GET", try #require(ended)).json["job"]
      #expect(skipped?["skipped"] == 1 && skipped?["succeeded"] == 0 && skipped?["completed"] == 1)
      #expect(try await client.send("GET", "\(Self.jobs)nothing/").status == 404)
    }
  }

  @Test func `two requests of one key at one time make one job`() async throws {
    try await Self.filled().run { client in
      let ids = try await withThrowingTaskGroup(of: JSONValue?.self) { group in
        for _ in 0..<8 { group.addTask { try await Self.trigger("bob", client, key: "k").json["job_id"] } }
        return try await group.reduce(into: Set<JSONValue?>()) { $0.insert($1) }
      }
      #expect(ids.count == 1 && ids.first != JSONValue?.none)
      #expect(try await Self.profile("bob", client).json["generation_count"] == 1)
    }
  }

  @Test func `a sample is of users of whom something is remembered`() async throws {
    try await Self.filled().run { client in
      let all = try await client.send("POST", Self.jobs, json: ["operation": "sample", "entity_type": "user"]).json
      #expect(all["sampled"] == 2 && Set(all["entity_ids"]?.arrayValue ?? []) == ["al ice/x", "bob"])
      let one = try await client.send("POST", Self.jobs, json: ["operation": "sample", "limit": 1]).json
      #expect(one["sampled"] == 1 && one["entity_ids"]?.arrayValue?.count == 1 && one["replayed"] == false)
      let job = try await client.send("GET", try #require(all["status_url"]?.stringValue)).json["job"]
      #expect(job?["total"] == 2 && job?["operation"] == "sample")
    }
  }

  static let wrongJobs: [(JSONValue, Int)] = [
    ([:], 400), (["operation": "explode"], 400), (["operation": "trigger"], 400),
    (["operation": "trigger", "entity_id": "bob", "entity_type": "agent"], 400),
    (["operation": "trigger", "entity_id": "nobody"], 404), (["operation": "sample", "limit": 0], 400),
    (["operation": "sample", "limit": 11], 400), (["operation": "sample", "entity_id": ""], 400),
    (["operation": "trigger", "entity_id": "*"], 400), (["operation": "trigger", "entity_id": "a\n"], 400),
    (["operation": "trigger", "entity_id": .string(String(repeating: "x", count: 257))], 400),
  ]

  @Test(arguments: wrongJobs)
  func `a job that cannot be is refused`(body: JSONValue, status: Int) async throws {
    try await Self.filled().run { client in
      let reply = try await client.send("POST", Self.jobs, json: body)
      #expect(reply.status == status, "\(reply.text)")
    }
  }

  @Test func `a key that is bound to owners reads and makes profiles of theirs alone`() async throws {
    let harness = Harness(authenticator: DoorTests.Keys())
    for user in ["alice", "bob"] {
      harness.reader.put(Fixture.view("Likes tea", tenant: "acme", scope: Scope(userID: user)))
    }
    try await harness.run { client in
      func send(_ key: String, _ method: String, _ path: String, _ body: JSONValue? = nil) async throws -> HTTPReply {
        let headers = ["Authorization": "Token \(key)"]
        guard let body else { return try await client.send(method, path, headers: headers) }
        return try await client.send(method, path, json: body, headers: headers)
      }
      let alices = try await send("writer", "POST", Self.jobs, ["operation": "trigger", "entity_id": "alice"])
      let url = try #require(try alices.json["status_url"]?.stringValue)
      for key in ["bound", "project", "other"] {
        #expect(try await send(key, "GET", url).status == 404, "\(key)")
        #expect(try await send(key, "GET", "/v2/entities/user/alice/profile/").status == 404, "\(key)")
        let made = try await send(key, "POST", Self.jobs, ["operation": "trigger", "entity_id": "alice"])
        #expect(made.status == 404, "\(key)")
      }
      #expect(try await send("bound", "GET", "/v2/entities/user/bob/profile/").json["status"] == "succeeded")
      let sample = try await send("bound", "POST", Self.jobs, ["operation": "sample"])
      #expect(try sample.json["entity_ids"] == ["bob"])
      #expect(try await send("bound", "POST", Self.settings, ["enabled": false]).status == 403)
      #expect(try await send("writer", "POST", Self.settings, ["enabled": false]).status == 403)
    }
  }
}
