import ArgumentParser
import EventLog
import MnemePipeline
import MnemeProjection

/// `mneme lag`: how much is under way.
struct Lag: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell how many records each consumer still has before it.",
    discussion: "A total of 0 means that every accepted turn has its outcome in the projection.")

  @Flag(help: "Print one JSON document.") var json = false
  @OptionGroup var settings: SettingsOptions

  func run() async throws {
    let system = try await MnemeSystem.open(settings)
    let configuration = try await system.configuration()
    try await system.ensureTopics(space: configuration.space)
    let reader = try ProjectionReader(directory: system.projectionDirectory, configuration: configuration)
    let report = try await system.lagMeter(space: configuration.space, reader: reader).measure()
    await system.log.close()
    if json { return try Console.json(report) }
    for entry in report.groups where entry.lag > 0 {
      Console.line("\(entry.group)  \(entry.topic)/\(entry.partition)  \(entry.lag) behind \(entry.end)")
    }
    Console.line("total \(report.total)")
  }
}
