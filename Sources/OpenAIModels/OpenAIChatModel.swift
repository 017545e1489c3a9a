public import CurlHTTP
import FoundationEssentials
public import LanguageModel
import MnemeCore

/// A chat model behind `POST …/chat/completions`, asked for output that matches a JSON schema.
public struct OpenAIChatModel: ChatModel {
  /// Which field bounds the reply. OpenAI's reasoning models accept only the newer one, most other servers know only
  /// the older one.
  public enum TokenLimitField: String, Sendable, CaseIterable {
    /// `max_tokens`.
    case maxTokens = "max_tokens"
    /// `max_completion_tokens`.
    case maxCompletionTokens = "max_completion_tokens"
  }

  /// The model's name, as the endpoint knows it.
  public let name: String

  private let transport: OpenAITransport
  private let temperature: Double?
  private let tokenLimitField: TokenLimitField

  /// A model called `name` at `endpoint`. The client belongs to the caller, who closes it.
  /// - Parameter temperature: 0 for the most probable reply; nil leaves it to the model, as some accept no other.
  public init(
    client: HTTPClient, endpoint: OpenAIEndpoint, name: String, temperature: Double? = 0,
    tokenLimitField: TokenLimitField = .maxTokens
  ) {
    precondition(temperature.map { $0 >= 0 && $0.isFinite } ?? true, "a temperature is not negative")
    self.name = name
    self.transport = OpenAITransport(client: client, endpoint: endpoint)
    self.temperature = temperature
    self.tokenLimitField = tokenLimitField
  }

  /// Asks once.
  /// - Throws: `ModelError`; `CancellationError` where the task was cancelled or the client closed.
  public func complete(_ request: ChatRequest) async throws -> ChatReply {
    let path = "/chat/completions"
    let body = try await transport.post(path, wireRequest(request))
    return try transport.decode(ChatCompletion.self, from: body, path: path).reply()
  }

  private func wireRequest(_ request: ChatRequest) -> JSONValue {
    var members: [String: JSONValue] = [
      "model": .string(name),
      "messages": [
        ["role": "system", "content": .string(request.system)],
        ["role": "user", "content": .string(request.user)],
      ],
      "response_format": [
        "type": "json_schema",
        "json_schema": ["name": .string(request.schemaName), "strict": true, "schema": request.schema],
      ],
    ]
    members[tokenLimitField.rawValue] = .int(Int64(request.maxOutputTokens))
    if let temperature { members["temperature"] = .double(temperature) }
    return .object(members)
  }
}
