import EventLog
import FoundationEssentials
import MnemeCore
import MnemeProjection
import Synchronization
import Testing

@testable import MnemeQuery

/// What clients before version 3 send, and what they expect back.
@Suite struct LegacyTests {
  private static func filled() -> Harness {
    let harness = Harness()
    for number in 0..<3 {
      harness.reader.put(Fixture.view("a\(number)", scope: Scope(userID: "alice", agentID: "bot\(number)")))
    }
    harness.reader.put(Fixture.view("b", scope: Scope(userID: "bob")))
    return harness
  }

  private static func texts(_ value: JSONValue?) -> [String] {
    (value?.arrayValue ?? []).compactMap { $0["memory"]?.stringValue }.sorted()
  }

  static let adds: [([String: JSONValue], @Sendable (JSONValue) -> JSONValue?)] = [
    ([:], { $0 }), (["output_format": "v1.0"], { $0 }), (["output_format": "v1.1"], { $0["results"] }),
    (["output_format": "v1.1", "async_mode": false, "version": "v2", "infer": true], { $0["results"] }),
    (["infer": true, "org_id": "default", "project_id": "default"], { $0 }),
  ]

  @Test func `an add is answered with its result, which old clients index`() async throws {
    for (extra, results) in Self.adds {
      try await Harness().run { client in
        let body: [String: JSONValue] = ["messages": [["role": "user", "content": "I like tea"]], "user_id": "alice"]
        let reply = try await client.send(
          "POST", "/v1/memories/", json: .object(body.merging(extra) { $1 }))
        #expect(reply.status == 200, "\(reply.text)")
        let first = try #require(results(reply.json)?.arrayValue?.first)
        #expect(first["memory"] == "I like tea" && first["event"] == "ADD" && first["id"] != nil)
      }
    }
  }

  @Test func `an add that is not awaited is one result that is pending`() async throws {
    try await Harness(processes: false).run { client in
      let reply = try await client.send(
        "POST", "/v1/memories/",
        json: ["messages": "I like tea", "user_id": "alice", "async_mode": true, "output_format": "v1.1"])
      let first = try #require(reply.json["results"]?.arrayValue?.first)
      #expect(first["status"] == "PENDING" && first["event_id"]?.stringValue != nil)
    }
  }

  static let lists: [(String, String, JSONValue?, [String])] = [
    ("GET", "/v1/memories/?user_id=alice", nil, ["a0", "a1", "a2"]),
    ("GET", "/v1/memories/?user_id=alice&agent_id=bot1&output_format=v1.1&version=v1", nil, ["a1"]),
    ("GET", "/v1/memories/?user_id=alice&org_id=default&project_id=default&top_k=2", nil, ["a0", "a1"]),
    ("GET", "/v1/memories/?user_id=*&limit=1000", nil, ["a0", "a1", "a2", "b"]),
    ("GET", "/v1/memories/?filters=%7B'user_id'%3A'bob'%7D", nil, ["b"]),
    ("GET", "/v1/memories/?user_id=alice&categories=food&categories=x", nil, ["a0", "a1", "a2"]),
    ("GET", "/v1/memories/?user_id=alice&categories=x", nil, []),
    ("GET", "/v1/memories/?user_id=alice&metadata=%7B%22k%22%3A1%7D", nil, []),
    ("GET", "/v1/memories/?user_id=alice&page_size=1&show_expired=true", nil, ["a0"]),
    ("POST", "/v2/memories/", ["user_id": "alice"], ["a0", "a1", "a2"]),
    ("POST", "/v2/memories/", ["filters": ["user_id": "alice"], "agent_id": "bot2"], ["a2"]),
    ("POST", "/v2/memories/", ["filters": ["AND": [["user_id": "bob"]]], "page_size": 5], ["b"]),
    ("POST", "/v2/memories/", ["user_id": "alice", "page": 2, "page_size": 2], ["a2"]),
    ("POST", "/v1/memories/search/", ["query": "x", "user_id": "alice"], ["a0", "a1", "a2"]),
    ("POST", "/v1/memories/search/", ["query": "x", "user_id": "alice", "limit": 1], ["a0"]),
    ("POST", "/v1/memories/search/", ["query": "x", "user_id": "alice", "top_k": 2, "limit": 1], ["a0", "a1"]),
    ("POST", "/v2/memories/search/", ["query": "x", "filters": ["user_id": "bob"], "version": "v2"], ["b"]),
  ]

