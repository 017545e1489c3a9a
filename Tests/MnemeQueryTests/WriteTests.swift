import EventLog
import FoundationEssentials
import MnemeCore
import MnemeProjection
import Testing

@testable import MnemeQuery

@Suite struct AddTests {
  static let message: JSONValue = ["role": "user", "content": "I like tea"]

  static let wrongBodies: [([String: JSONValue], String)] = [
    ([:], "messages is required"), (["messages": []], "messages is empty"), (["messages": ""], "messages is empty"),
    (["messages": 5], "messages must be a list"), (["messages": ["x"]], "messages[0] must be an object"),
    (["messages": [["content": "x"]]], "messages[0].role is required"),
    (["messages": [["role": "user"]]], "messages[0].content is required"),
    (["messages": [["role": "user", "content": nil]]], "messages[0].content is required"),
    (["messages": [["role": "assistant"]]], "messages[0].content is required"),
    (["messages": [["role": "assistant", "content": nil]]], "messages is empty"),
    (["messages": ["role": "assistant", "content": nil]], "messages is empty"),
    (["messages": [["role": "user", "content": 5]]], "messages[0].content must be a string"),
    (["messages": [["role": "user", "content": ["x"]]]], "messages[0].content[0] must be an object"),
    (["messages": [["role": "user", "content": [["type": "text"]]]]], "messages[0].content[0].text is required"),
    (["messages": [["role": "user", "content": "  "]]], "messages is empty"),
    (["messages": [["role": "", "content": "x"]]], "messages[0].role is empty"),
    (["messages": [["role": 1, "content": "x"]]], "messages[0].role must be a string"),
    (["messages": [["role": "user", "content": "x", "timestamp": "yesterday"]]], "messages[0].timestamp must be"),
    (["messages": [["role": "user", "content": "x", "id": 5]]], "messages[0].id must be a string"),
    (["messages": "x", "user_id": nil], "one of user_id, agent_id, run_id and app_id is required"),
    (["messages": "x", "user_id": ""], "user_id is empty"), (["messages": "x", "user_id": "*"], "user_id is '*'"),
    (["messages": "x", "user_id": "a\u{1}b"], "user_id holds a control character"),
    (["messages": "x", "user_id": .double(5.5)], "user_id must be a string"),
    (["messages": "x", "user_id": .string(String(repeating: "x", count: 257))], "user_id has more than 256"),
    (["messages": "x", "user_id": "a", "filters": ["user_id": "b"]], "user_id and filters.user_id differ"),
    (["messages": "x", "filters": ["metadata": ["a": 1]]], "filters of an add may hold only"),
    (["messages": "x", "filters": "alice"], "filters must be an object"),
    (["messages": "x", "metadata": "y"], "metadata must be an object"),
    (["messages": "x", "infer": "no"], "infer must be true or false"),
    (["messages": "x", "timestamp": "soon"], "timestamp must be"),
    (["messages": "x", "timestamp": 1_700_000_000_000], "timestamp must be"),
    (["messages": "x", "timestamp": .int(.min)], "timestamp must be"),
    (["messages": "x", "timestamp": .double(1e300)], "timestamp must be"),
    (["messages": "x", "expiration_date": "2026-02-30"], "expiration_date must be"),
    (["messages": "x", "custom_instructions": ["x"]], "custom_instructions must be a string"),
    (["messages": "x", "agent_custom_instructions": 5], "agent_custom_instructions must be a string"),
    (["messages": "x", "includes": ["x"]], "includes must be a string"),
    (["messages": "x", "excludes": .string(String(repeating: "x", count: 10_001))], "excludes has more than 10000"),
    (["messages": "x", "immutable": "yes"], "immutable must be true or false"),
    (["messages": "x", "observation_datetime": "soon"], "observation_datetime must be"),
    (["messages": "x", "timestamp": 1, "observation_datetime": 2], "timestamp and observation_datetime differ"),
    (["messages": "x", "custom_categories": "food"], "custom_categories must be a list of at most 100"),
    (["messages": "x", "custom_categories": ["food": "meals"]], "custom_categories must be a list of at most 100"),
    (["messages": "x", "custom_categories": ["food", 5]], "custom_categories[1] is not as in a list"),
    (["messages": "x", "custom_categories": [[:]]], "custom_categories[0] is not as in a list"),
    (["messages": "x", "custom_categories": [["food": 5]]], "custom_categories[0] is not as in a list"),
    (["messages": "x", "custom_categories": ["food", ["food": "x"]]], "custom_categories[1] has the name of one"),
    (["messages": "x", "custom_categories": [" "]], "custom_categories[0] has no name"),
    (
      ["messages": "x", "custom_categories": [["food": .string(String(repeating: "x", count: 1001))]]],
      "the description in custom_categories[0] has more than 1000"
    ),
    (
      ["messages": "x", "custom_categories": .array((0..<101).map { .string("c\($0)") })],
      "custom_categories must be a list of at most 100"
    ),
    (["messages": "x", "event_id": ""], "event_id is empty"),
    (["messages": "x", "event_id": "a\nb"], "event_id holds a control character"),
    (["messages": "x", "event_id": .string(String(repeating: "x", count: 257))], "event_id has more than 256"),
    (["messages": "x", "event_id": 7], "event_id must be a string"),
    (["messages": "x", "async_mode": "x"], "async_mode must be"),
  ]

