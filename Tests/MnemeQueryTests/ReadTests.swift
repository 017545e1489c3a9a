import FoundationEssentials
import LanguageModel
import MnemeCore
import MnemeProjection
import Synchronization
import Testing

@testable import MnemeQuery

@Suite struct SearchTests {
  static let filters: JSONValue = ["user_id": "alice"]

  private static let long = String(repeating: "é", count: 257)

  static let wrongBodies: [([String: JSONValue], String)] = [
    (["query": nil], "query is required"), (["query": " \n"], "query is empty"),
    (["query": 5], "query must be a string"),
    (["query": .string(String(repeating: "x", count: 8193))], "query has more than 8192 characters"),
    (["filters": nil], "Filters are required and cannot be empty."), (["filters": [:]], "Filters are required"),
    (["filters": "alice"], "filters must be an object"),
    (["filters": ["metadata": ["a": 1]]], "filters must name at least one of"),
    (["filters": ["user_id": "alice", "colour": "red"]], "filters.colour is not a field or a connective"),
    (["filters": ["user_id": ["like": "a"]]], "filters.user_id.like is not an operator"),
    (["filters": ["user_id": ["a"]]], "filters.user_id is a list"),
    (["filters": ["user_id": "a", "created_at": ["gt": .int(.min)]]], "filters holds an integer that is out of range"),
    (["filters": ["user_id": "a\u{1}"]], "filters holds an id with a control character"),
    (["filters": ["user_id": ""]], "filters holds an id that is empty"),
    (["filters": ["run_id": ["in": ["r", .string(long)]]]], "filters holds an id with more than 256 characters"),
    (["filters": ["NOT": ["app_id": ["ne": .string(long)]]]], "filters holds an id with more than 256 characters"),
    (["filters": ["OR": [["user_id": "a"], "b"]]], "filters.OR[1] must be an object"),
    (["user_id": "alice"], "user_id must stand in filters"), (["run_id": "r"], "run_id must stand in filters"),
    (["top_k": 0], "top_k must be an integer from 1 to 1000"), (["top_k": 1001], "top_k must be"),
    (["top_k": .double(2.5)], "top_k must be"), (["top_k": "3"], "top_k must be"),
    (["threshold": .double(1.5)], "threshold must be a number"), (["threshold": "high"], "threshold must be a number"),
    (["explain": "yes"], "explain must be true or false"), (["rerank": 1], "rerank must be true or false"),
    (["show_expired": "no"], "show_expired must be"), (["categories": "food"], "categories must be a list of strings"),
    (["metadata": "x"], "metadata must be an object"), (["fields": [1]], "fields must be a list of strings"),
    (["reference_date": "soon"], "reference_date must be"), (["min_position": "x"], "min_position is no position"),
    (["min_position": "4.0"], "min_position is no position"),
  ]

  @Test(arguments: wrongBodies)
  func `a search that is not understood is refused`(members: [String: JSONValue], message: String) async throws {
    let harness = Harness()
    try await harness.run { client in
      let body: [String: JSONValue] = ["query": "tea", "filters": SearchTests.filters]
      let reply = try await client.send(
        "POST", "/v3/memories/search/", json: .object(body.merging(members) { $1 }))
      #expect(reply.status == 400, "\(reply.text)")
      #expect(try reply.json["detail"]?.stringValue?.hasPrefix(message) == true, "\(reply.text)")
    }
    #expect(harness.reader.state.withLock { $0.searches.isEmpty })
  }

