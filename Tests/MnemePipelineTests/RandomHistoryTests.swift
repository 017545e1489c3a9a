import FoundationEssentials
import Testing

@testable import MnemePipeline

/// Whatever is said, deleted, edited and redriven: nothing that a person deleted comes back in any generation, what a
/// person wrote stands exactly once, and what nobody touched is there.
@Suite struct RandomHistoryTests {
  private static let environment = ProcessInfo.processInfo.environment
  /// The one seed that is asked for, with what happened in it.
  private static let onlySeed = environment["MNEME_SEED"].flatMap { UInt64($0) }
  private static let seeds: [UInt64] =
    onlySeed.map { [$0] } ?? Array(1...(environment["MNEME_SEED_COUNT"].flatMap { UInt64($0) } ?? 200))

  /// Most seeds that are told of, each with its number.
  private static let maxReportCount = 5

  @Test func noHistoryBringsBackWhatAPersonDeleted() async throws {
    var failureCount = 0
    for seed in Self.seeds where failureCount < Self.maxReportCount {
      let history = try await RandomHistory(seed: seed)
      try await history.run(stepCount: 24)
      let violations = try await history.violations()
      #expect(violations.isEmpty, "MNEME_SEED=\(seed): \(violations.sorted().prefix(6))")
      #expect(await history.commandCount > 0, "MNEME_SEED=\(seed)")
      failureCount += violations.isEmpty ? 0 : 1
      if Self.onlySeed != nil, !violations.isEmpty { print(try await history.transcript()) }
      await history.close()
      await Task.yield()
    }
  }
}
