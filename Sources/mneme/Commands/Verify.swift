import ArgumentParser
import EventLog
import MnemeCore
import MnemeProjection

/// `mneme verify`: whether log and projection agree.
struct Verify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare the projection with the log, and print its content digest.",
    discussion: """
      Two projections that say the same have the same digest, wherever and whenever they were folded. Exit status 0: \
      they agree; 1: they do not, and what to do next is said for each shard. Records that are still to be folded are \
      no problem. --deep also folds each shard afresh, which takes about as long as a rebuild.
      """)

  @Flag(help: "Check the turns topic and SQLite's indexes too, and fold each shard afresh for comparison.")
  var deep = false
  @Option(help: "Id of the generation; not given: the active one.") var generation: String?
  @Flag(help: "Print one JSON document.") var json = false
  @OptionGroup var settings: SettingsOptions

  func run() async throws {
    let system = try await MnemeSystem.open(settings)
    let configuration = try await system.configuration(of: generation)
    let verifier = ProjectionVerifier(
      directory: system.projectionDirectory, configuration: configuration, log: system.log, codec: system.codec)
    let found = try await verifier.verify(isDeep: deep)
    await system.log.close()
    let report = VerifyReport(found)
    if json {
      try Console.json(report)
    } else {
      show(report)
    }
    if !found.isSound { throw ExitCode.failure }
  }

  private func show(_ report: VerifyReport) {
    Console.line("digest    \(report.digest)")
    Console.line("memories  \(report.memories), \(report.current) of them current")
    Console.line("turns     \(report.turns), \(report.parked) of them in dead letters")
    Console.line("vectors   \(report.vectors)")
    for shard in report.shards where shard.behind > 0 {
      Console.line("shard \(shard.shard)   \(shard.behind) records are still to be folded")
    }
    for problem in report.problems {
      Console.line("shard \(problem.shard)   \(problem.code): \(problem.detail) (\(problem.count)); \(problem.next)")
    }
  }
}

/// What `mneme verify --json` prints.
struct VerifyReport: Encodable {
  let digest: String
  let memories: Int
  let current: Int
  let turns: Int
  let parked: Int
  let vectors: Int
  let shards: [Shard]
  let problems: [Problem]

  struct Shard: Encodable {
    let shard: Int
    let digest: String?
    let memories: Int?
    let behind: Int64
    let positions: [Position]
  }

  struct Position: Encodable {
    let topic: String
    let next: Int64
    let earliest: Int64
    let end: Int64
  }

  struct Problem: Encodable {
    let shard: Int
    let code: String
    let count: Int
    let detail: String
    let next: String
  }

  init(_ report: VerificationReport) {
    digest = report.summary.digest.description
    memories = report.summary.memoryCount
    current = report.summary.currentMemoryCount
    turns = report.summary.turnCount
    parked = report.summary.parkedCount
    vectors = report.summary.vectorCount
    shards = report.shards.map { shard in
      Shard(
        shard: shard.partition, digest: shard.summary?.digest.description, memories: shard.summary?.memoryCount,
        behind: shard.positions.reduce(0) { $0 + max(0, $1.end - $1.next) },
        positions: shard.positions.map {
          Position(topic: $0.topic, next: $0.next, earliest: $0.earliest, end: $0.end)
        })
    }
    problems = report.problems.map {
      Problem(shard: $0.partition, code: $0.code.rawValue, count: $0.count, detail: $0.detail, next: $0.advice)
    }
  }
}
