/// One message of a turn.
public struct Message: Hashable, Sendable, Codable {
  /// Who speaks, as chat APIs name it: `user`, `assistant`, `system`, `tool` …
  public var role: String
  /// What is said.
  public var content: String
  /// The speaker's name, where several share a role.
  public var name: String?
  /// When it was said, where it differs from the turn's time.
  public var timestamp: Timestamp?
  /// The publisher's id of the message.
  public var id: String?

  /// A message with all its parts.
  public init(role: String, content: String, name: String? = nil, timestamp: Timestamp? = nil, id: String? = nil) {
    self.role = role
    self.content = content
    self.name = name
    self.timestamp = timestamp
    self.id = id
  }
}

/// One publish: messages of one conversation, and the event id that the publisher chose.
public struct Turn: Hashable, Sendable {
  /// The event id: the publisher's idempotency key, unique within its owner.
  public var id: String
  /// Whose it is.
  public var owner: OwnerKey
  /// When the door took it in.
  public var receivedAt: Timestamp
  /// The rest, which is what the event's body holds.
  public var body: TurnBody

  /// A turn with all its parts.
  public init(id: String, owner: OwnerKey, receivedAt: Timestamp, body: TurnBody) {
    self.id = id
    self.owner = owner
    self.receivedAt = receivedAt
    self.body = body
  }

  /// When message `index` was said: its own time, else the turn's, else when it arrived.
  public func moment(ofMessage index: Int) -> Moment {
    if let at = body.messages[index].timestamp ?? body.timestamp { return Moment(at, .stated) }
    return Moment(receivedAt, .received)
  }
}

/// The body of a `turn.recorded` event. The names of its members are a wire and storage format.
public struct TurnBody: Hashable, Sendable, Codable {
  /// The ids on the turn, and so on every memory of it.
  public var scope: Scope
  /// What was said, in order.
  public var messages: [Message]
  /// When it was said, where the publisher tells.
  public var timestamp: Timestamp?
  /// false: store each message as it stands, ask no extractor.
  public var infer: Bool
  /// The publisher's data, copied onto each memory.
  public var metadata: [String: JSONValue]?
  /// The day from which the memories are no longer shown.
  public var expirationDate: Timestamp?
  /// What the publisher asks the extractor to heed.
  public var customInstructions: String?
  /// The same, for what the assistant says.
  public var agentCustomInstructions: String?
  /// What alone is to be remembered, in words.
  public var includes: String?
  /// What is not to be remembered, in words.
  public var excludes: String?
  /// Categories that take the place of the built-in ones; an empty list is the same as none.
  public var customCategories: [CustomCategory]?

  enum CodingKeys: String, CodingKey {
    case scope, messages, timestamp, infer, metadata, includes, excludes
    case expirationDate = "expiration_date"
    case customInstructions = "custom_instructions"
    case agentCustomInstructions = "agent_custom_instructions"
    case customCategories = "custom_categories"
  }

  /// A body with all its parts.
  public init(
    scope: Scope, messages: [Message], timestamp: Timestamp? = nil, infer: Bool = true,
    metadata: [String: JSONValue]? = nil, expirationDate: Timestamp? = nil, customInstructions: String? = nil,
    agentCustomInstructions: String? = nil, includes: String? = nil, excludes: String? = nil,
    customCategories: [CustomCategory]? = nil
  ) {
    self.scope = scope
    self.messages = messages
    self.timestamp = timestamp
    self.infer = infer
    self.metadata = metadata
    self.expirationDate = expirationDate
    self.customInstructions = customInstructions
    self.agentCustomInstructions = agentCustomInstructions
    self.includes = includes
    self.excludes = excludes
    self.customCategories = customCategories
  }

  /// Reads a body; `infer` is true where it is missing.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      scope: try container.decode(Scope.self, forKey: .scope),
      messages: try container.decode([Message].self, forKey: .messages),
      timestamp: try container.decodeIfPresent(Timestamp.self, forKey: .timestamp),
      infer: try container.decodeIfPresent(Bool.self, forKey: .infer) ?? true,
      metadata: try container.decodeIfPresent([String: JSONValue].self, forKey: .metadata),
      expirationDate: try container.decodeIfPresent(Timestamp.self, forKey: .expirationDate),
      customInstructions: try container.decodeIfPresent(String.self, forKey: .customInstructions),
      agentCustomInstructions: try container.decodeIfPresent(String.self, forKey: .agentCustomInstructions),
      includes: try container.decodeIfPresent(String.self, forKey: .includes),
      excludes: try container.decodeIfPresent(String.self, forKey: .excludes),
      customCategories: try container.decodeIfPresent([CustomCategory].self, forKey: .customCategories))
  }
}
