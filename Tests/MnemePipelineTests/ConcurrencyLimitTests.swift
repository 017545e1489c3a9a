import Synchronization
import Testing

@testable import MnemePipeline

@Suite struct ConcurrencyLimitTests {
  private final class Journal: Sendable {
    private let entries = Mutex<[String]>([])

    var all: [String] { entries.withLock { $0 } }

    func add(_ entry: String) { entries.withLock { $0.append(entry) } }
  }

  /// Arrivals, as tenants, while one operation runs → the order in which they run.
  @Test(
    arguments: [
      ("aaab", "abaa"), ("ab", "ab"), ("aaabbbc", "abcabab"), ("aaa", "aaa"), ("abbbba", "ababbb"),
    ])
  func tenantsTakeTurns(arrivals: String, order: String) async throws {
    let limit = ConcurrencyLimit(maxConcurrentCount: 1)
    let journal = Journal()
    let (gate, opener) = AsyncStream<Void>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
      let (started, starter) = AsyncStream<Void>.makeStream()
      group.addTask {
        try await limit.run(for: "first") {
          starter.finish()
          for await _ in gate {}
        }
      }
      for await _ in started {}
      for (index, tenant) in arrivals.enumerated() {
        group.addTask { try await limit.run(for: String(tenant)) { journal.add(String(tenant)) } }
        while limit.waiterCount <= index { await Task.yield() }
      }
      opener.finish()
      try await group.waitForAll()
    }
    #expect(journal.all.joined() == order)
  }

  @Test func whoIsCancelledWhileItWaitsLeavesItsPlace() async throws {
    let limit = ConcurrencyLimit(maxConcurrentCount: 1)
    try await limit.run(for: "a") {
      let waiting = Task { try await limit.run(for: "b") {} }
      while limit.waiterCount == 0 { await Task.yield() }
      waiting.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
    }
    #expect(limit.waiterCount == 0)
    try await limit.run(for: "c") {}
  }
}
