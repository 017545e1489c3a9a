import EventLog
import FoundationEssentials
import MnemeCore
import MnemeProjection
import Testing

@testable import MnemeQuery

@Suite struct MemoryTests {
  private let harness = Harness()

  @Test func `a memory that was added can be read, changed and deleted, and its history stays`() async throws {
    try await self.harness.run { client in
      let id = try #require(try await client.add("I like tea")["results"]?.arrayValue?.first?["id"]?.stringValue)
      let path = "/v1/memories/\(id)/"
      #expect(try await client.send("GET", path).json["memory"] == "I like tea")
      let updated = try await client.send(
        "PUT", path,
        json: ["text": "I like coffee", "metadata": ["k": "v"], "expiration_date": "2027-01-01", "timestamp": 0])
      let object = try updated.json
      #expect(updated.status == 200)
      #expect(object["memory"] == "I like coffee")
      #expect(object["metadata"] == ["k": "v"])
      #expect(object["expiration_date"] == "2027-01-01")
      #expect(object["valid_from"] == "1970-01-01T00:00:00.000Z")
      #expect(object["edited"] == true)
      #expect(object["status"] == "SUCCEEDED")
      let cleared = try await client.send("PUT", path, json: ["expiration_date": nil])
      #expect(try cleared.json["expiration_date"] == .null)
      let deleted = try await client.send("DELETE", path)
      #expect(deleted.status == 200)
      #expect(try deleted.json["message"] == "Memory deleted successfully!")
      #expect(try deleted.json["cascade_count"] == nil)
      let gone = try await client.send("GET", path)
      #expect(gone.status == 404)
      #expect(try gone.json["error"] == "Memory not found!")
      #expect(try await client.send("DELETE", path).status == 404)
      let history = try await client.send("GET", "\(path)history/").json
      #expect(history.arrayValue?.map { $0["event"] } == ["ADD", "UPDATE", "UPDATE", "DELETE"])
    }
  }

  @Test func `an immutable memory can be deleted, but not changed`() async throws {
    try await self.harness.run { client in
      let added = try await client.add("I like tea", extra: ["immutable": true, "metadata": ["k": 1]])
      let id = try #require(added["results"]?.arrayValue?.first?["id"]?.stringValue)
      let path = "/v1/memories/\(id)/"
      #expect(try await client.send("GET", path).json["metadata"] == ["k": 1, "immutable": true])
      for (route, body, place) in [
        (path, ["text": "I like coffee"], ""), (path, ["metadata": ["immutable": false]], ""),
        ("/v1/batch/", ["memories": [["memory_id": .string(id), "text": "x"]]], "memories[0]: "),
      ] as [(String, JSONValue, String)] {
        let reply = try await client.send("PUT", route, json: body)
        #expect(reply.status == 400)
        #expect(try reply.json["detail"]?.stringValue?.hasPrefix("\(place)the memory is immutable") == true)
      }
      #expect(try await client.send("GET", path).json["memory"] == "I like tea")
      #expect(try await client.send("DELETE", path).status == 200)
      let other = try await client.add("I like rye")
      let second = "/v1/memories/\(try #require(other["results"]?.arrayValue?.first?["id"]?.stringValue))/"
      for _ in 0..<2 {
        // The same edit again is answered as before.
        let reply = try await client.send(
          "PUT", second, json: ["metadata": ["immutable": true]], headers: ["Idempotency-Key": "e-2"])
        #expect(reply.status == 200, "\(reply.text)")
      }
      #expect(try await client.send("PUT", second, json: ["text": "x"]).status == 400)
    }
  }

  static let wrongEdits: [(JSONValue, String)] = [
    ([:], "nothing to change"), (["text": nil, "metadata": nil], "nothing to change"), (["text": ""], "text is empty"),
    (["text": 5], "text must be a string"), (["metadata": []], "metadata must be an object"),
    (["timestamp": "x"], "timestamp must be"), (["expiration_date": true], "expiration_date must be"),
    (["memory": "x"], "nothing to change"),
    (["text": .string(String(repeating: "x", count: 16_385))], "text has more than"),
  ]

