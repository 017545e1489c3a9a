public import MnemeCore

/// Whose memories agents' tools are about, and bounds of their calls.
public struct AgentConfiguration: Hashable, Sendable {
  /// Version of the program, as clients are told.
  public static let version = "0.1.0"

  /// Whose memories all tools are about; nil where the settings fix nobody.
  public var owner: Owner?
  /// Whether tools may name any owner that the caller's key reaches.
  public var allowsAnyOwner: Bool
  /// From the start of a tool's call to its answer. It ends before `QueryConfiguration.requestTimeout`, so that the
  /// model reads why.
  public var callTimeout: Duration = .seconds(55)
  /// Largest message on a pipe, in bytes. Over HTTP, `QueryConfiguration.maxBodyByteCount` bounds it.
  public var maxMessageByteCount = 4 << 20
  /// Calls of one session, or on one pipe, at a time.
  public var maxCallsPerSession = 64
  /// Calls of all sessions at a time that a client may take back.
  public var maxCalls = 4096

  /// The default bounds.
  public init(owner: Owner? = nil, allowsAnyOwner: Bool = false) {
    self.owner = owner
    self.allowsAnyOwner = allowsAnyOwner
  }
}

/// Whose memories one caller's tools are about. A model never chooses it unless it is let.
enum OwnerRule: Hashable, Sendable {
  /// Always the same: tools have no argument for it.
  case fixed(Owner)
  /// Whom the arguments name, among these; nil for anybody of the project.
  case named(among: Set<Owner>?)
  /// Nobody: why, and what the operator has to do.
  case refused(String)

  /// What `configuration` and the caller's key together let. The key counts first: its only owner is fixed whatever the
  /// settings say, and nothing widens it.
  init(_ configuration: AgentConfiguration, _ reach: Reach) {
    if let owners = reach.owners, let only = owners.first, owners.count == 1 {
      self = .fixed(only)
    } else if let owner = configuration.owner {
      self =
        reach.includes(owner)
        ? .fixed(owner) : .refused("the key does not reach the owner that tools are about; use a key that does")
    } else if let owners = reach.owners {
      self = .named(among: owners)
    } else if configuration.allowsAnyOwner {
      self = .named(among: nil)
    } else {
      self = .refused(
        "nobody has said whose memories tools are about. The operator has to: start the server with --mcp-owner "
          + "user:ID, or give this client a key of one owner (mneme keys create --owner user:ID), or let tools name "
          + "any owner with --mcp-any-owner on")
    }
  }

  /// Names of the ids that tools take.
  var idNames: [String] {
    switch self {
    case .fixed(let owner): owner.kind.freeIDNames
    case .named: TurnForm.idNames
    case .refused: Owner.Kind.user.freeIDNames
    }
  }
}

extension Owner.Kind {
  /// The id that names an owner of this kind.
  var idName: String {
    switch self {
    case .user: "user_id"
    case .agent: "agent_id"
    case .run: "run_id"
    case .app: "app_id"
    }
  }

  /// Ids that may stand beside an owner of this kind without making the memory somebody else's.
  var freeIDNames: [String] {
    switch self {
    case .user: ["agent_id", "app_id", "run_id"]
    case .agent: ["app_id", "run_id"]
    case .run: ["app_id"]
    case .app: []
    }
  }
}
