import FoundationEssentials
import MnemeCore
import MnemeProjection
import Testing

@testable import MnemeQuery

@Suite struct ExportTests {
  private static let schema: JSONValue = [
    "properties": [
      "likes": ["type": "array", "items": ["type": "string"]], "plan": ["type": "string"],
      "memories": ["type": "array", "items": ["type": "string"]],
    ]
  ]

  private static func filled(_ authenticator: any Authenticator = SingleTenant(), tenant: String = "default") -> Harness
  {
    let harness = Harness(authenticator: authenticator)
    for user in ["alice", "bob"] {
      harness.reader.put(
        Fixture.view(
          "Likes tea", tenant: tenant, scope: Scope(userID: user), metadata: ["plan": .string("plan of \(user)")]))
    }
    return harness
  }

  @Test func `an export is made from what is true when it is fetched`() async throws {
    let harness = Self.filled()
    try await harness.run { client in
      let asked = try await client.send(
        "POST", "/v1/exports/",
        json: ["schema": Self.schema, "filters": ["user_id": "alice"], "export_instructions": "short"])
      let answer = try asked.json
      #expect(asked.status == 201)
      #expect(
        answer["message"] == "Memory export request received. The export will be ready in a few seconds.")
      let id = try #require(answer["id"]?.stringValue)
      let expected: JSONValue = ["likes": ["tea"], "plan": "plan of alice", "memories": ["Likes tea"]]
      for body: JSONValue in [
        ["memory_export_id": .string(id)], ["filters": ["user_id": "alice"]], ["user_id": "alice"], [:],
        ["memory_export_id": .string(id), "user_id": "alice", "org_id": "default", "project_id": "default"],
      ] {
        #expect(try await client.send("POST", "/v1/exports/get/", json: body).json == expected, "\(body)")
      }
      for query in ["?user_id=alice&org_id=default&project_id=default", "?memory_export_id=\(id)", ""] {
        #expect(try await client.send("GET", "/v1/exports/\(query)").json == expected, "\(query)")
      }
      harness.reader.put(Fixture.view("Likes coffee", scope: Scope(userID: "alice")))
      let later = try await client.send("GET", "/v1/exports/").json["memories"]?.arrayValue
      #expect(Set(later ?? []) == ["Likes tea", "Likes coffee"])
    }
  }

  @Test func `the newest of those with the filters is meant, and all are listed`() async throws {
    try await Self.filled().run { client in
      var ids: [String] = []
      for (user, name) in [("alice", "likes"), ("alice", "plan"), ("bob", "plan")] {
        let reply = try await client.send(
          "POST", "/v1/exports/", json: ["schema": ["properties": [name: [:]]], "user_id": .string(user)])
        ids.append(try #require(try reply.json["id"]?.stringValue))
      }
      let found = try await client.send("POST", "/v1/exports/get/", json: ["user_id": "alice"])
      #expect(try found.json == ["plan": "plan of alice"])
      let list = try await client.send("GET", "/v1/exports/?page=1&page_size=2").json
      #expect(list["count"] == 3 && list["next"] != .null)
      #expect(list["results"]?.arrayValue?.compactMap { $0["id"]?.stringValue } == [ids[2], ids[1]])
      #expect(list["results"]?.arrayValue?.first?["filters"] == ["user_id": "bob"])
      // A condition holds for a list, too, and one that is not understood is refused there.
      let bobs = try await client.send("GET", "/v1/exports/?page=1&user_id=bob").json
      #expect(bobs["results"]?.arrayValue?.compactMap { $0["id"]?.stringValue } == [ids[2]])
      let one = try await client.send("GET", "/v1/exports/?page=1&memory_export_id=\(ids[0])").json
      #expect(one["count"] == 1)
      for query in ["colour=red", "filters=x", "user_id=%0A"] {
        #expect(try await client.send("GET", "/v1/exports/?page=1&\(query)").status == 400, "\(query)")
      }
    }
  }

  @Test func `a schema without properties is answered with the memories, and may be a text`() async throws {
    try await Self.filled().run { client in
      for schema: JSONValue in [["properties": [:]], [:], "{\"type\": \"object\"}"] {
        _ = try await client.send("POST", "/v1/exports/", json: ["schema": schema])
        let export = try await client.send("POST", "/v1/exports/get/", json: [:]).json
        #expect(
          export["memories"]?.arrayValue?.count == 2 && export["memories"]?.arrayValue?[0]["memory"] == "Likes tea")
      }
    }
  }

  static let wrong: [JSONValue] = [
    [:], ["schema": nil], ["schema": 5], ["schema": "no JSON"], ["schema": "[]"], ["schema": ["properties": []]],
    ["schema": ["properties": ["a": "string"]]], ["schema": [:], "filters": ["colour": "red"]],
    ["schema": [:], "filters": "x"], ["schema": [:], "export_instructions": 1],
    ["schema": ["title": .string(String(repeating: "x", count: 17_000))]],
    ["schema": .string("{\"a\": \"\(String(repeating: "x", count: 17_000))\"}")],
    ["schema": [:], "org_id": "another"],
  ]

  @Test(arguments: wrong)
  func `what cannot be exported is refused when it is asked for`(body: JSONValue) async throws {
    try await Self.filled().run { client in
      let reply = try await client.send("POST", "/v1/exports/", json: body)
      #expect(reply.status == (body["org_id"] == nil ? 400 : 404), "\(reply.text)")
      let missing = try await client.send("POST", "/v1/exports/get/", json: [:])
      #expect(missing.status == 404)
      #expect(try missing.json["error"] == "No memory export request found")
    }
  }

  @Test func `more than an export holds is refused when it is fetched`() async throws {
    let harness = Harness()
    for _ in 0...QueryAPI.maxExportedMemoryCount { harness.reader.put(Fixture.view("x")) }
    try await harness.run { client in
      _ = try await client.send("POST", "/v1/exports/", json: ["schema": [:]])
      let reply = try await client.send("POST", "/v1/exports/get/", json: [:])
      #expect(reply.status == 400 && reply.text.contains("10000"), "\(reply.text)")
    }
  }

  @Test func `an export shows what its reader reaches, and is there for nobody who reaches less`() async throws {
    try await Self.filled(DoorTests.Keys(), tenant: "acme").run { client in
      func send(_ key: String, _ path: String, _ body: JSONValue) async throws -> HTTPReply {
        try await client.send("POST", path, json: body, headers: ["Authorization": "Token \(key)"])
      }
      _ = try await send("writer", "/v1/exports/", ["schema": Self.schema, "user_id": "alice"])
      for key in ["bound", "project", "other"] {
        #expect(try await send(key, "/v1/exports/get/", [:]).status == 404, "\(key)")
      }
      // Bob's key exports what is Bob's, whatever it asks for; who reaches everybody reads it with more.
      let own = try await send("bound", "/v1/exports/", ["schema": Self.schema])
      let body: JSONValue = ["memory_export_id": try own.json["id"] ?? .null]
      #expect(try await send("bound", "/v1/exports/get/", body).json["plan"] == "plan of bob")
      #expect(try await send("reader", "/v1/exports/get/", body).status == 200)
      #expect(try await send("project", "/v1/exports/get/", body).status == 404)
    }
  }
}
