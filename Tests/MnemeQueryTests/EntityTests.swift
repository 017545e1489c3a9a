import EventLog
import FoundationEssentials
import MnemeCore
import MnemeProjection
import Synchronization
import Testing

@testable import MnemeQuery

@Suite struct EntityTests {
  private static func filled() -> Harness {
    let harness = Harness { $0.pathPrefix = "/mem0" }
    harness.reader.put(Fixture.view("a1", scope: Scope(userID: "al ice/x", agentID: "bot", appID: "shop")))
    harness.reader.put(Fixture.view("a2", scope: Scope(userID: "al ice/x", runID: "r1"), supersededBy: UUID()))
    harness.reader.put(Fixture.view("b1", scope: Scope(userID: "bob", agentID: "bot")))
    harness.reader.put(Fixture.view("o1", tenant: "other", scope: Scope(userID: "eve")))
    return harness
  }

  @Test func `entities are whatever ids stand on memories, with how many there are`() async throws {
    try await Self.filled().run { client in
      let answer = try await client.send("GET", "/v1/entities/?org_id=default&project_id=default").json
      let results = try #require(answer["results"]?.arrayValue)
      #expect(answer["count"] == 5 && answer["next"] == .null && answer["previous"] == .null)
      #expect(
        results.compactMap { result in result["type"]?.stringValue.map { "\($0):\(result["name"]?.stringValue ?? "")" }
        }
          == ["user:al ice/x", "user:bob", "agent:bot", "app:shop", "run:r1"])
      #expect(results.map { $0["total_memories"] } == [1, 1, 2, 1, 0])
      #expect(results.allSatisfy { $0["id"] == $0["name"] && $0["owner"] == "default" && $0["metadata"] == [:] })
      #expect(results[0]["created_at"]?.stringValue == Fixture.now.description)
      #expect(
        ["users", "agents", "apps", "runs"].map { answer["total_\($0)"] } == [2, 1, 1, 1].map { JSONValue.int($0) })
      let bare = try await client.send("GET", "/entities").json.arrayValue
      #expect(bare?.map { $0["id"] } == results.map { $0["id"] } && bare?[2]["total_memories"] == 2)
      let filters = try await client.send("GET", "/v1/entities/filters/").json
      #expect(filters == ["users": ["al ice/x", "bob"], "agents": ["bot"], "apps": ["shop"], "runs": ["r1"]])
      let stats = try await client.send("GET", "/v1/stats/").json
      #expect(stats["total_memories"] == 2 && stats["total_users"] == 2 && stats["total_add_events"] == 0)
    }
  }

  @Test func `pages of entities follow each other under the path that they were asked by`() async throws {
    try await Self.filled().run { client in
      let answer = try await client.send("GET", "/mem0/v1/entities/?page_size=2&page=2&org_id=default").json
      let base = "http://127.0.0.1:\(client.port)/mem0/v1/entities/?org_id=default&page="
      #expect(answer["count"] == 5 && answer["total_users"] == 2)
      #expect(answer["results"]?.arrayValue?.compactMap { $0["id"] } == ["bot", "shop"])
      #expect(answer["next"] == .string("\(base)3&page_size=2"))
      #expect(answer["previous"] == .string("\(base)1&page_size=2"))
    }
  }

  @Test(arguments: ["/v2/entities", "/v1/entities"])
  func `one entity is found by its type and its encoded id`(path: String) async throws {
    try await Self.filled().run { client in
      let found = try await client.send("GET", "\(path)/user/al%20ice%2Fx/")
      #expect(try found.status == 200 && found.json["name"] == "al ice/x" && found.json["type"] == "user")
      for name in ["user/nobody", "agent/bob", "user/eve"] {
        let missing = try await client.send("GET", "\(path)/\(name)/")
        #expect(missing.status == 404, "\(name)")
      }
    }
  }

  static let deletions: [(String, Int, [String])] = [
    ("/v2/entities/user/al%20ice%2Fx/", 200, ["b1"]), ("/v1/entities/agent/bot/", 200, ["a2"]),
    ("/v2/entities/app/shop/", 200, ["a2", "b1"]), ("/entities/run/r1", 200, ["a1", "b1"]),
    ("/v2/entities/user/nobody/", 200, ["a1", "a2", "b1"]), ("/v2/entities/app/nothing/", 200, ["a1", "a2", "b1"]),
    ("/v2/entities/user/eve/", 200, ["a1", "a2", "b1"]), ("/v2/entities/user/*/", 400, ["a1", "a2", "b1"]),
    ("/v2/entities/user/%2A/", 400, ["a1", "a2", "b1"]), ("/v2/entities/robot/bot/", 400, ["a1", "a2", "b1"]),
    ("/v2/entities/users/bob/", 400, ["a1", "a2", "b1"]), ("/v2/entities/user//", 404, ["a1", "a2", "b1"]),
  ]

  @Test(arguments: deletions)
  func `deleting an entity deletes its memories, and where none is left that is done`(
    path: String, status: Int, rest: [String]
  ) async throws {
    let harness = Self.filled()
    try await harness.run { client in
      let reply = try await client.send("DELETE", path)
      #expect(reply.status == status, "\(reply.text)")
      #expect(try reply.json["message"] != nil || status != 200)
    }
    #expect(
      harness.reader.state.withLock { $0.memories.values.map(\.memory.text) }.sorted() == (rest + ["o1"]).sorted())
  }

  @Test func `a client that deletes one entity after the other ends with none`() async throws {
    try await Self.filled().run { client in
      for entity in try await client.send("GET", "/v1/entities/").json["results"]?.arrayValue ?? [] {
        let name = try #require(entity["name"]?.stringValue).replacing("/", with: "%2F").replacing(" ", with: "%20")
        let reply = try await client.send("DELETE", "/v2/entities/\(entity["type"]?.stringValue ?? "")/\(name)/")
        #expect(reply.status == 200, "\(reply.text)")
      }
      #expect(try await client.send("GET", "/v1/entities/").json["count"] == 0)
    }
  }
}

