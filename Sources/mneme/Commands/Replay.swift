import ArgumentParser
import EventLog
import MnemeCore
import MnemeProjection

/// `mneme replay`: what is derived, derived again.
struct Replay: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Derive again from the log.", subcommands: [Rebuild.self])

  /// `mneme replay rebuild`: a fresh projection from the memory events.
  struct Rebuild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Drop the projection and fold the memory events again.",
      discussion: "Asks no model. Readers and a running mneme up go on, and switch when each shard is ready.")

    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var settings: SettingsOptions

    func run() async throws {
      let system = try await MnemeSystem.open(settings)
      let configuration = try await system.configuration()
      try await system.ensureTopics(space: configuration.space)
      let projector = try Projector(
        directory: system.projectionDirectory, configuration: configuration, log: system.log, logger: system.logger)
      let bar = ProgressBar("rebuild", unit: "records")
      let report = try await projector.rebuild { bar.update($0.recordCount, of: $0.totalRecordCount) }
      bar.finish(report.recordCount)
      await system.log.close()
      let seconds = report.elapsed.inSeconds
      if json {
        return try Console.json(
          Report(
            records: report.recordCount, seconds: seconds,
            recordsPerSecond: Double(report.recordCount) / max(seconds, 1e-9), content: report.summary))
      }
      Console.line("digest    \(report.summary.digest)")
      Console.line("memories  \(report.summary.memoryCount)")
      Console.line("records   \(report.recordCount) in \((seconds * 1000).rounded() / 1000) s")
    }

    private struct Report: Encodable {
      var digest: String
      var memories: Int
      var turns: Int
      var records: Int
      var seconds: Double
      var recordsPerSecond: Double

      init(records: Int, seconds: Double, recordsPerSecond: Double, content: ProjectionSummary) {
        self.digest = content.digest.description
        self.memories = content.memoryCount
        self.turns = content.turnCount
        self.records = records
        self.seconds = seconds
        self.recordsPerSecond = recordsPerSecond
      }
    }
  }
}
