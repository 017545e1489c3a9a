import ArgumentParser
import EventLog
import FoundationEssentials
import MnemeCore
import MnemePipeline
import MnemeProjection

/// `mneme add`: publishes one turn.
struct Add: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Publish a turn to the log.",
    discussion: "Workers must run for it to become memories: see mneme up.")

  @Argument(help: "What was said; '-' reads it from standard input.")
  var text: String
  @OptionGroup var scope: ScopeOptions
  @Option(help: "Role of the speaker.") var role = "user"
  @Option(help: "Name of the speaker.") var name: String?
  @Option(help: "When it was said, RFC 3339.") var timestamp: String?
  @Option(help: "Event id: a second turn with the same one changes nothing.") var eventID: String?
  @Flag(help: "Store the text as it stands, without extraction.") var verbatim = false
  @Option(help: "Wait so many seconds for the outcome; 0 does not wait.") var wait = 0
  @Flag(help: "Print one JSON document.") var json = false
  @OptionGroup var settings: SettingsOptions

  func validate() throws {
    if let timestamp, Timestamp(timestamp) == nil { throw ValidationError("--timestamp is no RFC 3339 time") }
    if let violation = scope.scope.violation { throw ValidationError(violation) }
    if !(0...3600).contains(wait) { throw ValidationError("--wait must be from 0 to 3600 seconds") }
  }

  func run() async throws {
    let event = try event()
    let system = try await MnemeSystem.open(settings)
    try await system.log.ensureTopics(system.topics.shared)
    let positions = try await system.log.append([system.codec.encode(event, topic: Topics.turns)])
    var outcome: InputOutcome?
    if wait > 0, let position = positions.first {
      let reader = try ProjectionReader(
        directory: system.projectionDirectory, configuration: try await system.configuration())
      _ = try await reader.wait(
        forTurnsPartition: position.topicPartition.partition, offset: position.offset, timeout: .seconds(wait))
      outcome = try await reader.outcome(ofInput: event.id, tenant: MnemeSystem.tenant)
    }
    try report(event, outcome)
    await system.log.close()
    if wait > 0, outcome == nil { throw ExitCode(1) }
  }

  private func event() throws -> CloudEvent {
    guard let owner = scope.scope.owner else { preconditionFailure("validated") }
    let content = text == "-" ? String(decoding: FileHandleInput.readAll(), as: UTF8.self) : text
    let body = TurnBody(
      scope: scope.scope, messages: [Message(role: role, content: content, name: name)],
      timestamp: timestamp.flatMap(Timestamp.init), infer: !verbatim)
    if let violation = StorableText.violation(in: body) { throw ValidationError(violation) }
    return CloudEvent(
      id: eventID ?? UUID().text, type: EventType.turnRecorded.rawValue, source: "/mneme/cli",
      time: MnemeSystem.now(), owner: OwnerKey(tenant: MnemeSystem.tenant, owner: owner),
      data: EventBodyCoding.encode(body))
  }

  private struct Report: Encodable {
    struct Effect: Encodable {
      var id: String
      var memory: String
      var event: String
    }

    var eventID: String
    var status: String
    var results: [Effect]

    enum CodingKeys: String, CodingKey {
      case status, results
      case eventID = "event_id"
    }
  }

  private func report(_ event: CloudEvent, _ outcome: InputOutcome?) throws {
    let effects = outcome?.effects ?? []
    let report = Report(
      eventID: event.id, status: outcome?.outcome.rawValue ?? "pending",
      results: effects.map { .init(id: $0.memoryID.text, memory: $0.text, event: $0.change.rawValue) })
    if json { return try Console.json(report) }
    Console.line("\(report.status)  \(Console.dim(event.id))")
    for effect in report.results { Console.line("  \(effect.event)  \(effect.memory)  \(Console.dim(effect.id))") }
  }
}