  @Test(arguments: wrongBodies)
  func `a body that is wrong is refused by the member's name, and nothing is stored`(
    members: [String: JSONValue], message: String
  ) async throws {
    let harness = Harness()
    try await harness.run { client in
      let body = ["user_id": "alice"].merging(members) { $1 }
      let reply = try await client.send("POST", "/v3/memories/add/", json: .object(body))
      #expect(reply.status == 400, "\(reply.text)")
      #expect(try reply.json["detail"]?.stringValue?.hasPrefix(message) == true, "\(reply.text)")
      #expect(try reply.json["error"] == reply.json["detail"])
    }
    #expect(harness.log.records.isEmpty)
  }

  @Test(arguments: [
    ("", "the body is empty"), ("[]", "the body must be a JSON object"),
    ("{\"messages\":", "the body is no valid JSON: the document ends early at byte 12"),
    ("{\"a\":1,\"a\":2}", "the body is no valid JSON: a member's name is repeated at byte 7"),
  ])
  func `a body that is no JSON object is refused with the place`(body: String, message: String) async throws {
    try await Harness().run { client in
      let reply = try await client.send("POST", "/v3/memories/add/", body: Array(body.utf8))
      #expect(reply.status == 400)
      #expect(try reply.json["detail"]?.stringValue?.hasPrefix(message) == true, "\(reply.text)")
    }
  }

  static let shapes: [(JSONValue, [String])] = [
    ("I like tea", ["I like tea"]), (AddTests.message, ["I like tea"]),
    ([AddTests.message, AddTests.message], ["I like tea", "I like tea"]),
    (
      [
        [
          "role": "user",
          "content": [
            ["type": "text", "text": "one"], ["type": "image_url", "image_url": ["url": "x"]],
            ["type": "text", "text": "two"],
          ],
        ]
      ], ["one\ntwo"]
    ),
    ([["role": "tool", "content": ""], AddTests.message], ["", "I like tea"]),
  ]

  @Test(arguments: shapes)
  func `messages come as a text, as one object or as a list`(messages: JSONValue, texts: [String]) async throws {
    let harness = Harness()
    try await harness.run { client in
      let reply = try await client.send("POST", "/v3/memories/add/", json: ["messages": messages, "user_id": "alice"])
      #expect(reply.status == 200, "\(reply.text)")
    }
    let event = try #require(try harness.log.events.first)
    #expect(try EventBodyCoding.decode(TurnBody.self, from: event.data).messages.map(\.content) == texts)
  }

