import CurlHTTP
import Foundation
import MnemeCore
import MnemeTesting
import Synchronization
import Testing

/// Webhooks that really fire: the whole program, and a receiver on this machine.
@Suite(.serialized) struct WebhookTests {
  /// What a receiver got, and how it answers: as `answer` says, given how often the same message came before.
  final class Receiver: Sendable {
    let server: ScriptedHTTPServer

    init(_ answer: @escaping @Sendable (_ attempt: Int) -> ScriptedReply) throws {
      let seen = Mutex<[String: Int]>([:])
      self.server = try ScriptedHTTPServer { request in
        let id = request.header("webhook-id") ?? ""
        let attempt = seen.withLock { seen in
          seen[id, default: 0] += 1
          return seen[id, default: 0]
        }
        return answer(attempt)
      }
    }

    /// Ids of messages by what was told of.
    var ids: [String: Set<String>] {
      server.requests.reduce(into: [:]) { ids, request in
        let details = request.json?["event_details"]
        let about = details?["data"]?["memory"]?.stringValue ?? details?["id"]?.stringValue ?? ""
        ids["\(details?["event"]?.stringValue ?? "") \(about)", default: []].insert(request.header("webhook-id") ?? "")
      }
    }
  }

  static let allowed = ["--webhook-allow-private", "on"]

  static func create(_ server: Server, _ url: String, _ events: [JSONValue]) async throws -> JSONValue {
    let response = try await server.send(
      .post, "/api/v1/webhooks/projects/default/",
      EventBodyCoding.encode(["url": .string(url), "name": "test", "event_types": .array(events)] as JSONValue))
    #expect(response.status == 201, "\(String(decoding: response.body, as: UTF8.self))")
    return try EventBodyCoding.decode(JSONValue.self, from: response.body)
  }

  static func deliveries(_ server: Server, _ id: String) async throws -> [JSONValue] {
    try await server.get("/api/v1/webhooks/\(id)/deliveries/")["results"]?.arrayValue ?? []
  }

  @Test func `each change is told, signed, over failures and kills, and a replay tells nobody`() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let receiver = try Receiver { attempt in .text("", status: attempt < 3 ? 503 : 200) }
    let directory = folder.path + "/data"
    var server = try await Server.start(directory, arguments: Self.allowed)
    try await server.say("I like coffee", user: "alex", id: "before", infer: false, waits: true)
    let made = try await Self.create(
      server, receiver.server.url + "/hook", ["memory_add", "memory_update", "memory_delete", "ingest_job_completed"])
    let id = try #require(made["webhook_id"]?.stringValue)
    let secret = try #require(made["secret"]?.stringValue)

