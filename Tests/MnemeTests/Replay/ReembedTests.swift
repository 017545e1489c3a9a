import CurlHTTP
import Foundation
import MnemeCore
import MnemeTesting
import Synchronization
import Testing

/// Another embedding space fills beside the one that is read, and readers go over without noticing.
@Suite(.serialized) struct ReembedTests {
  /// Reads and writes all the time, and remembers what went wrong.
  final class Traffic: Sendable {
    private let state = Mutex((failures: [String](), reads: 0, generations: Set<String>(), written: 0, hasEnded: false))
    private let server: Server
    private let users: Int

    var failures: [String] { state.withLock { $0.failures } }
    var reads: Int { state.withLock { $0.reads } }
    var generations: Set<String> { state.withLock { $0.generations } }
    private var hasEnded: Bool { state.withLock { $0.hasEnded } }
    var written: Int { state.withLock { $0.written } }

    init(_ server: Server, users: Int) {
      self.server = server
      self.users = users
    }

    func end() { state.withLock { $0.hasEnded = true } }

    func read() async {
      var number = 0
      while !hasEnded {
        number += 1
        let user = number % users
        do {
          let response = try await server.send(
            .post, "/v3/memories/search/",
            EventBodyCoding.encode(
              ["query": "owns a thing in blue", "filters": ["user_id": .string("u\(user)")], "top_k": 5]
                as JSONValue))
          let answer = try EventBodyCoding.decode(JSONValue.self, from: response.body)
          let hits = answer["results"]?.arrayValue ?? []
          let texts = hits.compactMap { $0["memory"]?.stringValue }
          state.withLock { state in
            state.reads += 1
            if let generation = response.headers["X-Mneme-Generation"] { state.generations.insert(generation) }
            if response.status != 200 || hits.isEmpty || !texts.allSatisfy({ $0.contains("thing-\(user)-") }) {
              state.failures.append("\(response.status): \(String(decoding: response.body.prefix(200), as: UTF8.self))")
            }
          }
        } catch {
          state.withLock { $0.failures.append("\(error)") }
        }
      }
    }

    func write() async {
      while !hasEnded {
        let number = state.withLock { state in
          state.written += 1
          return state.written
        }
        let user = number % users
        do {
          try await server.say("I own a thing-\(user)-\(number) in red", user: "u\(user)", id: "live-\(number)")
        } catch {
          state.withLock { $0.failures.append("write: \(error)") }
        }
        try? await Task.sleep(for: .milliseconds(20))
      }
    }
  }

  @Test func anotherSpaceFillsUnderLiveTraffic() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let model = try ReplayModel()
    let server = try await Server.start(
      folder.path + "/data",
      arguments: ["--llm-url", model.url, "--embedder", "openai:hash-64", "--embedding-dimension", "64"])
    let data = ["--data-dir", server.directory]
    for number in 0..<60 {
      try await server.say("I own a thing-\(number % 6)-\(number) in blue", user: "u\(number % 6)", id: "e\(number)")
    }
    try await server.waitUntilIdle()
    let traffic = Traffic(server, users: 6)
    let work = [Task { await traffic.read() }, Task { await traffic.read() }, Task { await traffic.write() }]
    let other = ["--embedder", "openai:hash-96", "--embedding-url", model.url, "--embedding-dimension", "96"]

    let filled = try await MnemeProcess.run(["replay", "reembed", "--json"] + other + data)
    #expect(filled.status == 0, "\(filled.errors)")
    let id = try #require(try filled.json()["id"]?.stringValue)
    #expect(id == "g1@hash-96-96")
    for step in [["promote", id], ["rollback"], ["promote", id]] {
      let done = try await MnemeProcess.run(["generations"] + step + data)
      #expect(done.status == 0, "\(step): \(done.errors)")
      let active = step == ["rollback"] ? "g1" : id
      try await eventually("readers go over") { try await server.generation() == active }
      let reads = traffic.reads
      try await eventually("reads go on") { traffic.reads > reads + 20 }
    }
    let dropped = try await MnemeProcess.run(["generations", "drop", "g1", "--yes"] + data)
    #expect(dropped.status == 0, "\(dropped.errors)")
    let reads = traffic.reads
    try await eventually("reads go on") { traffic.reads > reads + 20 }
    traffic.end()
    for task in work { await task.value }
    #expect(traffic.failures.isEmpty, "\(traffic.failures.prefix(3)) of \(traffic.reads)")
    #expect(traffic.generations == ["g1", id])

