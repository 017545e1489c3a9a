import FoundationEssentials
import HTTPTypes
import Hummingbird
import MnemeCore

extension QueryAPI {
  /// Longest id of a session that is taken, in bytes. Ours have 36.
  static let maxSessionIDByteCount = 128

  /// `POST /mcp`: one message of an agent's client (streamable HTTP, answered with JSON and never with a stream).
  ///
  /// A session is a name under which a client of an older revision takes requests back, and no state: there is nothing
  /// to keep, to run out of or to expire, and it holds with every process behind a balancer and after a restart.
  func agent(_ request: APIRequest) async throws -> APIResponse {
    // A page of another site must not reach memories through its visitor's browser, whatever the name under which it
    // found us, and whatever key the browser holds.
    guard !Credentials(host: request.authority, origin: request.header("origin")).isOfOtherSite else {
      throw RequestFailure.otherSite
    }
    if let refusal = Self.refusal(request) { return refusal }
    let message: RPCMessage
    do {
      message = try RPCMessage.parse(request.body)
    } catch {
      return APIResponse(error)
    }
    let server = AgentServer(api: self, table: .api, admission: request.admission)
    let version = request.header(AgentProtocol.Header.protocolVersion)
    if let version, !AgentProtocol.handshakeVersions.contains(version) {
      return await Self.envelopeAnswer(message, version, request, server)
    }
    return await self.handshakeAnswer(message, request, server)
  }

  /// Whether a request is of a revision whose clients take requests back by closing the connection. Until 2025-11-25, a
  /// connection that is lost takes nothing back.
  @Sendable static func isOfEnvelopeRevision(_ headers: HTTPFields) -> Bool {
    let version = headers.first { $0.name.canonicalName == AgentProtocol.Header.protocolVersion }?.value
    return version.map { !AgentProtocol.handshakeVersions.contains($0) } ?? false
  }

  /// What is wrong with the request before its body is looked at; nil where nothing is.
  private static func refusal(_ request: APIRequest) -> APIResponse? {
    let type = request.header("content-type") ?? ""
    guard mediaType(type) == "application/json" else {
      return APIResponse(RPCFault(.invalidRequest, "Content-Type must be application/json"), status: 415)
    }
    let accepted = (request.header("accept") ?? "*/*").split(separator: ",").map(mediaType)
    guard accepted.contains(where: { ["application/json", "application/*", "*/*"].contains($0) }) else {
      return APIResponse(RPCFault(.invalidRequest, "Accept must hold application/json"), status: 406)
    }
    let singular = [
      AgentProtocol.Header.protocolVersion, AgentProtocol.Header.sessionID, AgentProtocol.Header.method,
      AgentProtocol.Header.name,
    ]
    for name in singular where request.headers.count(where: { $0.name.canonicalName == name }) > 1 {
      return APIResponse(RPCFault(.headerMismatch, "header \(name) stands there more than once"))
    }
    if let session = request.header(AgentProtocol.Header.sessionID), session.utf8.count > maxSessionIDByteCount {
      return APIResponse(
        RPCFault(.invalidRequest, "Mcp-Session-Id has more than \(maxSessionIDByteCount) bytes"), status: 400)
    }
    return nil
  }

  /// `type/subtype` in lower case, without parameters.
  private static func mediaType(_ text: some StringProtocol) -> String {
    String(text.prefix { $0 != ";" }).replacing(" ", with: "").lowercased()
  }

  /// From revision 2026-07-28 on each request stands for itself; its client takes it back by closing the connection.
  private static func envelopeAnswer(
    _ message: RPCMessage, _ version: String, _ request: APIRequest, _ server: AgentServer
  ) async -> APIResponse {
    switch message {
    case .request(let call):
      do {
        try AgentProtocol.checkEnvelope(call, headers: { request.header($0) })
      } catch {
        return APIResponse(error, id: call.id)
      }
      let reply = await server.answerEnvelope(call)
      if case .fault(let fault) = reply { return APIResponse(fault, id: call.id) }
      return APIResponse(body: reply.bytes(call.id), contentType: "application/json")
    case .notification:
      guard AgentProtocol.envelopeVersions.contains(version) else {
        return APIResponse(AgentProtocol.unsupported(version))
      }
      return .accepted
    case .response: return APIResponse(RPCFault(.invalidRequest, "a client answers nothing here"))
    }
  }

  private func handshakeAnswer(
    _ message: RPCMessage, _ request: APIRequest, _ server: AgentServer
  ) async -> APIResponse {
    let session = request.header(AgentProtocol.Header.sessionID)
    let principal = request.admission.principal
    func key(_ id: RPCID, _ session: String) -> RunningCalls.Key {
      RunningCalls.Key(caller: "\(principal.realm)/\(principal.keyID ?? "")", session: session, id: id)
    }
    switch message {
    case .response: return .accepted
    case .notification(let method, let params):
      if method == "notifications/cancelled", let session, let id = params["requestId"].flatMap(RPCID.init) {
        self.calls.cancel(key(id, session))
      }
      return .accepted
    case .request(let call):
      guard !AgentProtocol.hasEnvelope(call) || call.method == "initialize" else {
        return APIResponse(
          RPCFault(.headerMismatch, "header MCP-Protocol-Version must hold the revision in params._meta"), id: call.id)
      }
      var response: APIResponse
      if let session, call.method != "initialize" {
        do {
          let task = try self.calls.start(key(call.id, session), bounds: self.configuration.agents) {
            await server.answerHandshake(call)
          }
          let reply = await withTaskCancellationHandler {
            await task.value
          } onCancel: {
            task.cancel()
          }
          response = APIResponse(body: reply.bytes(call.id), contentType: "application/json")
        } catch {
          return APIResponse(error, id: call.id)
        }
      } else {
        let reply = await server.answerHandshake(call)
        response = APIResponse(body: reply.bytes(call.id), contentType: "application/json")
      }
      if call.method == "initialize" { response.headers.append(ResponseHeader("Mcp-Session-Id", UUID().text)) }
      return response
    }
  }
}

extension APIResponse {
  /// Taken in; there is nothing to say.
  fileprivate static var accepted: APIResponse {
    var response = APIResponse(body: [], contentType: "application/json")
    response.status = 202
    return response
  }

  /// A fault of the protocol.
  fileprivate init(_ fault: RPCFault, id: RPCID? = nil, status: Int? = nil) {
    self.init(body: fault.bytes(id), contentType: "application/json")
    self.status = status ?? fault.code.status
  }
}