  @Test(arguments: wrongEdits)
  func `an edit that says nothing or something wrong is refused`(body: JSONValue, message: String) async throws {
    let view = Fixture.view("I like tea")
    self.harness.reader.put(view)
    try await self.harness.run { client in
      let reply = try await client.send("PUT", "/v1/memories/\(view.memory.id.text)/", json: body)
      #expect(reply.status == 400)
      #expect(try reply.json["detail"]?.stringValue?.hasPrefix(message) == true, "\(reply.text)")
    }
    #expect(self.harness.log.records.isEmpty)
  }

  @Test(arguments: ["GET", "PUT", "DELETE"])
  func `an id that is no UUID is refused in the platform's words`(method: String) async throws {
    try await self.harness.run { client in
      let reply = try await client.send(method, "/v1/memories/mem%2Fa%3Fb/", json: ["text": "x"])
      #expect(reply.status == 400)
      #expect(try reply.json["error"] == "memory_id should be a valid UUID")
    }
  }

  @Test func `deleting with what was superseded counts what went with it`() async throws {
    let new = Fixture.view("Lives in Berlin")
    self.harness.reader.put(new)
    for _ in 0..<2 { self.harness.reader.put(Fixture.view("Lives in Bonn", supersededBy: new.memory.id)) }
    try await self.harness.run { client in
      let reply = try await client.send("DELETE", "/v1/memories/\(new.memory.id.text)/?delete_linked=true")
      #expect(try reply.json["cascade_count"] == 2)
    }
  }

  @Test func `a superseded memory names what took its place`() async throws {
    let new = UUID()
    let old = Fixture.view("Lives in Bonn", supersededBy: new)
    self.harness.reader.put(old)
    try await self.harness.run { client in
      let object = try await client.send("GET", "/v1/memories/\(old.memory.id.text)/").json
      #expect(object["replaced_by"] == .string(new.text))
      #expect(object["superseded_by"] == .string(new.text))
      #expect(object["lifecycle_state"] == "superseded")
      #expect(object["valid_to"] == "2026-11-21T09:00:00.000Z")
    }
  }

  @Test func `a history entry has the platform's members and ours`() async throws {
    let view = Fixture.view("Likes tea")
    let entry = HistoryEntry(
      id: UUID(), memoryID: view.memory.id, change: .reinforce, oldText: "Likes tea", newText: "Likes tea",
      memory: view.memory, inputID: "turn-1", at: Fixture.now)
    self.harness.reader.change { $0.history[view.memory.id] = [entry] }
    try await self.harness.run { client in
      let history = try await client.send("GET", "/v1/memories/\(view.memory.id.text)/history/").json
      #expect(
        history == [
          [
            "id": .string(entry.id.text), "memory_id": .string(view.memory.id.text),
            "input": [["role": "user", "content": "Likes tea"]], "event_id": "turn-1", "old_memory": "Likes tea",
            "new_memory": "Likes tea", "user_id": "alice", "agent_id": nil, "app_id": nil, "run_id": nil,
            "session_id": nil, "categories": ["food"], "event": "NOOP", "change": "REINFORCE", "metadata": [:],
            "replaced_by": nil, "created_at": "2026-11-21T09:00:00.000Z", "updated_at": "2026-11-21T09:00:00.000Z",
          ]
        ])
    }
  }

  @Test func `what the projection has not reached yet is reported as under way`() async throws {
    let harness = Harness(processes: false) { $0.outcomeTimeout = .milliseconds(10) }
    let view = Fixture.view("Likes tea")
    harness.reader.put(view)
    try await harness.run { client in
      let path = "/v1/memories/\(view.memory.id.text)/"
      let updated = try await client.send("PUT", path, json: ["text": "Likes coffee"])
      #expect(try updated.json["status"] == "PENDING")
      #expect(try updated.json["memory"] == "Likes tea")
      let deleted = try await client.send("DELETE", path)
      #expect(deleted.status == 200)
      #expect(try deleted.json["message"] == "Delete in progress. This may take some time.")
      #expect(try deleted.json["status"] == "PENDING")
    }
  }

  @Test func `a command that failed is never reported as done`() async throws {
    let harness = Harness(processes: false)
    let reason = ParkingReason(stage: "resolve", code: "unavailable", detail: "no weights", attempts: 3)
    harness.log.onAppend { try? harness.reader.process($0, parking: reason) }
    let view = Fixture.view("Likes tea")
    harness.reader.put(view)
    try await harness.run { client in
      for (method, path) in [
        ("PUT", "/v1/memories/\(view.memory.id.text)/"), ("DELETE", "/v1/memories/\(view.memory.id.text)/"),
      ] {
        let reply = try await client.send(method, path, json: ["text": "x"])
        #expect(reply.status == 500)
        #expect(try reply.json["detail"]?.stringValue?.contains("resolve/unavailable: no weights") == true)
      }
      let deletion = try await client.send("DELETE", "/v1/memories/?user_id=alice")
      #expect(deletion.status == 500)
    }
  }
}

