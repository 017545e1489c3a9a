import EventLog
import Foundation
import MnemeCore
import MnemeProjection
import Testing

@testable import MnemeQuery

@Suite struct AgentMethodTests {
  @Test(arguments: [
    ("2024-11-05", "2024-11-05"), ("2025-03-26", "2025-03-26"), ("2025-06-18", "2025-06-18"),
    ("2025-11-25", "2025-11-25"), ("1999-01-01", "2025-11-25"), ("2026-07-28", "2025-11-25"), ("", "2025-11-25"),
  ])
  func `initialize agrees on a revision`(asked: String, agreed: String) async throws {
    let twin = try await AgentTwin(owner: "user:alice")
    let result = try await twin.result("initialize", ["protocolVersion": .string(asked), "capabilities": [:]])
    #expect(result["protocolVersion"] == .string(agreed))
    #expect(result["serverInfo"]?["name"] == "mneme" && result["serverInfo"]?["version"] == "0.1.0")
    #expect(result["capabilities"]?["tools"] == ["listChanged": false])
    #expect(result["capabilities"]?["resources"] == ["listChanged": false, "subscribe": false])
    #expect(result["instructions"]?.stringValue?.contains("fail") == false)
  }

  @Test(
    arguments: [
      ("nothing", [:], .methodNotFound), ("prompts/list", [:], .methodNotFound), ("", [:], .methodNotFound),
      ("logging/setLevel", ["level": "info"], .methodNotFound), ("server/discover", [:], .methodNotFound),
      ("completion/complete", [:], .methodNotFound), ("resources/subscribe", [:], .methodNotFound),
      ("tools/list", ["cursor": "x"], .invalidParams), ("resources/list", ["cursor": 5], .invalidParams),
      ("resources/templates/list", ["cursor": "x"], .invalidParams),
      ("tools/call", [:], .invalidParams), ("tools/call", ["name": 5], .invalidParams),
      ("tools/call", ["name": "no_such_tool"], .invalidParams),
      ("tools/call", ["name": "get_memory", "arguments": []], .invalidParams),
      ("tools/call", ["name": "get_memory", "arguments": "x"], .invalidParams),
      ("resources/read", [:], .invalidParams), ("resources/read", ["uri": 1], .invalidParams),
      ("resources/read", ["uri": "mneme://user/bob/profile"], .resourceNotFound),
      ("resources/read", ["uri": "file:///etc/passwd"], .resourceNotFound),
    ] as [(String, JSONValue, RPCFault.Code)])
  func `what is not to be answered gets its fault`(
    method: String, params: JSONValue, code: RPCFault.Code
  ) async throws {
    let twin = try await AgentTwin(owner: "user:alice")
    #expect(try await twin.fault(method, params)?.code == code)
  }

  @Test func `later revisions are told what they may keep`() async throws {
    let twin = try await AgentTwin(owner: "user:alice")
    func result(_ method: String, _ params: [String: JSONValue] = [:]) async throws -> JSONValue {
      let reply = await twin.server.answerEnvelope(RPCRequest(id: .int(1), method: method, params: params))
      return try #require(JSONParser.parse(reply.bytes(.int(1)))["result"])
    }
    let discovered = try await result("server/discover")
    #expect(discovered["supportedVersions"] == ["2026-07-28"] && discovered["resultType"] == "complete")
    #expect(discovered["_meta"]?[AgentProtocol.Meta.serverInfo]?["name"] == "mneme")
    for (method, member) in [
      ("tools/list", "tools"), ("resources/list", "resources"), ("resources/templates/list", "resourceTemplates"),
      ("server/discover", "capabilities"),
    ] {
      let list = try await result(method)
      #expect(list[member] != nil && list["ttlMs"] == .int(AgentServer.listLifetimeMilliseconds), "\(method)")
      #expect(list["cacheScope"] == "private" && list["resultType"] == "complete", "\(method)")
    }
    let profile = try await result("resources/read", ["uri": "mneme://user/alice/profile"])
    #expect(profile["ttlMs"] == 0 && profile["contents"]?.arrayValue?.count == 1)
    let said = try await result("tools/call", ["name": "search_memories", "arguments": ["query": "tea"]])
    #expect(said["resultType"] == "complete" && said["ttlMs"] == nil)
    let unknown = await twin.server.answerEnvelope(RPCRequest(id: .int(1), method: "ping", params: [:]))
    guard case .fault(let fault) = unknown else {
      Issue.record("ping is none of this revision's methods")
      return
    }
    #expect(fault.code == .methodNotFound && fault.code.status == 404)
  }
}

