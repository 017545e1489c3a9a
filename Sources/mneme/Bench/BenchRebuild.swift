import ArgumentParser
import EventLog
import FoundationEssentials
import MnemeCore
import MnemeProjection
import Synchronization

/// `mneme bench rebuild`: records per second of `mneme replay rebuild`, and how that compares to SQLite's own limit.
struct BenchRebuild: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rebuild", abstract: "Records per second of a rebuild, with vectors and words.",
    discussion: """
      Fills a log with records as resolution writes them, folds them as they come, and rebuilds. The limit is what \
      SQLite needs for inserting the same rows by prepared statements, in transactions of a rebuild's size, until they \
      are durable: into shards as they are served (write-ahead log, synchronous NORMAL), which is SQLite's usual \
      batched insertion; with the settings of a rebuild, without a journal; and so in key order, a shard in one \
      transaction, which no fold of a log could, as it would have to know all rows beforehand. A folder that is kept \
      is filled once.
      """)

  @Option(help: "Turns to fill the log with, a memory each.") var turns = 20_000
  @Option(help: "Owners that they are spread over.") var owners = 200
  @Option(help: "Rebuilds, of which the best counts.") var rounds = 3
  @Option(help: "Rebuilds in processes of their own that are killed at random moments, while this one reads.")
  var kills = 0
  @Option(help: "Seed of the moments of the kills.") var seed: UInt64 = 1
  @OptionGroup var options: BenchOptions

  func validate() throws {
    guard turns > 0, owners > 0, rounds > 0, kills >= 0 else {
      throw ValidationError("numbers above zero are expected")
    }
  }

  func run() async throws {
    let figures = try await options.withDirectory { try await self.measure($0) }
    try Figure.show(figures, json: options.json)
  }

  private func measure(_ directory: String) async throws -> [Figure] {
    var settings = options.settings
    settings.dataDir = directory
    let system = try await MnemeSystem.open(settings)
    let models = try Models(system.settings)
    let catalog = try await system.prepare(models)
    await models.close()
    guard let active = catalog.active else { preconditionFailure("a prepared catalog has an active generation") }
    let configuration = system.projection(of: active)
    try await fill(system, configuration)
    let projector = try Projector(
      directory: system.projectionDirectory, configuration: configuration, log: system.log, logger: system.logger)
    try await projector.catchUp()
    let reader = try ProjectionReader(directory: system.projectionDirectory, configuration: configuration)
    let live = try await reader.summary()
    var rounds: [Round] = []
    for _ in 0..<self.rounds {
      let bar = ProgressBar("rebuild", unit: "records")
      ProcessUsage.resetPeakMemory()
      let clock = ProgressClock()
      let report = try await projector.rebuild {
        clock.note()
        bar.update($0.recordCount, of: $0.totalRecordCount)
      }
      bar.finish(report.recordCount)
      let peak = ProcessUsage.peakMegabytes
      guard report.summary == live else { throw CommandFailure("the rebuilt projection differs from the live one") }
      var limits: [InsertLimit.Way: InsertLimit.Result] = [:]
      for way in InsertLimit.Way.allCases {
        defer { try? FileManager.default.removeItem(atPath: directory + "/limit") }
        limits[way] = try await InsertLimit.measure(
          directory: system.projectionDirectory, configuration: configuration, way: way, scratch: directory + "/limit")
      }
      rounds.append(Round(report: report, processorTime: clock.processorTime, peak: peak, limits: limits))
    }
    var figures = figures(rounds)
    if kills > 0 {
      let longest = rounds.map(\.report.elapsed).max() ?? .seconds(1)
      figures += try await BenchRebuildKills(directory: directory, count: kills, seed: seed, duration: longest)
        .run(reader, live: live)
    }
    await system.log.close()
    return figures
  }

  /// One rebuild, and what SQLite alone needed right after it.
  private struct Round {
    let report: RebuildReport
    let processorTime: Duration
    let peak: Double
    let limits: [InsertLimit.Way: InsertLimit.Result]
  }

  /// The best round of each counts: what else the machine did is not measured.
  private func figures(_ rounds: [Round]) -> [Figure] {
    func least(_ value: (Round) -> Double) -> Double { rounds.map(value).min() ?? 0 }
    let seconds = least { $0.report.elapsed.inSeconds }
    let records = Double(rounds[0].report.recordCount)
    let rows = Double(rounds[0].limits[.bulk]?.rowCount ?? 0)
    let processor = least { $0.processorTime.inSeconds }
    var figures = [
      Figure(name: "rebuild", value: records / seconds, unit: "records/s"),
      Figure(name: "rebuild", value: Double(rounds[0].report.summary.memoryCount) / seconds, unit: "memories/s"),
      Figure(name: "rebuild", value: rows / seconds, unit: "rows/s"),
      Figure(name: "processor time", value: 1e6 * processor / records, unit: "µs/record"),
    ]
    for way in InsertLimit.Way.allCases {
      let limitSeconds = least { $0.limits[way]?.elapsed.inSeconds ?? 0 }
      let limitProcessor = least { $0.limits[way]?.processorTime.inSeconds ?? 0 }
      figures += [
        Figure(name: "SQLite \(way.rawValue)", value: rows / limitSeconds, unit: "rows/s"),
        Figure(name: "processor time of that", value: 1e6 * limitProcessor / records, unit: "µs/record"),
        Figure(name: "share of SQLite \(way.rawValue)", value: 100 * limitSeconds / seconds, unit: "%"),
      ]
    }
    return figures + [
      Figure(name: "peak memory", value: rounds[0].peak, unit: "MB"),
      Figure(name: "records", value: records, unit: "records"),
    ]
  }

  /// Processor time from its making to the last batch.
  private final class ProgressClock: Sendable {
    private let start = ProcessUsage.processorTime
    private let last = Mutex(Duration.zero)

    func note() { last.withLock { $0 = ProcessUsage.processorTime } }

    var processorTime: Duration { last.withLock { $0 } - start }
  }

  /// Fills an empty log; one that holds records stays as it is.
  private func fill(_ system: MnemeSystem, _ configuration: ProjectionConfiguration) async throws {
    let topic = configuration.memoriesTopic
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
