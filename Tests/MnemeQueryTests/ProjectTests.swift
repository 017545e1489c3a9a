import MnemeCore
import Testing

@testable import MnemeQuery

@Suite struct ProjectTests {
  private static let projects = "/api/v1/orgs/organizations/default/projects/"
  private static let own = projects + "default/"
  private static let members = own + "members/"

  @Test func `settings are kept, and those that are asked for come back`() async throws {
    try await Harness().run { client in
      let first = try await client.send("GET", Self.own).json
      #expect(first["project_id"] == "default" && first["name"] == "default" && first["is_default"] == true)
      #expect(first["custom_instructions"] == .null && first["user_role"] == "OWNER")
      let changed = try await client.send(
        "PATCH", Self.own,
        json: [
          "custom_instructions": "Keep what is eaten", "decay": false, "custom_categories": [["food": "what is eaten"]],
          "description": "", "org_id": "default", "project_id": "default",
        ])
      #expect(changed.status == 200, "\(changed.text)")
      let fields = try await client.send(
        "GET", Self.own + "?fields=custom_instructions&fields=decay&fields=nothing&org_id=default"
      ).json
      #expect(fields == ["custom_instructions": "Keep what is eaten", "decay": false, "nothing": .null])
      let all = try await client.send("GET", Self.own).json
      #expect(all["custom_categories"] == [["food": "what is eaten"]] && all["description"] == "")
      _ = try await client.send("PATCH", Self.own, json: ["custom_instructions": .null])
      #expect(try await client.send("GET", Self.own).json["custom_instructions"] == .null)
      #expect(try await client.send("GET", Self.own).json["decay"] == false)
    }
  }

  @Test(
    arguments: [
      ["decay": "no"], ["custom_instructions": 5], ["custom_categories": "food"], ["custom_categories": [5]],
      ["custom_categories": [[:]]], ["custom_categories": [["food": 5]]], [:], ["colour": "red"],
      ["custom_categories": ["food", ["food": "x"]]], ["custom_categories": [["": "x"]]],
      ["name": .string(String(repeating: "x", count: 257))],
    ] as [JSONValue])
  func `what is no setting is refused`(body: JSONValue) async throws {
    let harness = Harness()
    try await harness.run { client in
      let reply = try await client.send("PATCH", Self.own, json: body)
      #expect(reply.status == 400, "\(reply.text)")
      #expect(harness.log.records.isEmpty)
    }
  }

  @Test func `a project is made, listed, and is another one's`() async throws {
    try await Harness().run { client in
      let made = try await client.send("POST", Self.projects, json: ["name": "Shop", "description": "what we sell"])
      let id = try #require(made.json["project_id"]?.stringValue)
      #expect(Principal.isName(id))
      let listed = try await client.send("GET", Self.projects).json["results"]?.arrayValue ?? []
      #expect(listed.map { $0["name"] } == ["default", "Shop"])
      #expect(try await client.send("GET", Self.projects + id + "/").status == 404)
      #expect(try await client.send("GET", "/api/v1/orgs/organizations/other/projects/default/").status == 404)
      #expect(try await client.send("POST", Self.projects, json: ["description": "x"]).status == 400)
    }
  }

  @Test func `members come, change and go`() async throws {
    try await Harness().run { client in
      let ann: JSONValue = ["email": "ann@example.com", "role": "READER"]
      #expect(try await client.send("POST", Self.members, json: ann).status == 200)
      #expect(try await client.send("POST", Self.members, json: ann).status == 409)
      let owner: JSONValue = ["email": "ann@example.com", "role": "OWNER"]
      #expect(try await client.send("PUT", Self.members, json: owner).status == 200)
      let listed = try await client.send("GET", Self.members).json["members"]?.arrayValue
      #expect(listed == [["username": "ann@example.com", "email": "ann@example.com", "role": "OWNER"]])
      #expect(try await client.send("DELETE", Self.members + "?email=ann%40example.com").status == 200)
      #expect(try await client.send("DELETE", Self.members + "?email=ann%40example.com").status == 404)
      #expect(try await client.send("PUT", Self.members, json: owner).status == 404)
      for bad: JSONValue in [["email": "ann"], ["email": "a@b", "role": "KING"], [:]] {
        #expect(try await client.send("POST", Self.members, json: bad).status == 400)
      }
      #expect(try await client.send("DELETE", Self.members).status == 400)
    }
  }

