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
  let reader: ProjectionReader
  let projector: Projector?
  private let roles: Set<Role>

  /// Opens everything that the roles need; nothing runs yet.
  init(_ system: MnemeSystem, _ roles: Set<Role> = Set(Role.allCases)) async throws {
    self.system = system
    self.roles = roles
    self.models = try await Models(system.settings)
    let space = models.embedder.space
    try await system.ensureTopics(space: space.name)
    let configuration = system.projection(space: space.name, dimension: space.dimension)
    self.projector =
      roles.contains(.project)
      ? try Projector(
        directory: system.projectionDirectory, configuration: configuration, log: system.log, logger: system.logger)
      : nil
    self.reader = try ProjectionReader(
      directory: system.projectionDirectory, configuration: configuration, projector: projector)
  }

  /// Projector, workers and query service, in the order in which they need each other; they stop in reverse.
  func services(
    host: String, port: Int, onListening: @escaping @Sendable (Int) -> Void
  ) throws -> [any Service] {
    var services: [any Service] = []
    if let projector { services.append(projector) }
    if roles.contains(.work) { services += workers() }
    if roles.contains(.work), !system.isOnKafka {
      services.append(
        RetentionService(log: system.log, environment: MnemeSystem.environment, logger: system.logger))
    }
    if roles.contains(.serve) { services.append(queryService(host: host, port: port, onListening: onListening)) }
    return services
  }

  /// One runner for each stage, the last stage first.
  private func workers() -> [any Service] {
    let resolution = ResolutionStage(
      configuration: ResolutionStage.Configuration(
        generation: MnemeSystem.generation, policy: ResolutionPolicy(), stateDirectory: system.stateDirectory,
        retry: models.retry),
      embedder: models.embedder, log: system.log, codec: system.codec, environment: MnemeSystem.environment)
    let extraction = ExtractionStage(
      generation: MnemeSystem.generation, extractor: models.extractor, codec: system.codec, retry: models.retry,
      limit: models.concurrencyLimit, environment: MnemeSystem.environment)
    let ingress = IngressStage(codec: system.codec, environment: MnemeSystem.environment)
    return [runner(resolution), runner(extraction), runner(ingress)]
  }

  private func runner(_ stage: any Stage) -> StageRunner {
    StageRunner(
      stage: stage, log: system.log, instance: system.instance, environment: MnemeSystem.environment,
      logger: system.logger)
  }

  private func queryService(
    host: String, port: Int, onListening: @escaping @Sendable (Int) -> Void
  ) -> QueryService {
    let meter = system.lagMeter(space: models.embedder.space.name, reader: reader)
    return QueryService(
      configuration: QueryConfiguration(host: host, port: port), log: system.log, codec: system.codec, reader: reader,
      embedder: models.embedder, lag: { try await meter.measure() }, clock: MnemeSystem.environment.now,
      logger: system.logger, onServerRunning: { onListening($0) })
  }

  /// Lets go of models and log, after the services have ended.
  func close() async {
    await models.close()
    await system.log.close()
  }
}