  @Test func `lists and searches are bare lists, with ids at the top or in filters`() async throws {
    let harness = Harness()
    // In order of their ids, which searches and lists of this twin keep.
    for (number, text) in ["a0", "a1", "a2", "b"].enumerated() {
      harness.reader.put(
        Fixture.view(
          text, id: UUID(uuidString: "4B0F2A52-0000-4000-8000-00000000000\(number)")!,
          scope: text == "b" ? Scope(userID: "bob") : Scope(userID: "alice", agentID: "bot\(number)")))
    }
    harness.reader.change { $0.scores = ["a0": 0.9, "a1": 0.8, "a2": 0.7] }
    try await harness.run { client in
      for (method, target, body, texts) in Self.lists {
        let reply =
          if let body { try await client.send(method, target, json: body) } else {
            try await client.send(method, target)
          }
        #expect(reply.status == 200, "\(target) \(reply.text)")
        #expect(Self.texts(try reply.json) == texts, "\(target) \(reply.text)")
      }
    }
  }

  @Test func `pages and version 1_1 are objects`() async throws {
    try await Self.filled().run { client in
      let page = try await client.send("GET", "/v1/memories/?user_id=alice&page=1&page_size=2").json
      #expect(page["count"] == 3 && page["results"]?.arrayValue?.count == 2 && page["previous"] == .null)
      let link = "http://127.0.0.1:\(client.port)/v1/memories/?user_id=alice&page=2&page_size=2"
      #expect(page["next"] == .string(link))
      let second = try await client.send(
        "POST", "/v2/memories/?page=2&page_size=2", json: ["filters": ["user_id": "alice"]])
      #expect(try second.json["results"]?.arrayValue?.count == 1)
      let found = try await client.send(
        "POST", "/v1/memories/search/", json: ["query": "x", "user_id": "bob", "output_format": "v1.1"])
      #expect(try found.json["results"]?.arrayValue?.count == 1)
    }
  }

  static let refused: [(String, String, JSONValue?, Int)] = [
    ("GET", "/v1/memories/", nil, 400), ("GET", "/v1/memories/?colour=red&user_id=alice", nil, 400),
    ("GET", "/v1/memories/?user_id=alice&user_id=bob", nil, 400), ("GET", "/v1/memories/?user_id=a&top_k=0", nil, 400),
    ("GET", "/v1/memories/?user_id=alice&filters=x", nil, 400), ("GET", "/v1/memories/?user_id=a&org_id=x", nil, 404),
    ("POST", "/v2/memories/", [:], 400), ("POST", "/v2/memories/", ["user_id": [:]], 400),
    ("POST", "/v2/memories/", ["user_id": "alice", "project_id": "other"], 404),
    ("POST", "/v1/memories/search/", ["query": "x"], 400), ("POST", "/v1/memories/search/", ["user_id": "x"], 400),
    ("POST", "/v1/memories/", ["messages": "x"], 400),
  ]

  @Test(arguments: refused)
  func `what is not understood is refused`(method: String, target: String, body: JSONValue?, status: Int) async throws {
    try await Self.filled().run { client in
      let reply =
        if let body { try await client.send(method, target, json: body) } else { try await client.send(method, target) }
      #expect(reply.status == status, "\(reply.text)")
    }
  }
}

/// What clients send beyond what is documented, or leave out.
@Suite struct ToleranceTests {
  @Test func `a number of hits is called limit, too`() async throws {
    let harness = Harness()
    try await harness.run { client in
      for (members, limit) in [(["limit": 3], 3), (["limit": 3, "top_k": 4], 4), ([:], 10)]
        as [([String: JSONValue], Int)]
      {
        let body: [String: JSONValue] = ["query": "tea", "filters": ["user_id": "alice"], "enable_graph": true]
        let reply = try await client.send(
          "POST", "/v3/memories/search/", json: .object(body.merging(members) { $1 }))
        #expect(reply.status == 200)
        let asked = try #require(harness.reader.state.withLock { $0.searches.last?.limit })
        #expect(asked == Repeats.count(for: limit))
      }
    }
  }

  @Test func `ids that are numbers are their digits, in adds and in filters`() async throws {
    try await Harness().run { client in
      let added = try await client.send(
        "POST", "/v3/memories/add/", json: ["messages": "I like tea", "user_id": 5, "infer": false])
      #expect(added.status == 200, "\(added.text)")
      for id in ["5", 5] as [JSONValue] {
        let found = try await client.send("POST", "/v3/memories/", json: ["filters": ["user_id": id]])
        #expect(try found.json["results"]?.arrayValue?.first?["user_id"] == "5")
      }
    }
  }