  @Test func `a turn is stored with all that it says`() async throws {
    let harness = Harness()
    try await harness.run { client in
      let reply = try await client.send(
        "POST", "/v3/memories/add/",
        json: [
          "messages": [
            ["role": "user", "content": "I like tea", "name": "Al", "id": "m1", "timestamp": 1_700_000_000, "x": 1]
          ],
          "filters": ["user_id": "alice"], "agent_id": "bot", "app_id": "app", "run_id": "run",
          "metadata": ["k": [1, nil]],
          "timestamp": .double(1_700_000_000.5), "expiration_date": "2027-01-01", "custom_instructions": "be kind",
          "event_id": "e-1", "includes": "food", "excludes": "salaries", "agent_custom_instructions": "be brief",
          "custom_categories": [["b": "x", "a": ""], "c"], "observation_datetime": .double(1_700_000_000.5),
          "immutable": true, "enable_graph": true, "version": "v2", "timezone": "Europe/Berlin",
          "structured_data_schema": ["a": 1],
        ], headers: ["Idempotency-Key": "e-1"])
      #expect(reply.status == 200)
      #expect(
        try reply.json == [
          "event_id": "e-1", "status": "PENDING",
          "message": "Memory processing has been queued for background execution",
        ])
    }
    let event = try #require(try harness.log.events.first)
    #expect(event.id == "e-1")
    #expect(event.type == EventType.turnRecorded.rawValue)
    #expect(event.source == "/mneme/http")
    #expect(event.time == Fixture.now)
    #expect(event.owner.description == "default/user:alice")
    #expect(
      try EventBodyCoding.decode(TurnBody.self, from: event.data)
        == TurnBody(
          scope: Scope(userID: "alice", agentID: "bot", appID: "app", runID: "run"),
          messages: [
            Message(
              role: "user", content: "I like tea", name: "Al", timestamp: Timestamp("2023-11-14T22:13:20Z"), id: "m1")
          ],
          timestamp: Timestamp("2023-11-14T22:13:20.5Z"), metadata: ["k": [1, nil], "immutable": true],
          expirationDate: Timestamp("2027-01-01"), customInstructions: "be kind",
          agentCustomInstructions: "be brief", includes: "food", excludes: "salaries",
          customCategories: [CustomCategory("a"), CustomCategory("b", "x"), CustomCategory("c")]))
  }

  static let waiting: [(String, [String: JSONValue])] = [
    ("/v3/memories/add/", ["infer": false]), ("/v3/memories/add/?wait=true", [:]),
    ("/v3/memories/add/", ["async_mode": false]),
    ("/v3/memories/add/?wait=true", ["infer": false, "async_mode": true]),
  ]

  @Test(arguments: waiting)
  func `an add that waits returns what became of it`(path: String, extra: [String: JSONValue]) async throws {
    try await Harness().run { client in
      let body: [String: JSONValue] = ["messages": "I like tea", "user_id": "alice", "event_id": "e-1"]
      let reply = try await client.send("POST", path, json: .object(body.merging(extra) { $1 }))
      let id = Derivation.uuid("memory", "default/user:alice", "e-1", "0").text
      #expect(
        try reply.json == [
          "event_id": "e-1", "status": "SUCCEEDED", "message": "Memories stored successfully",
          "results": [
            [
              "id": .string(id), "memory": "I like tea", "data": ["memory": "I like tea"], "event": "ADD",
              "change": "ADD",
            ]
          ],
        ])
      #expect(Position(try #require(reply.headers["x-mneme-position"])) != nil)
    }
  }

  @Test func `an add whose outcome does not come in time is pending, and its event says so`() async throws {
    try await Harness(processes: false) { $0.outcomeTimeout = .milliseconds(20) }.run { client in
      let answer = try await client.add("I like tea", extra: ["event_id": "e/1"])
      #expect(answer["status"] == "PENDING" && answer["results"] == [])
      let event = try await client.send("GET", "/v1/event/e%2F1/")
      #expect(event.status == 200)
      #expect(try event.json["status"] == "PENDING")
      #expect(try event.json["event_type"] == "ADD")
    }
  }

  @Test func `a fresh event id is a lower-case UUID`() async throws {
    try await Harness().run { client in
      let id = try #require(try await client.add("I like tea")["event_id"]?.stringValue)
      #expect(UUID(uuidString: id)?.text == id)
    }
  }

  @Test func `bounds on messages hold`() async throws {
    let harness = Harness { ($0.maxMessageCount, $0.maxMessageByteCount) = (2, 10) }
    try await harness.run { client async throws in
      func status(_ messages: JSONValue) async throws -> Int {
        try await client.send("POST", "/v3/memories/add/", json: ["messages": messages, "user_id": "alice"]).status
      }
      let short: JSONValue = ["role": "user", "content": "0123456789"]
      #expect(try await status([short, short]) == 200)
      #expect(try await status([short, short, short]) == 400)
      #expect(try await status([["role": "user", "content": "0123456789a"]]) == 413)
      #expect(try await status("0123456789a") == 413)
    }
  }
}

