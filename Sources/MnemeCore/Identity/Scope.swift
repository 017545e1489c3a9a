/// The ids on a turn or a memory. At least one of them is set on anything that is stored.
public struct Scope: Hashable, Sendable, Codable {
  /// The person.
  public var userID: String?
  /// The agent.
  public var agentID: String?
  /// The application.
  public var appID: String?
  /// The session.
  public var runID: String?

  /// A scope of the given ids.
  public init(userID: String? = nil, agentID: String? = nil, appID: String? = nil, runID: String? = nil) {
    self.userID = userID
    self.agentID = agentID
    self.appID = appID
    self.runID = runID
  }

  enum CodingKeys: String, CodingKey {
    case userID = "user_id"
    case agentID = "agent_id"
    case appID = "app_id"
    case runID = "run_id"
  }

  /// Most characters that an id may have.
  public static let maxIDLength = 256

  /// Whose memories these are: the user, else the agent, else the run, else the app; nil where
  /// none is set.
  public var owner: Owner? {
    if let userID { return Owner(kind: .user, id: userID) }
    if let agentID { return Owner(kind: .agent, id: agentID) }
    if let runID { return Owner(kind: .run, id: runID) }
    if let appID { return Owner(kind: .app, id: appID) }
    return nil
  }

  /// Why these ids cannot be stored; nil where they can.
  public var violation: String? {
    for (name, id) in [("user_id", userID), ("agent_id", agentID), ("app_id", appID), ("run_id", runID)] {
      guard let id else { continue }
      if id.isEmpty { return "\(name) is empty" }
      if id == "*" { return "\(name) is '*', which names no one" }
      if id.count > Self.maxIDLength { return "\(name) has more than \(Self.maxIDLength) characters" }
      if id.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
        return "\(name) holds a control character"
      }
    }
    return owner == nil ? "one of user_id, agent_id, run_id and app_id is required" : nil
  }
}

/// Whom a memory is about. A user and an agent of the same id are two owners.
public struct Owner: Hashable, Sendable {
  /// Which of the scope's ids it is.
  public enum Kind: String, Sendable, CaseIterable {
    case user, agent, run, app
  }

  /// Which of the scope's ids it is.
  public var kind: Kind
  /// The id.
  public var id: String

  /// The owner `id` of kind `kind`.
  public init(kind: Kind, id: String) {
    self.kind = kind
    self.id = id
  }
}

/// The log key: one owner of one tenant. Its text is `tenant/kind:id`.
public struct OwnerKey: Hashable, Sendable, CustomStringConvertible {
  /// The customer whose data this is; holds no `/`.
  public var tenant: String
  /// Whom it is about.
  public var owner: Owner

  /// The key of `owner` in `tenant`, whose name is not empty and holds no `/`.
  public init(tenant: String, owner: Owner) {
    precondition(!tenant.isEmpty && !tenant.utf8.contains(UInt8(ascii: "/")), "a tenant's name holds no '/'")
    self.tenant = tenant
    self.owner = owner
  }

  /// Reads `tenant/kind:id`; nil where it is anything else.
  public init?(_ text: String) {
    let bytes = text.utf8
    guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")), slash != bytes.startIndex else { return nil }
    let start = bytes.index(after: slash)
    guard let colon = bytes[start...].firstIndex(of: UInt8(ascii: ":")),
      let kind = Owner.Kind(rawValue: String(text[start..<colon]))
    else { return nil }
    let id = String(text[bytes.index(after: colon)...])
    guard !id.isEmpty else { return nil }
    self.init(tenant: String(text[..<slash]), owner: Owner(kind: kind, id: id))
  }

  /// `tenant/kind:id`.
  public var description: String { "\(tenant)/\(owner.kind.rawValue):\(owner.id)" }

  /// The description in UTF-8, as the log's records carry it.
  public var bytes: [UInt8] { Array(description.utf8) }
}
