import CurlHTTP
import Foundation
import MnemeCore
import MnemeTesting
import Testing

/// Another prompt derives all facts again beside those that are read.
@Suite(.serialized) struct ReextractTests {
  struct World {
    let folder = TemporaryFolder()
    let model: ReplayModel
    let terse: [String]
    let chatty: [String]

    init(delay: Duration = .zero) throws {
      model = try ReplayModel(delay: delay)
      let base = [
        "--llm-url", model.url, "--llm-model", "m", "--llm-batch", "2", "--llm-concurrency", "2",
        "--data-dir", folder.path + "/data",
      ]
      terse = base + ["--llm-prompt", try ReplayModel.Style.terse.write(to: folder.path)]
      chatty = base + ["--llm-prompt", try ReplayModel.Style.chatty.write(to: folder.path)]
    }

    func start() async throws -> Server { try await Server.start(folder.path + "/data", arguments: terse) }

    func run(_ command: [String], _ arguments: [String]) async throws -> MnemeProcess.Result {
      try await MnemeProcess.run(command + arguments)
    }

    func close() async {
      await model.stop()
      folder.remove()
    }
  }

  @Test func anotherPromptUnderLiveWritesKeepsWhatPeopleDecided() async throws {
    let world = try World()
    let server = try await world.start()
    for number in 0..<24 {
      try await server.say(
        "I live in Town\(number). I own a car\(number)", user: "u\(number % 4)", id: "e\(number)",
        at: "2026-11-\(10 + number % 9)T12:00:00Z")
    }
    try await server.say("I own a boat. I own a kite. I live in Oslo", user: "alex", id: "a1")
    try await server.waitUntilIdle()
    let before = try await server.memories(of: "alex")
    #expect(before.keys.sorted() == ["Lives in Oslo", "Owns a boat", "Owns a kite"])
    func id(_ text: String) throws -> String { try #require(before[text]?["id"]?.stringValue) }
    #expect(try await server.request("DELETE", "/v1/memories/\(id("Owns a kite"))/?wait=true").status == 200)
    #expect(
      try await server.request(
        "PUT", "/v1/memories/\(id("Owns a boat"))/?wait=true", ["text": "Owns a sailing boat, blue"]
      ).status == 200)

    let hasEnded = ReplayModel.Counter()
    let writing = Task {
      var number = 0
      while hasEnded.value == 0 {
        number += 1
        try await server.say("I own a live\(number)", user: "u1", id: "live-\(number)")
        try? await Task.sleep(for: .milliseconds(120))
      }
      return number
    }
    let filled = try await world.run(["replay", "reextract", "--json"], world.chatty)
    #expect(filled.status == 0, "\(filled.errors)")
    #expect(try filled.json()["id"] == "g2")

    let html = world.folder.path + "/diff.html"
    let diff = try await world.run(
      ["generations", "diff", "--json", "--html", html, "--owner", "user:u2"], world.terse
    ).json()
    #expect(diff["from"] == "g1" && diff["to"] == "g2")
    // Whom nobody writes about now: the same facts, each in other words.
    #expect(diff["gone"] == 0 && diff["added"] == 0, "\(diff)")
    let change = try #require(diff["changes"]?.arrayValue?.first { $0["kind"] == "reworded" })
    #expect(change["new"]?["sources"]?.arrayValue?.isEmpty == false)
    let page = try String(contentsOfFile: html, encoding: .utf8)
    #expect(page.contains("Is the owner of a car") && page.contains("reworded"))

    let promoted = try await world.run(["generations", "promote", "g2"], world.terse)
    #expect(promoted.status == 0, "\(promoted.errors)")
    try await eventually("readers go over") { try await server.generation() == "g2" }
    hasEnded.add(1)
    let written = try await writing.value
    try await server.waitUntilIdle()
    let after = try await server.memories(of: "alex")
    #expect(after.keys.sorted() == ["Owns a sailing boat, blue", "Their home is Oslo these days"])
    #expect(after["Their home is Oslo these days"]?["id"] == before["Lives in Oslo"]?["id"])
    // Live turns are in the new words, whichever side of the switch they came on.
    let live = try await server.memories(of: "u1").keys.filter { $0.contains("live") }
    #expect(live.count == written && live.allSatisfy { $0.hasPrefix("Is the owner of a live") })

    // A deletion while the second one is read holds in the first one, too.
    let car = try #require(try await server.memories(of: "u0")["Is the owner of a car0"]?["id"]?.stringValue)
    #expect(try await server.request("DELETE", "/v1/memories/\(car)/?wait=true").status == 200)
    #expect(try await world.run(["generations", "rollback"], world.terse).status == 0)
    try await eventually("readers go back") { try await server.generation() == "g1" }
    try await server.waitUntilIdle()
    try await eventually("it is deleted") { try await server.memories(of: "u0")["Owns a car0"] == nil }
    #expect(try await server.memories(of: "alex").keys.sorted() == ["Lives in Oslo", "Owns a sailing boat, blue"])
    #expect(await server.stop() == 0)
    await world.close()
  }

