import MnemeCore

/// The id of a JSON-RPC request: what its response answers.
enum RPCID: Hashable, Sendable {
  case int(Int64)
  case string(String)

  /// The id that `value` is; nil where it is anything else than an integer or a string.
  init?(_ value: JSONValue) {
    switch value {
    case .int(let number): self = .int(number)
    case .string(let text): self = .string(text)
    case .null, .bool, .double, .array, .object: return nil
    }
  }

  /// As it stands in messages.
  var json: JSONValue {
    switch self {
    case .int(let number): .int(number)
    case .string(let text): .string(text)
    }
  }
}

/// A request of a client.
struct RPCRequest: Hashable, Sendable {
  let id: RPCID
  let method: String
  /// Empty where the request has none.
  let params: [String: JSONValue]

  /// Member `_meta` of the parameters; empty where there is none.
  var meta: [String: JSONValue] { params["_meta"]?.objectValue ?? [:] }
}

/// One JSON-RPC 2.0 message of a client.
enum RPCMessage: Hashable, Sendable {
  case request(RPCRequest)
  case notification(method: String, params: [String: JSONValue])
  /// An answer to a request of ours. We send none, so that it answers nothing.
  case response

  /// Longest id, in bytes.
  static let maxIDByteCount = 256

  /// The message that `bytes` hold. Batches, which only revision 2025-03-26 had, are refused.
  /// - Throws: `RPCFault`, with the request's id as far as it can be told.
  static func parse(_ bytes: [UInt8]) throws(RPCFault) -> RPCMessage {
    let value: JSONValue
    do {
      value = try JSONParser.parse(bytes)
    } catch {
      throw RPCFault(.parseError, "the message is no valid JSON: \(error)")
    }
    return try RPCMessage(value)
  }

  private init(_ value: JSONValue) throws(RPCFault) {
    guard let object = value.objectValue else {
      throw RPCFault(
        .invalidRequest,
        value.arrayValue == nil
          ? "the message must be a JSON-RPC object" : "batches are not taken; send one message at a time")
    }
    let id = object["id"].flatMap(RPCID.init)
    if case .string(let text)? = id, text.utf8.count > Self.maxIDByteCount {
      throw RPCFault(.invalidRequest, "the id has more than \(Self.maxIDByteCount) bytes")
    }
    guard object["jsonrpc"] == "2.0" else {
      throw RPCFault(.invalidRequest, "jsonrpc must be \"2.0\"", id: id)
    }
    guard let method = object["method"] else {
      guard object["result"] != nil || object["error"] != nil else {
        throw RPCFault(.invalidRequest, "method is required", id: id)
      }
      self = .response
      return
    }
    guard let method = method.stringValue else {
      throw RPCFault(.invalidRequest, "method must be a string", id: id)
    }
    let params: [String: JSONValue]
    switch object["params"] {
    case nil: params = [:]
    case .object(let members)?: params = members
    case .null?, .bool?, .int?, .double?, .string?, .array?:
      throw RPCFault(.invalidRequest, "params must be an object", id: id)
    }
    guard object["id"] != nil else {
      self = .notification(method: method, params: params)
      return
    }
    guard let id else { throw RPCFault(.invalidRequest, "id must be an integer or a string") }
    self = .request(RPCRequest(id: id, method: method, params: params))
  }
}

/// Why a message was not carried out: a fault of the protocol. Its text holds no user data. What goes wrong inside of a
/// tool is no fault but a result, as the model is to read it.
struct RPCFault: Error, Hashable, Sendable {
  /// The kind of fault.
  enum Code: Int64, Sendable, CaseIterable {
    case parseError = -32700
    case invalidRequest = -32600
    case methodNotFound = -32601
    case invalidParams = -32602
    case internalError = -32603
    /// More calls at a time than are let.
    case busy = -32000
    /// A resource that is not there, in revisions before 2026-07-28.
    case resourceNotFound = -32002
    /// Headers and body of a request say different things.
    case headerMismatch = -32020
    case unsupportedProtocolVersion = -32022
    /// The client took its request back.
    case cancelled = -32800

    /// The HTTP status that goes with it from revision 2026-07-28 on.
    var status: Int {
      switch self {
      case .parseError, .invalidRequest, .invalidParams, .headerMismatch, .unsupportedProtocolVersion: 400
      case .methodNotFound, .resourceNotFound: 404
      case .busy: 503
      case .internalError, .cancelled: 200
      }
    }
  }

  /// The kind of fault.
  let code: Code
  /// What is wrong, in which part, and what to do next.
  let message: String
  /// Of the request; nil where it cannot be told.
  var id: RPCID?
  /// More about it, where a program can use it.
  var data: JSONValue?

  /// A fault of kind `code`.
  init(_ code: Code, _ message: String, id: RPCID? = nil, data: JSONValue? = nil) {
    self.code = code
    self.message = message
    self.id = id
    self.data = data
  }

  /// The response to request `id`.
  func bytes(_ id: RPCID?) -> [UInt8] {
    var error: JSONMembers = ["code": .int(code.rawValue), "message": .string(message)]
    if let data { error.add("data", .value(data)) }
    return JSONWriter.write(
      .object([
        "jsonrpc": .string("2.0"), "id": .value((id ?? self.id)?.json ?? .null), "error": .object(error),
      ]))
  }
}

/// What became of a request.
enum RPCReply: Sendable {
  case result(JSONMembers)
  case fault(RPCFault)

  /// The response to request `id`.
  func bytes(_ id: RPCID) -> [UInt8] {
    switch self {
    case .result(let members):
      JSONWriter.write(.object(["jsonrpc": .string("2.0"), "id": .value(id.json), "result": .object(members)]))
    case .fault(let fault): fault.bytes(id)
    }
  }
}