@Suite struct EventListTests {
  private static func filled() async throws -> Harness {
    let harness = Harness()
    try await harness.run { client in
      let added = try await client.add("I like tea", extra: ["event_id": "e1"])
      let id = try #require(added["results"]?.arrayValue?.first?["id"]?.stringValue)
      for user in ["bob", "eve"] {
        try await client.add("I like rye", user: user, extra: ["event_id": .string("a/\(user)")])
      }
      let edit = try await client.send(
        "PUT", "/v1/memories/\(id)/", json: ["text": "I like coffee", "event_id": "e2"])
      let deletion = try await client.send(
        "DELETE", "/v1/memories/?user_id=*", headers: ["Idempotency-Key": "e3"])
      #expect(edit.status == 200 && deletion.status == 200)
    }
    return harness
  }

  static let cases: [(String, Set<String>)] = [
    ("", ["e1", "a/bob", "a/eve", "e2", "e3"]), ("?event_type=ADD", ["e1", "a/bob", "a/eve"]),
    ("?event_type=update", ["e2"]), ("?event_type=DELETE", ["e3"]), ("?event_type=SEARCH", []),
    ("?status=SUCCEEDED&event_type=DELETE", ["e3"]), ("?status=FAILED", []), ("?status=PENDING", []),
    ("?start_date=2026-11-22", []), ("?end_date=2026-11-20", []),
    ("?start_date=2026-11-21&end_date=2026-11-22&event_type=UPDATE", ["e2"]),
  ]

  @Test func `writes are listed by type, status and date, an event of several parts once`() async throws {
    let harness = try await Self.filled()
    try await harness.run { client in
      for (query, ids) in Self.cases {
        let answer = try await client.send("GET", "/v1/events/\(query)").json
        let results = answer["results"]?.arrayValue ?? []
        #expect(Set(results.compactMap { $0["id"]?.stringValue }) == ids, "\(query)")
        #expect(answer["count"] == .int(Int64(ids.count)) && results.count == ids.count, "\(query)")
      }
      let deletion = try await client.send("GET", "/v1/events/?event_type=DELETE").json["results"]?.arrayValue?.first
      #expect(deletion?["results"]?.arrayValue?.count == 3 && deletion?["status"] == "SUCCEEDED")
      #expect(try await client.send("GET", "/v1/event/e3/").json["results"]?.arrayValue?.count == 3)
      var seen: [JSONValue] = []
      for page in 1...3 {
        let answer = try await client.send("GET", "/v1/events/?page=\(page)&page_size=2").json
        seen += answer["results"]?.arrayValue?.compactMap { $0["id"] } ?? []
      }
      #expect(seen.count == 5 && Set(seen).count == 5)
    }
  }

  @Test(arguments: [
    "?event_type=MERGE", "?status=DONE", "?page=0", "?page_size=101", "?start_date=soon", "?page=1&page=2",
  ])
  func `a query that is not understood is refused`(query: String) async throws {
    try await Harness().run { client in
      let reply = try await client.send("GET", "/v1/events/\(query)")
      #expect(reply.status == 400)
    }
  }

  @Test func `what is under way comes first, and for nobody else`() async throws {
    let harness = Harness(processes: false, authenticator: DoorTests.Keys())
    try await harness.run { client in
      for number in 0..<3 {
        let reply = try await client.send(
          "POST", "/v3/memories/add/",
          json: ["messages": "I like tea", "user_id": "alice", "event_id": .string("e\(number)")],
          headers: ["Authorization": "Token writer"])
        #expect(reply.status == 200)
      }
      try harness.reader.process(harness.log.records[0])
      func list(_ key: String, _ query: String = "") async throws -> JSONValue {
        try await client.send("GET", "/v1/events/\(query)", headers: ["Authorization": "Token \(key)"]).json
      }
      func ids(_ list: JSONValue) -> [String] {
        list["results"]?.arrayValue?.compactMap { $0["id"]?.stringValue } ?? []
      }
      let all = try await list("reader")
      #expect(ids(all) == ["e2", "e1", "e0"] && all["count"] == 3)
      #expect(all["results"]?.arrayValue?.map { $0["status"] } == ["PENDING", "PENDING", "SUCCEEDED"])
      #expect(ids(try await list("reader", "?page=2&page_size=2")) == ["e0"])
      #expect(ids(try await list("reader", "?status=PENDING")) == ["e2", "e1"])
      #expect(ids(try await list("reader", "?status=SUCCEEDED")) == ["e0"])
      for key in ["other", "project", "bound"] { #expect(try await list(key)["count"] == 0) }
    }
  }
}
