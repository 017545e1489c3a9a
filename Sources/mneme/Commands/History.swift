import ArgumentParser
import EventLog
import FoundationEssentials
import MnemeCore
import MnemeProjection

/// `mneme history`: a memory's life.
struct History: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show every change of a memory, and of those that it superseded.")

  @Argument(help: "Id of the memory.")
  var id: String
  @Flag(help: "Print one JSON document.") var json = false
  @OptionGroup var settings: SettingsOptions

  func run() async throws {
    guard let id = UUID(uuidString: id) else { throw ValidationError("'\(self.id)' is not a UUID") }
    let system = try await MnemeSystem.open(settings)
    let reader = try ProjectionReader(
      directory: system.projectionDirectory, configuration: try await system.configuration())
    let entries = try await reader.history(id, tenant: MnemeSystem.tenant)
    await system.log.close()
    guard !entries.isEmpty else { throw CommandFailure("there is no memory \(id.text)") }
    if json { return try Console.json(entries.map(Report.init)) }
    for entry in entries {
      let end = entry.memory.validTo.map { "  until \($0.at.day)" } ?? ""
      Console.line(
        "\(entry.at)  \(entry.change.rawValue)  \(entry.newText ?? entry.oldText ?? "")\(end)"
          + "  \(Console.dim(entry.memoryID.text))")
    }
  }

  private struct Report: Encodable {
    var memoryID: String
    var event: String
    var oldMemory: String?
    var newMemory: String?
    var validFrom: String
    var validTo: String?
    var supersededBy: String?
    var at: Timestamp

    init(_ entry: HistoryEntry) {
      memoryID = entry.memoryID.text
      event = entry.change.rawValue
      oldMemory = entry.oldText
      newMemory = entry.newText
      validFrom = entry.memory.validFrom.at.description
      validTo = entry.memory.validTo?.at.description
      supersededBy = entry.memory.supersededBy?.text
      at = entry.at
    }
  }
}

/// A failure that is nobody's wrong use.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