@Suite struct AgentToolListTests {
  /// The tools as a client sees them that may name any owner.
  @Test func `tools are what they were`() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let golden = try JSONParser.parse(Array(Data(contentsOf: root.appending(path: "ops/conformance/tools.json"))))
    let tools = AgentTool.all.map { $0.object(.named(among: nil)) }
    #expect(golden.arrayValue?.map { $0["name"] } == tools.map { $0["name"] })
    for (expected, tool) in zip(golden.arrayValue ?? [], tools) {
      #expect(expected == tool, "\(tool["name"]?.stringValue ?? ""): what changes goes into ops/conformance/tools.json")
    }
  }

  @Test func `each tool is described whole, and its route takes what it makes`() throws {
    #expect(Set(AgentTool.all.map(\.name)).count == AgentTool.all.count)
    for tool in AgentTool.all {
      #expect(tool.name.wholeMatch(of: /[a-z_]{1,64}/) != nil && !tool.title.isEmpty && tool.description.count > 20)
      let schema = tool.inputSchema(.named(among: nil))
      #expect(schema["type"] == "object" && schema["additionalProperties"] == false)
      for (name, property) in schema["properties"]?.objectValue ?? [:] {
        #expect(property["description"]?.stringValue?.isEmpty == false, "\(tool.name).\(name)")
      }
      for name in schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? [] {
        #expect(schema["properties"]?[name] != nil, "\(tool.name).\(name)")
      }
      let hints = tool.object(.named(among: nil))["annotations"]
      let reads = ["get_", "list_", "search_"].contains { tool.name.hasPrefix($0) }
      #expect(hints?["readOnlyHint"] == .bool(reads), "\(tool.name)")
      #expect(hints?["destructiveHint"] == .bool(tool.name.hasPrefix("delete_") || tool.name == "update_memory"))
    }
  }

  @Test(
    arguments: [
      (.fixed(Owner(kind: .user, id: "alice")), ["agent_id", "app_id", "run_id"]),
      (.fixed(Owner(kind: .agent, id: "x")), ["app_id", "run_id"]), (.fixed(Owner(kind: .run, id: "x")), ["app_id"]),
      (.named(among: nil), ["agent_id", "app_id", "run_id", "user_id"]),
      (.refused("because"), ["agent_id", "app_id", "run_id"]),
    ] as [(OwnerRule, [String])])
  func `a fixed owner is no argument`(rule: OwnerRule, names: [String]) {
    for tool in AgentTool.all {
      let properties = tool.inputSchema(rule)["properties"]?.objectValue ?? [:]
      let found = properties.keys.filter(TurnForm.idNames.contains).sorted()
      #expect(found == (tool.ids == nil ? [] : names), "\(tool.name)")
    }
  }

  @Test func `a reader does not see what writes, and may not use it`() async throws {
    let reading = try await AgentTwin(role: .reader, owner: "user:alice")
    let writing = try await AgentTwin(role: .writer, owner: "user:alice")
    func names(_ twin: AgentTwin) async throws -> Set<String> {
      Set(try await twin.result("tools/list")["tools"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? [])
    }
    let (read, written) = (try await names(reading), try await names(writing))
    #expect(read.isSuperset(of: ["search_memories", "get_context", "get_memories", "get_memory", "get_event_status"]))
    let writers: Set<String> = [
      "add_memory", "update_memory", "delete_memory", "delete_all_memories", "delete_entities",
    ]
    #expect(read.isDisjoint(with: writers) && written.isSuperset(of: writers.subtracting(["delete_entities"])))
    let id = UUID().uuidString
    for (name, arguments) in [
      ("add_memory", ["text": "x"]), ("update_memory", ["memory_id": .string(id), "text": "x"]),
      ("delete_memory", ["memory_id": .string(id)]), ("delete_all_memories", [:]),
    ] as [(String, JSONValue)] {
      let said = try await reading.call(name, arguments)
      #expect(said.isError && said.text.hasPrefix("forbidden: "), "\(name): \(said.text)")
    }
    #expect(reading.harness.log.records.isEmpty)
  }

  @Test func `a tool without a route is not there`() async throws {
    let table = RouteTable(RouteTable.api.routes.filter { $0.path != "/v1/context/" })
    let twin = try await AgentTwin(owner: "user:alice", table: table)
    let names = try await twin.result("tools/list")["tools"]?.arrayValue?.map { $0["name"] } ?? []
    #expect(names.contains("search_memories") && !names.contains("get_context"))
    #expect(try await twin.fault("tools/call", ["name": "get_context"])?.code == .invalidParams)
  }

  @Test(arguments: FunctionSchemas.Format.allCases)
  func `function schemas say the same`(format: FunctionSchemas.Format) throws {
    let list = FunctionSchemas.list(format, AgentConfiguration(), role: .admin).arrayValue ?? []
    let tools = AgentTool.visible(to: .admin, in: .api)
    #expect(list.count == tools.count)
    for (entry, tool) in zip(list, tools) {
      let function = format == .openai ? entry["function"] : entry
      #expect(function?["name"] == .string(tool.name) && function?["description"] == .string(tool.description))
      let schema = function?[format == .openai ? "parameters" : "input_schema"]
      #expect(schema == tool.inputSchema(.refused("")) && schema?["properties"]?["user_id"] == nil)
    }
    let reading = FunctionSchemas.list(format, AgentConfiguration(allowsAnyOwner: true), role: .reader).arrayValue ?? []
    #expect(reading.count < list.count)
  }
}
