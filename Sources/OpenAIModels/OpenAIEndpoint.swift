/// Where an OpenAI-compatible API is, and how to get in. Neither its description nor a dump shows the key.
public struct OpenAIEndpoint: Sendable, CustomStringConvertible, CustomReflectable {
  /// What stands before `/chat/completions` and `/embeddings`, used as given: `/v1` is not added.
  /// A slash at the end makes no difference; a query stays behind the path.
  public let baseURL: String
  /// From sending a request to the last byte of its answer.
  public let timeout: Duration
  /// From starting a connection to its being open.
  public let connectTimeout: Duration
  /// The largest answer accepted, in bytes.
  public let maxResponseBytes: Int
  /// Sent as `Authorization: Bearer …`; nil for endpoints that ask for none.
  let apiKey: String?

  /// An endpoint. White space around the key, such as the line end of the file it was read from, is dropped, and an
  /// empty key counts as none.
  public init(
    baseURL: String, apiKey: String? = nil, timeout: Duration = .seconds(120), connectTimeout: Duration = .seconds(10),
    maxResponseBytes: Int = 64 << 20
  ) {
    precondition(timeout > .zero && connectTimeout > .zero, "an endpoint needs time to answer")
    precondition(maxResponseBytes > 0, "an answer has at least one byte")
    self.baseURL = baseURL
    self.timeout = timeout
    self.connectTimeout = connectTimeout
    self.maxResponseBytes = maxResponseBytes
    let key = apiKey.map(Self.trim) ?? ""
    self.apiKey = key.isEmpty ? nil : key
  }

  /// The URL of `path` below the base, e.g. `/embeddings`.
  func url(_ path: String) -> String {
    let parts = baseURL.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var base = parts.first ?? ""
    while base.last == "/" { base.removeLast() }
    return base + path + (parts.count == 2 ? "?" + parts[1] : "")
  }

  /// That there is an endpoint, and whether it has a key. The URL may hold a secret too.
  public var description: String { "OpenAI-compatible endpoint \(apiKey == nil ? "without a key" : "with a key")" }

  /// No children.
  public var customMirror: Mirror { Mirror(self, children: [:]) }

  private static func trim(_ text: String) -> String {
    var rest = text[...].drop(while: \.isWhitespace)
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}
