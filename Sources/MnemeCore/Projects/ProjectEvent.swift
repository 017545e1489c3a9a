/// What happens to projects: events of topic `mneme.projects`, one ordered stream for the whole log.
public struct ProjectEvent: Hashable, Sendable {
  /// What happens.
  public enum Change: Hashable, Sendable {
    /// It is made.
    case created
    /// These settings are as given from here on; null puts one back to nothing.
    case settingsChanged([Project.Setting: JSONValue])
    /// Its settings, members and webhooks go. What becomes of its memories is said on `mneme.turns`.
    case cleared
    /// Somebody belongs to it, in that role.
    case memberSet(Project.Member)
    /// Somebody belongs to it no more.
    case memberRemoved(email: String)
    /// It calls this webhook, in place of one of the same id.
    case webhookSet(Webhook)
    /// It calls that webhook no more, until it is set again: the other side says that it is gone.
    case webhookSwitchedOff(id: String)
    /// It has that webhook no more.
    case webhookRemoved(id: String)
    /// An export is asked for.
    case exportRequested(ExportRequest)
    /// Profiles were made.
    case profilesMade(ProfileJob)
    /// Something is said of a user, an agent, an application or a session.
    case entityDescribed(EntityDescription)
    /// What was said of it goes.
    case entityForgotten(Owner)
  }

  /// Which project.
  public var key: ProjectKey
  /// What happens to it.
  public var change: Change

  /// What happens to the project `key`.
  public init(_ key: ProjectKey, _ change: Change) {
    self.key = key
    self.change = change
  }

  /// As the log has it.
  private struct Body: Codable {
    var tenant: String
    var project: String
    var change: String
    var settings: [String: JSONValue]?
    var member: Project.Member?
    var email: String?
    var webhook: Webhook?
    var id: String?
    var export: ExportRequest?
    var job: ProfileJob?
    var entity: EntityDescription?
    /// `kind:id`.
    var name: String?
  }

  /// The event's body.
  public var body: [UInt8] {
    var body = Body(tenant: key.tenant, project: key.project, change: "")
    switch change {
    case .created: body.change = "created"
    case .settingsChanged(let settings):
      body.change = "settings_changed"
      body.settings = Dictionary(uniqueKeysWithValues: settings.map { ($0.key.rawValue, $0.value) })
    case .cleared: body.change = "cleared"
    case .memberSet(let member): (body.change, body.member) = ("member_set", member)
    case .memberRemoved(let email): (body.change, body.email) = ("member_removed", email)
    case .webhookSet(let webhook): (body.change, body.webhook) = ("webhook_set", webhook)
    case .webhookSwitchedOff(let id): (body.change, body.id) = ("webhook_switched_off", id)
    case .webhookRemoved(let id): (body.change, body.id) = ("webhook_removed", id)
    case .exportRequested(let export): (body.change, body.export) = ("export_requested", export)
    case .profilesMade(let job): (body.change, body.job) = ("profiles_made", job)
    case .entityDescribed(let entity): (body.change, body.entity) = ("entity_described", entity)
    case .entityForgotten(let owner):
      (body.change, body.name) = ("entity_forgotten", "\(owner.kind.rawValue):\(owner.id)")
    }
    return EventBodyCoding.encode(body)
  }

  /// The event of that body.
  /// - Throws: `EventDecodingError` where it is none, or one of a newer program.
  public init(body bytes: [UInt8]) throws {
    let body = try EventBodyCoding.decode(Body.self, from: bytes)
    func need<Value>(_ value: Value?, _ name: String) throws -> Value {
      guard let value else {
        throw EventDecodingError(.malformedBody, "\(name) is missing from the document")
      }
      return value
    }
    self.key = ProjectKey(tenant: body.tenant, project: body.project)
    switch body.change {
    case "created": self.change = .created
    case "settings_changed":
      var settings: [Project.Setting: JSONValue] = [:]
      for (name, value) in try need(body.settings, "settings") {
        guard let setting = Project.Setting(rawValue: name) else {
          throw EventDecodingError(.malformedBody, "a setting is not known here; use a newer program")
        }
        settings[setting] = value
      }
      self.change = .settingsChanged(settings)
    case "cleared": self.change = .cleared
    case "member_set": self.change = .memberSet(try need(body.member, "member"))
    case "member_removed": self.change = .memberRemoved(email: try need(body.email, "email"))
    case "webhook_set": self.change = .webhookSet(try need(body.webhook, "webhook"))
    case "webhook_switched_off": self.change = .webhookSwitchedOff(id: try need(body.id, "id"))
    case "webhook_removed": self.change = .webhookRemoved(id: try need(body.id, "id"))
    case "export_requested": self.change = .exportRequested(try need(body.export, "export"))
    case "profiles_made": self.change = .profilesMade(try need(body.job, "job"))
    case "entity_described": self.change = .entityDescribed(try need(body.entity, "entity"))
    case "entity_forgotten":
      self.change = .entityForgotten(try need(body.name.flatMap { OwnerKey("t/\($0)")?.owner }, "name"))
    default: throw EventDecodingError(.malformedBody, "a change of a project is not known here; use a newer program")
    }
  }
}
