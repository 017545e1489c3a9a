import Foundation
import MnemeCore
import MnemeTesting
import Synchronization
import Testing

/// A language model that misbehaves delays a turn, then parks it; it never loses one.
@Suite struct ModelFailureTests {
  /// What the endpoint does until it is well, and the code in dead letters.
  static let moods: [(name: String, reply: ScriptedReply, code: String)] = [
    ("429 with Retry-After", .text("slow down", status: 429, headers: ["Retry-After": "0"]), "rate_limited"),
    ("500", .text("oops", status: 500), "server_error"),
    ("hangs", .hang, "timeout"),
    ("prose", .chat("Sure! I will remember that."), "invalid_output"),
    ("truncated JSON", .chat("{\"turns\":[{\"index\":0,\"facts\":[{\"te", finishReason: "length"), "truncated_output"),
    ("cut connection", .cutOff(status: 200, body: Array("{\"choi".utf8), missingBytes: 100), "unreachable"),
    ("HTML", .html("<h1>gateway</h1>"), "malformed_reply"),
  ]

  static let goodReply = """
    {"turns":[{"index":0,"facts":[{"text":"Lives in Oslo","category":"personal_details","subject":"user",
    "attribute":"home","value":"Oslo","polarity":"positive","valid_from":null,"valid_to":null,"confidence":0.9,
    "message_index":0,"quote":"I live in Oslo"}]}]}
    """

  @Test(arguments: moods.indices)
  func aTurnIsRetriedThenParkedThenFinishedByARedrive(index: Int) async throws {
    let mood = Self.moods[index]
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let isWell = Mutex(false)
    let endpoint = try ScriptedHTTPServer { _ in isWell.withLock { $0 } ? .chat(Self.goodReply) : mood.reply }
    let server = try await Server.start(
      folder.path + "/data",
      arguments: [
        "--llm-url", endpoint.url + "/v1", "--llm-timeout", "0.5", "--llm-attempts", "2", "--llm-retry-delay", "0.01",
      ])
    try await server.say("I live in Oslo", user: "alex", id: "e1")
    try await server.waitUntilIdle()
    #expect(endpoint.requests.count == 2, "\(mood.name)")
    let event = try await server.get("/v1/event/e1/")
    #expect(event["status"] == "FAILED", "\(mood.name): \(event)")

    let data = ["--data-dir", server.directory]
    let listed = try await MnemeProcess.run(["deadletters", "list", "--json"] + data).json()
    let letter = try #require(listed.arrayValue?.first)
    #expect(letter["reason"]?["code"] == .string(mood.code), "\(mood.name): \(letter)")
    #expect(letter["reason"]?["attempts"] == 2)
    #expect(!"\(listed)".contains("Oslo"), "a list shows what a person said")
    let id = try #require(letter["id"]?.stringValue)
    let shown = try await MnemeProcess.run(["deadletters", "show", id] + data).json()
    #expect(shown["value"]?.stringValue?.contains("Oslo") == true)

    isWell.withLock { $0 = true }
    #expect(try await MnemeProcess.run(["deadletters", "redrive", "--all"] + data).status == 0)
    try await server.waitUntilIdle()
    #expect(try await server.get("/v1/event/e1/")["status"] == "SUCCEEDED", "\(mood.name)")
    #expect(try await server.search("where", user: "alex").first?["memory"] == "Lives in Oslo")
    #expect(try await MnemeProcess.run(["deadletters", "list", "--json"] + data).json() == [])
    _ = await server.stop()
    await endpoint.stop()
  }

  @Test func noPromptHoldsTwoOwnersAndSeveralTurnsOfOneShareACall() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let endpoint = try ScriptedHTTPServer { request in
      let prompt = request.json?["messages"]?.arrayValue?.last?["content"]?.stringValue ?? ""
      let turns = (try? EventBodyCoding.decode(JSONValue.self, from: Array(prompt.utf8)))?["turns"]?.arrayValue ?? []
      let entries = turns.indices.map { JSONValue.object(["index": .int(Int64($0)), "facts": []]) }
      return .chat(String(decoding: EventBodyCoding.encode(["turns": JSONValue.array(entries)]), as: UTF8.self))
    }
    let server = try await Server.start(
      folder.path + "/data", arguments: ["--llm-url", endpoint.url, "--partitions", "1"])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<60 {
        group.addTask {
          try await server.say("word-of-\(number % 3) \(number)", user: "user-\(number % 3)", id: "e\(number)")
        }
      }
      try await group.waitForAll()
    }
    try await server.waitUntilIdle()
    for request in endpoint.requests {
      let owners = (0..<3).filter { request.text.contains("word-of-\($0) ") }
      #expect(owners.count == 1)
    }
    #expect(endpoint.requests.count < 60)
    _ = await server.stop()
    await endpoint.stop()
  }
}
