import CurlHTTP
import EventLog
import Foundation
import MnemeCore
import MnemeTesting
import Testing

/// Generations on brokers: several processes fill one, and every process goes over.
@Suite struct KafkaReplayTests {
  @Test func twoProcessesFillASpaceAndAllGoOver() async throws {
    let deployment = try await KafkaDeployment.open()
    let model = try ReplayModel()
    let arguments =
      deployment.arguments + ["--llm-url", model.url, "--embedder", "openai:hash-64", "--embedding-dimension", "64"]
    let workers = ["a", "b"].map { name in
      FleetMember(
        "work", directory: "\(deployment.folder.path)/\(name)", arguments: arguments + ["--instance", name])
    }
    let projector = FleetMember("project", directory: "\(deployment.folder.path)/reader", arguments: arguments)
    for member in workers + [projector] { try await member.start() }
    let server = try await Server.start(projector.directory, role: "serve", arguments: arguments)
    // Until the projector, which begins at the same time, has made the shards, there is nothing to read.
    try await server.waitUntilIdle()
    for number in 0..<60 {
      try await server.say("I own a thing-\(number % 6)-\(number) in blue", user: "u\(number % 6)", id: "e\(number)")
    }
    try await server.waitUntilIdle()
    let other = ["--embedder", "openai:hash-96", "--embedding-url", model.url, "--embedding-dimension", "96"]
    async let first = deployment.run(
      ["replay", "reembed", "--json", "--data-dir", projector.directory] + other)
    async let second = deployment.run(
      ["replay", "reembed", "--json", "--data-dir", "\(deployment.folder.path)/helper"] + other)
    let filled = try await [first, second]
    #expect(filled.contains { $0.status == 0 }, "\(filled.map(\.errors))")

    let data = ["--data-dir", projector.directory]
    try await server.say("I own a thing-0-later in red", user: "u0", id: "later")
    // From a folder in which nothing was ever read.
    let promoted = try await deployment.run(
      ["generations", "promote", "g1@hash-96-96", "--data-dir", "\(deployment.folder.path)/elsewhere"])
    #expect(promoted.status == 0, "\(promoted.errors)")
    try await eventually("readers go over") { try await server.generation() == "g1@hash-96-96" }
    try await server.waitUntilIdle()
    #expect(try await server.search("owns a thing in red", user: "u0").count == 10)
    let content = try await deployment.content(projector.directory)
    #expect(content["memories"] == 61 && content["vectors"] == 61, "\(content)")
    let rebuilt = try await deployment.run(["replay", "rebuild", "--json"] + data)
    #expect(try rebuilt.json()["digest"] == content["digest"])

    #expect(try await deployment.run(["generations", "rollback"] + data).status == 0)
    try await eventually("readers go back") { try await server.generation() == "g1" }
    try await server.waitUntilIdle()
    #expect(try await deployment.content(projector.directory)["digest"] == content["digest"])
    let dropped = try await deployment.run(["generations", "drop", "g1@hash-96-96", "--yes"] + data)
    #expect(dropped.status == 0, "\(dropped.errors)")
    try await server.say("I own a thing-0-last in green", user: "u0", id: "last")
    try await server.waitUntilIdle()
    let topics = try await deployment.run(["topics", "list", "--json"]).output
    #expect(topics.contains("mneme.vectors.hash-64-64") && !topics.contains("mneme.vectors.hash-96-96"))
    #expect(await server.stop() == 0)
    for member in workers + [projector] { #expect(try await member.stop() == 0) }
    await model.stop()
    await deployment.close()
  }
}
