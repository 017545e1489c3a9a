/// An event as CloudEvents 1.0 describes it, independent of any transport.
public struct CloudEvent: Hashable, Sendable {
  /// Unique within its owner.
  public var id: String
  /// `EventType` or one that this version does not know.
  public var type: String
  /// Who made it: `/mneme/http`, `/mneme/cli`, `/mneme/extract` …
  public var source: String
  /// When it was made.
  public var time: Timestamp
  /// Whose it is, and the log key.
  public var owner: OwnerKey
  /// The body: JSON in UTF-8, not sealed.
  public var data: [UInt8]
  /// Further attributes, e.g. of a parked record.
  public var extensions: [String: String]

  /// An event with all its parts.
  public init(
    id: String, type: String, source: String, time: Timestamp, owner: OwnerKey, data: [UInt8],
    extensions: [String: String] = [:]
  ) {
    self.id = id
    self.type = type
    self.source = source
    self.time = time
    self.owner = owner
    self.data = data
    self.extensions = extensions
  }

  /// The type, where this version knows it.
  public var knownType: EventType? { EventType(rawValue: type) }
}

/// Why bytes are not an event of ours. Its text holds no user data.
public struct EventDecodingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure, in words that scripts may rely on.
  public enum Code: String, Sendable {
    /// A CloudEvents attribute is missing or malformed.
    case malformedEnvelope = "malformed_envelope"
    /// The key is not `tenant/kind:id`.
    case malformedKey = "malformed_key"
    /// The type is none that this version knows.
    case unknownType = "unknown_type"
    /// The body is not what its type says.
    case malformedBody = "malformed_body"
    /// The body is sealed and its key is not here.
    case sealed
  }

  /// The kind of failure.
  public let code: Code
  /// What is wrong, and where.
  public let description: String
  /// Bytes do not change: never.
  public var isRetriable: Bool { false }

  /// A failure of kind `code`.
  public init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
