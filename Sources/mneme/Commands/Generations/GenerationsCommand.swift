import ArgumentParser
import EventLog
import MnemeCore
import MnemePipeline
import MnemeProjection

/// `mneme generations`: what was derived side by side, and which of it is read.
struct GenerationsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generations", abstract: "List generations, compare them, and let readers over from one to another.",
    subcommands: [
      ListAll.self, DiffGenerations.self, Promote.self, Rollback.self, DropGeneration.self,
    ], defaultSubcommand: ListAll.self)

  /// Runs `body` on the system and its catalog.
  static func with(
    _ options: SettingsOptions, _ body: (MnemeSystem, Models, GenerationCatalog) async throws -> Void
  ) async throws {
    let system = try await MnemeSystem.open(options)
    let models = try Models(system.settings)
    do {
      try await body(system, models, try await system.generations.refresh())
    } catch {
      await models.close()
      await system.log.close()
      throw error
    }
    await models.close()
    await system.log.close()
  }

  /// `list`: a line each.
  struct ListAll: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "List generations: how they were derived, how far they are, which one is read.")

    @Flag(help: "Those that were dropped, too.") var all = false
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var settings: SettingsOptions

    func run() async throws {
      try await GenerationsCommand.with(settings) { system, _, catalog in
        var reports: [GenerationReport] = []
        for entry in all ? catalog.entries : catalog.live {
          reports.append(try await GenerationReport(entry, system))
        }
        if json { return try Console.json(reports) }
        for report in reports { report.show() }
        if reports.isEmpty { Console.note("no generations yet; the first mneme up begins one") }
      }
    }
  }

  /// `promote`: readers go over.
  struct Promote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check a generation, and let readers over to it, all at once and with no read failed or mixed.",
      discussion: "The one before is kept current until it is dropped, so that rollback is instant.")

    @Argument(help: "Id of the generation.") var id: String
    @Flag(help: "Go over although the checks found something.") var force = false
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var settings: SettingsOptions

    func run() async throws {
      try await GenerationsCommand.with(settings) { system, models, catalog in
        try catalog.check(.promoted(id: id))
        guard let entry = catalog[id] else { preconditionFailure("it was checked") }
        let checks = try await GenerationCheck(system: system, models: models, catalog: catalog).run(entry.generation)
        if !checks.problems.isEmpty, !force {
          if json { try Console.json(checks) } else { checks.show() }
          throw GenerationError(
            .unverified, "generation \(id) is not as it should be; mend that, or give --force")
        }
        let before = catalog.active?.id
        try await system.generations.append(.promoted(id: id, turns: try await system.turnsEnds()))
        if json { return try Console.json(Switched(active: id, before: before, checks: checks)) }
        checks.show()
        Console.line("promoted    \(id)")
        if let before { Console.note("\(before) is kept current for mneme generations rollback, until it is dropped") }
      }
    }
  }

  /// `rollback`: readers go back.
  struct Rollback: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let readers back to the generation that was read before.")

    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var settings: SettingsOptions

    func run() async throws {
      try await GenerationsCommand.with(settings) { system, _, catalog in
        guard let active = catalog.active else { throw CommandFailure("nothing has run on this log yet") }
        let after = try await system.generations.append(
          .rolledBack(id: active.id, turns: try await system.turnsEnds()))
        let id = after.active?.id ?? ""
        if json { return try Console.json(Switched(active: id, before: active.id, checks: nil)) }
        Console.line("rolled back to \(id)")
      }
    }
  }

  private struct Switched: Encodable {
    var active: String
    var before: String?
    var checks: GenerationChecks?
  }

  /// `drop`: gone for good.
  struct DropGeneration: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "drop", abstract: "Remove a generation that is not read: its topics and its projections.")

    @Argument(help: "Id of the generation.") var id: String
    @Flag(help: "Do not ask.") var yes = false
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var settings: SettingsOptions

    /// How long running processes have to let go of what is dropped.
    static let grace: Duration = .seconds(3)

    func run() async throws {
      try await GenerationsCommand.with(settings) { system, _, catalog in
        try catalog.check(.dropped(id: id))
        guard let generation = catalog[id]?.generation else { preconditionFailure("it was checked") }
        guard yes || Console.confirm("drop generation \(id) for good?") else {
          throw CommandFailure("generation \(id) was not dropped; answer yes, or give --yes")
        }
        let after = try await system.generations.append(.dropped(id: id))
        try await MnemeSystem.environment.sleep(Self.grace)
        let topics = generation.topics.filter { !after.topics.contains($0) }
        for topic in topics { try await system.log.deleteTopic(topic) }
        try await ProjectionDirectory.remove(system.projectionDirectory, id: id)
        if json { return try Console.json(Dropped(dropped: id, topics: topics)) }
        Console.line("dropped \(id)")
        for topic in topics { Console.line("  \(topic)") }
      }
    }

    private struct Dropped: Encodable {
      var dropped: String
      var topics: [String]
    }
  }
}

/// A generation as `list` prints it.
struct GenerationReport: Encodable {
  var id: String
  var active: Bool
  var state: GenerationCatalog.State
  var origin: Generation.Origin
  var parent: String?
  var extraction: String
  var facts: String
  var nearDuplicateCosine: Float
  var embedder: String
  var space: String
  var dimension: Int
  var selection: ReplaySelection?
  var createdAt: Timestamp
  var promotedAt: Timestamp?
  /// In this data folder's projection; nil where it has none.
  var memories: Int?
  /// Records that wait before they are in this data folder's projection; nil where it has none.
  var lag: Int64?
  var topics: [String]

  init(_ entry: GenerationCatalog.Entry, _ system: MnemeSystem) async throws {
    let generation = entry.generation
    id = generation.id
    active = entry.state == .active
    state = entry.state
    origin = generation.origin
    parent = generation.parent
    extraction = generation.extraction.summary
    facts = generation.facts
    nearDuplicateCosine = generation.policy.nearDuplicateCosine
    embedder = generation.embedding.embedder
    space = generation.embedding.space
    dimension = generation.embedding.dimension
    selection = generation.selection
    createdAt = entry.createdAt
    promotedAt = entry.promotedAt
    topics = generation.topics
    guard entry.state != .dropped else { return }
    let reader = try system.reader(of: generation)
    do {
      memories = try await reader.memoryCount()
      lag = try await system.lagMeter(generation, reader).measure().total
    } catch let error as ProjectionError where error.code == .missing {
      // Another machine has it.
    }
  }

  func show() {
    let mark = active ? Console.bold("* \(id)") : "  \(id)"
    let count = memories.map { "\($0) memories" } ?? "no projection here"
    let wait = lag.map { ", \($0) waiting" } ?? ""
    Console.line("\(mark)  \(state.rawValue)  \(count)\(wait)")
    Console.line(Console.dim("    \(origin.rawValue)\(parent.map { " of \($0)" } ?? "")  \(extraction)  \(space)"))
  }
}
