import ArgumentParser
import EventLog
import FoundationEssentials
import MnemeCore
import MnemeProjection

/// `mneme bench rebuild`: records per second of `mneme replay rebuild`, and how that compares to SQLite's own limit.
struct BenchRebuild: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rebuild", abstract: "Records per second of a rebuild, with vectors and full-text index.",
    discussion: """
      Fills a log with records as resolution writes them, folds them as they come, and rebuilds. The limit is what \
      SQLite needs for inserting the same rows. A folder that is kept is filled once.
      """)

  @Option(help: "Turns to fill the log with, a memory each.") var turns = 20_000
  @Option(help: "Owners that they are spread over.") var owners = 200
  @Option(help: "Rebuilds in processes of their own that are killed at a random moment, while others read.")
  var kills = 0
  @Option(help: "Seed of the moments of the kills.") var seed: UInt64 = 1
  @OptionGroup var options: BenchOptions

  func validate() throws {
    guard turns > 0, owners > 0, kills >= 0 else { throw ValidationError("numbers above zero are expected") }
  }

  func run() async throws {
    let figures = try await options.withDirectory { try await self.measure($0) }
    try Figure.show(figures, json: options.json)
  }

  private func measure(_ directory: String) async throws -> [Figure] {
    var settings = options.settings
    settings.dataDir = directory
    let system = try await MnemeSystem.open(settings)
    let configuration = try await system.configuration()
    try await system.ensureTopics(space: configuration.space)
    try await fill(system, configuration)
    let projector = try Projector(
      directory: system.projectionDirectory, configuration: configuration, log: system.log, logger: system.logger)
    try await projector.catchUp()
    let live = try await ProjectionReader(directory: system.projectionDirectory, configuration: configuration).summary()
    PeakMemory.reset()
    let bar = ProgressBar("rebuild", unit: "records")
    let report = try await projector.rebuild { bar.update($0.recordCount, of: $0.totalRecordCount) }
    bar.finish(report.recordCount)
    let peak = PeakMemory.megabytes
    guard report.summary == live else { throw CommandFailure("the rebuilt projection differs from the live one") }
    let limit = try await InsertLimit.measure(
      directory: system.projectionDirectory, configuration: configuration, scratch: directory + "/limit")
    try? FileManager.default.removeItem(atPath: directory + "/limit")
    await system.log.close()
    let seconds = report.elapsed.inSeconds
    let limitSeconds = limit.elapsed.inSeconds
    return [
      Figure(name: "rebuild", value: Double(report.recordCount) / seconds, unit: "records/s"),
      Figure(name: "rebuild", value: Double(report.summary.memoryCount) / seconds, unit: "memories/s"),
      Figure(name: "rebuild", value: Double(limit.rowCount) / seconds, unit: "rows/s"),
      Figure(name: "SQLite's limit", value: Double(limit.rowCount) / limitSeconds, unit: "rows/s"),
      Figure(name: "share of the limit", value: 100 * limitSeconds / seconds, unit: "%"),
      Figure(name: "peak memory", value: peak, unit: "MB"),
      Figure(name: "records", value: Double(report.recordCount), unit: "records"),
    ]
  }

  /// Fills an empty log; one that holds records stays as it is.
  private func fill(_ system: MnemeSystem, _ configuration: ProjectionConfiguration) async throws {
    let topic = Topics.memories(generation: configuration.generation)
    guard try await system.log.bounds(of: topic).allSatisfy({ $0.end == 0 }) else { return }
    let bar = ProgressBar("filling", unit: "turns")
    var source = BenchRecords(
      codec: system.codec, generation: configuration.generation, space: configuration.space,
      dimension: configuration.dimension, ownerCount: owners)
    var records: [NewRecord] = []
    for turn in 0..<turns {
      records += try source.records(ofTurn: turn)
      guard records.count >= 500 || turn == turns - 1 else { continue }
      _ = try await system.log.append(records)
      records = []
      bar.update(turn, of: turns)
    }
    bar.finish(turns)
  }
}
