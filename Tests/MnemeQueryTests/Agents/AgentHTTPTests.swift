import Foundation
import MnemeCore
import MnemeProjection
import Testing

@testable import MnemeQuery

/// `/mcp` over a connection.
@Suite struct AgentHTTPTests {
  private static let meta: JSONValue = .object([
    AgentProtocol.Meta.protocolVersion: "2026-07-28", AgentProtocol.Meta.clientCapabilities: [:],
  ])

  /// Headers of a request of the current revision.
  private static func headers(_ method: String, _ name: String? = nil) -> [String: String] {
    var headers = ["MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method]
    headers["Mcp-Name"] = name
    return headers
  }

  private static func call(_ name: String, _ arguments: JSONValue, id: JSONValue = 1, meta: Bool = false) -> JSONValue {
    var params: [String: JSONValue] = ["name": .string(name), "arguments": arguments]
    if meta { params["_meta"] = Self.meta }
    return ["jsonrpc": "2.0", "id": id, "method": "tools/call", "params": .object(params)]
  }

  @Test func `a client of an older revision initializes and calls`() async throws {
    let harness = Harness()
    try await harness.run { client in
      let opened = try await client.send(
        "POST", "/mcp",
        json: [
          "jsonrpc": "2.0", "id": 0, "method": "initialize",
          "params": ["protocolVersion": "2025-06-18", "capabilities": [:], "clientInfo": ["name": "t"]],
        ], headers: ["Accept": "application/json, text/event-stream"])
      #expect(opened.status == 200 && opened.headers["content-type"] == "application/json")
      #expect(try opened.json["result"]?["protocolVersion"] == "2025-06-18")
      let session = try #require(opened.headers["mcp-session-id"])
      let headers = ["Mcp-Session-Id": session, "MCP-Protocol-Version": "2025-06-18"]
      let noted = try await client.send(
        "POST", "/mcp/", json: ["jsonrpc": "2.0", "method": "notifications/initialized"], headers: headers)
      #expect(noted.status == 202 && noted.body.isEmpty)
      let said = try await client.send(
        "POST", "/mcp", json: Self.call("add_memory", ["text": "I like tea", "user_id": "alice"], id: "a"),
        headers: headers)
      #expect(said.status == 200 && said.headers["mcp-session-id"] == nil)
      #expect(try said.json["id"] == "a" && said.json["result"]?["isError"] == false, "\(said.text)")
      #expect(try harness.log.events.count == 1)
      let unknown = try await client.send(
        "POST", "/mcp", json: ["jsonrpc": "2.0", "id": 2, "method": "no/such"], headers: headers)
      #expect(unknown.status == 200)
      #expect(try unknown.json["error"]?["code"] == .code(.methodNotFound))
    }
  }

  @Test func `a client of the current revision calls at once`() async throws {
    try await Harness().run { client in
      let found = try await client.send(
        "POST", "/mcp",
        json: ["jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": ["_meta": Self.meta]],
        headers: Self.headers("server/discover"))
      #expect(found.status == 200)
      #expect(try found.json["result"]?["supportedVersions"] == ["2026-07-28"])
      let said = try await client.send(
        "POST", "/mcp", json: Self.call("search_memories", ["query": "tea", "user_id": "alice"], meta: true),
        headers: Self.headers("tools/call", "search_memories"))
      #expect(said.status == 200, "\(said.text)")
      #expect(try said.json["result"]?["resultType"] == "complete")
      let cases: [(String, JSONValue, [String: String], Int, JSONValue)] = [
        ("ping", ["_meta": Self.meta], Self.headers("ping"), 404, -32601),
        ("tools/list", [:], Self.headers("tools/list"), 400, -32602),
        ("tools/list", ["_meta": Self.meta], Self.headers("tools/call"), 400, -32020),
        ("tools/list", ["_meta": Self.meta], ["MCP-Protocol-Version": "2026-07-28"], 400, -32020),
        ("tools/list", ["_meta": Self.meta], ["Mcp-Method": "tools/list"], 400, -32020),
        ("tools/list", ["_meta": Self.meta], ["MCP-Protocol-Version": "2027-01-01"], 400, -32020),
      ]
      for (method, params, headers, status, code) in cases {
        let reply = try await client.send(
          "POST", "/mcp", json: ["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": params],
          headers: headers)
        #expect(reply.status == status, "\(method) \(headers)")
        #expect(try reply.json["error"]?["code"] == code && reply.json["id"] == 1, "\(headers): \(reply.text)")
      }
      let later = try await client.send(
        "POST", "/mcp",
        json: [
          "jsonrpc": "2.0", "id": 1, "method": "tools/list",
          "params": [
            "_meta": .object([
              AgentProtocol.Meta.protocolVersion: "2027-01-01", AgentProtocol.Meta.clientCapabilities: [:],
            ])
          ],
        ], headers: ["MCP-Protocol-Version": "2027-01-01", "Mcp-Method": "tools/list"])
      #expect(later.status == 400)
      #expect(try later.json["error"]?["data"] == ["supported": ["2026-07-28"], "requested": "2027-01-01"])
      let dropped = try await client.send(
        "POST", "/mcp", json: ["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": 1]],
        headers: ["MCP-Protocol-Version": "2026-07-28"])
      #expect(dropped.status == 202)
      let unknown = try await client.send(
        "POST", "/mcp", json: ["jsonrpc": "2.0", "method": "x"], headers: ["MCP-Protocol-Version": "1"])
      #expect(unknown.status == 400)
    }
  }

