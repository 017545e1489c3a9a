/// Which project of which tenant.
public struct ProjectKey: Hashable, Sendable, CustomStringConvertible {
  /// The customer.
  public var tenant: String
  /// Id of the customer's project.
  public var project: String

  /// The project of that id of that tenant; neither holds a `/`.
  public init(tenant: String, project: String) {
    self.tenant = tenant
    self.project = project
  }

  /// The project of a tenant that names none.
  public static let defaultProject = "default"
  private static let realmSeparator: Character = "~"

  /// The project whose data has that realm.
  public init(realm: String) {
    let parts = realm.split(separator: Self.realmSeparator, maxSplits: 1, omittingEmptySubsequences: false)
    self.init(tenant: String(parts[0]), project: parts.count == 2 ? String(parts[1]) : Self.defaultProject)
  }

  /// What log keys and the projection call the data of this project: the tenant's name for its default project, else
  /// `tenant~project`. No name holds `~`, so that no two projects share a realm.
  public var realm: String {
    project == Self.defaultProject ? tenant : "\(tenant)\(Self.realmSeparator)\(project)"
  }

  /// `tenant/project`, which is the record's key on the log.
  public var description: String { "\(tenant)/\(project)" }
}

/// A project: what was set for it, who belongs to it, and whom it calls. Pure.
public struct Project: Hashable, Sendable {
  /// What may be set, by the names that clients use. Values are kept as they were given.
  public enum Setting: String, Sendable, CaseIterable {
    /// What extraction is told beside its prompt, for turns that bring no instructions of their own.
    case customInstructions = "custom_instructions"
    /// The same, for what an agent says.
    case agentCustomInstructions = "agent_custom_instructions"
    /// Categories that take the place of the built-in ones, in turns that bring none of their own.
    case customCategories = "custom_categories"
    case name, description, multilingual, decay, usecase
    case memoryDepth = "memory_depth"
    /// What alone is to be remembered, of turns that do not say themselves.
    case inclusionPrompt = "inclusion_prompt"
    /// What is not to be remembered, likewise.
    case exclusionPrompt = "exclusion_prompt"
    case enableGraph = "enable_graph"
    case version
    /// Whether profiles of users are made; what is not set is yes.
    case profileEnabled = "profile_enabled"
    /// The form of profiles: a JSON Schema.
    case profileSchema = "profile_schema"
    /// What profiles are about, in words.
    case profileInstructions = "profile_custom_instructions"

    /// Whether it is set and shown with the profiles, and not with the project.
    public var isOfProfiles: Bool {
      switch self {
      case .profileEnabled, .profileSchema, .profileInstructions: true
      case .customInstructions, .agentCustomInstructions, .customCategories, .name, .description, .multilingual, .decay,
        .usecase, .memoryDepth, .inclusionPrompt, .exclusionPrompt, .enableGraph, .version:
        false
      }
    }
  }

  /// Somebody who belongs to it.
  public struct Member: Hashable, Sendable, Codable {
    /// Who.
    public var email: String
    /// `READER` or `OWNER`.
    public var role: String

    /// A member with all its parts.
    public init(email: String, role: String) {
      self.email = email
      self.role = role
    }
  }

  /// What was set.
  public internal(set) var settings: [Setting: JSONValue] = [:]
  /// Who belongs to it, in the order in which they came.
  public internal(set) var members: [Member] = []
  /// Whom it calls when something happens, likewise.
  public internal(set) var webhooks: [Webhook] = []
  /// Exports that were asked for, the newest last.
  public internal(set) var exports: [ExportRequest] = []
  /// Runs that made profiles, the newest last.
  public internal(set) var profileJobs: [ProfileJob] = []
  /// How often each user's profile was made.
  public internal(set) var profileCounts: [String: Int] = [:]
  /// What was said of entities.
  public internal(set) var entities: [Owner: EntityDescription] = [:]
  /// When it was made; nil for one that was never said to be.
  public internal(set) var createdAt: Timestamp?
  /// When anything of it was changed last.
  public internal(set) var updatedAt: Timestamp?

  /// A project of which nothing was said.
  public init() {}
}