  /// Killed at random, started again, shared by two: each turn is asked about once, but for calls that were in flight.
  @Test func aKilledReplayGoesOnAndPaysOnce() async throws {
    let world = try World(delay: .milliseconds(20))
    let server = try await world.start()
    let turnCount = 240
    for number in 0..<turnCount {
      try await server.say("I own a thing\(number)", user: "u\(number % 40)", id: "e\(number)")
    }
    try await server.waitUntilIdle()
    let asked = world.model.askedTurnCount
    var kills = 0
    for pause in [250, 420, 330] {
      let process = Process()
      process.executableURL = MnemeProcess.executable
      process.arguments = ["replay", "reextract"] + world.chatty
      process.standardError = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      let job = SendableProcess(process)
      try await Task.sleep(for: .milliseconds(pause))
      if job.isRunning {
        job.kill()
        kills += 1
      }
    }
    #expect(kills > 0)
    async let first = world.run(["replay", "reextract", "--json"], world.chatty)
    async let second = world.run(["replay", "reextract", "--json"], world.chatty)
    let results = try await [first, second]
    #expect(results.contains { $0.status == 0 }, "\(results.map(\.errors))")
    let listed = try await world.run(["generations", "list", "--json"], world.terse).json().arrayValue ?? []
    #expect(listed.map { $0["id"] } == ["g1", "g2"])
    #expect(listed.map { $0["state"] } == ["active", "ready"])
    // Two calls of two turns may have been under way at each kill.
    let spent = world.model.askedTurnCount - asked
    #expect(spent >= turnCount && spent <= turnCount + kills * 4, "\(spent) turns asked about")
    #expect(try await world.run(["generations", "promote", "g2"], world.terse).status == 0)
    let content = try await world.run(["verify", "--json"], world.terse).json()
    #expect(content["turns"] == .int(Int64(turnCount)) && content["memories"] == .int(Int64(turnCount)))

    // Dropped and derived again, nothing is asked.
    #expect(try await world.run(["generations", "rollback"], world.terse).status == 0)
    #expect(try await world.run(["generations", "drop", "g2", "--yes"], world.terse).status == 0)
    let before = world.model.askedTurnCount
    let again = try await world.run(["replay", "reextract", "--json"], world.chatty)
    #expect(again.status == 0, "\(again.errors)")
    #expect(try again.json()["reused_turns"] == .int(Int64(turnCount)))
    #expect(world.model.askedTurnCount == before)
    #expect(await server.stop() == 0)
    await world.close()
  }

