import MnemeCore
import Synchronization
import Testing

@testable import MnemeQuery

/// A client's side of a pipe, driven by hand.
private final class Pipe: Sendable {
  private let input: (stream: AsyncStream<AgentLine>, continuation: AsyncStream<AgentLine>.Continuation)
  private let output: (stream: AsyncStream<JSONValue>, continuation: AsyncStream<JSONValue>.Continuation)

  init() {
    self.input = AsyncStream.makeStream()
    self.output = AsyncStream.makeStream()
  }

  func write(_ line: AgentLine) { self.input.continuation.yield(line) }
  func write(_ text: String) { self.write(.message(Array(text.utf8))) }
  func write(_ value: JSONValue) { self.write(.message(JSONWriter.write(value))) }
  func end() { self.input.continuation.finish() }

  /// The next message of the server.
  func read() async throws -> JSONValue {
    for await message in self.output.stream { return message }
    throw CancellationError()
  }

  /// Runs `stream` until `body` has ended and its last answer is sent; returns what was not read.
  func run(_ stream: AgentStream, _ body: @Sendable (Pipe) async throws -> Void) async throws -> [JSONValue] {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        let (lines, output) = (self.input.stream, self.output.continuation)
        await stream.run(
          next: {
            for await line in lines { return line }
            return nil
          },
          send: { message in output.yield((try? JSONParser.parse(message)) ?? .null) })
      }
      try await body(self)
      self.end()
      try await group.waitForAll()
    }
    self.output.continuation.finish()
    var rest: [JSONValue] = []
    for await message in self.output.stream { rest.append(message) }
    return rest
  }
}

@Suite struct AgentStreamTests {
  private static let meta: JSONValue = .object([
    AgentProtocol.Meta.protocolVersion: "2026-07-28", AgentProtocol.Meta.clientCapabilities: [:],
  ])
  private static let initialize: JSONValue = [
    "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": ["protocolVersion": "2025-11-25"],
  ]

  private func request(
    _ id: Int64, _ method: String, _ params: [String: JSONValue] = [:], meta: Bool = false
  ) -> JSONValue {
    let params = meta ? params.merging(["_meta": Self.meta]) { $1 } : params
    return ["jsonrpc": "2.0", "id": .int(id), "method": .string(method), "params": .object(params)]
  }

  private func stream(_ twin: AgentTwin) -> AgentStream {
    AgentStream(LocalResponder(api: twin.api, admission: twin.admission), bounds: twin.api.configuration.agents)
  }

  @Test func `a client of either era is served`() async throws {
    let twin = try await AgentTwin(owner: "user:alice")
    let call: [String: JSONValue] = ["name": "add_memory", "arguments": ["text": "I like tea"]]
    _ = try await Pipe().run(stream(twin)) { pipe in
      pipe.write(Self.initialize)
      #expect(try await pipe.read()["result"]?["protocolVersion"] == "2025-11-25")
      pipe.write(["jsonrpc": "2.0", "method": "notifications/initialized"])
      pipe.write(request(1, "tools/call", call))
      #expect(try await pipe.read()["result"]?["isError"] == false)
      pipe.write(request(2, "tools/list", meta: true))
      let code1 = try await pipe.read()["error"]?["code"]
      #expect(code1 == .code(.invalidRequest))
    }
    _ = try await Pipe().run(stream(twin)) { pipe in
      pipe.write(request(1, "server/discover", meta: true))
      #expect(try await pipe.read()["result"]?["supportedVersions"] == ["2026-07-28"])
      pipe.write(request(2, "tools/call", call, meta: true))
      #expect(try await pipe.read()["result"]?["resultType"] == "complete")
      pipe.write(request(3, "tools/list"))
      let code2 = try await pipe.read()["error"]?["code"]
      #expect(code2 == .code(.invalidParams))
      pipe.write(Self.initialize)
      let refused = try await pipe.read()
      #expect(refused["error"]?["code"] == .code(.unsupportedProtocolVersion) && refused["id"] == 0)
      #expect(refused["error"]?["data"]?["supported"] == ["2026-07-28"])
    }
    #expect(twin.harness.log.records.count == 2)
  }

  @Test func `faults do not end it`() async throws {
    let twin = try await AgentTwin(owner: "user:alice")
    let rest = try await Pipe().run(stream(twin)) { pipe in
      for (line, code) in [("{", -32700), ("[]", -32600), ("{}", -32600), ("\u{1}", -32700)] {
        pipe.write(line)
        let answer = try await pipe.read()
        #expect(answer["error"]?["code"] == .int(Int64(code)) && answer["id"] == .null, "\(line)")
      }
      pipe.write(.tooLong)
      let code3 = try await pipe.read()["error"]?["code"]
      #expect(code3 == .code(.invalidRequest))
      pipe.write(["jsonrpc": "2.0", "id": 5, "result": [:]])
      pipe.write(["jsonrpc": "2.0", "method": "notifications/no-such"])
      pipe.write(["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": 99]])
      pipe.write(["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": [:]]])
      pipe.write(request(1, "ping"))
      #expect(try await pipe.read() == ["jsonrpc": "2.0", "id": 1, "result": [:]])
    }
    #expect(rest.isEmpty)
  }

  @Test(arguments: [false, true])
  func `a request that was taken back is not answered`(isCurrent: Bool) async throws {
    var harness = Harness()
    harness.configuration.embeddingTimeout = .seconds(3600)
    harness.embedder.behave(.hangs)
    let twin = try await AgentTwin(owner: "user:alice", harness)
    let embedder = harness.embedder
    let rest = try await Pipe().run(stream(twin)) { pipe in
      pipe.write(
        request(1, "tools/call", ["name": "search_memories", "arguments": ["query": "tea"]], meta: isCurrent))
      for await _ in embedder.hanging { break }
      pipe.write(request(1, "tools/list", meta: isCurrent))
      let code4 = try await pipe.read()["error"]?["code"]
      #expect(code4 == .code(.invalidRequest))
      // Others are answered meanwhile.
      pipe.write(request(2, "tools/list", meta: isCurrent))
      #expect(try await pipe.read()["id"] == 2)
      pipe.write(["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": 1]])
      for await _ in embedder.givenUp { break }
    }
    #expect(rest.isEmpty, "\(rest)")
  }

  @Test func `what came before the end is answered`() async throws {
    let twin = try await AgentTwin(owner: "user:alice")
    let rest = try await Pipe().run(stream(twin)) { pipe in
      for id in 1...20 { pipe.write(request(Int64(id), "tools/list")) }
    }
    #expect(Set(rest.compactMap { $0["id"] }) == Set((1...20).map { JSONValue.int($0) }))
  }
}

