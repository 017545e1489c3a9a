import EventLog
import FoundationEssentials
import MnemeCore
import MnemeProjection
import Synchronization
import Testing

@testable import MnemeQuery

@Suite struct DeletionTests {
  /// Five memories of three owners.
  private static func filled(processes: Bool = true, _ change: (inout QueryConfiguration) -> Void = { _ in }) -> Harness
  {
    let harness = Harness(processes: processes, change)
    harness.reader.put(Fixture.view("a1", scope: Scope(userID: "alice")))
    harness.reader.put(Fixture.view("a2", scope: Scope(userID: "alice", agentID: "bot"), metadata: ["k": "v"]))
    harness.reader.put(Fixture.view("a3", scope: Scope(userID: "alice", runID: "r1"), metadata: ["k": "w"]))
    harness.reader.put(Fixture.view("b1", scope: Scope(userID: "bob", agentID: "bot"), metadata: ["k": "v"]))
    harness.reader.put(Fixture.view("g1", scope: Scope(agentID: "bot")))
    harness.reader.put(Fixture.view("o1", tenant: "other", scope: Scope(userID: "alice")))
    return harness
  }

  private static func texts(_ harness: Harness) -> [String] {
    harness.reader.state.withLock { $0.memories.values.map(\.memory.text) }.sorted()
  }

  static let cases: [(String, [String])] = [
    ("user_id=alice", ["b1", "g1"]), ("user_id=alice&agent_id=bot", ["a1", "a3", "b1", "g1"]),
    ("agent_id=bot", ["a1", "a3"]), ("user_id=*", ["g1"]), ("agent_id=*", ["a1", "a3"]),
    ("run_id=r1", ["a1", "a2", "b1", "g1"]),
    ("user_id=*&agent_id=*", ["a1", "a3", "g1"]), ("user_id=nobody", ["a1", "a2", "a3", "b1", "g1"]),
    ("user_id=*&agent_id=bot", ["a1", "a3", "g1"]), ("app_id=*", ["a1", "a2", "a3", "b1", "g1"]),
    ("filters=%7B%27user_id%27%3A%20%27alice%27%7D", ["b1", "g1"]),
    ("filters=%7B%22user_id%22%3A%22alice%22%7D", ["b1", "g1"]),
    ("filters=%7B'OR'%3A+%5B%7B'user_id'%3A+'bob'%7D%2C+%7B'run_id'%3A+'r1'%7D%5D%7D", ["a1", "a2", "g1"]),
    ("user_id=alice&metadata=%7B'k'%3A+'v'%7D", ["a1", "a3", "b1", "g1"]),
    ("user_id=alice&filters=%7B'metadata'%3A%7B'k'%3A'w'%7D%7D", ["a1", "a2", "b1", "g1"]),
    ("filters=%7B'user_id'%3A'alice'%2C'NOT'%3A%5B%7B'run_id'%3A'*'%7D%5D%7D", ["a3", "b1", "g1"]),
    ("user_id=alice&filters=%7B'user_id'%3A'bob'%7D", ["a1", "a2", "a3", "b1", "g1"]),
    ("user_id=alice&org_id=default&project_id=default&wait=true", ["b1", "g1"]),
    ("user_id=alice&version=v2&output_format=v1.1&async_mode=false", ["b1", "g1"]),
  ]

  @Test(arguments: cases)
  func `what matches is deleted, and nothing else`(query: String, rest: [String]) async throws {
    let harness = Self.filled()
    try await harness.run { client in
      let reply = try await client.send("DELETE", "/v1/memories/?\(query)")
      #expect(reply.status == 200, "\(reply.text)")
      let id = try #require(try reply.json["event_id"]?.stringValue)
      #expect(try reply.json["status"] == "SUCCEEDED")
      let event = try await client.send("GET", "/v1/event/\(id)/")
      #expect(try event.json["event_type"] == "DELETE")
      #expect(try event.json["status"] != "PENDING")
    }
    #expect(Self.texts(harness) == (rest + ["o1"]).sorted())
  }

