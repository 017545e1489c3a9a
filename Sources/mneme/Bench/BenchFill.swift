import EventLog
import FoundationEssentials
import LanguageModel
import MnemeCore
import MnemePipeline
import MnemeProjection

/// Memories for benchmarks that ask a server of their own, written to the log of a folder and folded.
struct BenchFill: Sendable {
  /// Owners called `name`-0 and so on, with `count` memories together.
  struct Crowd: Sendable {
    let name: String
    let ownerCount: Int
    let count: Int
  }

  let settings: SettingsOptions
  /// The folder; data lie in `data` below it.
  let directory: String

  /// Fills the folder, unless there is something already.
  func run(_ crowds: [Crowd]) async throws {
    var settings = settings
    settings.dataDir = directory + "/data"
    let system = try await MnemeSystem.open(settings)
    let models = try Models(system.settings)
    let catalog = try await system.prepare(models)
    guard let active = catalog.active else { preconditionFailure("a prepared catalog has an active generation") }
    let configuration = system.projection(of: active)
    guard try await system.log.bounds(of: configuration.memoriesTopic).allSatisfy({ $0.end == 0 }) else {
      await models.close()
      return await system.log.close()
    }
    let vectors = try await BenchVectors(try await models.embedder(try await system.active(models).embedding))
    await models.close()
    for crowd in crowds { try await write(crowd, system, configuration, vectors) }
    let projector = try Projector(
      directory: system.projectionDirectory, configuration: configuration, log: system.log, logger: system.logger)
    let bar = ProgressBar("folding", unit: "records")
    _ = try await projector.rebuild { bar.update($0.recordCount, of: $0.totalRecordCount) }
    await system.log.close()
  }

  private func write(
    _ crowd: Crowd, _ system: MnemeSystem, _ configuration: ProjectionConfiguration, _ vectors: BenchVectors
  ) async throws {
    guard crowd.count > 0 else { return }
    var source = BenchRecords(
      codec: system.codec, generation: configuration.generation, space: configuration.space,
      dimension: configuration.dimension, ownerCount: crowd.ownerCount, name: crowd.name, vectors: vectors)
    let bar = ProgressBar("filling \(crowd.name)", unit: "memories")
    var records: [NewRecord] = []
    for number in 0..<crowd.count {
      records += try source.plainRecords(ofTurn: number)
      guard records.count >= 1000 || number == crowd.count - 1 else { continue }
      _ = try await system.log.append(records)
      records = []
      bar.update(number, of: crowd.count)
    }
    bar.finish(crowd.count)
  }
}