  @Test(
    arguments: [
      ("POST", "{", [:], 400, -32700), ("POST", "", [:], 400, -32700),
      ("POST", #"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, [:], 400, -32600), ("POST", "{}", [:], 400, -32600),
      ("POST", "{}", ["Content-Type": "text/plain"], 415, -32600),
      ("POST", "{}", ["Accept": "text/event-stream"], 406, -32600),
      ("POST", #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, ["Accept": "*/*"], 200, nil),
      (
        "POST", #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, ["Content-Type": "application/json; charset=utf-8"], 200,
        nil
      ),
      ("POST", #"{"jsonrpc":"2.0","id":1,"result":{}}"#, [:], 202, nil),
      ("POST", #"{"jsonrpc":"2.0","id":1,"result":{}}"#, ["MCP-Protocol-Version": "2026-07-28"], 400, -32600),
      ("POST", "{}", ["Mcp-Session-Id": String(repeating: "x", count: 129)], 400, -32600),
      ("POST", "{}", ["Origin": "http://evil.example"], 403, nil), ("GET", nil, [:], 405, nil),
      ("DELETE", nil, ["Mcp-Session-Id": "x"], 405, nil), ("PUT", "{}", [:], 405, nil),
    ] as [(String, String?, [String: String], Int, Int64?)])
  func `what is no message is refused`(
    method: String, body: String?, headers: [String: String], status: Int, code: Int64?
  ) async throws {
    try await Harness().run { client in
      let reply = try await client.send(
        method, "/mcp", body: body.map { Array($0.utf8) },
        headers: ["Content-Type": "application/json"].merging(headers) { $1 })
      #expect(reply.status == status, "\(reply.text)")
      if let code { #expect(try reply.json["error"]?["code"] == .int(code), "\(reply.text)") }
      if status == 405 { #expect(reply.headers["allow"] == "POST") }
      let alive = try await client.send("GET", "/healthz")
      #expect(alive.status == 200)
    }
  }

  @Test func `pages of other sites are refused with a key too`() async throws {
    try await Harness(authenticator: DoorTests.Keys()).run { client in
      let ping: JSONValue = ["jsonrpc": "2.0", "id": 1, "method": "ping"]
      for (origin, status) in [
        (nil, 200), ("http://evil.example", 403), ("null", 403), ("http://127.0.0.1:\(client.port)", 200),
        ("http://127.0.0.1:1", 403),
      ] as [(String?, Int)] {
        var headers = ["Authorization": "Token reader"]
        headers["Origin"] = origin
        let reply = try await client.send("POST", "/mcp", json: ping, headers: headers)
        #expect(reply.status == status, "\(origin ?? "none")")
      }
      #expect(try await client.send("POST", "/mcp", json: ping).status == 401)
    }
  }

  @Test func `keys decide which tools there are and whose memories they are about`() async throws {
    let harness = Harness(authenticator: DoorTests.Keys())
    harness.reader.put(Fixture.view("Likes tea", tenant: "acme", scope: Scope(userID: "bob")))
    harness.reader.put(Fixture.view("Likes saffron", tenant: "acme"))
    try await harness.run { client in
      func send(_ key: String, _ body: JSONValue) async throws -> JSONValue {
        try await client.send("POST", "/mcp", json: body, headers: ["Authorization": "Token \(key)"]).json
      }
      let list: JSONValue = ["jsonrpc": "2.0", "id": 1, "method": "tools/list"]
      func names(_ key: String) async throws -> [JSONValue?] {
        try await send(key, list)["result"]?["tools"]?.arrayValue?.map { $0["name"] } ?? []
      }
      let (reading, writing) = (try await names("reader"), try await names("writer"))
      #expect(!reading.contains("add_memory") && writing.contains("add_memory"))
      let bound = try await send("bound", Self.call("get_memories", [:]))
      #expect(bound["result"]?["structuredContent"]?["count"] == 1)
      #expect("\(bound)".contains("tea") && !"\(bound)".contains("saffron"))
      let named = try await send("bound", Self.call("get_memories", ["user_id": "alice"]))
      #expect(named["result"]?["isError"] == true)
      let other = try await send("other", Self.call("get_memories", ["user_id": "alice"]))
      #expect(other["result"]?["structuredContent"]?["count"] == 0)
    }
  }
}

/// Taking requests back.
@Suite struct AgentCancellationTests {
  private static func hangingHarness() -> Harness {
    let harness = Harness { $0.embeddingTimeout = .seconds(3600) }
    harness.embedder.behave(.hangs)
    return harness
  }

  private static func next(_ stream: AsyncStream<Void>) async { for await _ in stream { return } }

  private static func search(_ id: Int64, _ more: [String: JSONValue] = [:]) -> JSONValue {
    [
      "jsonrpc": "2.0", "id": .int(id), "method": "tools/call",
      "params": .object(
        ["name": "search_memories", "arguments": ["query": "tea", "user_id": "alice"]].merging(more) { $1 }),
    ]
  }

  @Test func `an older client takes its own request back, and nobody else's`() async throws {
    let harness = Self.hangingHarness()
    try await harness.run { client in
      func note(_ session: String, _ id: JSONValue) async throws {
        let reply = try await client.send(
          "POST", "/mcp",
          json: ["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": id, "reason": "x"]],
          headers: ["Mcp-Session-Id": session])
        #expect(reply.status == 202)
      }
      let connection = try client.connect()
      try await connection.send(
        client.bytes(
          "POST", "/mcp", body: JSONWriter.write(Self.search(7)),
          headers: ["Content-Type": "application/json", "Mcp-Session-Id": "s-1"]))
      await Self.next(harness.embedder.hanging)
      try await note("s-2", 7)
      try await note("s-1", 8)
      try await note("s-1", "7")
      let twice = try await client.send("POST", "/mcp", json: Self.search(7), headers: ["Mcp-Session-Id": "s-1"])
      #expect(try twice.json["error"]?["code"] == .code(.invalidRequest), "\(twice.text)")
      try await note("s-1", 7)
      await Self.next(harness.embedder.givenUp)
      let reply = try await connection.reply()
      #expect(reply.status == 200)
      #expect(try reply.json["error"]?["code"] == .code(.cancelled) && reply.json["id"] == 7)
      try await note("s-1", 7)
    }
  }

  @Test func `a current client takes its request back by closing the connection`() async throws {
    let harness = Self.hangingHarness()
    let meta: JSONValue = .object([
      AgentProtocol.Meta.protocolVersion: "2026-07-28", AgentProtocol.Meta.clientCapabilities: [:],
    ])
    try await harness.run { client in
      do {
        let connection = try client.connect()
        try await connection.send(
          client.bytes(
            "POST", "/mcp", body: JSONWriter.write(Self.search(1, ["_meta": meta])),
            headers: [
              "Content-Type": "application/json", "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call",
              "Mcp-Name": "search_memories",
            ]))
        await Self.next(harness.embedder.hanging)
      }
      // It is closed as nobody holds it any more.
      await Self.next(harness.embedder.givenUp)
    }
  }

  @Test func `what was appended before stays, and is found under its event id`() async throws {
    let harness = Harness(processes: false) { $0.outcomeTimeout = .seconds(3600) }
    let (appended, continuation) = AsyncStream<Void>.makeStream()
    harness.log.onAppend { _ in continuation.yield() }
    @Sendable func add(_ id: Int64, wait: Bool) -> JSONValue {
      [
        "jsonrpc": "2.0", "id": .int(id), "method": "tools/call",
        "params": [
          "name": "add_memory",
          "arguments": ["text": "I like tea", "user_id": "alice", "event_id": "e-1", "wait": .bool(wait)],
        ],
      ]
    }
    try await harness.run { client in
      let connection = try client.connect()
      try await connection.send(
        client.bytes(
          "POST", "/mcp", body: JSONWriter.write(add(1, wait: true)),
          headers: ["Content-Type": "application/json", "Mcp-Session-Id": "s"]))
      await Self.next(appended)
      // It is registered before it appends.
      _ = try await client.send(
        "POST", "/mcp", json: ["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": 1]],
        headers: ["Mcp-Session-Id": "s"])
      #expect(try await connection.reply().json["error"]?["code"] == .code(.cancelled))
      let again = try await client.send("POST", "/mcp", json: add(2, wait: false), headers: ["Mcp-Session-Id": "s"])
      #expect(try again.json["result"]?["structuredContent"]?["event_id"] == "e-1", "\(again.text)")
    }
    #expect(harness.log.records.count == 1)
  }

  @Test func `calls are bounded for each session and in all`() throws {
    let calls = RunningCalls()
    var bounds = AgentConfiguration()
    (bounds.maxCallsPerSession, bounds.maxCalls) = (2, 3)
    func start(_ session: String, _ id: Int64) throws(RPCFault) -> Task<Void, Never> {
      try calls.start(RunningCalls.Key(caller: "c", session: session, id: .int(id)), bounds: bounds) {
        try? await Task.sleep(for: .seconds(3600))
      }
    }
    let running = [try start("a", 1), try start("a", 2), try start("b", 1)]
    #expect(throws: RPCFault.self) { try start("a", 3) }
    #expect(throws: RPCFault.self) { try start("c", 1) }
    #expect(calls.count == 3)
    for task in running { task.cancel() }
  }

  @Test func `an ended call gives its place back`() async throws {
    let calls = RunningCalls()
    var bounds = AgentConfiguration()
    bounds.maxCallsPerSession = 1
    for id in 0..<100 {
      let key = RunningCalls.Key(caller: "c", session: "s", id: .int(Int64(id % 2)))
      let task = try calls.start(key, bounds: bounds) {
        while !Task.isCancelled { await Task.yield() }
        return id
      }
      #expect(calls.cancel(key))
      #expect(await task.value == id)
      #expect(calls.count == 0 && !calls.cancel(key))
    }
  }
}
