import ArgumentParser
import EventLog
import MnemeCore
import MnemeProjection

/// `mneme list`: what is remembered.
struct List: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "List memories, newest first.")

  @OptionGroup var scope: ScopeOptions
  @OptionGroup var time: TimeOptions
  @Option(help: "At most so many memories.") var limit = 100
  @Flag(help: "Also those that have ended or were superseded.") var all = false
  @Flag(help: "Print one JSON document.") var json = false
  @OptionGroup var settings: SettingsOptions

  func validate() throws {
    if !(1...100_000).contains(limit) { throw ValidationError("--limit must be from 1 to 100000") }
    try time.validate(with: scope)
  }

  func run() async throws {
    let system = try await MnemeSystem.open(settings)
    let reader = try ProjectionReader(
      directory: system.projectionDirectory, configuration: try await system.configuration())
    let page = try await reader.memories(time.query(scope, includesEnded: all), offset: 0, limit: limit)
    await system.log.close()
    if json { return try Console.json(Report(count: page.totalCount, results: page.memories.map { MemoryReport($0) })) }
    for view in page.memories {
      let memory = view.memory
      let end = memory.validTo.map { "  until \($0.at.day)" } ?? ""
      let again = view.reinforcementCount > 0 ? "  said \(view.reinforcementCount + 1) times" : ""
      Console.line("\(memory.text)\(Console.dim("\(end)\(again)  \(memory.id.text)"))")
    }
    if page.totalCount > page.memories.count { Console.note("\(page.memories.count) of \(page.totalCount)") }
  }

  private struct Report: Encodable {
    var count: Int
    var results: [MemoryReport]
  }
}
