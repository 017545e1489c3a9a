import ArgumentParser
import EventLog
import MnemeCore
import MnemePipeline
import MnemeProjection

/// `mneme topics`: the log's topics, as they are and as they should be.
struct TopicsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "topics", abstract: "List the log's topics, compare them with what is wanted, and create them.",
    subcommands: [ListAll.self, Diff.self, Apply.self], defaultSubcommand: ListAll.self)

  /// Runs `body` on the system and the topics that it wants. Creates no topic.
  static func withSystem<Value>(
    _ options: SettingsOptions, _ body: (MnemeSystem, [TopicSpecification]) async throws -> Value
  ) async throws -> Value {
    let system = try await MnemeSystem.open(options)
    do {
      let live = try await system.generations.refresh().live.map(\.generation)
      let models = try Models(system.settings)
      let wanted = system.topics.topics(of: live.isEmpty ? [try await system.active(models)] : live)
      await models.close()
      let value = try await body(system, wanted)
      await system.log.close()
      return value
    } catch {
      await system.log.close()
      throw error
    }
  }

  /// `list`: a line each.
  struct ListAll: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "List topics with their partitions, replicas and records.")

    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var settings: SettingsOptions

    func run() async throws {
      let system = try await MnemeSystem.open(settings)
      var reports: [TopicReport] = []
      for topic in try await system.log.topics() where topic.name.hasPrefix(TopicPlan.namePrefix) {
        let bounds = try await system.log.bounds(of: topic.name)
        reports.append(TopicReport(topic, records: bounds.reduce(0) { $0 + $1.end - $1.earliest }))
      }
      await system.log.close()
      if json { return try Console.json(reports) }
      for report in reports { Console.line(report.text) }
      if reports.isEmpty { Console.note("no topics yet; mneme topics apply creates them") }
    }
  }

  /// `diff`: what is not as wanted.
  struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tell where the log's topics are not as wanted.",
      discussion: "Changes nothing. Exits with 1 where there is drift; a topic that nobody wants is told, but is none.")

    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var settings: SettingsOptions

    func run() async throws {
      let plan = try await TopicsCommand.withSystem(settings) { system, wanted in
        TopicPlan(wanted: wanted, found: try await system.log.topics())
      }
      let reports = plan.differences.map { DifferenceReport($0, of: plan) }
      if json {
        try Console.json(Report(hasDrift: plan.hasDrift, differences: reports))
      } else {
        for report in reports { Console.line(report.text) }
        if !plan.hasDrift { Console.note("the topics are as wanted") }
      }
      if plan.hasDrift { throw ExitCode(1) }
    }

    private struct Report: Encodable {
      var hasDrift: Bool
      var differences: [DifferenceReport]
    }
  }

  /// `apply`: creates what is missing, sets retention.
  struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Create missing topics, and set retention where it is not as wanted.",
      discussion: """
        Never deletes a topic, and never changes partitions or replicas. Exits with 1 where drift remains. Doing it \
        again does no harm.
        """)

    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var settings: SettingsOptions

    func run() async throws {
      let (done, rest) = try await TopicsCommand.withSystem(settings) { system, wanted in
        var done: [DifferenceReport] = []
        let plan = TopicPlan(wanted: wanted, found: try await system.log.topics())
        try await plan.apply(to: system.log) { difference in
          let report = DifferenceReport(difference, of: plan)
          done.append(report)
          // Told at once: what is done stays done where a later one fails.
          if !json { Console.line(report.doneText) }
        }
        return (done, TopicPlan(wanted: wanted, found: try await system.log.topics()))
      }
      let remaining = rest.differences.map { DifferenceReport($0, of: rest) }
      if json {
        try Console.json(Report(done: done, remaining: remaining))
      } else {
        for report in remaining { Console.line(report.text) }
        if done.isEmpty, !rest.hasDrift { Console.note("the topics are as wanted; nothing was to be done") }
      }
      if rest.hasDrift { throw ExitCode(1) }
    }

    private struct Report: Encodable {
      var done: [DifferenceReport]
      var remaining: [DifferenceReport]
    }
  }
}
