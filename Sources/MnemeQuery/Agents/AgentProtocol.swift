import FoundationEssentials
import MnemeCore

/// Revisions of the Model Context Protocol.
enum AgentProtocol {
  /// Revisions that a client agrees on by `initialize`, oldest first.
  static let handshakeVersions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
  /// Revisions whose requests stand for themselves and each tell their revision.
  static let envelopeVersions = ["2026-07-28"]
  /// The revision that we offer where a client asks for one by `initialize` that we do not know.
  static let newestHandshakeVersion = "2025-11-25"

  /// Members of `_meta` of a request that tells its revision.
  enum Meta {
    static let protocolVersion = "io.modelcontextprotocol/protocolVersion"
    static let clientCapabilities = "io.modelcontextprotocol/clientCapabilities"
    static let serverInfo = "io.modelcontextprotocol/serverInfo"
  }

  /// Names of headers, in lower case.
  enum Header {
    static let protocolVersion = "mcp-protocol-version"
    static let sessionID = "mcp-session-id"
    static let method = "mcp-method"
    static let name = "mcp-name"
  }

  /// Whether a request tells its revision itself: only those of revision 2026-07-28 and later do.
  static func hasEnvelope(_ request: RPCRequest) -> Bool { request.meta[Meta.protocolVersion] != nil }

  /// The name that a request is about, which a header repeats; nil where it has none.
  static func name(of request: RPCRequest) -> String? {
    switch request.method {
    case "tools/call", "prompts/get": request.params["name"]?.stringValue
    case "resources/read": request.params["uri"]?.stringValue
    default: nil
    }
  }

  /// Checks what a request says of itself, and that the headers which it came with say the same.
  /// - Parameter headers: What a header holds, by its name; nil for a client without headers, on a pipe.
  /// - Throws: `RPCFault`.
  static func checkEnvelope(_ request: RPCRequest, headers: ((String) -> String?)?) throws(RPCFault) {
    let meta = request.meta
    for name in [Meta.protocolVersion, Meta.clientCapabilities] where meta[name] == nil {
      throw RPCFault(.invalidParams, "params._meta must hold \"\(name)\"")
    }
    let version = meta[Meta.protocolVersion]
    if let headers {
      guard let header = headers(Header.protocolVersion), .string(header) == version else {
        throw mismatch("MCP-Protocol-Version", "the revision in params._meta")
      }
      guard headers(Header.method) == request.method else { throw mismatch("Mcp-Method", "the request's method") }
      if let name = name(of: request), headers(Header.name).flatMap(HeaderText.decode) != name {
        throw mismatch("Mcp-Name", "the name or URI in params")
      }
    }
    guard let version = version?.stringValue else {
      throw RPCFault(.invalidParams, "\"\(Meta.protocolVersion)\" must be a string")
    }
    guard envelopeVersions.contains(version) else { throw unsupported(version) }
  }

  private static func mismatch(_ header: String, _ part: String) -> RPCFault {
    RPCFault(.headerMismatch, "header \(header) is missing, or is not \(part)")
  }

  /// A revision that we do not serve.
  static func unsupported(_ version: String) -> RPCFault {
    RPCFault(
      .unsupportedProtocolVersion, "Unsupported protocol version",
      data: ["supported": .array(envelopeVersions.map(JSONValue.string)), "requested": .string(version)])
  }
}

/// Text of any kind in a header: as it is where it is visible ASCII, else `=?base64?…?=`.
enum HeaderText {
  private static let prefix = "=?base64?"
  private static let suffix = "?="

  /// The text as a header's value.
  static func encode(_ text: String) -> String {
    let isPlain =
      text.utf8.allSatisfy { (0x20...0x7e).contains($0) } && text.utf8.first != 0x20
      && text.utf8.last != 0x20 && !isEncoded(text)
    return isPlain ? text : prefix + Data(text.utf8).base64EncodedString() + suffix
  }

  /// What a header's value stands for; nil where it is malformed.
  static func decode(_ value: String) -> String? {
    guard isEncoded(value) else { return value }
    let payload = String(value.dropFirst(prefix.count).dropLast(suffix.count))
    guard let data = Data(base64Encoded: payload), data.base64EncodedString() == payload else { return nil }
    return String(validating: data, as: UTF8.self)
  }

  private static func isEncoded(_ text: String) -> Bool {
    text.hasPrefix(prefix) && text.hasSuffix(suffix) && text.utf8.count >= prefix.utf8.count + suffix.utf8.count
  }
}
