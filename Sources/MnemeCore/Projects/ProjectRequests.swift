/// A request to export memories in a form of the caller's own. What it leads to is computed when it is fetched, from
/// what is true then. A storage format.
public struct ExportRequest: Hashable, Sendable, Codable {
  /// Requests of one project that are kept: the newest ones.
  public static let maxCount = 100

  /// By which it is fetched.
  public var id: String
  /// The form: a JSON Schema.
  public var schema: JSONValue
  /// Which memories, as clients write filters; nil for all of the project.
  public var filters: JSONValue?
  /// What the caller asked for in words. Nobody reads it here: there is no model to.
  public var instructions: String?
  /// To whose memories the caller was bound, as `kind:id`, sorted; nil for everybody's of the project.
  public var owners: [String]?
  /// When it came.
  public var at: Timestamp

  /// A request with all its parts.
  public init(
    id: String, schema: JSONValue, filters: JSONValue?, instructions: String?, owners: [String]?, at: Timestamp
  ) {
    self.id = id
    self.schema = schema
    self.filters = filters
    self.instructions = instructions
    self.owners = owners
    self.at = at
  }
}

/// A run that made profiles of users, and how it ended. A storage format.
public struct ProfileJob: Hashable, Sendable, Codable {
  /// Runs of one project that are kept: the newest ones.
  public static let maxCount = 1000
  /// Users of one project whose runs are counted, at most.
  public static let maxCountedUserCount = 100_000

  /// What was asked for.
  public enum Operation: String, Sendable, Codable, CaseIterable {
    /// The profile of one user.
    case trigger
    /// Those of some users, whichever.
    case sample
  }

  /// By which it is asked for.
  public var id: String
  /// What was asked for.
  public var operation: Operation
  /// Whose profiles: ids of users.
  public var users: [String]
  /// Those of them of whom nothing is remembered.
  public var skipped: [String]
  /// What the caller chose so that a repeated request starts no other run; nil for nothing.
  public var idempotencyKey: String?
  /// When it ended.
  public var at: Timestamp

  enum CodingKeys: String, CodingKey {
    case id, operation, users, skipped, at
    case idempotencyKey = "idempotency_key"
  }

  /// A run with all its parts.
  public init(
    id: String, operation: Operation, users: [String], skipped: [String], idempotencyKey: String?, at: Timestamp
  ) {
    self.id = id
    self.operation = operation
    self.users = users
    self.skipped = skipped
    self.idempotencyKey = idempotencyKey
    self.at = at
  }
}

/// What somebody said of a user, an agent, an application or a session, beside any memory. A storage format.
public struct EntityDescription: Hashable, Sendable, Codable {
  /// Described entities of one project, at most: all are in memory.
  public static let maxCount = 10_000

  /// Which id of a scope: `user`, `agent`, `app` or `run`.
  public var kind: Owner.Kind
  /// The id.
  public var id: String
  /// What people call it; nil for nothing but the id.
  public var name: String?
  /// Anything else.
  public var metadata: [String: JSONValue]
  /// When it was described first.
  public var createdAt: Timestamp
  /// When it was described last.
  public var updatedAt: Timestamp

  enum CodingKeys: String, CodingKey {
    case kind, id, name, metadata
    case createdAt = "created_at"
    case updatedAt = "updated_at"
  }

  /// What it stands by.
  public var owner: Owner { Owner(kind: kind, id: id) }

  /// A description with all its parts.
  public init(
    kind: Owner.Kind, id: String, name: String?, metadata: [String: JSONValue], createdAt: Timestamp,
    updatedAt: Timestamp
  ) {
    self.kind = kind
    self.id = id
    self.name = name
    self.metadata = metadata
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }
}

extension Owner.Kind: Codable {}

extension Project {
  /// Folds a request for an export. Of those that are too many, the oldest goes.
  mutating func add(_ export: ExportRequest) {
    exports.append(export)
    if exports.count > ExportRequest.maxCount { exports.removeFirst() }
  }

  /// Folds a run that made profiles. Of those that are too many, the oldest goes.
  mutating func add(_ job: ProfileJob) {
    profileJobs.append(job)
    if profileJobs.count > ProfileJob.maxCount { profileJobs.removeFirst() }
    for user in job.users where !job.skipped.contains(user) {
      guard profileCounts[user] != nil || profileCounts.count < ProfileJob.maxCountedUserCount else { continue }
      profileCounts[user, default: 0] += 1
    }
  }

  /// Folds a description: what came first says since when the entity is known.
  mutating func add(_ description: EntityDescription) {
    var description = description
    if let earlier = entities[description.owner] { description.createdAt = earlier.createdAt }
    entities[description.owner] = description
  }

  /// Folds that an entity is gone.
  mutating func forget(_ entity: Owner) {
    entities[entity] = nil
    if entity.kind == .user { profileCounts[entity.id] = nil }
  }
}