/// Messages by way of another process's server.
@Suite struct AgentRelayTests {
  private final class Network: Sendable {
    let posts = Mutex<[AgentRelay.Post]>([])
    let client: TestClient

    init(_ client: TestClient) { self.client = client }

    func relay() -> AgentRelay {
      AgentRelay { post in
        self.posts.withLock { $0.append(post) }
        let reply = try await self.client.send(
          "POST", "/mcp", body: post.body,
          headers: Dictionary(post.headers.map { ($0.name, $0.value) }) { $1 })
        return AgentRelay.Reply(status: reply.status, sessionID: reply.headers["mcp-session-id"], body: reply.body)
      }
    }
  }

  private static let meta: JSONValue = .object([
    AgentProtocol.Meta.protocolVersion: "2026-07-28", AgentProtocol.Meta.clientCapabilities: [:],
  ])

  @Test func `a session of an older client is kept`() async throws {
    try await Harness().run { client in
      let network = Network(client)
      _ = try await Pipe().run(network.relay().stream(bounds: AgentConfiguration())) { pipe in
        pipe.write(
          ["jsonrpc": "2.0", "id": "i", "method": "initialize", "params": ["protocolVersion": "2025-03-26"]])
        #expect(try await pipe.read()["result"]?["protocolVersion"] == "2025-03-26")
        pipe.write([
          "jsonrpc": "2.0", "id": 1, "method": "tools/call",
          "params": ["name": "get_memories", "arguments": ["user_id": "ü"]],
        ])
        let said = try await pipe.read()
        #expect(said["id"] == 1 && said["result"]?["isError"] == false, "\(said)")
        pipe.write(["jsonrpc": "2.0", "id": 2, "method": "no/such"])
        let code5 = try await pipe.read()["error"]?["code"]
        #expect(code5 == .code(.methodNotFound))
      }
      let posts = network.posts.withLock { $0 }
      func header(_ post: AgentRelay.Post, _ name: String) -> String? { post.headers.first { $0.name == name }?.value }
      #expect(header(posts[0], "Mcp-Session-Id") == nil && header(posts[1], "Mcp-Session-Id") != nil)
      #expect(header(posts[1], "MCP-Protocol-Version") == "2025-03-26" && header(posts[1], "Mcp-Method") == nil)
    }
  }

  @Test func `headers of a current client are made of its messages`() async throws {
    try await Harness().run { client in
      _ = try await Pipe().run(Network(client).relay().stream(bounds: AgentConfiguration())) { pipe in
        let calls: [(String, [String: JSONValue])] = [
          ("server/discover", [:]), ("tools/list", [:]),
          ("tools/call", ["name": "get_memories", "arguments": ["user_id": "ü"]]),
          ("resources/read", ["uri": "mneme://user/żółw/profile"]),
        ]
        for (index, (method, params)) in calls.enumerated() {
          pipe.write([
            "jsonrpc": "2.0", "id": .int(Int64(index)), "method": .string(method),
            "params": .object(params.merging(["_meta": Self.meta]) { $1 }),
          ])
          let answer = try await pipe.read()
          #expect(answer["result"]?["resultType"] == "complete", "\(method): \(answer)")
        }
      }
    }
  }

  @Test func `a server that is away, or refuses, is told of`() async throws {
    struct Away: Error, CustomStringConvertible { let description = "nobody listens" }
    let away = AgentRelay { _ in throw Away() }
    _ = try await Pipe().run(away.stream(bounds: AgentConfiguration())) { pipe in
      pipe.write(["jsonrpc": "2.0", "id": 1, "method": "ping"])
      let answer = try await pipe.read()
      #expect(answer["error"]?["message"] == "the server does not answer: nobody listens" && answer["id"] == 1)
    }
    try await Harness(authenticator: DoorTests.Keys()).run { client in
      _ = try await Pipe().run(Network(client).relay().stream(bounds: AgentConfiguration())) { pipe in
        pipe.write(["jsonrpc": "2.0", "id": 1, "method": "ping"])
        let message = try await pipe.read()["error"]?["message"]?.stringValue ?? ""
        #expect(message.hasPrefix("the server answered with status 401: no caller is known"), "\(message)")
      }
    }
  }
}
