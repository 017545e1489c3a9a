import EventLog
import Logging
import MnemeCore
import MnemeProjection

@testable import MnemeQuery

/// A server of agents' requests over twins, without any transport.
struct AgentTwin: Sendable {
  /// Knows one caller.
  struct Caller: Authenticator {
    let principal: Principal
    func principal(for credentials: Credentials) -> Principal? { self.principal }
  }

  let harness: Harness
  let api: QueryAPI
  let admission: Admission
  let server: AgentServer

  /// A server for a caller of tenant "acme".
  init(
    role: AccessRole = .admin, keyOwners: [String]? = nil, owner: String? = nil, allowsAnyOwner: Bool = false,
    _ harness: Harness = Harness(), table: RouteTable = .api
  ) async throws {
    var configuration = harness.configuration
    configuration.agents.owner = owner.map { Owner($0)! }
    configuration.agents.allowsAnyOwner = allowsAnyOwner
    self.harness = harness
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let api = QueryAPI(
      configuration: configuration, log: harness.log, codec: .init(),
      projection: ProjectionSwitch(
        ActiveProjection(generation: "g1", reader: harness.reader, embedder: harness.embedder)),
      reranker: nil, lag: { [String: Int]() }, keys: nil, clock: { Fixture.now }, logger: logger)
    let principal = Principal(tenant: "acme", role: role, owners: keyOwners.map { Set($0.map { Owner($0)! }) })
    self.admission = try await Door(authenticator: Caller(principal: principal)).admit(Credentials(), to: .reader)
    self.api = api.pinned(self.admission.reach)
    self.server = AgentServer(api: self.api, table: table, admission: self.admission)
  }

  /// What a tool said.
  struct Said: Sendable {
    let text: String
    let structured: JSONValue?
    let isError: Bool
  }

  struct Fault: Error {
    let fault: RPCFault
  }

  /// The result of a request.
  func result(_ method: String, _ params: JSONValue = [:]) async throws -> JSONValue {
    let request = RPCRequest(id: .int(1), method: method, params: params.objectValue ?? [:])
    switch await self.server.answerHandshake(request) {
    case .result(let members): return try JSONParser.parse(JSONWriter.write(.object(members)))
    case .fault(let fault): throw Fault(fault: fault)
    }
  }

  /// The fault of a request; nil where it has none.
  func fault(_ method: String, _ params: JSONValue = [:]) async throws -> RPCFault? {
    do {
      _ = try await self.result(method, params)
      return nil
    } catch let error as Fault {
      return error.fault
    }
  }

  /// Calls a tool.
  func call(_ name: String, _ arguments: JSONValue = [:]) async throws -> Said {
    let result = try await self.result("tools/call", ["name": .string(name), "arguments": arguments])
    return Said(
      text: result["content"]?.arrayValue?.first?["text"]?.stringValue ?? "", structured: result["structuredContent"],
      isError: result["isError"] == true)
  }
}

extension JSONValue {
  /// The number of a fault.
  static func code(_ code: RPCFault.Code) -> JSONValue { .int(code.rawValue) }
}
