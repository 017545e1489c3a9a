import Foundation
import MnemeCore
import MnemeTesting
import Testing

/// `kill -9` at any moment changes nothing in the end.
@Suite struct CrashTests {
  static let turnCount = 150

  static func text(_ number: Int) -> String {
    switch number % 6 {
    case 0: "I moved to \(["Lisbon", "Berlin", "Oslo", "Quito"][number / 6 % 4]) last month."
    case 1: "I bought radio number \(number) yesterday."
    case 2: "Thanks!"
    case 3: "I'm allergic to \(["peanuts", "milk", "cats"][number / 6 % 3])."
    case 4: "My sister Anna visited me and we talked about plan \(number / 12)."
    default: "I love hiking near lake \(number % 18)."
    }
  }

  static func say(_ number: Int, to server: Server) async throws {
    let day = String(1 + number / 24)
    let hour = String(number % 24)
    let time = "2026-05-\(day.count == 1 ? "0" : "")\(day)T\(hour.count == 1 ? "0" : "")\(hour):00:00Z"
    try await server.say(
      text(number), user: "user-\(number % 5)", id: "turn-\(number)", at: time, infer: number % 7 != 0)
  }

  static func content(_ directory: String) async throws -> JSONValue {
    try await MnemeProcess.run(["verify", "--json", "--data-dir", directory]).content()
  }

  @Test func killedInTheMiddleItEndsWithTheSameContent() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let calm = try await Server.start(folder.path + "/calm")
    for number in 0..<Self.turnCount { try await Self.say(number, to: calm) }
    try await calm.waitUntilIdle()
    _ = await calm.stop()

    var random = SplitMix64(seed: 11)
    var server = try await Server.start(folder.path + "/killed")
    var killCount = 0
    var number = 0
    while number < Self.turnCount {
      if killCount < 6, random.below(20) == 0 {
        await server.kill()
        killCount += 1
        server = try await Server.start(folder.path + "/killed")
        // The publisher cannot know whether its last turns arrived, and sends them again.
        number = max(0, number - 3)
      }
      try await Self.say(number, to: server)
      number += 1
    }
    await server.kill()
    server = try await Server.start(folder.path + "/killed")
    try await server.waitUntilIdle()
    _ = await server.stop()

    #expect(killCount > 2)
    let content = try await Self.content(folder.path + "/killed")
    #expect(content == (try await Self.content(folder.path + "/calm")))
    #expect(content["turns"] == .int(Int64(Self.turnCount)))
  }
}
