import EventLog
import FoundationEssentials
import MnemeCore
import MnemeProjection
import Synchronization
import Testing

@testable import MnemeQuery

@Suite struct BatchTests {
  private static let (first, second) = (
    UUID(uuidString: "4B0F2A52-0000-4000-8000-000000000001")!, UUID(uuidString: "4B0F2A52-0000-4000-8000-000000000002")!
  )

  private static func filled(processes: Bool = true, _ change: (inout QueryConfiguration) -> Void = { _ in }) -> Harness
  {
    let harness = Harness(processes: processes, change)
    harness.reader.put(Fixture.view("Likes tea", id: first))
    harness.reader.put(Fixture.view("Likes rye", id: second, scope: Scope(userID: "bob")))
    return harness
  }

  private static func element(_ id: UUID, _ members: [String: JSONValue] = [:]) -> JSONValue {
    .object(members.merging(["memory_id": .string(id.text)]) { $1 })
  }

  private static func texts(_ harness: Harness) -> [String] {
    harness.reader.state.withLock { $0.memories.values.map(\.memory.text) }.sorted()
  }

  @Test func `an update changes all of them in one event, whose results are all of theirs`() async throws {
    let harness = Self.filled()
    try await harness.run { client in
      let reply = try await client.send(
        "PUT", "/v1/batch/",
        json: [
          "memories": [
            Self.element(Self.first, ["text": "Likes coffee"]), Self.element(Self.second, ["metadata": ["k": 1]]),
          ], "event_id": "b/1",
        ])
      #expect(reply.status == 200, "\(reply.text)")
      #expect(try reply.json["message"] == "Successfully updated 2 memories")
      let event = try await client.send("GET", "/v1/event/b%2F1/").json
      #expect(event["status"] == "SUCCEEDED" && event["event_type"] == "UPDATE")
      #expect(event["results"]?.arrayValue?.compactMap { $0["memory"] } == ["Likes coffee", "Likes rye"])
      let list = try await client.send("GET", "/v1/events/").json
      #expect(list["count"] == 1 && list["results"]?.arrayValue?.compactMap { $0["id"] } == ["b/1"])
    }
    #expect(Self.texts(harness) == ["Likes coffee", "Likes rye"])
    let events = try harness.log.events
    #expect(events.map(\.id) == ["b/1/\(Self.first.text)", "b/1"])
    #expect(events.allSatisfy { $0.knownType == .memoryEditRequested })
    let edits = try events.map { try EventBodyCoding.decode(MemoryEditRequest.self, from: $0.data) }
    #expect(edits.map { $0.targets?.map(\.text) } == [["Likes tea"], ["Likes rye"]])
  }

  @Test func `a deletion has a body, and sent again it is the same one`() async throws {
    let harness = Self.filled()
    try await harness.run { client in
      for _ in 0..<2 {
        let reply = try await client.send(
          "DELETE", "/v1/batch/", json: ["memories": [Self.element(Self.first), Self.element(Self.second)]],
          headers: ["Idempotency-Key": "b1"])
        #expect(reply.status == 200, "\(reply.text)")
        #expect(try reply.json["message"] == "Successfully deleted 2 memories" && reply.json["event_id"] == "b1")
      }
      let other = try await client.send(
        "PUT", "/v1/batch/", json: ["memories": [Self.element(Self.first, ["text": "x"])]],
        headers: ["Idempotency-Key": "b1"])
      #expect(other.status == 409)
    }
    #expect(Self.texts(harness).isEmpty && harness.log.records.count == 2)
  }

  static let wrongBodies: [(String, JSONValue, Int, String)] = [
    ("PUT", [:], 400, "memories must be a list"), ("PUT", ["memories": []], 400, "memories must be a list"),
    ("PUT", ["memories": "x"], 400, "memories must be a list"),
    ("PUT", ["memories": ["x"]], 400, "memories[0] must be an object"),
    ("PUT", ["memories": [["text": "x"]]], 400, "memories[0].memory_id should be a valid UUID"),
    ("PUT", ["memories": [element(first, ["text": "x"]), element(second)]], 400, "memories[1]: nothing to change"),
    ("PUT", ["memories": [element(first, ["text": " "])]], 400, "memories[0].text is empty"),
    ("PUT", ["memories": [element(first, ["metadata": "x"])]], 400, "memories[0].metadata must be an object"),
    (
      "PUT", ["memories": [element(first, ["text": "a"]), element(first, ["text": "b"])]], 400,
      "memories[1].memory_id stands in the batch twice"
    ), ("DELETE", ["memories": [element(first), ["memory_id": "x"]]], 400, "memories[1].memory_id should be"),
    ("DELETE", ["memories": .array((0..<1001).map { _ in element(UUID()) })], 400, "memories has more than 1000"),
    (
      "DELETE", ["memories": [element(first), element(UUID()), element(second)]], 404, "memories[1]: Memory not found!"
    ),
  ]

  @Test(arguments: wrongBodies)
  func `a batch that is wrong in one place changes nothing`(
    method: String, body: JSONValue, status: Int, message: String
  ) async throws {
    let harness = Self.filled()
    try await harness.run { client in
      let reply = try await client.send(method, "/v1/batch/", json: body)
      #expect(reply.status == status, "\(reply.text)")
      #expect(try reply.json["detail"]?.stringValue?.hasPrefix(message) == true, "\(reply.text)")
    }
    #expect(harness.log.records.isEmpty)
  }

  @Test func `a batch is awaited unless the caller does not want to`() async throws {
    let harness = Self.filled(processes: false) { $0.outcomeTimeout = .milliseconds(20) }
    try await harness.run { client in
      for target in ["/v1/batch/", "/v1/batch/?wait=false"] {
        let reply = try await client.send("DELETE", target, json: ["memories": [Self.element(Self.first)]])
        #expect(reply.status == 200)
        #expect(try reply.json["status"] == "PENDING")
      }
    }
  }
}
