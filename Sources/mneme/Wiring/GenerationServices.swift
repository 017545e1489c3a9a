import EventLog
import LanguageModel
import Logging
import MnemeCore
import MnemePipeline
import MnemeProjection
import ServiceLifecycle

/// One thing that runs for generations. Two that are equal do the same; generations are in here without what does not
/// matter to it.
enum GenerationTask: Hashable, Sendable {
  /// Takes in what outside publishers sent.
  case ingest
  /// Derives the facts of that name.
  case extract(facts: String, ExtractionSpecification)
  /// Decides a generation's memories, and writes their vectors in that space.
  case resolve(Generation)
  /// Fills another space of a generation.
  case embed(Generation)
  /// Folds a generation.
  case project(Generation)
  /// Says what webhooks are to be told of the memories of the generation of that name.
  case notify(name: String)
  /// Tells webhooks what they are to be told.
  case deliver

  /// What a worker does for the generations of `catalog` that are kept current; webhooks cost nothing where there are
  /// none.
  static func work(_ catalog: GenerationCatalog, hasWebhooks: Bool = false) -> Set<GenerationTask> {
    var tasks: Set<GenerationTask> = [.ingest]
    if hasWebhooks { tasks.insert(.deliver) }
    for entry in catalog.live where entry.state != .filling {
      let generation = entry.generation
      // One that was active before still has to tell of what was said then.
      if hasWebhooks, catalog.everActiveNames.contains(generation.name) { tasks.insert(.notify(name: generation.name)) }
      tasks.insert(.extract(facts: generation.facts, generation.extraction))
      tasks.insert(.resolve(catalog.resolving(generation).withoutExtraction))
      // Also once memories are decided in its space: what was decided before may still be without vectors.
      if generation.isFollowing { tasks.insert(.embed(generation.withoutExtraction)) }
    }
    return tasks
  }

  /// What a projector does: also for those that are being filled.
  static func projection(_ catalog: GenerationCatalog) -> Set<GenerationTask> {
    Set(catalog.live.map { .project($0.generation.withoutExtraction) })
  }

  /// Whether readers of `active` depend on it.
  func serves(_ active: Generation?, _ catalog: GenerationCatalog) -> Bool {
    guard let active else { return true }
    return switch self {
    case .ingest: true
    case .extract(let facts, _): facts == active.facts
    case .resolve(let generation): generation.name == active.name
    case .embed(let generation), .project(let generation): generation.id == active.id
    case .notify, .deliver: false
    }
  }
}

extension Generation {
  /// The same for whoever does not extract: a change of how facts come about does not concern it.
  var withoutExtraction: Generation {
    var generation = self
    generation.extraction = ExtractionSpecification()
    return generation
  }
}

/// Makes what runs for generations.
struct GenerationServices: Sendable {
  let system: MnemeSystem
  let models: Models
  /// Name of this worker within groups; nil for one of the moment.
  var instance: String?
  /// How fast stages take up records.
  var bounds = StageRunner.Bounds()
  /// What an extractor is wrapped in.
  var wrap: @Sendable (any Extractor) -> any Extractor = { $0 }
  /// What an embedder that fills another space is wrapped in.
  var wrapEmbedder: @Sendable (any Embedder) -> any Embedder = { $0 }
  /// What facts are taken from instead of a model.
  var parent: ParentFacts?
  /// How inputs are decided that a replay leaves out; nil where it leaves out none.
  var exception: ResolutionStage.Exception?
  /// What calls webhooks; nil where nobody does.
  var poster: (any WebhookPoster)?

  init(system: MnemeSystem, models: Models, instance: String?) {
    self.system = system
    self.models = models
    self.instance = instance
  }

  /// The service that does `task`.
  /// - Throws: `SettingsError`, `ModelError`, `ProjectionError`.
  func service(_ task: GenerationTask) async throws -> any Service {
    switch task {
    case .ingest: runner(IngressStage(codec: system.codec, environment: MnemeSystem.environment))
    case .extract(let facts, let extraction): runner(try await extractionStage(facts, extraction))
    case .resolve(let generation): runner(try await resolutionStage(generation))
    case .embed(let generation):
      runner(
        EmbeddingStage(
          generation: generation, embedder: wrapEmbedder(try await models.embedder(generation.embedding)),
          codec: system.codec, retry: models.retry, environment: MnemeSystem.environment))
    case .project(let generation): try system.projector(of: generation)
    case .notify(let name):
      runner(
        NotificationStage(
          generation: name, partitionCount: try await system.log.bounds(of: Topics.webhooks).count, log: system.log,
          codec: system.codec, environment: MnemeSystem.environment))
    case .deliver: deliveryService()
    }
  }

  private func extractionStage(_ facts: String, _ specification: ExtractionSpecification) async throws
    -> ExtractionStage
  {
    ExtractionStage(
      generation: facts, extractor: wrap(try await models.extractor(specification)), codec: system.codec,
      retry: models.retry, limit: models.concurrencyLimit, environment: MnemeSystem.environment, parent: parent)
  }

  private func resolutionStage(_ generation: Generation) async throws -> ResolutionStage {
    ResolutionStage(
      configuration: ResolutionStage.Configuration(
        generation: generation.name, factsGeneration: generation.facts, policy: generation.policy.policy,
        exception: exception, stateDirectory: system.stateDirectory(of: generation), retry: models.retry),
      embedder: try await models.embedder(generation.embedding), log: system.log, codec: system.codec,
      environment: MnemeSystem.environment)
  }

  private func deliveryService() -> DeliveryService {
    guard let poster else { preconditionFailure("who calls webhooks has what calls them") }
    return DeliveryService(
      log: system.log, instance: instance, poster: poster, codec: system.codec,
      environment: MnemeSystem.environment, logger: system.logger)
  }

  private func runner(_ stage: any Stage) -> StageRunner {
    StageRunner(
      stage: stage, log: system.log, instance: instance, environment: MnemeSystem.environment, bounds: bounds,
      logger: system.logger)
  }
}