  @Test func aBudgetADryRunAndASelection() async throws {
    let world = try World()
    let server = try await world.start()
    for number in 0..<40 {
      try await server.say("I own a thing\(number)", user: "u\(number % 10)", id: "e\(number)")
    }
    try await server.waitUntilIdle()
    let asked = world.model.askedTurnCount
    let prices = ["--llm-prompt-price", "2", "--llm-completion-price", "6"]
    let estimate = try await world.run(
      ["replay", "reextract", "--dry-run", "--sample", "4", "--json"] + prices, world.chatty
    ).json()
    #expect(estimate["items"] == 40)
    #expect(estimate["prompt_tokens"] == 400 && estimate["completion_tokens"] == 200)
    // 400 × 2 + 200 × 6 millionths.
    #expect(estimate["cost"] == .double(0.002))
    #expect(world.model.askedTurnCount - asked <= 8)
    #expect(try await world.run(["generations", "list", "--json"], world.terse).json().arrayValue?.count == 1)

    let stopped = try await world.run(["replay", "reextract", "--max-tokens", "150", "--json"], world.chatty)
    #expect(stopped.status == 1)
    #expect(stopped.errors.contains("the budget of 150 tokens is used up"), "\(stopped.errors)")
    // 15 tokens a turn: what was spent is at least the budget, and at most the calls in flight more.
    let spent = 15 * (world.model.askedTurnCount - asked)
    #expect(spent >= 150 && spent <= 150 + 15 * 12, "\(spent)")
    let costly = try await world.run(["replay", "reextract", "--max-cost", "0.001", "--json"], world.chatty)
    #expect(costly.status == 2 && costly.errors.contains("--llm-prompt-price"), "\(costly.errors)")
    let finished = try await world.run(["replay", "reextract", "--json"], world.chatty)
    #expect(finished.status == 0, "\(finished.errors)")
    #expect(world.model.askedTurnCount - asked == 40)

    // Only one owner's facts come in other words.
    #expect(try await world.run(["generations", "drop", "g2", "--yes"], world.terse).status == 0)
    let narrow = try await world.run(["replay", "reextract", "--json", "--owner", "user:u3"], world.chatty)
    #expect(narrow.status == 0, "\(narrow.errors)")
    #expect(try await world.run(["generations", "promote", "g3"], world.terse).status == 0)
    try await eventually("readers go over") { try await server.generation() == "g3" }
    #expect(try await server.memories(of: "u3").keys.allSatisfy { $0.hasPrefix("Is the owner of") })
    #expect(try await server.memories(of: "u4").keys.allSatisfy { $0.hasPrefix("Owns a") })
    #expect(try await server.memories(of: "u4").count == 4)
    #expect(await server.stop() == 0)
    await world.close()
  }

  /// Another policy decides anew about the facts that are there, and asks no model.
  @Test func anotherPolicyAsksNoModel() async throws {
    let world = try World()
    let server = try await world.start()
    for number in 0..<20 {
      try await server.say("I own a thing\(number)", user: "u\(number % 5)", id: "e\(number)")
    }
    try await server.waitUntilIdle()
    let asked = world.model.askedTurnCount
    let filled = try await world.run(
      ["replay", "reextract", "--from", "facts", "--near-duplicate-cosine", "0.99", "--json"], world.terse)
    #expect(filled.status == 0, "\(filled.errors)")
    #expect(world.model.askedTurnCount == asked)
    #expect(try await world.run(["generations", "promote", "g2"], world.terse).status == 0)
    // The facts are shared: dropping the first one leaves them.
    #expect(try await world.run(["generations", "drop", "g1", "--yes"], world.terse).status == 0)
    try await server.say("I own a last thing", user: "u0", id: "last", waits: true)
    try await server.waitUntilIdle()
    #expect(try await server.memories(of: "u0").count == 5)
    let topics = try await world.run(["topics", "list", "--json"], world.terse).output
    #expect(topics.contains("mneme.facts.g1") && !topics.contains("mneme.memories.g1\""))
    #expect(await server.stop() == 0)
    await world.close()
  }
}
