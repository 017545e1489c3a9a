/// All projects of a log: what `mneme.projects` folds to. Pure.
public struct ProjectCatalog: Hashable, Sendable {
  /// Projects, at most: all are in memory.
  public static let maxProjectCount = 100_000
  /// Members of one project, at most.
  public static let maxMemberCount = 1000
  /// Webhooks of one project, at most: each is told each event.
  public static let maxWebhookCount = 20

  /// Those of which anything was said.
  private var projects: [ProjectKey: Project] = [:]
  /// Webhooks of all of them.
  public private(set) var webhookCount = 0

  /// A catalog of nothing.
  public init() {}

  /// The project `key`. A key of a tenant may open one of which nothing was ever said: it has no settings.
  public subscript(key: ProjectKey) -> Project { projects[key] ?? Project() }

  /// The tenant's projects of which anything was said, by id.
  public func projects(of tenant: String) -> [(key: ProjectKey, project: Project)] {
    projects.filter { $0.key.tenant == tenant }.sorted { $0.key.project < $1.key.project }
      .map { ($0.key, $0.value) }
  }

  /// Folds one event. What is not possible where it stands is left out: of two processes that decided at the same
  /// time, the first one in the log has its way. Returns whether it changed anything.
  @discardableResult
  public mutating func apply(_ event: ProjectEvent, at time: Timestamp) -> Bool {
    guard (try? check(event)) != nil else { return false }
    // Taken out, as a project that is changed where it also stands would be copied as a whole.
    var project = projects.removeValue(forKey: event.key) ?? Project()
    webhookCount -= project.webhooks.count
    project.updatedAt = time
    switch event.change {
    case .created: project.createdAt = time
    case .settingsChanged(let settings):
      for (setting, value) in settings {
        if value == .null { project.settings.removeValue(forKey: setting) } else { project.settings[setting] = value }
      }
    case .cleared:
      project = Project()
      project.updatedAt = time
    case .memberSet(let member):
      if let index = project.members.firstIndex(where: { $0.email == member.email }) {
        project.members[index] = member
      } else {
        project.members.append(member)
      }
    case .memberRemoved(let email): project.members.removeAll { $0.email == email }
    case .webhookSet(let webhook):
      if let index = project.webhooks.firstIndex(where: { $0.id == webhook.id }) {
        project.webhooks[index] = webhook
      } else {
        project.webhooks.append(webhook)
      }
    case .webhookSwitchedOff(let id):
      for index in project.webhooks.indices where project.webhooks[index].id == id {
        project.webhooks[index].isActive = false
        project.webhooks[index].updatedAt = time
      }
    case .webhookRemoved(let id): project.webhooks.removeAll { $0.id == id }
    case .exportRequested(let export): project.add(export)
    case .profilesMade(let job): project.add(job)
    case .entityDescribed(let entity): project.add(entity)
    case .entityForgotten(let entity): project.forget(entity)
    }
    webhookCount += project.webhooks.count
    projects[event.key] = project
    return true
  }

  /// Whether `event` is possible as things stand.
  /// - Throws: `ProjectError`, which says why not and what to do.
  public func check(_ event: ProjectEvent) throws {
    let known = projects[event.key]
    guard known != nil || projects.count < Self.maxProjectCount else {
      throw ProjectError(.full, "there are \(Self.maxProjectCount) projects, which is as many as there may be")
    }
    switch event.change {
    case .created:
      guard known?.createdAt == nil else { throw ProjectError(.exists, "the tenant has a project of this id already") }
    case .settingsChanged, .cleared, .exportRequested, .entityForgotten: break
    case .profilesMade(let job):
      guard let key = job.idempotencyKey else { break }
      guard known?.profileJobs.contains(where: { $0.idempotencyKey == key }) != true else {
        throw ProjectError(.exists, "the project has a profile job of this idempotency key already")
      }
    case .entityDescribed(let entity):
      let described = known?.entities ?? [:]
      guard described.count < EntityDescription.maxCount || described[entity.owner] != nil else {
        throw ProjectError(
          .full, "the project has \(EntityDescription.maxCount) described entities, which is as many as it may have")
      }
    case .memberSet(let member):
      let members = known?.members ?? []
      guard members.count < Self.maxMemberCount || members.contains(where: { $0.email == member.email }) else {
        throw ProjectError(.full, "the project has \(Self.maxMemberCount) members, which is as many as it may have")
      }
    case .memberRemoved(let email):
      guard known?.members.contains(where: { $0.email == email }) == true else {
        throw ProjectError(.unknown, "the project has no such member")
      }
    case .webhookSet(let webhook):
      let webhooks = known?.webhooks ?? []
      guard webhooks.count < Self.maxWebhookCount || webhooks.contains(where: { $0.id == webhook.id }) else {
        throw ProjectError(.full, "the project has \(Self.maxWebhookCount) webhooks; delete one that is not needed")
      }
    case .webhookSwitchedOff(let id), .webhookRemoved(let id):
      guard known?.webhooks.contains(where: { $0.id == id }) == true else {
        throw ProjectError(.unknown, "the project has no such webhook")
      }
    }
  }
}

/// Why something cannot be done to a project.
public struct ProjectError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure, in words that scripts may rely on.
  public enum Code: String, Sendable, CaseIterable {
    /// There is no such member or webhook.
    case unknown
    /// There is one already.
    case exists
    /// There are as many as there may be.
    case full
  }

  /// The kind of failure.
  public let code: Code
  /// What happened, and what to do next.
  public let description: String
  /// As things stand, never.
  public var isRetriable: Bool { false }

  /// A failure of kind `code`.
  public init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
