import ArgumentParser
import MnemeTesting

/// Runs the whole pipeline under faults that a seed decides, and checks what must always hold.
@main
struct Simulator: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mneme-simulator",
    abstract: "Simulate Mneme with faults: crashes, lost answers, duplicates, a failing model, a lost state store.",
    discussion: "A failure names its seed; the same seed at the same commit does the same again.")

  @Option(help: "First seed.") var seed: UInt64 = 1
  @Option(help: "How many seeds.") var seeds: UInt64 = 25
  @Option(help: "Turns of each run.") var turns = 120

  func run() async throws {
    for seed in seed..<seed + seeds {
      do {
        print("seed \(seed): \(try await Simulation.run(seed: seed, turnCount: turns))")
      } catch {
        print("seed \(seed): FAILED: \(error)")
        throw ExitCode(1)
      }
    }
    print("\(seeds) passed, 0 failed")
  }
}
