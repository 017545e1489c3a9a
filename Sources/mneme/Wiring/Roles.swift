import EventLog
import LanguageModel
import Logging
import MnemeCore
import MnemePipeline
import MnemeProjection
import MnemeQuery
import ServiceLifecycle

/// All roles in one process, wired and ready to run.
struct Roles: Sendable {
  let system: MnemeSystem
  let models: Models
  let projector: Projector
  let reader: ProjectionReader

  /// Opens everything that the roles need; nothing runs yet.
  init(_ system: MnemeSystem) async throws {
    self.system = system
    self.models = try await Models(system.settings)
    let space = models.embedder.space
    try await system.ensureTopics(space: space.name)
    let configuration = system.projection(space: space.name, dimension: space.dimension)
    self.projector = try Projector(
      directory: system.projectionDirectory, configuration: configuration, log: system.log, logger: system.logger)
    self.reader = try ProjectionReader(
      directory: system.projectionDirectory, configuration: configuration, projector: projector)
  }

  /// Projector, workers and query service, in the order in which they need each other; they stop in reverse.
  func services(
    host: String, port: Int, onListening: @escaping @Sendable (Int) -> Void
  ) throws -> [any Service] {
    let instance = "up"
    let extraction = ExtractionStage(
      generation: MnemeSystem.generation, extractor: models.extractor, codec: system.codec, retry: models.retry,
      limit: models.concurrencyLimit, environment: MnemeSystem.environment)
    let resolution = ResolutionStage(
      configuration: ResolutionStage.Configuration(
        generation: MnemeSystem.generation, policy: ResolutionPolicy(), stateDirectory: system.stateDirectory,
        retry: models.retry),
      embedder: models.embedder, log: system.log, codec: system.codec, environment: MnemeSystem.environment)
    return [
      projector,
      runner(resolution, instance),
      runner(extraction, instance),
      queryService(host: host, port: port, onListening: onListening),
    ]
  }

  private func runner(_ stage: any Stage, _ instance: String) -> StageRunner {
    StageRunner(
      stage: stage, log: system.log, instance: instance, environment: MnemeSystem.environment, logger: system.logger)
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
