import Foundation
import FoundationNetworking
import MnemeCore
import MnemeTesting
import Testing

/// What clients of mem0 ask for, of a server that runs: each group of endpoints once, with the pipeline behind it.
@Suite struct EndpointTests {
  private func run(_ body: (Server) async throws -> Void) async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let server = try await Server.start(folder.path + "/data")
    try await body(server)
    #expect(await server.stop() == 0)
  }

  /// Stores a message as it stands and returns the memory's id.
  private func keep(_ text: String, _ scope: [String: JSONValue], _ server: Server) async throws -> String {
    let body: [String: JSONValue] = ["messages": .string(text), "infer": false]
    let answer = try await server.post("/v3/memories/add/", .object(body.merging(scope) { $1 }))
    return try #require(answer["results"]?.arrayValue?.first?["id"]?.stringValue)
  }

  /// Sends what the program's own client has no method for.
  private func send(
    _ method: String, _ path: String, _ body: JSONValue? = nil, to server: Server
  ) async throws -> (status: Int, body: JSONValue) {
    var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(server.port)\(path)")))
    request.httpMethod = method
    request.httpBody = body.map { Data(EventBodyCoding.encode($0)) }
    let (data, response) = try await URLSession.shared.data(for: request)
    return (
      try #require(response as? HTTPURLResponse).statusCode,
      try EventBodyCoding.decode(JSONValue.self, from: Array(data))
    )
  }

  @Test func aBatchIsOneEventThatTellsOfAllItsMemories() async throws {
    try await run { server in
      let ids = [
        try await keep("I like tea", ["user_id": "ann"], server),
        try await keep("I like rye", ["user_id": "bob"], server),
      ]
      let elements = JSONValue.array(ids.map { ["memory_id": .string($0), "text": "changed"] })
      let updated = try await send("PUT", "/v1/batch/", ["memories": elements, "event_id": "b1"], to: server)
      #expect(updated.body["message"] == "Successfully updated 2 memories")
      for id in ids { #expect(try await server.get("/v1/memories/\(id)/")["memory"] == "changed") }
      let event = try await server.get("/v1/event/b1/")
      #expect(event["status"] == "SUCCEEDED" && event["results"]?.arrayValue?.count == 2)
      let deletion = try await send("DELETE", "/v1/batch/", ["memories": elements], to: server)
      #expect(deletion.body["message"] == "Successfully deleted 2 memories")
      let events = try await server.get("/v1/events/")
      #expect(events["results"]?.arrayValue?.map { $0["event_type"] } == ["DELETE", "UPDATE", "ADD", "ADD"])
      #expect(events["count"] == 4)
    }
  }

  @Test func entitiesAreListedAndDeletedUntilNoneIsLeft() async throws {
    try await run { server in
      _ = try await keep("I like tea", ["user_id": "al ice/x", "agent_id": "bot", "app_id": "shop"], server)
      _ = try await keep("I like rye", ["user_id": "bob", "run_id": "r1"], server)
      _ = try await keep("I help", ["agent_id": "bot"], server)
      let list = try await server.get("/v1/entities/")
      #expect(list["results"]?.arrayValue?.compactMap { $0["name"] } == ["al ice/x", "bob", "bot", "shop", "r1"])
      #expect(try await server.get("/v2/entities/agent/bot/")["total_memories"] == 2)
      #expect(try await server.get("/v1/stats/")["total_add_events"] == 3)
      for (type, name) in [("user", "al%20ice%2Fx"), ("user", "bob"), ("agent", "bot"), ("app", "shop"), ("run", "r1")]
      {
        let reply = try await send("DELETE", "/v2/entities/\(type)/\(name)/", to: server)
        #expect(reply.status == 200 && reply.body["message"] == "Entity deleted successfully!")
      }
      #expect(try await server.get("/entities") == [])
    }
  }

  @Test func olderClientsAndThoseOfTheSelfHostedServerGetTheirShapes() async throws {
    try await run { server in
      let added = try await server.post("/v1/memories/", ["messages": "I like tea", "user_id": "ann", "infer": false])
      let id = try #require(added.arrayValue?.first?["id"]?.stringValue)
      #expect(try await server.get("/v1/memories/?user_id=ann").arrayValue?.map { $0["memory"] } == ["I like tea"])
      let found = try await server.post("/v2/memories/search/", ["query": "tea", "filters": ["user_id": "ann"]])
      #expect(found.arrayValue?.first?["id"] == .string(id))
      let other = try await server.post(
        "/memories", ["messages": [["role": "user", "content": "I like rye"]], "user_id": "ann", "infer": false])
      #expect(other["results"]?.arrayValue?.first?["event"] == "ADD")
      let hits = try await server.post("/search", ["query": "rye", "user_id": "ann"])
      #expect(hits["results"]?.arrayValue?.first?["memory"] == "I like rye")
      #expect(try await server.get("/memories").arrayValue?.count == 2)
      let summary = try await server.post("/v1/summary/", ["filters": ["user_id": "ann"]])
      #expect(summary["count"] == 2 && summary["summary"]?.stringValue?.contains("I like rye") == true)
      #expect(try await server.get("/requests").arrayValue?.last?["path"] == "/v1/memories/")
      #expect(try await server.post("/reset", [:]) == ["message": "All memories reset"])
      #expect(try await server.get("/memories") == [])
    }
  }

  /// Everything that was asked for or set, and outlives the process that took it.
  @Test func whatIsAskedForAndSetIsThereAfterARestart() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let schema: JSONValue = ["properties": ["home": ["type": "string"], "memories": ["type": "array"]]]
    let before = try await Server.start(folder.path + "/data")
    let id = try await keep("I like tea", ["user_id": "ann", "metadata": ["home": "Oslo"]], before)
    let feedback: JSONValue = ["memory_id": .string(id), "feedback": "NEGATIVE", "feedback_reason": "it was rye"]
    #expect(try await before.post("/v1/feedback/", feedback)["status"] == "SUCCEEDED")
    let export = try await send(
      "POST", "/v1/exports/", ["schema": schema, "filters": ["user_id": "ann"]], to: before)
    #expect(export.status == 201)
    let settings = try await before.post(
      "/v2/profiles/settings/", ["entities": ["user": ["schema": schema, "custom_instructions": "short"]]])
    let trigger: JSONValue = ["operation": "trigger", "entity_type": "user", "entity_id": "ann"]
    let job = try await before.post("/v2/profiles/jobs/", trigger)
    let app = try await send("POST", "/v1/apps/", ["app_id": "shop", "metadata": ["a": 1]], to: before)
    #expect(app.status == 201 && app.body["metadata"] == ["a": 1])
    let profile = try await before.get("/v2/entities/user/ann/profile/")
    #expect(profile["profile"] == ["home": "Oslo", "memories": ["I like tea"]] && profile["generation_count"] == 1)
    #expect(await before.stop() == 0)

    let after = try await Server.start(folder.path + "/data")
    let memory = try await after.get("/v1/memories/\(id)/")
    #expect(memory["feedback"] == "NEGATIVE" && memory["feedback_reason"] == "it was rye")
    let fetched = try await after.post("/v1/exports/get/", ["memory_export_id": export.body["id"] ?? .null])
    #expect(fetched == profile["profile"])
    #expect(try await after.get("/v2/profiles/settings/") == settings)
    #expect(try await after.get(try #require(job["status_url"]?.stringValue))["job"]?["succeeded"] == 1)
    #expect(try await after.get("/v2/entities/user/ann/profile/") == profile)
    #expect(try await after.get("/v2/entities/app/shop/")["metadata"] == ["a": 1])
    let history = try await after.get("/v1/memories/\(id)/history/").arrayValue
    #expect(history?.map { $0["change"] } == ["ADD", "FEEDBACK"])
    #expect(await after.stop() == 0)
  }
}
