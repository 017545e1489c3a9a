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

  /// `tenant/project`, which is the record's key on the log.
  public var description: String { "\(tenant)/\(project)" }
}

/// A project: what was set for it, and who belongs to it. Pure.
public struct Project: Hashable, Sendable {
  /// What may be set, by the names that clients use. Values are kept as they were given.
  public enum Setting: String, Sendable, CaseIterable {
    /// What extraction is told beside its prompt, for turns that bring no instructions of their own.
    case customInstructions = "custom_instructions"
    /// The same, for what an agent says.
    case agentCustomInstructions = "agent_custom_instructions"
    /// Categories that take the place of the built-in ones.
    case customCategories = "custom_categories"
    case name, description, multilingual, decay, usecase
    case memoryDepth = "memory_depth"
    case inclusionPrompt = "inclusion_prompt"
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