@Suite struct IdempotencyTests {
  @Test func `a publisher's retry changes nothing and gets the same answer`() async throws {
    let harness = Harness()
    try await harness.run { client in
      let first = try await client.add("I like tea", extra: ["event_id": "e-1"])
      let again = try await client.add("I like tea", extra: ["event_id": "e-1"])
      #expect(first == again)
    }
    #expect(harness.log.records.count == 1)
  }

  @Test func `a retry while the first is under way is not appended again`() async throws {
    let harness = Harness(processes: false) { $0.outcomeTimeout = .milliseconds(20) }
    try await harness.run { client in
      for _ in 0..<3 { _ = try await client.add("I like tea", extra: ["event_id": "e-1"]) }
    }
    #expect(harness.log.records.count == 1)
  }

  @Test func `the same id of another owner is another event`() async throws {
    let harness = Harness()
    try await harness.run { client in
      _ = try await client.send(
        "POST", "/v3/memories/add/", json: ["messages": "x", "user_id": "alice", "event_id": "e"])
      _ = try await client.send(
        "POST", "/v3/memories/add/", json: ["messages": "x", "user_id": "bob", "event_id": "e"])
    }
    #expect(try Set(harness.log.events.map(\.owner.owner.id)) == ["alice", "bob"])
  }

  @Test func `the key comes from the header or the body, and both must agree`() async throws {
    let harness = Harness()
    try await harness.run { client async throws in
      func send(_ body: String?, _ header: String?) async throws -> HTTPReply {
        var members: [String: JSONValue] = ["messages": "x", "user_id": "alice"]
        members["event_id"] = body.map(JSONValue.string)
        return try await client.send(
          "POST", "/v3/memories/add/", json: .object(members), headers: header.map { ["Idempotency-Key": $0] } ?? [:])
      }
      #expect(try await send(nil, "h-1").json["event_id"] == "h-1")
      #expect(try await send("b-1", nil).json["event_id"] == "b-1")
      #expect(try await send("same", "same").json["event_id"] == "same")
      #expect(try await send("b-2", "h-2").status == 400)
      #expect(try await send(nil, String(repeating: "k", count: 257)).status == 400)
    }
  }

  @Test(arguments: [true, false])
  func `an id that changed one memory cannot change another`(isProcessed: Bool) async throws {
    let harness = Harness(processes: isProcessed) { $0.outcomeTimeout = .milliseconds(isProcessed ? 20_000 : 10) }
    let views = [Fixture.view("one"), Fixture.view("two")]
    views.forEach(harness.reader.put)
    try await harness.run { client in
      let paths = views.map { "/v1/memories/\($0.memory.id.text)/" }
      for (method, status) in [("PUT", 200), ("DELETE", 200)] {
        let headers = ["Idempotency-Key": "key-\(method)"]
        #expect(try await client.send(method, paths[0], json: ["text": "x"], headers: headers).status == status)
        #expect(try await client.send(method, paths[1], json: ["text": "x"], headers: headers).status == 409)
      }
      let again = try await client.send("DELETE", paths[0], headers: ["Idempotency-Key": "key-DELETE"])
      #expect(again.status == 200)
    }
    #expect(harness.log.records.count == 2)
  }

  @Test func `an id that was an add's cannot become a deletion's`() async throws {
    try await Harness().run { client in
      let id = try #require(
        try await client.add("x", extra: ["event_id": "e-1"])["results"]?.arrayValue?.first?["id"]?.stringValue)
      let reply = try await client.send("DELETE", "/v1/memories/\(id)/", headers: ["Idempotency-Key": "e-1"])
      #expect(reply.status == 409)
      #expect(try await client.send("GET", "/v1/memories/\(id)/").status == 200)
    }
  }
}
