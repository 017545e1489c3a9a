public import MnemeCore

/// One prompt for one reply that must match a JSON schema.
public struct ChatRequest: Sendable {
  /// The constant part, first, so that a provider can cache it by prefix.
  public var system: String
  /// The part that differs from call to call.
  public var user: String
  /// Name of the schema, as the wire protocol asks for one.
  public var schemaName: String
  /// JSON Schema of the reply, in the strict subset (every property required, no additional ones).
  public var schema: JSONValue
  /// Upper bound of the reply's length in tokens.
  public var maxOutputTokens: Int

  /// A request with all its parts.
  public init(system: String, user: String, schemaName: String, schema: JSONValue, maxOutputTokens: Int) {
    self.system = system
    self.user = user
    self.schemaName = schemaName
    self.schema = schema
    self.maxOutputTokens = maxOutputTokens
  }
}

/// What a model said, verbatim, and what it cost.
public struct ChatReply: Sendable {
  /// The reply's content as received; not yet checked against the schema.
  public var text: String
  /// Tokens of the prompt, as the provider counted them; 0 where it did not say.
  public var promptTokens: Int
  /// Tokens of the reply, as the provider counted them; 0 where it did not say.
  public var completionTokens: Int
  /// Whether the reply was cut off at `maxOutputTokens`.
  public var isTruncated: Bool

  /// A reply with all its parts.
  public init(text: String, promptTokens: Int, completionTokens: Int, isTruncated: Bool) {
    self.text = text
    self.promptTokens = promptTokens
    self.completionTokens = completionTokens
    self.isTruncated = isTruncated
  }
}

/// A chat model behind some wire protocol. One call is one attempt: retrying is the caller's decision.
public protocol ChatModel: Sendable {
  /// The model's name, as it is recorded with everything derived from it.
  var name: String { get }

  /// Asks once.
  /// - Throws: `ModelError`.
  func complete(_ request: ChatRequest) async throws -> ChatReply
}
