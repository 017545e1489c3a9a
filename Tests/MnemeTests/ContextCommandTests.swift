import CurlHTTP
import Foundation
import MnemeCore
import MnemeTesting
import Testing

/// Context and reranking, through the real program.
@Suite struct ContextCommandTests {
  @Test func aContextIsTheSameOverHTTPAndOnTheCommandLine() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let server = try await Server.start(folder.path + "/data")
    try await server.say(
      "I live in Lisbon and I'm allergic to peanuts", user: "alex", id: "1", at: "2026-09-07T09:00:00Z")
    try await server.say("I moved to Berlin last month", user: "alex", id: "2")
    let filler = String(repeating: "We talked about the weather for a long while. ", count: 40)
    try await server.say(filler + "My flat is near the canal. " + filler, user: "alex", id: "3", infer: false)
    try await server.say("I live in Oslo", user: "bob", id: "4")
    try await server.waitUntilIdle()

    let question = "Where is the flat, and where does Alex live?"
    let answer = try await server.post(
      "/v1/context/", ["query": .string(question), "filters": ["user_id": "alex"], "max_tokens": 300])
    let text = try #require(answer["context"]?.stringValue)
    #expect(text.contains("Berlin") && !text.contains("Lisbon") && !text.contains("Oslo"), "\(text)")
    #expect(text.contains("user: \u{2026} My flat is near the canal. \u{2026}"), "\(text)")
    #expect(TokenEstimate.count(text) <= 300 && answer["tokens"] == .int(Int64(TokenEstimate.count(text))))
    let lines = text.split(separator: "\n").filter { $0.hasPrefix("[") }
    let cited = try #require(answer["memories"]?.arrayValue)
    #expect(lines.count == cited.count && cited.allSatisfy { $0["user_id"] == "alex" })

    let command = ["context", question, "--user", "alex", "--max-tokens", "300", "--data-dir", server.directory]
    let printed = try await MnemeProcess.run(command)
    #expect(printed.status == 0 && printed.output == text + "\n", "\(printed.errors)")
    let json = try await MnemeProcess.run(command + ["--json"]).json()
    #expect(json["context"] == .string(text) && json["tokens"] == answer["tokens"])
    #expect(json["memories"]?.arrayValue?.map { $0["id"] } == cited.map { $0["id"] })
    _ = await server.stop()
  }

  @Test func aSearchThatAsksForItIsReranked() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    // Prefers what is about peanuts, whatever was asked.
    let endpoint = try ScriptedHTTPServer { request in
      let documents = request.json?["documents"]?.arrayValue ?? []
      let results = documents.enumerated().map { index, document -> JSONValue in
        let relevance = document.stringValue?.contains("peanuts") == true ? 0.75 : 0.25
        return ["index": .int(Int64(index)), "relevance_score": .double(relevance)]
      }
      return .json(["results": .array(results)])
    }
    let server = try await Server.start(
      folder.path + "/data", arguments: ["--rerank-url", endpoint.url + "/v1", "--rerank-model", "m"],
      environment: ["MNEME_RERANK_API_KEY": "sk-hunter2"])
    for (number, text) in ["I live in Lisbon", "I avoid peanuts", "I have a cello"].enumerated() {
      try await server.say(text, user: "alex", id: "\(number)", infer: false)
    }
    try await server.waitUntilIdle()
    let body: [String: JSONValue] = [
      "query": "Where do I live?", "filters": ["user_id": "alex"], "threshold": 0, "rerank": true, "explain": true,
    ]
    let hits = try #require(try await server.post("/v3/memories/search/", .object(body))["results"]?.arrayValue)
    #expect(hits.count == 3)
    #expect(hits.first?["memory"] == "I avoid peanuts" && hits.first?["score"] == .double(0.75))
    #expect(hits.first?["explain"]?["rerank"] == .double(0.75))
    #expect(endpoint.requests.first?.header("authorization") == "Bearer sk-hunter2")
    #expect(endpoint.requests.first?.json?["model"] == "m")
    let own = try await server.search("Where do I live?", user: "alex")
    #expect(own.first?["memory"] == "I live in Lisbon" && endpoint.requests.count == 1)

    await endpoint.stop()
    let response = try await server.send(.post, "/v3/memories/search/", EventBodyCoding.encode(JSONValue.object(body)))
    #expect(response.status == 200 && response.headers["X-Mneme-Degraded"] == "not-reranked")
    let first = try EventBodyCoding.decode(JSONValue.self, from: response.body)["results"]?.arrayValue?.first
    #expect(first?["memory"] == "I live in Lisbon")
    _ = await server.stop()
  }
}