  @Test func `a hit has the platform's members and ours`() async throws {
    let harness = Harness()
    let id = UUID()
    harness.reader.put(
      Fixture.view(
        "Likes tea", id: id, scope: Scope(userID: "alice", runID: "r1"), metadata: ["k": 1],
        expiresAt: Timestamp("2027-01-01")))
    try await harness.run { client in
      let reply = try await client.send(
        "POST", "/v3/memories/search/",
        json: ["query": "  tea? ", "filters": SearchTests.filters, "top_k": 3, "rerank": true, "explain": true])
      let hit = try #require(try reply.json["results"]?.arrayValue?.first)
      #expect(
        hit == [
          "id": .string(id.text), "memory": "Likes tea", "user_id": "alice", "agent_id": nil, "app_id": nil,
          "run_id": "r1", "session_id": "r1", "metadata": ["k": 1], "categories": ["food"],
          "structured_attributes": ["subject": "user", "attribute": "likes", "value": "tea", "polarity": "positive"],
          "replaced_by": nil, "superseded_by": nil, "synthesized": false, "expiration_date": "2027-01-01",
          "created_at": "2026-11-21T09:00:00.000Z", "updated_at": "2026-11-21T09:00:00.000Z",
          "lifecycle_state": "active", "valid_from": "2026-11-20T08:00:00.000Z", "valid_to": nil, "actor": "user",
          "confidence": .double(0.8), "reinforcement_count": 2, "edited": false, "feedback": nil,
          "feedback_reason": nil, "recipe": "builtin-1/none/abc",
          "sources": [
            [
              "event_id": "turn-1", "message_index": 0, "message_id": "m1", "role": "user",
              "time": "2026-11-20T08:00:00.000Z", "quote": "Likes tea", "run_id": "r1",
            ]
          ],
          "score": .double(0.75),
          "score_breakdown": ["semantic": .double(0.9), "bm25": .double(0.6), "entity": .double(1)],
          "explain": [
            "cosine": .double(0.9), "context_cosine": .double(0.5), "bm25": .double(2.5), "keywords": .double(0.6),
            "person": true, "of_asked_time": false, "freshness": .double(1), "over": false, "age_share": .double(0.05),
            "over_share": .double(0.2),
            "semantic_weight": .double(0.45), "context_weight": .double(0.15),
            "keyword_weight": .double(0.25), "person_weight": .double(0.15), "threshold": .double(0.1),
            "repetition": .double(0),
          ],
        ])
    }
    let request = try #require(harness.reader.state.withLock { $0.searches.first })
    #expect(request.text == "tea?")
    #expect(request.limit == 5)
    #expect(request.minimumScore == 0.1)
    #expect(request.vector == [1, 0, 0, 0])
    #expect(request.query.tenant == "default")
    #expect(request.query.notExpiredAt == Fixture.now)
    #expect(request.query.includesEnded == false)
  }

  @Test func `a question is asked in the voice of messages as they were said`() async throws {
    let harness = Harness()
    harness.reader.change { $0.speakers = ["Ann", "user"] }
    try await harness.run { client in
      for query in ["What does Ann like?", "What is liked?"] {
        _ = try await client.send(
          "POST", "/v3/memories/search/", json: ["query": .string(query), "filters": SearchTests.filters])
      }
    }
    let requests = harness.reader.state.withLock { $0.searches }
    #expect(requests.map(\.text) == ["What does Ann like?", "What is liked?"])
    #expect(requests.map { $0.voicedVector != nil } == [true, false])
  }

  @Test func `conditions beside the filter count, too`() async throws {
    let harness = Harness()
    try await harness.run { client in
      _ = try await client.send(
        "POST", "/v3/memories/search/",
        json: [
          "query": "tea", "filters": SearchTests.filters, "categories": ["food"], "metadata": ["k": "v"],
          "show_expired": true, "include_ended": true, "threshold": 0,
        ])
      _ = try await client.send(
        "POST", "/v3/memories/search/",
        json: ["query": "tea", "filters": SearchTests.filters, "reference_date": "2020-01-01", "latest_only": true])
    }
    let requests = harness.reader.state.withLock { $0.searches }
    #expect(requests[0].query.notExpiredAt == nil)
    #expect(requests[0].query.includesEnded)
    #expect(requests[0].minimumScore == 0)
    #expect(
      requests[0].query.filter
        == .and([
          .compare(.userID, .eq, "alice"), .compare(.category, .isIn, ["food"]),
          .and([.compare(.metadata(["k"]), .eq, "v")]),
        ]))
    #expect(requests[1].query.notExpiredAt == Timestamp("2020-01-01"))
    #expect(!requests[1].query.includesEnded)
  }

  @Test func `only the members asked for are returned`() async throws {
    let harness = Harness()
    harness.reader.put(Fixture.view("Likes tea"))
    try await harness.run { client in
      let reply = try await client.send(
        "POST", "/v3/memories/search/",
        json: ["query": "tea", "filters": SearchTests.filters, "fields": ["memory", "score"]])
      let hit = try #require(try reply.json["results"]?.arrayValue?.first?.objectValue)
      #expect(Set(hit.keys) == ["id", "memory", "score"])
    }
  }

  @Test(arguments: [
    EmbedderTwin.Behaviour.fails(ModelError(.unreachable, "no connection")),
    .fails(ModelError(.unavailable, "no weights")),
    .hangs,
  ])
  func `a search without an embedding goes on with keywords and says so`(behaviour: EmbedderTwin.Behaviour) async throws
  {
    let harness = Harness { $0.embeddingTimeout = .milliseconds(20) }
    harness.embedder.behave(behaviour)
    harness.reader.put(Fixture.view("Likes tea"))
    try await harness.run { client in
      let reply = try await client.send(
        "POST", "/v3/memories/search/", json: ["query": "tea", "filters": SearchTests.filters])
      #expect(reply.status == 200)
      #expect(try reply.json["degraded"] == true)
      #expect(try reply.json["results"]?.arrayValue?.count == 1)
      #expect(reply.headers["x-mneme-degraded"] == "keywords-only")
      let metrics = try await client.send("GET", "/metrics")
      #expect(metrics.text.contains("mneme_search_degraded_total 1\n"))
      #expect(metrics.text.contains("mneme_lag_records{group=\"g\",partition=\"1\",topic=\"t\"} 3\n"))
    }
    #expect(harness.reader.state.withLock { $0.searches.map { $0.vector == nil } } == [true])
  }
}