    // What was written meanwhile, and what is written now that resolution decides in the new space, has its vector.
    try await server.say("I own a thing-0-last in green", user: "u0", id: "last", waits: true)
    try await server.waitUntilIdle()
    let content = try await MnemeProcess.run(["verify", "--json"] + data).json()
    #expect(content["memories"] == .int(Int64(61 + traffic.written)), "\(content)")
    #expect(content["vectors"] == content["memories"])
    let listed = try await MnemeProcess.run(["generations", "list", "--json"] + data).json()
    #expect(listed.arrayValue?.map { $0["id"] } == [.string(id)])
    let topics = try await MnemeProcess.run(["topics", "list", "--json"] + data).output
    #expect(topics.contains("mneme.vectors.hash-96-96") && !topics.contains("mneme.vectors.hash-64-64"))
    #expect(!FileManager.default.fileExists(atPath: server.directory + "/projection/g1"))

    // The same digest once more, from the log alone.
    let rebuilt = try await MnemeProcess.run(["replay", "rebuild", "--json"] + data).json()
    #expect(rebuilt["digest"] == content["digest"])
    #expect(await server.stop() == 0)
    // After a restart it is still the one that is read, with the settings of before.
    let again = try await Server.start(
      server.directory, arguments: ["--llm-url", model.url, "--embedder", "openai:hash-96"])
    #expect(try await !again.search("thing-0-last", user: "u0").isEmpty)
    #expect(await again.stop() == 0)
    await model.stop()
  }

  /// What starts with another dimension is refused, with the command to run; nothing is lost.
  @Test(arguments: ["explicit", "probed", "minilm"])
  func anotherDimensionIsRefusedAtStart(way: String) async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let model = try ReplayModel()
    let arguments = ["--llm-url", model.url]
    let server = try await Server.start(
      folder.path + "/data", arguments: arguments + ["--embedder", "openai:hash-64", "--embedding-dimension", "64"])
    try await server.say("I own a boat", user: "alex", id: "e1", waits: true)
    #expect(await server.stop() == 0)
    let others = [
      "explicit": ["--embedder", "openai:hash-64", "--embedding-dimension", "32"],
      "probed": ["--embedder", "openai:hash-48"], "minilm": ["--embedder", "minilm"],
    ]
    let other = try #require(others[way])
    for role in ["up", "work", "serve", "project"] {
      let refused = try await MnemeProcess.run(
        [role, "--port", "0", "--data-dir", server.directory] + arguments + other)
      #expect(refused.status == 2, "\(role): \(refused.errors)")
      #expect(refused.errors.contains("mneme replay reembed \(other[0]) \(other[1])"), "\(refused.errors)")
      #expect(refused.errors.contains("hash-64-64"))
    }
    // What the message says works.
    let data = ["--data-dir", server.directory]
    let filling = try await Server.start(server.directory, arguments: arguments)
    #expect(try await filling.search("boat", user: "alex").count == 1)
    let filled = try await MnemeProcess.run(["replay", "reembed", "--json"] + arguments + other + data)
    #expect(filled.status == 0, "\(filled.errors)")
    let id = try #require(try filled.json()["id"]?.stringValue)
    #expect(try await MnemeProcess.run(["generations", "promote", id] + data).status == 0)
    #expect(await filling.stop() == 0)
    let later = try await Server.start(server.directory, arguments: arguments + other)
    #expect(try await later.search("boat", user: "alex").count == 1)
    #expect(await later.stop() == 0)
    await model.stop()
  }
}
