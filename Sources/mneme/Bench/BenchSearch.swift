import ArgumentParser
import LanguageModel
import MnemeCore

/// `mneme bench search`: latency over HTTP, by how much one owner has, and over many owners.
struct BenchSearch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Search latency over HTTP, one connection, at several sizes.")

  @Option(help: "Memories of one owner, one size after the other.") var sizes: [Int] = [1000, 10_000, 100_000]
  @Option(help: "Owners of the last measurement.") var owners = 1000
  @Option(help: "Memories of each of them.") var memoriesPerOwner = 100
  @Option(help: "Searches at each size.") var searches = 300
  @OptionGroup var options: BenchOptions

  func run() async throws {
    let figures = try await options.withDirectory { directory in
      try await BenchServer.run(options.settings, directory: directory) { try await self.measure($0) }
    }
    try Figure.show(figures, json: options.json)
  }

  private func measure(_ server: BenchServer) async throws -> [Figure] {
    var figures: [Figure] = []
    for size in sizes {
      try await fill(server, count: size, owners: 1, prefix: "owner-of-\(size)")
      figures += try await measure(server, "1 owner, \(size) memories", users: ["owner-of-\(size)-0"])
    }
    let total = owners * memoriesPerOwner
    if total > 0 {
      try await fill(server, count: total, owners: owners, prefix: "crowd")
      figures += try await measure(
        server, "\(owners) owners of \(memoriesPerOwner) memories", users: (0..<owners).map { "crowd-\($0)" })
    }
    return figures + [try await measureEmbedding(server)]
  }

  /// Verbatim turns of many messages, so that filling is quick.
  private func fill(_ server: BenchServer, count: Int, owners: Int, prefix: String) async throws {
    let bar = ProgressBar("filling \(prefix)", unit: "records under way")
    var texts = BenchTexts(seed: UInt64(count))
    let perTurn = min(100, max(1, count / owners))
    var number = 0
    while number < count {
      var messages: [JSONValue] = []
      let owner = number / perTurn % owners
      for _ in 0..<min(perTurn, count - number) {
        messages.append(["role": "user", "content": .string(texts.statement(number))])
        number += 1
      }
      try await server.add(messages, user: "\(prefix)-\(owner)", eventID: "\(prefix)-\(number)", infer: false)
    }
    try await server.waitUntilIdle(bar)
  }

  private func measure(_ server: BenchServer, _ name: String, users: [String]) async throws -> [Figure] {
    var texts = BenchTexts(seed: 99)
    var latencies = Latencies()
    for index in 0..<searches + 20 {
      let question = texts.question()
      let started = ContinuousClock.now
      let hits = try await server.search(question, user: users[index * 7919 % users.count])
      // The first ones warm caches.
      if index >= 20 { latencies.add(.now - started) }
      guard !hits.isEmpty else { throw CommandFailure("a search over \(name) found nothing") }
    }
    return [
      Figure(name: "\(name): p50", value: latencies.percentile(0.5), unit: "ms"),
      Figure(name: "\(name): p99", value: latencies.percentile(0.99), unit: "ms"),
    ]
  }

  private func measureEmbedding(_ server: BenchServer) async throws -> Figure {
    var texts = BenchTexts(seed: 7)
    var latencies = Latencies()
    let embedder = try await server.roles.embedder()
    for _ in 0..<searches {
      let question = texts.question()
      let started = ContinuousClock.now
      _ = try await embedder.embed([question])
      latencies.add(.now - started)
    }
    return Figure(name: "of which embedding the query: p50", value: latencies.percentile(0.5), unit: "ms")
  }
}