@Suite struct EventTests {
  @Test func `a finished event has the platform's members`() async throws {
    let harness = Harness()
    try await harness.run { client in
      let answer = try await client.add("I like tea", extra: ["event_id": "e-1"])
      let event = try await client.send("GET", "/v1/event/e-1/").json
      #expect(
        event == [
          "id": "e-1", "event_type": "ADD", "status": "SUCCEEDED", "payload": [:], "metadata": nil,
          "results": answer["results"]!, "created_at": "2026-11-21T09:00:00.000Z",
          "updated_at": "2026-11-21T09:00:00.040Z", "started_at": "2026-11-21T09:00:00.000Z",
          "completed_at": "2026-11-21T09:00:00.040Z", "latency": 40, "graph_status": nil, "error": nil,
        ])
    }
  }

  @Test func `a parked turn has failed and says why`() async throws {
    let harness = Harness(processes: false)
    let reason = ParkingReason(stage: "extract", code: "rate_limited", detail: "HTTP 429, try later", attempts: 5)
    harness.log.onAppend { try? harness.reader.process($0, parking: reason) }
    try await harness.run { client in
      let answer = try await client.add("I like tea", extra: ["event_id": "e-1"])
      #expect(answer["status"] == "FAILED")
      let event = try await client.send("GET", "/v1/event/e-1/").json
      #expect(event["status"] == "FAILED")
      #expect(event["error"] == "extract/rate_limited: HTTP 429, try later")
      #expect(
        event["error_details"] == [
          "stage": "extract", "code": "rate_limited", "detail": "HTTP 429, try later", "attempts": 5,
        ])
    }
  }

  @Test func `an event that another process accepted is found in the log`() async throws {
    let harness = Harness(processes: false)
    let event = CloudEvent(
      id: "far/away", type: EventType.memoryEditRequested.rawValue, source: "/mneme/http", time: Fixture.now,
      owner: OwnerKey(tenant: "default", owner: Owner(kind: .user, id: "alice")), data: Array("{}".utf8))
    var foreign = event
    foreign.id = "foreign"
    foreign.owner.tenant = "default2"
    _ = try await harness.log.append([event, foreign].map { try EventRecordCodec().encode($0, topic: Topics.turns) })
    try await harness.run { client in
      let found = try await client.send("GET", "/v1/event/far%2Faway/")
      #expect(found.status == 200)
      #expect(try found.json["status"] == "PENDING")
      #expect(try found.json["event_type"] == "UPDATE")
      #expect(try await client.send("GET", "/v1/event/foreign/").status == 404)
    }
  }

  @Test func `accepted events are remembered up to the bound, the oldest forgotten first`() {
    let events = AcceptedEvents(maxCount: 3)
    let entry = AcceptedEvents.Entry(
      owner: nil, type: .turnRecorded, memoryID: nil, at: Fixture.now, position: Position(), recordCount: 1)
    for number in 0..<8 {
      events.remember("e\(number)", tenant: "t", entry)
      events.remember("e\(number)", tenant: "t", entry)
    }
    #expect((0..<8).filter { events.entry("e\($0)", tenant: "t") != nil } == [5, 6, 7])
    #expect(events.entry("e7", tenant: "other") == nil)
  }
}
