/// Whom a project calls when something happens to its memories. A storage format: it stands in
/// `mneme.project.changed`.
public struct Webhook: Hashable, Sendable, Codable {
  /// What may happen, by the names that mem0's clients use.
  public enum Event: String, Sendable, CaseIterable, Codable {
    /// A memory came to be.
    case memoryAdd = "memory_add"
    /// A memory's words or data were changed, or another one took its place.
    case memoryUpdate = "memory_update"
    /// A memory was deleted.
    case memoryDelete = "memory_delete"
    /// A memory was given its category.
    case memoryCategorize = "memory_categorize"
    /// A turn has become memories, or was found to hold none.
    case ingestJobCompleted = "ingest_job_completed"
    /// Never told: a turn has one outcome, as a whole.
    case ingestJobPartiallyCompleted = "ingest_job_partially_completed"
    /// A turn could not be processed, and stands in dead letters.
    case ingestJobFailed = "ingest_job_failed"
    /// Never told: what was accepted is not taken back.
    case ingestJobCancelled = "ingest_job_cancelled"
  }

  /// Most characters of its name.
  public static let maxNameLength = 256
  /// Bytes of its secret.
  public static let secretByteCount = 32

  /// What tells it from all others: `[a-z0-9-]`, so that clients may put it into paths as it is.
  public var id: String
  /// What it is called.
  public var name: String
  /// Where it is called: as `WebhookURL` allows.
  public var url: String
  /// At what, each once.
  public var events: [Event]
  /// What its calls are signed with: base64 of `secretByteCount` random bytes.
  public var secret: String
  /// Whether it is called. One that has answered 410 is not, until it is changed.
  public var isActive: Bool
  /// The next offset of each partition of `mneme.turns` when it was made: it is told what follows from there.
  public var turns: [Int64]
  /// When it was made.
  public var createdAt: Timestamp
  /// When it was changed last.
  public var updatedAt: Timestamp

  enum CodingKeys: String, CodingKey {
    case id, name, url, secret, turns
    case events = "event_types"
    case isActive = "is_active"
    case createdAt = "created_at"
    case updatedAt = "updated_at"
  }

  /// A webhook with all its parts.
  public init(
    id: String, name: String, url: String, events: [Event], secret: String, isActive: Bool = true, turns: [Int64],
    createdAt: Timestamp, updatedAt: Timestamp
  ) {
    self.id = id
    self.name = name
    self.url = url
    self.events = events
    self.secret = secret
    self.isActive = isActive
    self.turns = turns
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }

  /// Whether the input at `position` came after it was made.
  public func follows(_ position: TurnsPosition) -> Bool {
    !turns.indices.contains(position.partition) || position.offset >= turns[position.partition]
  }
}

/// Where a webhook may be called. Pure: what its host's name leads to shows when it is connected to.
public enum WebhookURL {
  /// Most bytes of a URL.
  public static let maxByteCount = 2048

  /// Why `text` is no URL of a webhook, in words for whoever asked for it; nil where it is one: absolute, `http` or
  /// `https`, in ASCII, with a host, and without a user name or a password.
  public static func problem(_ text: String) -> String? {
    guard text.utf8.count <= maxByteCount else { return "it has more than \(maxByteCount) bytes" }
    guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }) else {
      return "it holds a space, a backslash, a control character, or what is not ASCII; percent-encode that"
    }
    guard let authority = authority(of: text) else { return "it does not begin with http:// or https://" }
    guard !authority.contains("@") else { return "it holds a user name or a password; a secret path does better" }
    guard let host = host(authority: authority), !host.isEmpty else { return "it has no host, or its port is no port" }
    return nil
  }

  /// The address that stands for the host of `text`; nil where a name does.
  public static func literalAddress(of text: String) -> NetworkAddress? {
    guard let authority = authority(of: text), let host = host(authority: authority) else { return nil }
    return host.lowercased() == "localhost" ? NetworkAddress("127.0.0.1") : NetworkAddress(String(host))
  }

  private static func authority(of text: String) -> Substring? {
    let lowercased = text.prefix(8).lowercased()
    guard let scheme = ["https://", "http://"].first(where: { lowercased.hasPrefix($0) }) else { return nil }
    return text.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
  }

  private static func host(authority: Substring) -> Substring? {
    var host = authority
    var port: Substring?
    if authority.first == "[" {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      host = authority[authority.index(after: authority.startIndex)..<end]
      let rest = authority[authority.index(after: end)...]
      guard rest.isEmpty || rest.first == ":" else { return nil }
      port = rest.isEmpty ? nil : rest.dropFirst()
    } else if let colon = authority.lastIndex(of: ":") {
      (host, port) = (authority[..<colon], authority[authority.index(after: colon)...])
      guard !host.contains(":") else { return nil }
    }
    guard let port else { return host }
    guard let number = UInt16(port), number > 0, port.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    return host
  }
}

extension Webhook {
  /// The group in which workers share the partitions of `mneme.webhooks` to call webhooks. Its offset is the first
  /// message that is not done with.
  public static let deliveryGroup = "mneme.deliver"

  /// The partition of `mneme.webhooks`, of `count`, in which the records of the webhook `id` are.
  public static func partition(of id: String, count: Int) -> Int {
    Partitioner.partition(key: Array(id.utf8), count: count)
  }
}
