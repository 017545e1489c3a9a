import MnemeCore
import Testing

@testable import MnemeQuery

@Suite struct RPCMessageTests {
  private func parse(_ text: String) -> Result<RPCMessage, RPCFault> {
    Result { () throws(RPCFault) in try RPCMessage.parse(Array(text.utf8)) }
  }

  @Test(
    arguments: [
      (
        #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
        .request(RPCRequest(id: .int(1), method: "ping", params: [:]))
      ),
      (
        #" {"jsonrpc":"2.0","id":"a","method":"x","params":{"y":1},"more":[]}"#,
        .request(RPCRequest(id: .string("a"), method: "x", params: ["y": 1]))
      ),
      (
        #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        .notification(method: "notifications/initialized", params: [:])
      ),
      (#"{"jsonrpc":"2.0","id":1,"result":{}}"#, .response),
      (#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"x"}}"#, .response),
    ] as [(String, RPCMessage)])
  func `a message is read`(text: String, message: RPCMessage) throws {
    #expect(try parse(text).get() == message)
  }

  @Test(
    arguments: [
      ("", .parseError, nil), ("{", .parseError, nil), ("\u{0}", .parseError, nil), ("nothing", .parseError, nil),
      (#"{"jsonrpc":"2.0","id":1,"id":2,"method":"x"}"#, .parseError, nil),
      (String(repeating: "[", count: 10_000), .parseError, nil),
      (#"{"jsonrpc":"2.0","id":99999999999999999999,"method":"x"}"#, .parseError, nil),
      ("[]", .invalidRequest, nil), (#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, .invalidRequest, nil),
      ("1", .invalidRequest, nil), ("null", .invalidRequest, nil), ("{}", .invalidRequest, nil),
      (#"{"id":1,"method":"ping"}"#, .invalidRequest, .int(1)),
      (#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, .invalidRequest, .int(1)),
      (#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#, .invalidRequest, .int(1)),
      (#"{"jsonrpc":"2.0","id":7}"#, .invalidRequest, .int(7)),
      (#"{"jsonrpc":"2.0","id":"b","method":5}"#, .invalidRequest, .string("b")),
      (#"{"jsonrpc":"2.0","id":1,"method":"x","params":[1]}"#, .invalidRequest, .int(1)),
      (#"{"jsonrpc":"2.0","id":1,"method":"x","params":null}"#, .invalidRequest, .int(1)),
      (#"{"jsonrpc":"2.0","id":null,"method":"x"}"#, .invalidRequest, nil),
      (#"{"jsonrpc":"2.0","id":1.5,"method":"x"}"#, .invalidRequest, nil),
      (#"{"jsonrpc":"2.0","id":{},"method":"x"}"#, .invalidRequest, nil),
      (
        #"{"jsonrpc":"2.0","id":""# + String(repeating: "x", count: 257) + #"","method":"x"}"#, .invalidRequest, nil
      ),
    ] as [(String, RPCFault.Code, RPCID?)])
  func `what is no message gets its fault`(text: String, code: RPCFault.Code, id: RPCID?) throws {
    guard case .failure(let fault) = parse(text) else {
      Issue.record("\(text.prefix(80)) passed")
      return
    }
    #expect(fault.code == code && fault.id == id, "\(text.prefix(80)): \(fault)")
    let bytes = try JSONParser.parse(fault.bytes(nil))
    #expect(bytes["jsonrpc"] == "2.0" && bytes["id"] == (id?.json ?? .null))
    #expect(bytes["error"]?["code"] == .int(code.rawValue) && bytes["error"]?["message"]?.stringValue != nil)
  }

  @Test(arguments: 0..<20)
  func `no bytes bring it down`(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let whole = Array(
      #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"a":[1,"ü\n"]}}}"#.utf8)
    for _ in 0..<500 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: index)
        case _: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
        }
      }
      do {
        _ = try RPCMessage.parse(bytes)
      } catch {
        #expect([.parseError, .invalidRequest].contains(error.code))
      }
    }
  }

  private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { self.state = seed }
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }
}

@Suite struct AgentProtocolTests {
  private static let meta: [String: JSONValue] = [
    AgentProtocol.Meta.protocolVersion: "2026-07-28", AgentProtocol.Meta.clientCapabilities: [:],
  ]

  private func check(
    _ method: String = "tools/call", _ params: [String: JSONValue] = ["name": "get_memory"],
    meta: [String: JSONValue]? = Self.meta, headers: [String: String]?
  ) -> RPCFault.Code? {
    var params = params
    if let meta { params["_meta"] = .object(meta) }
    let request = RPCRequest(id: .int(1), method: method, params: params)
    do {
      if let headers {
        try AgentProtocol.checkEnvelope(request, headers: { headers[$0] })
      } else {
        try AgentProtocol.checkEnvelope(request, headers: nil)
      }
      return nil
    } catch {
      return error.code
    }
  }

  private let headers = [
    "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "get_memory",
  ]

  @Test func `a request that agrees with itself passes`() {
    #expect(check(headers: headers) == nil)
    #expect(check(headers: nil) == nil)
    #expect(check("tools/list", [:], headers: headers.merging(["mcp-method": "tools/list"]) { $1 }) == nil)
    let uri = "mneme://user/żółw/profile"
    let encoded = ["mcp-method": "resources/read", "mcp-name": HeaderText.encode(uri)]
    #expect(check("resources/read", ["uri": .string(uri)], headers: headers.merging(encoded) { $1 }) == nil)
  }

  @Test func `one that does not is refused by its first fault`() {
    #expect(check(meta: nil, headers: headers) == .invalidParams)
    #expect(check(meta: [:], headers: headers) == .invalidParams)
    #expect(check(meta: [AgentProtocol.Meta.protocolVersion: "2026-07-28"], headers: headers) == .invalidParams)
    for name in headers.keys {
      #expect(check(headers: headers.filter { $0.key != name }) == .headerMismatch, "\(name)")
      #expect(check(headers: headers.merging([name: "other"]) { $1 }) == .headerMismatch, "\(name)")
    }
    #expect(check(headers: headers.merging(["mcp-name": "=?base64?!?="]) { $1 }) == .headerMismatch)
    let later = Self.meta.merging([AgentProtocol.Meta.protocolVersion: "2031-01-01"]) { $1 }
    #expect(check(meta: later, headers: nil) == .unsupportedProtocolVersion)
    #expect(
      check(meta: later, headers: headers.merging(["mcp-protocol-version": "2031-01-01"]) { $1 })
        == .unsupportedProtocolVersion)
    let number = Self.meta.merging([AgentProtocol.Meta.protocolVersion: 5]) { $1 }
    #expect(check(meta: number, headers: nil) == .invalidParams)
  }

  @Test(arguments: ["", "plain", "two words", " edge", "edge ", "żółw", "line\nbreak", "=?base64?eA==?=", "tab\t"])
  func `headers carry any text`(text: String) {
    let value = HeaderText.encode(text)
    #expect(value.utf8.allSatisfy { (0x20...0x7e).contains($0) } && value.trimmed == value)
    #expect(HeaderText.decode(value) == text)
  }

  @Test(arguments: ["=?base64?e?=", "=?base64?eB==?=", "=?base64?/w==?="])
  func `a malformed header stands for nothing`(value: String) {
    #expect(HeaderText.decode(value) == nil)
  }
}

extension String {
  fileprivate var trimmed: String {
    String(self.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
