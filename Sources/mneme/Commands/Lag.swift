import ArgumentParser
import EventLog
import MnemeCore
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
    let catalog = try await system.generations.refresh()
    guard catalog.active != nil else {
      throw CommandFailure("nothing has run on this log yet; start mneme up or mneme work")
    }
    let report = try await system.lag(catalog) { try system.reader(of: $0) }
    await system.log.close()
    if json { return try Console.json(report) }
    for entry in report.groups where entry.lag > 0 {
      Console.line("\(entry.group)  \(entry.topic)/\(entry.partition)  \(entry.lag) behind \(entry.end)")
    }
    Console.line("total \(report.total)")
  }
}
