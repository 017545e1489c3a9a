import EventLog
import FoundationEssentials
import LanguageModel
import Logging
import MnemeCore
import MnemePipeline
import MnemeProjection
import MnemeQuery
import ServiceLifecycle

/// Follows the catalog of generations: lets run what each of them needs in this process, lets readers over to the one
/// that is promoted once its projection here has caught up, and removes what was dropped.
struct GenerationSupervisor: Service {
  let system: MnemeSystem
  let models: Models
  let roles: Set<Role>
  let projections: ProjectionShelf
  /// What readers read; nil where this process has none.
  let projection: ProjectionSwitch?
  /// What calls webhooks; nil where this process does not work.
  let poster: CurlWebhookPoster?

  /// How long one wait for a change of the catalog lasts.
  static let waitTimeout: Duration = .seconds(1)
  /// The same while a promoted generation is waited for.
  static let switchInterval: Duration = .milliseconds(20)
  /// Pause after the log failed.
  static let retryDelay: Duration = .seconds(1)

  func run() async throws {
    try await cancelWhenGracefulShutdown {
      let (failures, failed) = AsyncStream.makeStream(of: (any Error).self)
      var services = GenerationServices(system: system, models: models, instance: system.instance)
      services.poster = poster
      let board = ServiceBoard<GenerationTask>(
        make: { [services] task in
          if case .project(let generation) = task { return try await projections.projector(of: generation) }
          return try await services.service(task)
        }, sleep: MnemeSystem.environment.sleep, failures: failed, logger: system.logger)
      do {
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { try await follow(board) }
          group.addTask {
            for await failure in failures { throw failure }
          }
          try await group.next()
          group.cancelAll()
        }
      } catch {
        await board.stop()
        guard error is CancellationError else { throw error }
      }
      await board.stop()
    }
  }

  private func follow(_ board: ServiceBoard<GenerationTask>) async throws {
    var pending: Promotion?
    while true {
      try Task.checkCancellation()
      do {
        let catalog = try await system.generations.refresh()
        let tasks = try await tasks(catalog)
        await board.update(tasks, essential: tasks.filter { $0.serves(catalog.active, catalog) })
        await removeDropped(catalog)
        try await turn(catalog, &pending)
        if pending == nil {
          try await system.generations.waitForChange(timeout: Self.waitTimeout)
        } else {
          try await MnemeSystem.environment.sleep(Self.switchInterval)
        }
      } catch let error as EventLogError where error.isRetriable {
        system.logger.warning("the generations cannot be read, trying again", metadata: ["error": "\(error)"])
        try await MnemeSystem.environment.sleep(Self.retryDelay)
      }
    }
  }

  private func tasks(_ catalog: GenerationCatalog) async throws -> Set<GenerationTask> {
    var tasks: Set<GenerationTask> = []
    if roles.contains(.work) {
      tasks.formUnion(GenerationTask.work(catalog, hasWebhooks: try await hasWebhooks()))
    }
    if roles.contains(.project) { tasks.formUnion(GenerationTask.projection(catalog)) }
    return tasks
  }

  private func hasWebhooks() async throws -> Bool {
    do {
      return try await system.projects.refresh().webhookCount > 0
    } catch is EventDecodingError {
      // A newer program wrote there: its workers call webhooks, and the query service says what is wrong.
      return false
    }
  }

  // MARK: Going over

  /// A generation that is active, and that readers here do not read yet.
  private struct Promotion {
    let generation: Generation
    let active: ActiveProjection
    /// Where the log ended when it was noticed: what was accepted until then is there when readers go over.
    let ends: [String: [OffsetBounds]]
  }

  private func turn(_ catalog: GenerationCatalog, _ pending: inout Promotion?) async throws {
    guard let projection, let active = catalog.active, active.id != projection.active.generation else {
      pending = nil
      return
    }
    do {
      if pending?.generation.id != active.id { pending = try await promotion(active) }
      guard let promotion = pending, try await hasReached(promotion) else { return }
      projection.turn(to: promotion.active)
      pending = nil
      system.logger.notice("readers went over", metadata: ["generation": "\(active.id)"])
    } catch let error as EventLogError {
      throw error
    } catch {
      try Task.checkCancellation()
      // The one before stays: it is kept current, too.
      system.logger.error(
        "readers cannot go over yet, trying again",
        metadata: ["generation": "\(active.id)", "error": "\(error)"])
      try await MnemeSystem.environment.sleep(Self.retryDelay)
    }
  }

  private func promotion(_ generation: Generation) async throws -> Promotion {
    let active = try await projections.active(generation)
    var ends: [String: [OffsetBounds]] = [:]
    for topic in [generation.memoriesTopic, generation.vectorsTopic] {
      ends[topic] = try await system.log.bounds(of: topic)
    }
    return Promotion(generation: generation, active: active, ends: ends)
  }

  private func hasReached(_ promotion: Promotion) async throws -> Bool {
    var folded: [TopicPartition: Int64] = [:]
    for offset in try await promotion.active.reader.watermarks() {
      folded[TopicPartition(offset.topic, offset.partition)] = offset.next
    }
    for (topic, ends) in promotion.ends {
      let parts = try await GroupProgress.measure(system.log, topic, ends, folded)
      guard parts.allSatisfy({ $0.waiting == 0 }) else { return false }
    }
    return true
  }

  // MARK: Dropping

  private func removeDropped(_ catalog: GenerationCatalog) async {
    guard roles.contains(.project) || roles.contains(.work) else { return }
    for entry in catalog.entries where entry.state == .dropped {
      if projection?.active.generation == entry.generation.id { continue }
      let isLast = !catalog.live.contains { $0.generation.name == entry.generation.name }
      await projections.remove(entry.generation, state: isLast)
    }
  }
}
