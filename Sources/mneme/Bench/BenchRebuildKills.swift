import Foundation
import MnemeCore
import MnemeProjection
import Synchronization

/// Rebuilds in processes of their own, killed at random moments, while this process reads.
struct BenchRebuildKills {
  let directory: String
  let count: Int
  let seed: UInt64
  /// About how long a rebuild takes: no kill comes later.
  let duration: Duration

  private final class State: Sendable {
    let isDone = Atomic(false)
    let killed = Atomic(0)
  }

  /// Kills `count` rebuilds and lets one finish. Readers get the content `live` all the time.
  func run(_ reader: ProjectionReader, live: ProjectionSummary) async throws -> [Figure] {
    let state = State()
    let reads = try await withThrowingTaskGroup(of: Int.self) { group in
      group.addTask { try await Self.read(reader, live, state) }
      group.addTask {
        defer { state.isDone.store(true, ordering: .relaxed) }
        var random = SplitMix64(seed: self.seed)
        for _ in 0..<self.count {
          let process = try self.start()
          let share = Double(random.below(1000)) / 1000
          try await Task.sleep(for: self.duration * share)
          kill(process.processIdentifier, SIGKILL)
          process.waitUntilExit()
          if process.terminationReason == .uncaughtSignal { state.killed.add(1, ordering: .relaxed) }
        }
        let last = try self.start()
        last.waitUntilExit()
        guard last.terminationStatus == 0 else { throw CommandFailure("the rebuild that was not killed failed") }
        return 0
      }
      var reads = 0
      for try await count in group { reads += count }
      return reads
    }
    guard try await reader.summary() == live else { throw CommandFailure("after the kills the content is another") }
    return [
      Figure(name: "rebuilds killed", value: Double(state.killed.load(ordering: .relaxed)), unit: "of \(count)"),
      Figure(name: "reads meanwhile, all of the same content", value: Double(reads), unit: "reads"),
    ]
  }

  private static func read(
    _ reader: ProjectionReader, _ live: ProjectionSummary, _ state: State
  ) async throws -> Int {
    let all = MemoryQuery(tenant: "default", filter: nil, includesEnded: true, notExpiredAt: nil)
    var count = 0
    while !state.isDone.load(ordering: .relaxed) {
      guard try await reader.memories(all, offset: 0, limit: 10).totalCount == live.memoryCount else {
        throw CommandFailure("a reader met another content while a rebuild was killed")
      }
      count += 1
    }
    return count
  }

  private func start() throws -> Process {
    let process = BenchProcess.process(["replay", "rebuild", "--data-dir", directory])
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }
}