  @Test func `a project's instructions are those of turns that bring none`() async throws {
    let harness = Harness()
    try await harness.run { client in
      _ = try await client.send("PATCH", Self.own, json: ["custom_instructions": "Keep what is eaten"])
      try await client.add("I like tea", extra: ["infer": true])
      try await client.add("I like tea", extra: ["infer": true, "custom_instructions": "Keep nothing"])
      try await client.add("I like tea", extra: ["infer": false])
      let turns = try harness.log.events.filter { $0.knownType == .turnRecorded }
        .map { try EventBodyCoding.decode(TurnBody.self, from: $0.data).customInstructions }
      #expect(turns == ["Keep what is eaten", "Keep nothing", nil])
    }
  }

  @Test func `what else a project asks of extraction is asked of turns that say nothing of it`() async throws {
    let harness = Harness()
    let settings: JSONValue = [
      "inclusion_prompt": "food", "exclusion_prompt": "salaries", "agent_custom_instructions": "be brief",
      "custom_categories": [["eating": "food"], "x"], "custom_instructions": "",
    ]
    let answered: JSONValue = [["role": "user", "content": "I like tea"], ["role": "assistant", "content": "Noted"]]
    let own: [String: JSONValue] = [
      "infer": true, "messages": answered, "includes": "tea", "excludes": "", "agent_custom_instructions": "a",
      "custom_categories": [],
    ]
    try await harness.run { client in
      _ = try await client.send("PATCH", Self.own, json: settings)
      try await client.add("I like tea", extra: ["infer": true])
      try await client.add("I like tea", extra: ["infer": true, "messages": answered])
      try await client.add("I like tea", extra: own)
      try await client.add("I like tea", extra: ["infer": false])
      let read = try await client.send("GET", Self.own).json
      #expect(read["custom_categories"] == [["eating": "food"], "x"])
    }
    let turns = try harness.log.events.filter { $0.knownType == .turnRecorded }
      .map { try EventBodyCoding.decode(TurnBody.self, from: $0.data) }
    let categories = [CustomCategory("eating", "food"), CustomCategory("x")]
    #expect(turns.map(\.includes) == ["food", "food", "tea", nil])
    #expect(turns.map(\.excludes) == ["salaries", "salaries", "", nil])
    // They are of a turn in which an assistant speaks.
    #expect(turns.map(\.agentCustomInstructions) == [nil, "be brief", "a", nil])
    #expect(turns.map(\.customCategories) == [categories, categories, [], nil])
    #expect(turns.map(\.customInstructions) == [nil, nil, nil, nil])
  }

  @Test func `deleting a project deletes its memories and nothing else`() async throws {
    let harness = Harness()
    harness.reader.put(Fixture.view("Likes tea", tenant: "other"))
    try await harness.run { client in
      for user in ["ann", "bob"] { try await client.add("I like tea", user: user) }
      _ = try await client.send("PATCH", Self.own, json: ["custom_instructions": "Keep what is eaten"])
      #expect(try await client.send("DELETE", Self.own).status == 200)
      #expect(try await client.send("GET", Self.own).json["custom_instructions"] == .null)
      for user in ["ann", "bob"] {
        let found = try await client.send("POST", "/v3/memories/", json: ["filters": ["user_id": .string(user)]])
        #expect(try found.json["count"] == 0)
      }
      let deletions = try harness.log.events.filter { $0.knownType == .memoriesDeletionRequested }
      #expect(Set(deletions.map(\.owner.description)) == ["default/user:ann", "default/user:bob"])
      #expect(try await client.send("GET", "/v1/ping/").status == 200)
    }
  }
}
