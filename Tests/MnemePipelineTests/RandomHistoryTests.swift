import FoundationEssentials
import Testing

@testable import MnemePipeline

/// Whatever is said, deleted, edited and redriven: nothing that a person deleted comes back in any generation, what a
/// person wrote stands exactly once, and what nobody touched is there.
@Suite struct RandomHistoryTests {
  private static let seeds: [UInt64] = {
    let environment = ProcessInfo.processInfo.environment
    if let seed = environment["MNEME_SEED"].flatMap(UInt64.init) { return [seed] }
    return Array(1...(environment["MNEME_SEED_COUNT"].flatMap(UInt64.init) ?? 200))
  }()

  @Test func noHistoryBringsBackWhatAPersonDeleted() async throws {
    var commandCount = 0
    for seed in Self.seeds {
      let history = try await RandomHistory(seed: seed)
      try await history.run(stepCount: 24)
      let violations = try await history.violations()
      #expect(violations.isEmpty, "MNEME_SEED=\(seed): \(violations.sorted().prefix(6))")
      commandCount += await history.commandCount
      if !violations.isEmpty { break }
    }
    #expect(commandCount >= Self.seeds.count)
  }
}
