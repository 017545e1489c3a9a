import MnemeCore
import Synchronization

/// Takes messages to a server's `/mcp` and its answers back, so that clients that only start programs reach it. Whose
/// memories the tools are about, the server and the key decide.
public final class AgentRelay: Sendable {
  /// A message on its way.
  public struct Post: Sendable {
    /// Headers, by name.
    public let headers: [(name: String, value: String)]
    /// The message.
    public let body: [UInt8]
  }

  /// What the server answered.
  public struct Reply: Sendable {
    /// HTTP status.
    public var status: Int
    /// Header `Mcp-Session-Id`; nil where there is none.
    public var sessionID: String?
    /// The body.
    public var body: [UInt8]

    /// A reply with all its parts.
    public init(status: Int, sessionID: String?, body: [UInt8]) {
      self.status = status
      self.sessionID = sessionID
      self.body = body
    }
  }

  private struct Session {
    var id: String?
    /// The revision that `initialize` has agreed on.
    var version: String?
  }

  private let post: @Sendable (Post) async throws -> Reply
  private let session = Mutex(Session())

  /// A relay that sends by `post`, which throws where there is no answer; the error's description is shown to the
  /// client. A call that is taken back cancels it.
  public init(post: @escaping @Sendable (Post) async throws -> Reply) {
    self.post = post
  }

  /// The stream of a client.
  public func stream(bounds: AgentConfiguration) -> AgentStream { AgentStream(self, bounds: bounds) }

  private func headers(_ request: RPCRequest?, _ era: AgentStream.Era) -> [(name: String, value: String)] {
    var headers = [
      (name: "Content-Type", value: "application/json"),
      (name: "Accept", value: "application/json, text/event-stream"),
    ]
    switch era {
    case .envelope:
      guard let request else { break }
      headers.append(("MCP-Protocol-Version", request.meta[AgentProtocol.Meta.protocolVersion]?.stringValue ?? ""))
      headers.append(("Mcp-Method", request.method))
      if let name = AgentProtocol.name(of: request) { headers.append(("Mcp-Name", HeaderText.encode(name))) }
    case .handshake:
      guard request?.method != "initialize" else { break }
      let session = self.session.withLock { $0 }
      if let version = session.version { headers.append(("MCP-Protocol-Version", version)) }
      if let id = session.id { headers.append(("Mcp-Session-Id", id)) }
    }
    return headers
  }
}

extension AgentRelay: AgentStream.Responder {
  func answer(_ request: RPCRequest, _ era: AgentStream.Era) async -> [UInt8]? {
    let message = JSONWriter.write(
      .object([
        "jsonrpc": "2.0", "id": request.id.json, "method": .string(request.method),
        "params": .object(request.params),
      ]))
    let reply: Reply
    do {
      reply = try await post(Post(headers: headers(request, era), body: message))
    } catch {
      return RPCFault(.internalError, "the server does not answer: \(error)").bytes(request.id)
    }
    let body = try? JSONParser.parse(reply.body)
    // Whatever else it is, a client could not tell which request it answers.
    guard let body, body["jsonrpc"] == "2.0", body["id"] == request.id.json else {
      let detail = body?["detail"]?.stringValue ?? body?["error"]?["message"]?.stringValue
      return RPCFault(
        .internalError, "the server answered with status \(reply.status)" + (detail.map { ": \($0)" } ?? "")
      ).bytes(request.id)
    }
    if request.method == "initialize", let version = body["result"]?["protocolVersion"]?.stringValue {
      session.withLock { $0 = Session(id: reply.sessionID, version: version) }
    }
    return JSONWriter.write(body)
  }

  func take(notification method: String, params: [String: JSONValue], _ era: AgentStream.Era) async {
    // Clients of 2026-07-28 and later take a request back by closing its connection, which cancelling it does.
    guard era == .handshake else { return }
    let message = JSONWriter.write(
      .object(["jsonrpc": "2.0", "method": .string(method), "params": .object(params)]))
    _ = try? await post(Post(headers: headers(nil, era), body: message))
  }
}
