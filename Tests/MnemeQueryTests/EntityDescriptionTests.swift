import EventLog
import FoundationEssentials
import MnemeCore
import MnemeProjection
import Testing

@testable import MnemeQuery

@Suite struct EntityDescriptionTests {
  static let kinds = ["user", "agent", "app", "run"]

  @Test(arguments: kinds)
  func `what is said of an entity is listed with it, and goes with it`(kind: String) async throws {
    let harness = Harness()
    harness.reader.put(
      Fixture.view("Likes tea", scope: Scope(userID: "u1", agentID: "a1", appID: "p1", runID: "r1")))
    try await harness.run { client in
      let made = try await client.send(
        "POST", "/v1/\(kind)s/", json: .object(["\(kind)_id": "new/one", "name": "The New", "metadata": ["a": 1]]))
      let entity = try made.json
      #expect(made.status == 201, "\(made.text)")
      #expect(entity["id"] == "new/one" && entity["name"] == "new/one" && entity["display_name"] == "The New")
      #expect(entity["type"] == .string(kind) && entity["metadata"] == ["a": 1] && entity["total_memories"] == 0)
      let path = "/v2/entities/\(kind)/new%2Fone/"
      #expect(try await client.send("GET", path).json == entity)
      let list = try await client.send("GET", "/v1/entities/").json
      #expect(list["count"] == 5 && list["total_\(kind)s"] == 2)
      #expect(list["results"]?.arrayValue?.contains(entity) == true)
      // In place of what was said before.
      let again = try await client.send("POST", "/v1/\(kind)s/", json: .object(["\(kind)_id": "new/one"]))
      #expect(try again.json["metadata"] == [:] && again.json["display_name"] == .null)
      #expect(try await client.send("DELETE", path).status == 200)
      #expect(try await client.send("GET", path).status == 404)
      #expect(try await client.send("DELETE", path).status == 200)
    }
  }

  @Test func `an entity with memories shows what was said of it as well`() async throws {
    let harness = Harness()
    harness.reader.put(Fixture.view("Likes tea", scope: Scope(userID: "ann")))
    try await harness.run { client in
      let entity = try await client.send("POST", "/v1/users/", json: ["user_id": "ann", "metadata": ["tier": "gold"]])
      #expect(try entity.json["total_memories"] == 1 && entity.json["metadata"] == ["tier": "gold"])
      let list = try await client.send("GET", "/v1/entities/").json
      #expect(list["count"] == 1 && list["results"]?.arrayValue?.first?["metadata"] == ["tier": "gold"])
    }
  }

  static let wrong: [JSONValue] = [
    [:], ["user_id": ""], ["user_id": "*"], ["user_id": ["x"]], ["agent_id": "a"], ["user_id": "a", "metadata": "x"],
    ["user_id": "a", "name": 5], ["user_id": .string(String(repeating: "x", count: 257))],
    ["user_id": "a", "metadata": ["long": .string(String(repeating: "x", count: 17_000))]],
  ]

  @Test(arguments: wrong)
  func `what names no entity is refused`(body: JSONValue) async throws {
    try await Harness().run { client in
      let reply = try await client.send("POST", "/v1/users/", json: body)
      #expect(reply.status == 400, "\(reply.text)")
      #expect(try await client.send("GET", "/v1/entities/").json["count"] == 0)
    }
  }

  @Test func `what is said of one owner is not shown to a key of another`() async throws {
    try await Harness(authenticator: DoorTests.Keys()).run { client in
      func send(_ key: String, _ method: String, _ path: String, _ body: JSONValue? = nil) async throws -> HTTPReply {
        let headers = ["Authorization": "Token \(key)"]
        guard let body else { return try await client.send(method, path, headers: headers) }
        return try await client.send(method, path, json: body, headers: headers)
      }
      for user in ["alice", "bob"] {
        #expect(try await send("writer", "POST", "/v1/users/", ["user_id": .string(user)]).status == 201)
      }
      #expect(try await send("reader", "GET", "/v1/entities/").json["count"] == 2)
      let own = try await send("bound", "GET", "/v1/entities/").json
      #expect(own["results"]?.arrayValue?.map { $0["id"] } == ["bob"])
      #expect(try await send("bound", "POST", "/v1/users/", ["user_id": "alice"]).status == 403)
      _ = try await send("bound", "DELETE", "/v2/entities/user/alice/")
      #expect(try await send("reader", "GET", "/v2/entities/user/alice/").status == 200)
      for key in ["project", "other"] { #expect(try await send(key, "GET", "/v1/entities/").json["count"] == 0) }
    }
  }
}