  @Test func `an application by itself owns memories, which its key alone reaches`() async throws {
    struct Keys: Authenticator {
      func principal(for credentials: Credentials) -> Principal? {
        Principal(tenant: "acme", role: .admin, owners: [Owner(kind: .app, id: "shop")])
      }
    }
    let harness = Harness(authenticator: Keys())
    harness.reader.put(Fixture.view("ann's", tenant: "acme", scope: Scope(userID: "ann", appID: "shop")))
    try await harness.run { client in
      let added = try await client.send(
        "POST", "/v3/memories/add/", json: ["messages": "Opens at nine", "app_id": "shop", "infer": false])
      #expect(added.status == 200, "\(added.text)")
      #expect(try harness.log.events.map(\.owner.description) == ["acme/app:shop"])
      let found = try await client.send("POST", "/v3/memories/", json: ["filters": ["app_id": "shop"]])
      #expect(try found.json["results"]?.arrayValue?.map { $0["memory"] } == ["Opens at nine"])
      let deleted = try await client.send("DELETE", "/v2/entities/app/shop/")
      #expect(deleted.status == 200, "\(deleted.text)")
    }
    #expect(harness.reader.state.withLock { $0.memories.values.map(\.memory.text) } == ["ann's"])
  }

  @Test func `an assistant's message that only calls tools is left out`() async throws {
    let harness = Harness()
    try await harness.run { client in
      let reply = try await client.send(
        "POST", "/v3/memories/add/",
        json: [
          "messages": [
            ["role": "assistant", "content": nil, "tool_calls": [["id": "c1"]]],
            ["role": "assistant", "tool_calls": [["id": "c2"]]], ["role": "user", "content": "I like tea"],
          ], "user_id": "alice", "infer": false,
        ])
      #expect(reply.status == 200, "\(reply.text)")
    }
    let turn = try EventBodyCoding.decode(TurnBody.self, from: try #require(harness.log.events.first).data)
    #expect(turn.messages.map(\.content) == ["I like tea"])
  }

  static let projects: [(String, String, JSONValue?, Int)] = [
    ("GET", "/v1/ping/?org_id=acme&project_id=default", nil, 200), ("GET", "/v1/ping/?org_id=other", nil, 404),
    ("GET", "/v1/ping/?project_id=second", nil, 404), ("GET", "/v1/ping/?org_id=acme&org_id=acme", nil, 400),
    ("GET", "/healthz?org_id=other", nil, 200),
    ("POST", "/v3/memories/", ["filters": ["user_id": "a"], "org_id": "acme", "project_id": "default"], 200),
    ("POST", "/v3/memories/", ["filters": ["user_id": "a"], "org_id": nil], 200),
    ("POST", "/v3/memories/", ["filters": ["user_id": "a"], "org_id": "other"], 404),
    ("POST", "/v3/memories/", ["filters": ["user_id": "a"], "project_id": 5], 404),
    ("POST", "/v3/memories/add/", ["messages": "x", "user_id": "a", "project_id": "second"], 404),
    ("DELETE", "/v1/memories/?user_id=a&org_id=other", nil, 404),
  ]

  @Test func `an organisation or a project that is not the key's is not there`() async throws {
    let harness = Harness(authenticator: DoorTests.Keys())
    try await harness.run { client in
      for (method, target, body, status) in Self.projects {
        let headers = ["Authorization": "Token admin"]
        let reply =
          if let body { try await client.send(method, target, json: body, headers: headers) } else {
            try await client.send(method, target, headers: headers)
          }
        #expect(reply.status == status, "\(target) \(reply.text)")
      }
    }
    #expect(harness.log.records.isEmpty)
  }

  @Test func `links to pages keep the prefix that was asked by`() async throws {
    let harness = Harness { $0.pathPrefix = "/mem0" }
    for number in 0..<3 { harness.reader.put(Fixture.view("Fact \(number)")) }
    try await harness.run { client in
      for prefix in ["", "/mem0"] {
        let reply = try await client.send(
          "POST", "\(prefix)/v3/memories/?page=2&page_size=1&wait=a%26b", json: ["filters": ["user_id": "alice"]])
        let base = "http://127.0.0.1:\(client.port)\(prefix)/v3/memories/?wait=a%26b&page="
        #expect(try reply.json["next"] == .string("\(base)3&page_size=1"))
        #expect(try reply.json["previous"] == .string("\(base)1&page_size=1"))
      }
    }
  }

  @Test func `a parameter that stands there several times has several values`() throws {
    let target = try RequestTarget("/x?fields=a&fields=b%20c&n=1")
    #expect(target.values("fields") == ["a", "b c"] && target.values("n") == ["1"] && target.values("m").isEmpty)
  }
}
