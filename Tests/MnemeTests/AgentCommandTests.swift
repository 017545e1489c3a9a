import CurlHTTP
import Foundation
import MnemeCore
import MnemeTesting
import Testing

/// `mneme mcp` and `mneme tools`, as processes.
@Suite struct AgentCommandTests {
  private static func lines(_ messages: [JSONValue]) -> String {
    messages.map { String(decoding: EventBodyCoding.encode($0), as: UTF8.self) + "\n" }.joined()
  }

  private static func call(_ id: Int64, _ name: String, _ arguments: JSONValue) -> JSONValue {
    [
      "jsonrpc": "2.0", "id": .int(id), "method": "tools/call",
      "params": ["name": .string(name), "arguments": arguments],
    ]
  }

  private static let initialize: JSONValue = [
    "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": ["protocolVersion": "2025-11-25"],
  ]

  /// Answers by id; every line of the output must be one.
  private static func answers(_ result: MnemeProcess.Result) throws -> [JSONValue: JSONValue] {
    var answers: [JSONValue: JSONValue] = [:]
    for line in result.output.split(separator: "\n") {
      let message = try EventBodyCoding.decode(JSONValue.self, from: Array(line.utf8))
      #expect(message["jsonrpc"] == "2.0")
      answers[message["id"] ?? .null] = message
    }
    return answers
  }

  @Test func `tools work on the data folder of a server, and by way of it`() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let data = folder.path + "/data"
    let server = try await Server.start(data, arguments: ["--mcp-owner", "user:ann"])
    let messages: [JSONValue] = [
      Self.initialize,
      Self.call(
        1, "add_memory", ["text": "I keep saffron in the blue tin", "infer": false, "wait": true, "event_id": "e-1"]),
      ["jsonrpc": "2.0", "id": 2, "method": "tools/list"],
    ]
    // Each answer counts, in whatever order: the pipe ends only after the last one.
    for arguments in [
      ["mcp", "--data-dir", data, "--mcp-owner", "user:ann"], ["mcp", "--url", "http://127.0.0.1:\(server.port)/"],
    ] {
      let result = try await MnemeProcess.run(arguments, input: Self.lines(messages))
      #expect(result.status == 0, "\(arguments): \(result.errors)")
      let answers = try Self.answers(result)
      #expect(answers.count == 3 && answers[0]?["result"]?["serverInfo"]?["name"] == "mneme", "\(result.output)")
      #expect(answers[1]?["result"]?["structuredContent"]?["status"] == "SUCCEEDED", "\(result.output)")
      let names = answers[2]?["result"]?["tools"]?.arrayValue?.compactMap { $0["name"] } ?? []
      #expect(names.contains("search_memories") && names.contains("add_memory"))

      let reading: [JSONValue] = [
        Self.initialize, Self.call(1, "search_memories", ["query": "Where is the saffron?"]),
        ["jsonrpc": "2.0", "id": 2, "method": "resources/read", "params": ["uri": "mneme://user/ann/profile"]],
      ]
      let read = try Self.answers(try await MnemeProcess.run(arguments, input: Self.lines(reading)))
      let found = read[1]?["result"]?["structuredContent"]?["results"]?.arrayValue
      #expect(found?.count == 1 && found?.first?["user_id"] == "ann", "\(read)")
      let profile = read[2]?["result"]?["contents"]?.arrayValue?.first?["text"]?.stringValue
      #expect(profile?.contains("blue tin") == true)
    }
    let reader = try await MnemeProcess.run(
      ["mcp", "--data-dir", data, "--mcp-owner", "user:ann", "--read-only"], input: Self.lines(messages))
    let refused = try Self.answers(reader)
    #expect(refused[1]?["result"]?["isError"] == true, "\(reader.output)")
    let names = refused[2]?["result"]?["tools"]?.arrayValue?.compactMap { $0["name"] } ?? []
    #expect(names.contains("search_memories") && !names.contains("add_memory"))
    #expect(await server.stop() == 0)
  }

  @Test func `lines that are too long or no messages do not end it`() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let input =
      "nonsense\n\n" + String(repeating: "x", count: (4 << 20) + 1)
      + "\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"
    let result = try await MnemeProcess.run(["mcp", "--url", "http://127.0.0.1:1"], input: input)
    #expect(result.status == 0, "\(result.errors)")
    let codes = try result.output.split(separator: "\n").map {
      try EventBodyCoding.decode(JSONValue.self, from: Array($0.utf8))["error"]?["code"]
    }
    #expect(codes == [-32700, -32600, -32603], "\(result.output)")
  }

  @Test(
    arguments: [
      (["mcp"], "--mcp-owner"), (["mcp", "--mcp-owner", "ann"], "user:ID"),
      (["mcp", "--mcp-owner", "user:a", "--mcp-any-owner", "on"], "choose one"),
      (["mcp", "--mcp-any-owner", "maybe"], "'on' or 'off'"), (["mcp", "--url", "nowhere"], "--url"),
      (["mcp", "--url", "http://127.0.0.1:1", "--mcp-owner", "user:a"], "the server and the key decide"),
      (["tools", "--format", "other"], "--format"), (["tools"], "--format"),
      (["up", "--mcp-owner", "nobody"], "user:ID"),
    ] as [([String], String)])
  func `wrong use is told of`(arguments: [String], text: String) async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let result = try await MnemeProcess.run(arguments, environment: ["MNEME_DATA_DIR": folder.path + "/data"])
    #expect(result.status == 2 && result.output.isEmpty && result.errors.contains(text), "\(result.errors)")
  }

  @Test func `tools are printed as function schemas`() async throws {
    let openai = try await MnemeProcess.run(["tools", "--format", "openai"]).json()
    let functions = openai.arrayValue?.compactMap { $0["function"] } ?? []
    #expect(functions.contains { $0["name"] == "search_memories" && $0["parameters"]?["type"] == "object" })
    #expect(!functions.contains { $0["parameters"]?["properties"]?["user_id"] != nil })
    let anthropic =
      try await MnemeProcess.run(
        ["tools", "--format", "anthropic", "--mcp-any-owner", "on", "--read-only"]
      ).json().arrayValue ?? []
    #expect(anthropic.contains { $0["input_schema"]?["properties"]?["user_id"] != nil })
    #expect(!anthropic.contains { $0["name"] == "add_memory" } && functions.count > anthropic.count)
  }
}
