import FoundationEssentials
public import MnemeCore

/// What a scripted server has received.
public struct RecordedRequest: Sendable {
  /// The method, as sent.
  public let method: String
  /// Path and query, as sent.
  public let target: String
  /// Header names, lower-cased, with their values in order of arrival.
  public let headers: [(name: String, value: String)]
  /// The body, without any transfer coding.
  public let body: [UInt8]
  /// Which connection it came on; the first one is 1.
  public let connection: Int

  /// The target without its query.
  public var path: String { String(self.target.prefix { $0 != "?" }) }

  /// The body as text.
  public var text: String { String(decoding: self.body, as: UTF8.self) }

  /// The body as JSON; nil where it is none.
  public var json: JSONValue? { try? JSONDecoder().decode(JSONValue.self, from: Data(self.body)) }

  /// The first value of header `name`; nil where there is none.
  public func header(_ name: String) -> String? {
    let wanted = name.lowercased()
    return self.headers.first { $0.name == wanted }?.value
  }
}

/// What a scripted server does with a request.
public indirect enum ScriptedReply: Sendable {
  /// Sends a complete response with `Content-Length` and keeps the connection.
  case response(status: Int, headers: [String: String], body: [UInt8])
  /// Sends a complete response in chunks, so its length is not known beforehand.
  case chunked(status: Int, headers: [String: String], chunks: [[UInt8]])
  /// Sends `body`, says that it would be `missingBytes` longer, and closes the connection.
  case cutOff(status: Int, body: [UInt8], missingBytes: Int)
  /// Sends these bytes and closes the connection.
  case raw([UInt8])
  /// Closes the connection without a byte.
  case close
  /// Resets the connection.
  case reset
  /// Waits until `name` is released, then does `reply`. A server that stops closes instead.
  case held(until: String, reply: ScriptedReply)

  /// Never answers, as long as the server runs.
  public static var hang: ScriptedReply { .held(until: "the server stops", reply: .close) }

  /// A plain text.
  public static func text(_ text: String, status: Int = 200, headers: [String: String] = [:]) -> ScriptedReply {
    .response(status: status, headers: ["Content-Type": "text/plain"].merging(headers) { $1 }, body: Array(text.utf8))
  }

  /// A web page, as proxies answer.
  public static func html(_ text: String, status: Int = 200) -> ScriptedReply {
    .response(status: status, headers: ["Content-Type": "text/html"], body: Array(text.utf8))
  }

  /// A JSON document.
  public static func json(_ value: JSONValue, status: Int = 200, headers: [String: String] = [:]) -> ScriptedReply {
    guard let data = try? JSONEncoder().encode(value) else { preconditionFailure("JSON holds only finite numbers") }
    return .response(
      status: status, headers: ["Content-Type": "application/json"].merging(headers) { $1 }, body: Array(data))
  }

  /// A chat completion of the OpenAI protocol with one choice.
  public static func chat(
    _ content: String?, finishReason: String = "stop", promptTokens: Int = 1, completionTokens: Int = 1
  ) -> ScriptedReply {
    .json([
      "object": "chat.completion",
      "choices": [
        [
          "index": 0, "finish_reason": .string(finishReason),
          "message": ["role": "assistant", "content": content.map(JSONValue.string) ?? .null],
        ]
      ],
      "usage": [
        "prompt_tokens": .int(Int64(promptTokens)), "completion_tokens": .int(Int64(completionTokens)),
      ],
    ])
  }

  /// An embeddings list of the OpenAI protocol, as base64 or as lists of numbers.
  public static func embeddings(_ vectors: [[Float]], isBase64: Bool = true) -> ScriptedReply {
    let data = vectors.enumerated().map { index, vector -> JSONValue in
      let value: JSONValue =
        isBase64
        ? .string(Data(vector.flatMap { littleEndianBytes($0) }).base64EncodedString())
        : .array(vector.map { .double(Double($0)) })
      return ["object": "embedding", "index": .int(Int64(index)), "embedding": value]
    }
    return .json(["object": "list", "data": .array(data)])
  }

  private static func littleEndianBytes(_ value: Float) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
  }
}
