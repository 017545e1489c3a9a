import Foundation
import MnemeCore
import MnemeTesting
import Testing

/// The sample conversation, through the real program.
@Suite struct SampleTests {
  @Test func mnemeRemembersWhatWasSaidAndForgetsNothingButSmallTalk() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let server = try await Server.start(folder.path + "/data")
    try await server.say(
      "I'm Alex, I live in Lisbon and I'm allergic to peanuts", user: "alex", id: "1", at: "2026-09-07T09:00:00Z")
    try await server.say("I moved to Berlin last month", user: "alex", id: "2")
    try await server.say("I'm Bob and I play the cello.", user: "bob", id: "3")
    try await server.waitUntilIdle()
    let before = try await server.get("/v1/lag/")
    #expect(before["total"] == 0)

    let hits = try await server.search("Where does Alex live?", user: "alex")
    let first = try #require(hits.first)
    #expect(first["memory"]?.stringValue?.contains("Berlin") == true, "\(first)")
    #expect(!hits.contains { $0["memory"]?.stringValue?.contains("Lisbon") == true })
    let id = try #require(first["id"]?.stringValue)
    let history = try #require(try await server.get("/v1/memories/\(id)/history/").arrayValue)
    #expect(history.contains { "\($0)".contains("Lisbon") })
    let old = try await MnemeProcess.run(["history", id, "--json", "--data-dir", server.directory]).json()
    let ended = try #require(old.arrayValue?.first { $0["event"] == "SUPERSEDE" })
    #expect(ended["valid_to"]?.stringValue?.hasPrefix("2026-10") == true, "\(ended)")

    try await server.say("Thanks!", user: "alex", id: "4", waits: true)
    let event = try await server.get("/v1/event/4/")
    #expect(event["status"] == "SUCCEEDED")
    #expect(event["results"] == [])

    for question in ["Where does Alex live?", "Berlin", "peanuts", "allergic"] {
      for hit in try await server.search(question, user: "bob") {
        #expect(hit["user_id"] == "bob", "\(hit)")
      }
    }
    #expect(await server.stop() == 0)
  }

  @Test func theCommandLineDoesTheSame() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let server = try await Server.start(folder.path + "/data")
    let data = ["--data-dir", server.directory]
    let added = try await MnemeProcess.run(
      ["add", "I live in Oslo", "--user", "alex", "--event-id", "e1", "--wait", "30", "--json"] + data)
    #expect(added.status == 0, "\(added.errors)")
    #expect(try added.json()["results"]?.arrayValue?.count == 1)
    let found = try await MnemeProcess.run(
      ["search", "where does alex live", "--user", "alex", "--explain", "--json"] + data)
    #expect(try found.json()["results"]?.arrayValue?.first?["cosine"] != nil)
    let listed = try await MnemeProcess.run(["list", "--user", "alex", "--json"] + data)
    #expect(try listed.json()["count"] == 1)
    let lag = try await MnemeProcess.run(["lag", "--json"] + data)
    #expect(try lag.json()["total"] == 0)
    let live = try await MnemeProcess.run(["verify", "--json"] + data).json()
    let rebuilt = try await MnemeProcess.run(["replay", "rebuild", "--json"] + data)
    #expect(rebuilt.status == 0, "\(rebuilt.errors)")
    #expect(try rebuilt.json()["digest"] == live["digest"])
    #expect(try await MnemeProcess.run(["verify", "--json"] + data).json() == live)
    // The running server has switched to the rebuilt shards, and goes on folding them.
    try await server.say("I like tea", user: "alex", id: "e2", waits: true)
    #expect(try await server.search("what does alex like", user: "alex").count == 2)
    _ = await server.stop()
  }

  static let commandLines: [(arguments: [String], status: Int32)] = [
    (["nonsense"], 2), (["search", "x"], 2), (["add", "x", "--user", ""], 2), (["--help"], 0),
    (["search", "--help"], 0),
    (["search", "x", "--user", "a", "--top-k", "0"], 2),
    (["context", "x"], 2), (["context", "x", "--user", "a", "--max-tokens", "1"], 2),
    (["serve", "--rerank-model", "m"], 2), (["lag", "--log", "carrier-pigeon"], 2),
    (["up", "--host", "0.0.0.0"], 2), (["history", "not-a-uuid"], 2), (["lag", "--config", "/nonexistent.yaml"], 2),
    (["deadletters", "redrive"], 2), (["verify", "--data-dir", "/proc/nowhere"], 1),
  ]

  @Test(arguments: commandLines.indices)
  func exitCodesTellWrongUseFromFailure(index: Int) async throws {
    let (arguments, status) = Self.commandLines[index]
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let data = arguments.contains("--data-dir") ? [:] : ["MNEME_DATA_DIR": folder.path]
    let result = try await MnemeProcess.run(arguments, environment: data)
    #expect(result.status == status, "\(arguments): \(result.errors)")
    if status == 0 { #expect(!result.output.isEmpty) } else { #expect(!result.errors.isEmpty) }
  }
}
