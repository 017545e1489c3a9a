import ArgumentParser
import CurlHTTP
import MnemeCore
import Synchronization

/// `mneme bench crash`: does the content survive `kill -9`?
struct BenchCrash: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crash",
    abstract: "Ingest LoCoMo into a 'mneme up' that is killed again and again, and compare with an undisturbed one.",
    discussion: """
      Both are processes of their own, on folders of their own. Publishers send a turn again, under its event id, until \
      it is accepted. Settings come from the environment. Fails where the two content digests differ.
      """)

  @Argument(help: "The LoCoMo file, as published.") var path: String
  @Option(help: "How often the process is killed.") var kills = 10
  @Option(help: "Seed of the moments of the kills.") var seed: UInt64 = 1
  @Flag(help: "Print one JSON document.") var json = false
  @Option(help: "Folder to work in, kept afterwards; not given: a temporary one, removed.") var keep: String?

  private static let retryPause: Duration = .milliseconds(50)

  func run() async throws {
    let data = try LoCoMo(path: path)
    let report = try await BenchFolder.with(keep) { directory in
      let calm = try await ingest(data, killedAt: [], directory: directory + "/calm")
      let killed = try await ingest(data, killedAt: moments(data), directory: directory + "/killed")
      return Report(kills: kills, undisturbed: calm, killed: killed)
    }
    if json {
      try Console.json(report)
    } else {
      Console.line("undisturbed  \(report.undisturbed.text)")
      Console.line("\(kills) kills  \(report.killed.text)")
    }
    guard report.undisturbed == report.killed else { throw CommandFailure("the contents differ") }
  }

  private struct Report: Encodable {
    var kills: Int
    var undisturbed: Content
    var killed: Content
  }

  private struct Content: Encodable, Equatable {
    var digest: String
    var memories: Int64
    var turns: Int64

    var text: String { "\(turns) turns, \(memories) memories, digest \(digest)" }
  }

  /// Counts of accepted turns at which the process is killed.
  private func moments(_ data: LoCoMo) -> [Int] {
    var random = SplitMix64(seed: seed)
    let total = data.conversations.reduce(0) { $0 + $1.turns.count }
    return (0..<kills).map { _ in 1 + random.below(total) }.sorted()
  }

  private func ingest(_ data: LoCoMo, killedAt moments: [Int], directory: String) async throws -> Content {
    let process = BenchProcess(directory: directory)
    try await process.start()
    let total = data.conversations.reduce(0) { $0 + $1.turns.count }
    let bar = ProgressBar(moments.isEmpty ? "undisturbed" : "killed", unit: "turns")
    let accepted = Counter()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for conversation in data.conversations {
        group.addTask {
          for turn in conversation.turns {
            try await Self.publish(turn, of: conversation.id, to: process)
            let count = accepted.increment()
            bar.update(count, of: total)
            for moment in moments where moment == count { try await process.restart() }
          }
        }
      }
      try await group.waitForAll()
    }
    bar.finish(total)
    while try await process.send(.get, "/v1/lag/")?["total"] != 0 { try await Task.sleep(for: Self.retryPause) }
    await process.stop()
    let summary = try await process.verify()
    guard let digest = summary["digest"]?.stringValue, case .int(let memories) = summary["memories"],
      case .int(let turns) = summary["turns"]
    else { throw CommandFailure("mneme verify does not tell digest, memories and turns") }
    guard turns == total else { throw CommandFailure("\(total) turns went in, \(turns) have an outcome") }
    return Content(digest: digest, memories: memories, turns: turns)
  }

  private final class Counter: Sendable {
    private let count = Atomic(0)

    func increment() -> Int { count.add(1, ordering: .relaxed).newValue }
  }

  private static func publish(_ turn: LoCoMo.DialogTurn, of user: String, to process: BenchProcess) async throws {
    let body: JSONValue = [
      "messages": [["role": "user", "name": .string(turn.speaker), "content": .string(turn.text)]],
      "user_id": .string(user), "event_id": .string("\(user)/\(turn.id)"), "timestamp": .string(turn.time.description),
    ]
    while try await process.send(.post, "/v3/memories/add/", body) == nil {
      try await Task.sleep(for: Self.retryPause)
    }
  }
}