    // Killed while messages are tried, and again while memories are decided.
    for round in 0..<3 {
      for number in 0..<4 {
        try await server.say(
          "I bought radio number \(round * 4 + number)", user: "alex", id: "turn-\(round)-\(number)", infer: false)
      }
      if round == 1 {
        try await eventually("a first attempt") { !receiver.server.requests.isEmpty }
      }
      await server.kill()
      server = try await Server.start(directory, arguments: Self.allowed)
    }
    try await server.waitUntilIdle()
    try await eventually("every message is taken") {
      let pending = try await Self.pending(server)
      return pending == 0 && receiver.ids.count { $0.key.hasPrefix("ADD") } == 12
    }
    let ids = receiver.ids
    #expect(ids.count { $0.key.hasPrefix("INGEST_JOB_COMPLETED") } == 12)
    #expect(ids.values.allSatisfy { $0.count == 1 }, "each change has one message id: \(ids)")
    #expect(!ids.keys.contains { $0.contains("coffee") }, "nothing of before is told")
    for request in receiver.server.requests {
      let time = try #require(request.header("webhook-timestamp").flatMap { Int64($0) })
      #expect(
        request.header("webhook-signature")
          == WebhookSignature.sign(
            id: request.header("webhook-id") ?? "", timestamp: time, body: request.body, secret: secret))
    }
    let results = try await Self.deliveries(server, id)
    #expect(results.count == 24 && results.allSatisfy { $0["status"] == "delivered" })
    #expect(results.allSatisfy { $0["response_status"] == 200 && $0["error"] == .null })

    // An edit and a deletion are told too; deriving everything anew, and going over to it, is not.
    let found = try await server.search("radio number 3", user: "alex")
    let memory = try #require(found.first?["id"]?.stringValue)
    _ = try await server.request("PUT", "/v1/memories/\(memory)/?wait=true", ["text": "Owns a blue radio"])
    _ = try await server.request("DELETE", "/v1/memories/\(memory)/?wait=true")
    try await eventually("the edit and the deletion are told") {
      let ids = receiver.ids
      return ids["UPDATE Owns a blue radio"] != nil && ids["DELETE \(memory)"] != nil
    }
    try await eventually("all is taken") { try await Self.pending(server) == 0 }
    let count = receiver.ids.count
    let arguments = ["--data-dir", directory]
    let replay = try await MnemeProcess.run(
      ["replay", "reextract", "--from", "facts", "--near-duplicate-cosine", "0.97", "--json"] + arguments)
    #expect(replay.status == 0, "\(replay.errors)")
    let promoted = try await MnemeProcess.run(["generations", "promote", "g2"] + arguments)
    #expect(promoted.status == 0, "\(promoted.errors)")
    try await server.say("I bought a kayak", user: "alex", id: "after", infer: false, waits: true)
    try await eventually("what follows is told by the new generation") {
      receiver.ids.contains { $0.key.hasPrefix("ADD") && $0.key.contains("kayak") }
    }
    try await eventually("all is taken") { try await Self.pending(server) == 0 }
    #expect(receiver.ids.count == count + 2, "\(receiver.ids.keys.sorted())")
    #expect(await server.stop() == 0)
    await receiver.server.stop()
  }

  static func pending(_ server: Server) async throws -> Int? {
    let response = try await server.send(.get, "/metrics")
    let line = String(decoding: response.body, as: UTF8.self).split(separator: "\n")
      .first { $0.hasPrefix("mneme_webhook_messages_pending ") }
    return line.flatMap { Int($0.split(separator: " ")[1]) }
  }

  /// Who takes turns in, who decides, who calls and who lists are processes of their own.
  @Test func `on brokers, what a worker did not tell before it was killed is told by the next one`() async throws {
    let deployment = try await KafkaDeployment.open()
    let isTaking = Atomic(false)
    let receiver = try Receiver { _ in .text("", status: isTaking.load(ordering: .relaxed) ? 204 : 500) }
    func worker(_ name: String) -> FleetMember {
      FleetMember(
        "work", directory: "\(deployment.folder.path)/\(name)",
        arguments: deployment.arguments + Self.allowed + ["--instance", "worker", "--log-level", "info"])
    }
    let projector = deployment.projector("reader")
    let first = worker("first")
    try await first.start()
    try await projector.start()
    let server = try await Server.start(
      projector.directory, role: "serve", arguments: deployment.arguments + Self.allowed)
    let id = try #require(
      try await Self.create(server, receiver.server.url, ["memory_add"])["webhook_id"]?.stringValue)
    for number in 0..<6 {
      try await server.say("I bought radio number \(number)", user: "u\(number)", id: "turn-\(number)", infer: false)
    }
    try await eventually("a call") { !receiver.server.requests.isEmpty }
    await first.kill()
    isTaking.store(true, ordering: .relaxed)
    let second = worker("second")
    try await second.start()
    try await eventually("all are told") {
      let results = try await Self.deliveries(server, id)
      return results.count == 6 && results.allSatisfy { $0["status"] == "delivered" }
    }
    #expect(receiver.ids.count == 6 && receiver.ids.values.allSatisfy { $0.count == 1 })
    #expect(await server.stop() == 0)
    for member in [second, projector] { #expect(try await member.stop() == 0) }
    await receiver.server.stop()
    await deployment.close()
  }

  @Test func `an address of this machine is refused unless that is allowed`() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let receiver = try Receiver { _ in .text("") }
    let directory = folder.path + "/data"
    // Made where it was allowed, and called where it is not: the connection itself is refused.
    var server = try await Server.start(directory, arguments: Self.allowed)
    let id = try #require(
      try await Self.create(server, receiver.server.url, ["memory_add"])["webhook_id"]?.stringValue)
    #expect(await server.stop() == 0)
    server = try await Server.start(directory)
    let refused = try await server.send(
      .post, "/api/v1/webhooks/projects/default/",
      EventBodyCoding.encode(["url": .string(receiver.server.url), "event_types": ["memory_add"]] as JSONValue))
    #expect(refused.status == 400)
    try await server.say("I like tea", user: "alex", id: "1", infer: false, waits: true)
    try await eventually("it is given up") { try await Self.deliveries(server, id).first?["status"] == "failed" }
    let delivery = try await Self.deliveries(server, id).first
    #expect(delivery?["error"] == "address_refused" && delivery?["attempts"] == 1)
    #expect(receiver.server.connectionCount == 0)
    let letters = try await MnemeProcess.run(["deadletters", "list", "--json", "--data-dir", directory]).json()
    #expect(letters.arrayValue?.count == 1)
    #expect(await server.stop() == 0)

    // Allowed, and put back, it is told.
    server = try await Server.start(directory, arguments: Self.allowed)
    let redriven = try await MnemeProcess.run(["deadletters", "redrive", "--all", "--data-dir", directory])
    #expect(redriven.status == 0, "\(redriven.errors)")
    try await eventually("it is told") { receiver.server.requests.count == 1 }
    #expect(await server.stop() == 0)
    await receiver.server.stop()
  }
}
