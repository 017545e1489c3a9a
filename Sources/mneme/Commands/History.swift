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
    var memory_id: String
    var event: String
    var old_memory: String?
    var new_memory: String?
    var valid_from: String
    var valid_to: String?
    var superseded_by: String?
    var at: Timestamp

    init(_ entry: HistoryEntry) {
      memory_id = entry.memoryID.text
      event = entry.change.rawValue
      old_memory = entry.oldText
      new_memory = entry.newText
      valid_from = entry.memory.validFrom.at.description
      valid_to = entry.memory.validTo?.at.description
      superseded_by = entry.memory.supersededBy?.text
      at = entry.at
    }
  }
}

/// A failure that is nobody's wrong use.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
