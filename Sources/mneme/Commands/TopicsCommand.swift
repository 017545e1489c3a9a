import ArgumentParser
import EventLog
import MnemePipeline
import MnemeProjection

/// `mneme topics`: the log's topics.
struct TopicsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "topics", abstract: "List the log's topics.", subcommands: [ListAll.self],
    defaultSubcommand: ListAll.self)

  /// `list`: a line each.
  struct ListAll: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "List topics with their partitions and records.")

    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var settings: SettingsOptions

    func run() async throws {
      let system = try await MnemeSystem.open(settings)
      try await system.ensureTopics(space: try await system.configuration().space)
      var reports: [Report] = []
      for topic in try await system.log.topics() {
        let bounds = try await system.log.bounds(of: topic.name)
        reports.append(
          Report(
            name: topic.name, partitions: topic.partitionCount, retention: Self.text(topic.retention),
            records: bounds.reduce(0) { $0 + $1.end - $1.earliest }))
      }
      await system.log.close()
      if json { return try Console.json(reports) }
      for report in reports {
        Console.line(
          "\(report.name)  \(report.partitions) partitions  kept \(report.retention)  \(report.records) records")
      }
    }

    private struct Report: Encodable {
      var name: String
      var partitions: Int
      var retention: String
      var records: Int64
    }

    private static func text(_ retention: TopicSpecification.Retention) -> String {
      switch retention {
      case .forever: "forever"
      case .age(let age): "for \(Int(age.inSeconds)) s"
      case .compacted: "compacted"
      }
    }
  }
}
