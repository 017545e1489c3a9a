import EventLog
import LanguageModel
import Logging
import MnemeCore
import MnemePipeline
import MnemeProjection
import MnemeQuery
import ServiceLifecycle

/// What a process does.
enum Role: CaseIterable, Sendable {
  /// Folds memory events into the projection.
  case project
  /// Takes in, extracts and resolves.
  case work
  /// Answers over HTTP.
  case serve
}

/// The roles of one process, wired and ready to run.
struct Roles: Sendable {
  let system: MnemeSystem
  let models: Models
  /// Reads the generation that was active when this was made.
  let reader: ProjectionReader
  /// Folds it; nil where this process folds nothing.
  let projector: Projector?
  private let roles: Set<Role>
  private let projections: ProjectionShelf
  private let projection: ProjectionSwitch?
  private let reranker: (any Reranker)?
  private let bounds: QueryConfiguration
  private let poster: CurlWebhookPoster?

  /// Opens everything that the roles need; nothing runs yet.
  init(_ system: MnemeSystem, _ roles: Set<Role> = Set(Role.allCases)) async throws {
    self.system = system
    self.roles = roles
    self.models = try Models(system.settings)
    let catalog = try await system.prepare(models)
    guard let active = catalog.active else { preconditionFailure("a prepared catalog has an active generation") }
    self.projections = ProjectionShelf(system: system, models: models, projects: roles.contains(.project))
    self.projector = roles.contains(.project) ? try await projections.projector(of: active) : nil
    // Whoever asks as soon as this process listens is answered.
    try await projector?.makeMissingShards()
    self.reader = try await projections.reader(of: active)
    // What is missing is told at start, not at the first turn.
    if roles.contains(.work) {
      _ = try await models.extractor(active.extraction)
      _ = try await models.embedder(catalog.resolving(active).embedding)
    }
    self.reranker = try await models.reranker()
    self.poster =
      roles.contains(.work)
      ? CurlWebhookPoster(allowsPrivateAddresses: try system.settings.flag(.webhookAllowPrivate)) : nil
    self.bounds = try Self.bounds(system, serves: roles.contains(.serve))
    self.projection = roles.contains(.serve) ? ProjectionSwitch(try await projections.active(active)) : nil
  }

  /// What follows the generations, and the query service, in the order in which they need each other; they stop in
  /// reverse.
  func services(_ entrance: Entrance?, onListening: @escaping @Sendable (Int) -> Void) -> [any Service] {
    var services: [any Service] = [
      GenerationSupervisor(
        system: system, models: models, roles: roles, projections: projections, projection: projection,
        poster: poster)
    ]
    if roles.contains(.work), !system.isOnKafka {
      services.append(
        RetentionService(log: system.log, environment: MnemeSystem.environment, logger: system.logger))
    }
    if let projection, let entrance {
      services.append(queryService(projection, entrance, onListening: onListening))
    }
    return services
  }

  /// The bounds of the query service, as the settings have them and as the process can keep them.
  private static func bounds(_ system: MnemeSystem, serves: Bool) throws -> QueryConfiguration {
    var bounds = QueryConfiguration()
    bounds.headTimeout = try system.settings.duration(.headTimeout, in: 0.1...300)
    bounds.maxConnectionCount = try system.settings.integer(.maxConnections, in: 1...OpenFiles.maxConnectionCount)
    if serves {
      bounds.maxConnectionCount = OpenFiles.makeRoom(
        connections: bounds.maxConnectionCount, partitions: system.topics.partitionCount)
    }
    return bounds
  }

  private func queryService(
    _ projection: ProjectionSwitch, _ entrance: Entrance, onListening: @escaping @Sendable (Int) -> Void
  ) -> QueryService {
    var configuration = entrance.configuration
    (configuration.headTimeout, configuration.maxConnectionCount) = (bounds.headTimeout, bounds.maxConnectionCount)
    return QueryService(
      configuration: configuration, log: system.log, codec: system.codec, projection: projection,
      reranker: reranker, lag: { try await lag() }, authenticator: entrance.authenticator,
      clock: MnemeSystem.environment.now, logger: system.logger, onServerRunning: { onListening($0) })
  }

  /// Tools on what these roles read, for one client over a pair of streams.
  func agentStream(_ agents: AgentConfiguration, role: AccessRole) async throws -> AgentStream {
    guard let projection else { preconditionFailure("a process without the query service has no tools") }
    var configuration = QueryConfiguration()
    configuration.agents = agents
    return try await AgentStream(
      configuration: configuration, role: role, log: system.log, codec: system.codec, projection: projection,
      reranker: reranker, clock: MnemeSystem.environment.now, logger: system.logger)
  }

  /// The embedder of what readers read.
  func embedder() async throws -> any Embedder {
    try await models.embedder(try await system.active(models).embedding)
  }

  /// How much is under way.
  func lag() async throws -> LagReport {
    try await system.lag(try await system.generations.refresh()) { try await projections.reader(of: $0) }
  }

  /// Lets go of models and log, after the services have ended.
  func close() async {
    await poster?.close()
    await models.close()
    await system.log.close()
  }
}