@Suite struct ListTests {
  @Test func `pages follow each other by links`() async throws {
    let harness = Harness()
    for number in 0..<5 { harness.reader.put(Fixture.view("Fact \(number)")) }
    try await harness.run { client in
      var seen: Set<JSONValue> = []
      for page in 1...3 {
        let reply = try await client.send(
          "POST", "/v3/memories/?page=\(page)&page_size=2", json: ["filters": ["user_id": "alice"]])
        let answer = try reply.json
        #expect(answer["count"] == 5)
        let base = "http://127.0.0.1:\(client.port)/v3/memories/?page="
        #expect(answer["next"] == (page < 3 ? .string("\(base)\(page + 1)&page_size=2") : .null))
        #expect(answer["previous"] == (page > 1 ? .string("\(base)\(page - 1)&page_size=2") : .null))
        seen.formUnion(answer["results"]?.arrayValue?.compactMap { $0["id"] } ?? [])
      }
      #expect(seen.count == 5)
    }
  }

  static let wrongRequests: [(String, JSONValue, String)] = [
    ("", [:], "Filters are required"), ("", ["user_id": "alice"], "user_id must stand in filters"),
    ("?page=0", ["filters": ["user_id": "a"]], "query parameter page must be"),
    ("?page=1000001", ["filters": ["user_id": "a"]], "query parameter page must be"),
    ("?page_size=201", ["filters": ["user_id": "a"]], "query parameter page_size must be"),
    ("?page_size=x", ["filters": ["user_id": "a"]], "query parameter page_size must be"),
    ("?page=1&page=2", ["filters": ["user_id": "a"]], "query parameter page is given more than once"),
    ("?min_position=abc", ["filters": ["user_id": "a"]], "min_position is no position"),
    ("", ["filters": ["user_id": "a"], "start_date": "x"], "start_date must be"),
  ]

  @Test(arguments: wrongRequests)
  func `a list that is not understood is refused`(query: String, body: JSONValue, message: String) async throws {
    try await Harness().run { client in
      let reply = try await client.send("POST", "/v3/memories/\(query)", json: body)
      #expect(reply.status == 400)
      #expect(try reply.json["detail"]?.stringValue?.hasPrefix(message) == true, "\(reply.text)")
    }
  }

  @Test func `a request without a body has no filters`() async throws {
    try await Harness().run { client in
      #expect(try await client.send("POST", "/v3/memories/").status == 400)
      let empty = try await client.send("POST", "/v3/memories/", body: [])
      #expect(empty.status == 400)
    }
  }

  @Test func `dates and keywords become conditions`() async throws {
    let harness = Harness()
    try await harness.run { client in
      let reply = try await client.send(
        "POST", "/v3/memories/",
        json: [
          "filters": ["user_id": "alice"], "start_date": "2026-01-01", "end_date": "2026-02-01", "keywords": "Tea",
        ])
      #expect(reply.status == 200)
    }
    let query = try #require(harness.reader.state.withLock { $0.queries.first })
    #expect(
      query.filter
        == .and([
          .compare(.userID, .eq, "alice"), .compare(.text, .icontains, "Tea"),
          .compare(.createdAt, .gte, 1_767_225_600_000), .compare(.createdAt, .lte, 1_769_904_000_000),
        ]))
  }
}

@Suite struct PositionWaitTests {
  @Test func `a read waits for the position that a write returned`() async throws {
    let harness = Harness(processes: false)
    try await harness.run { client in
      let added = try await client.send(
        "POST", "/v3/memories/add/", json: ["messages": "I like tea", "user_id": "alice"])
      let position = try #require(added.headers["x-mneme-position"])
      let waiting = try client.connect()
      let body = JSONWriter.write(["filters": ["user_id": "alice"], "min_position": .string(position)])
      try await waiting.send(client.bytes("POST", "/v3/memories/", body: body))
      try harness.reader.process(harness.log.records[0])
      let reply = try await waiting.reply()
      #expect(reply.status == 200)
      #expect(try reply.json["count"] == 1)
    }
  }

  @Test(arguments: ["0.5", "0.5-1.2-3.9223372036854775807"])
  func `a position that is not reached in time is 503, and says when to come again`(position: String) async throws {
    try await Harness { $0.positionTimeout = .milliseconds(10) }.run { client in
      for path in ["/v1/memories/4b0f2a52-0000-4000-8000-000000000001/", "/v1/event/x/"] {
        let reply = try await client.send("GET", "\(path)?min_position=\(position)")
        #expect(reply.status == 503)
        #expect(reply.headers["retry-after"] == "1")
        #expect(try reply.json["code"] == "position_not_reached")
      }
    }
  }
}
