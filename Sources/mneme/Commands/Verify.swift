import ArgumentParser
import EventLog
import MnemeCore
import MnemeProjection

/// `mneme verify`: what the projection holds.
struct Verify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read the whole projection and print its content digest.",
    discussion: "Two projections that say the same have the same digest, wherever and whenever they were folded.")

  @Flag(help: "Print one JSON document.") var json = false
  @OptionGroup var settings: SettingsOptions

  func run() async throws {
    let system = try await MnemeSystem.open(settings)
    let reader = try ProjectionReader(
      directory: system.projectionDirectory, configuration: try await system.configuration())
    let summary = try await reader.summary()
    await system.log.close()
    let report = SummaryReport(summary)
    if json { return try Console.json(report) }
    Console.line("digest    \(report.digest)")
    Console.line("memories  \(report.memories), \(report.current) of them current")
    Console.line("turns     \(report.turns), \(report.parked) of them in dead letters")
    Console.line("vectors   \(report.vectors)")
  }
}

/// A projection's content as `--json` prints it.
struct SummaryReport: Encodable {
  let digest: String
  let memories: Int
  let current: Int
  let turns: Int
  let parked: Int
  let vectors: Int

  init(_ summary: ProjectionSummary) {
    digest = summary.digest.description
    memories = summary.memoryCount
    current = summary.currentMemoryCount
    turns = summary.turnCount
    parked = summary.parkedCount
    vectors = summary.vectorCount
  }
}
