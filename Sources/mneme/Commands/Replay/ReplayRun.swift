import EventLog
import MnemeCore
import MnemePipeline
import MnemeProjection

/// What a replay command works on, from its beginning to its end.
struct ReplayRun: Sendable {
  let system: MnemeSystem
  let models: Models
  let catalog: GenerationCatalog
  /// What readers read now.
  let active: Generation
  /// Which of the processes that replay on this data folder this one is.
  let seat: ReplaySeat?

  /// Name of this worker: as it is set, else that of its seat on the embedded log, so that a process that takes the
  /// place of a killed one goes on at once; on brokers one of the moment.
  var instance: String? { system.settings[.instance] ?? (system.isOnKafka ? nil : seat?.name) }

  /// Opens the system, runs `body`, and closes it.
  static func with(_ options: SettingsOptions, _ body: (ReplayRun) async throws -> Void) async throws {
    try await GenerationsCommand.with(options) { system, models, catalog in
      guard let active = catalog.active else {
        throw CommandFailure("nothing has run on this log yet: there is nothing to replay")
      }
      let seat = try ReplaySeat.take(in: system.stateDirectory)
      try await body(ReplayRun(system: system, models: models, catalog: catalog, active: active, seat: seat))
    }
  }

  /// The generation to fill: one that an earlier run of the same replay began, or a new one.
  func begin(_ wanted: Generation) async throws -> Generation {
    if let entry = catalog.live.last(where: { $0.generation.isSameReplay(as: wanted) }) {
      switch entry.state {
      case .filling:
        Console.note("going on with generation \(entry.generation.id)")
        try await system.log.ensureTopics(system.topics.topics(of: entry.generation))
        return entry.generation
      case .ready, .active:
        throw GenerationError(
          .exists, "generation \(entry.generation.id) is this already; promote it, or drop it to derive it again")
      case .dropped: break
      }
    }
    let generation = wanted.named(in: catalog)
    try await system.log.ensureTopics(system.topics.topics(of: generation))
    try await system.generations.append(.created(generation))
    Console.note("filling generation \(generation.id) beside \(active.id)")
    return generation
  }

  /// Runs the job, and tells how it ended. A filled generation is folded and checked here.
  func finish(_ job: ReplayJob, _ services: GenerationServices, json: Bool) async throws {
    let outcome = try await job.run(system, services)
    let spending = job.budget.spending
    switch outcome {
    case .stopped(let reason):
      try ReplayReports.show(job.generation, spending, checks: nil, json: json)
      throw CommandFailure("\(reason); the same command goes on where it was")
    case .filled:
      let catalog = try await system.generations.refresh()
      let checks = try await GenerationCheck(system: system, models: models, catalog: catalog).run(job.generation)
      try ReplayReports.show(job.generation, spending, checks: checks, json: json)
      if !checks.problems.isEmpty { throw GenerationError(.unverified, "generation \(job.generation.id) is not right") }
    }
  }
}

extension Generation {
  /// Whether filling `other` is the same replay as filled, or fills, this one.
  fileprivate func isSameReplay(as other: Generation) -> Bool {
    origin == other.origin && parent == other.parent && extraction.isSameRecipe(as: other.extraction)
      && policy == other.policy && embedding.space == other.embedding.space && selection == other.selection
  }

  /// The same with an id that no generation has had.
  fileprivate func named(in catalog: GenerationCatalog) -> Generation {
    var named = self
    switch origin {
    case .reembed: named.id = catalog.nextID(of: name, space: embedding.space)
    case .initial, .reextract: (named.id, named.facts) = (catalog.nextName, catalog.nextName)
    case .reresolve: named.id = catalog.nextName
    }
    return named
  }
}
