import MnemeCore

/// One message on a pipe.
public enum AgentLine: Sendable {
  /// Its bytes, without the end of the line.
  case message([UInt8])
  /// It was longer than the bound, and is gone.
  case tooLong
}

/// Serves one agent's client over a pair of streams, a message a line, until the client closes its side.
///
/// The client's first request decides how it speaks: `initialize` opens a session of an older revision; a request that
/// tells its revision itself, a client of 2026-07-28 or later. What would need the other is refused from then on.
public struct AgentStream: Sendable {
  /// Answers the requests of one client.
  protocol Responder: Sendable {
    /// Answers a request; nil where there is nothing to say.
    func answer(_ request: RPCRequest, _ era: Era) async -> [UInt8]?
    /// Takes a notification in.
    func take(notification method: String, params: [String: JSONValue], _ era: Era) async
  }

  /// How a client speaks.
  enum Era: Sendable {
    case handshake, envelope
  }

  private let responder: any Responder
  private let bounds: AgentConfiguration
  private let calls = RunningCalls()

  /// A stream whose requests `responder` answers.
  init(_ responder: any Responder, bounds: AgentConfiguration) {
    self.responder = responder
    self.bounds = bounds
  }

  /// Serves until there is no further message, and every request that came is answered.
  /// - Parameters:
  ///   - next: The next message; nil at the end.
  ///   - send: Sends one message. It is called from one request at a time or from several.
  public func run(
    next: @Sendable () async -> AgentLine?, send: @escaping @Sendable (_ message: [UInt8]) async -> Void
  ) async {
    await withDiscardingTaskGroup { group in
      var era: Era?
      while let line = await next() {
        switch line {
        case .tooLong:
          await send(
            RPCFault(.invalidRequest, "the message has more than \(bounds.maxMessageByteCount) bytes").bytes(nil))
        case .message(let bytes):
          do throws(RPCFault) {
            switch try RPCMessage.parse(bytes) {
            case .response: continue
            case .notification(let method, let params):
              if method == "notifications/cancelled", let id = params["requestId"].flatMap(RPCID.init) {
                calls.cancel(Self.key(id))
              }
              let spoken = era ?? .handshake
              group.addTask { await responder.take(notification: method, params: params, spoken) }
            case .request(let request):
              let spoken = era ?? Self.era(request)
              era = spoken
              try begin(request, spoken, send, in: &group)
            }
          } catch {
            await send(error.bytes(nil))
          }
        }
      }
    }
  }

  private func begin(
    _ request: RPCRequest, _ era: Era, _ send: @escaping @Sendable ([UInt8]) async -> Void,
    in group: inout DiscardingTaskGroup
  ) throws(RPCFault) {
    do throws(RPCFault) {
      try Self.check(request, era)
      let responder = self.responder
      let task = try calls.start(Self.key(request.id), bounds: bounds) {
        let answer = await responder.answer(request, era)
        // A request that was taken back is not answered.
        guard !Task.isCancelled, let answer else { return }
        await send(answer)
      }
      group.addTask {
        await withTaskCancellationHandler {
          await task.value
        } onCancel: {
          task.cancel()
        }
      }
    } catch {
      throw RPCFault(error.code, error.message, id: request.id, data: error.data)
    }
  }

  private static func key(_ id: RPCID) -> RunningCalls.Key { RunningCalls.Key(caller: "", session: "", id: id) }

  private static func era(_ request: RPCRequest) -> Era {
    request.method != "initialize" && AgentProtocol.hasEnvelope(request) ? .envelope : .handshake
  }

  private static func check(_ request: RPCRequest, _ era: Era) throws(RPCFault) {
    switch era {
    case .envelope:
      guard request.method != "initialize" else {
        throw AgentProtocol.unsupported(request.params["protocolVersion"]?.stringValue ?? "")
      }
      try AgentProtocol.checkEnvelope(request, headers: nil)
    case .handshake:
      guard Self.era(request) == .handshake else {
        throw RPCFault(
          .invalidRequest, "this client has begun with initialize; requests that tell their revision are not taken")
      }
    }
  }
}

/// Answers in this process.
struct LocalResponder: AgentStream.Responder {
  let api: QueryAPI
  let admission: Admission

  /// Each request reads what is active when it comes.
  func answer(_ request: RPCRequest, _ era: AgentStream.Era) async -> [UInt8]? {
    let server = AgentServer(api: api.pinned(admission.reach), table: .api, admission: admission)
    return switch era {
    case .handshake: await server.answerHandshake(request).bytes(request.id)
    case .envelope: await server.answerEnvelope(request).bytes(request.id)
    }
  }

  /// None asks for anything but what the stream does itself.
  func take(notification method: String, params: [String: JSONValue], _ era: AgentStream.Era) {}
}
