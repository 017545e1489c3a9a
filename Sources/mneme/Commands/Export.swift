import ArgumentParser
import EventLog
import MnemeCore
import MnemeProjection
import MnemeQuery

/// `mneme export`: memories as the HTTP API shows them.
struct Export: AsyncParsableCommand {
  /// How memories are written.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    /// One document: `{"results": […]}`.
    case json
    /// One object a line.
    case jsonl
  }

  static let configuration = CommandConfiguration(
    abstract: "Write memories to standard output, as JSON in the HTTP API's shape, newest first.",
    discussion: "'mneme import mem0 FILE' reads what it writes.")

  @Option(help: "The person.") var user: String?
  @Option(help: "The agent.") var agent: String?
  @Option(help: "The session.") var run: String?
  @Flag(help: "Everybody's memories.") var all = false
  @Flag(help: "Also those that have ended, were superseded or have expired.") var includeEnded = false
  @Option(help: "json: one document with a list 'results'; jsonl: one object a line.") var format = Format.json
  @OptionGroup var settings: SettingsOptions

  func validate() throws {
    let isNarrowed = user != nil || agent != nil || run != nil
    if all == isNarrowed { throw ValidationError("give --all, or some of --user, --agent and --run") }
  }

  func run() async throws {
    let system = try await MnemeSystem.open(settings)
    let reader = try ProjectionReader(
      directory: system.projectionDirectory, configuration: try await system.configuration())
    let now = MnemeSystem.now()
    let scope = Scope(userID: user, agentID: agent, runID: run)
    let query = MemoryQuery(
      tenant: MnemeSystem.tenant, filter: all ? nil : scope.filter, includesEnded: includeEnded,
      notExpiredAt: includeEnded ? nil : now)
    var count = 0
    if format == .json { Console.line("{\"results\":[") }
    try await MemoryExport.read(query, from: reader) { views in
      for view in views {
        let text = String(decoding: MemoryExport.json(view, now: now), as: UTF8.self)
        // Between two objects of one list, the comma stands before the second.
        Console.line(format == .json && count > 0 ? "," + text : text)
        count += 1
      }
    }
    if format == .json { Console.line("]}") }
    await system.log.close()
    Console.note("\(count) memories")
  }
}