  static let wrongQueries: [(String, String)] = [
    ("", "One of the filters: app_id, user_id, agent_id or run_id is required!"), ("wait=true", "One of the filters"),
    ("metadata=%7B'k'%3A'v'%7D", "One of the filters"), ("user_id=", "user_id is empty"),
    ("user_id=alice&user_id=bob", "query parameter user_id is given more than once"),
    ("user_id=alice&category=food", "a query parameter is not known here"),
    ("user=alice", "a query parameter is not known here"),
    ("filters=", "query parameter filters is neither JSON nor a Python dict"),
    ("filters=alice", "query parameter filters is neither JSON nor a Python dict"),
    ("filters=%7B%7D", "query parameter filters must be an object that is not empty"),
    ("filters=%5B%5D", "query parameter filters must be an object that is not empty"),
    ("user_id=alice&filters=%7B'colour'%3A'red'%7D", "filters.colour is not a field"),
    ("user_id=alice&metadata=%7B'k'%3A", "query parameter metadata is neither JSON nor a Python dict"),
    ("filters=__import__('os').system('x')", "query parameter filters is neither JSON nor a Python dict"),
    ("filters=%7B'user_id'%3A'a'%2C'user_id'%3A'b'%7D", "query parameter filters is neither JSON nor a Python dict"),
    ("user_id=alice%00", "the query holds a control character"),
    ("user_id=alice&wait=perhaps", "query parameter wait must be true or false"),
  ]

  @Test(arguments: wrongQueries)
  func `a condition that is not understood deletes nothing`(query: String, message: String) async throws {
    let harness = Self.filled()
    try await harness.run { client in
      let reply = try await client.send("DELETE", "/v1/memories/?\(query)")
      #expect(reply.status == 400)
      #expect(try reply.json["detail"]?.stringValue?.hasPrefix(message) == true, "\(reply.text)")
    }
    #expect(harness.log.records.isEmpty)
  }

  @Test func `conditions in a body are not overlooked`() async throws {
    let harness = Self.filled()
    try await harness.run { client in
      let reply = try await client.send("DELETE", "/v1/memories/?user_id=alice", json: ["filters": ["run_id": "r1"]])
      #expect(reply.status == 400)
    }
    #expect(harness.log.records.isEmpty)
  }

  @Test func `the owner that is named is asked for even without memories, as turns may be on their way`() async throws {
    let harness = Harness()
    try await harness.run { client in _ = try await client.send("DELETE", "/v1/memories/?user_id=new&agent_id=bot") }
    let event = try #require(try harness.log.events.first)
    #expect(event.owner.description == "default/user:new")
    #expect(
      try EventBodyCoding.decode(MemoriesDeletionRequest.self, from: event.data).scope
        == Scope(userID: "new", agentID: "bot"))
  }

  @Test func `a deletion of many is bounded, and refused whole beyond`() async throws {
    let byMemory = Self.filled { $0.maxDeletedMemoryCount = 1 }
    try await byMemory.run { client in
      let reply = try await client.send("DELETE", "/v1/memories/?user_id=alice&metadata=%7B'k'%3A'v'%7D")
      #expect(reply.status == 200)
      #expect(
        try await client.send("DELETE", "/v1/memories/?filters=%7B'OR'%3A%5B%7B'user_id'%3A'*'%7D%5D%7D").status == 400)
    }
    #expect(Self.texts(byMemory) == ["a1", "a3", "b1", "g1", "o1"])
    let byOwner = Self.filled { $0.maxDeletedOwnerCount = 1 }
    try await byOwner.run { client in
      let reply = try await client.send("DELETE", "/v1/memories/?user_id=*")
      #expect(reply.status == 400)
    }
    #expect(byOwner.log.records.isEmpty)
  }

  @Test func `a deletion in several appends has its own id on the last record`() async throws {
    let harness = Self.filled { $0.maxAppendRecordCount = 2 }
    try await harness.run { client in
      let reply = try await client.send(
        "DELETE", "/v1/memories/?agent_id=bot", headers: ["Idempotency-Key": "d-1"])
      #expect(try reply.json["event_id"] == "d-1")
      let again = try await client.send(
        "DELETE", "/v1/memories/?agent_id=bot", headers: ["Idempotency-Key": "d-1"])
      #expect(again.body == reply.body)
    }
    #expect(try Set(harness.log.events.map(\.id)) == ["d-1/agent:bot", "d-1/user:alice", "d-1"])
    #expect(harness.log.records.count == 3)
  }

  @Test func `an event of several records is pending until all of them are processed`() async throws {
    let harness = Self.filled(processes: false)
    try await harness.run { client in
      let reply = try await client.send("DELETE", "/v1/memories/?agent_id=bot&wait=false")
      #expect(try reply.json["message"] == "Delete in progress. This may take some time.")
      let id = try #require(try reply.json["event_id"]?.stringValue)
      let records = harness.log.records
      #expect(records.count == 3)
      for record in records {
        #expect(try await client.send("GET", "/v1/event/\(id)/").json["status"] == "PENDING")
        try harness.reader.process(record)
      }
      #expect(try await client.send("GET", "/v1/event/\(id)/").json["status"] == "SUCCEEDED")
    }
    #expect(Self.texts(harness) == ["a1", "a3", "o1"])
  }
}
