import ArgumentParser
import CurlHTTP
import EventLog
import Foundation
import MnemeCore
import MnemePipeline
import MnemeProjection
import Synchronization

/// `mneme bench replay`: what a replay costs those who read and write meanwhile, and whether anybody notices.
struct BenchReplay: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Rebuild, reembed, promote and roll back under live reads and writes.",
    discussion: """
      Fills a log through HTTP, rebuilds it and compares digests; then embeds everything in another space in a process \
      of its own while searches and writes go on at a fixed rate, lets readers over and back, and counts what failed. \
      The digest depends on the turns alone: run it on the embedded log and on brokers to compare.
      """)

  @Option(help: "Turns to fill the log with.") var turns = 20_000
  @Option(help: "Owners that they are spread over.") var owners = 200
  @Option(help: "Searches per second while it is measured.") var searchRate = 40.0
  @Option(help: "Writes per second while it is measured.") var writeRate = 10.0
  @Option(help: "Seconds of each measurement, at least.") var seconds = 10.0
  @Option(help: "Records per second that the replay takes up at most; 0 for no bound.") var rate = 500.0
  @Option(help: "The other embedder, as --embedder takes it; not given: fill, rebuild and compare only.")
  var to: String?
  @Option(help: "Its base URL.") var toURL: String?
  @Option(help: "Its dimension.") var toDimension = 256
  @OptionGroup var options: BenchOptions

  func run() async throws {
    let figures = try await options.withDirectory { directory in
      try await BenchServer.run(options.settings, directory: directory) { try await self.measure($0, directory) }
    }
    try Figure.show(figures, json: options.json)
  }

  private func measure(_ server: BenchServer, _ directory: String) async throws -> [Figure] {
    let bar = ProgressBar("filling", unit: "records under way")
    _ = try await BenchIngest.publish(server, turns: turns, owners: owners, connections: 32, infer: true)
    try await server.waitUntilIdle(bar)
    let live = try await server.roles.reader.summary()
    guard let projector = server.roles.projector else { throw CommandFailure("nothing projects") }
    let rebuilt = try await projector.rebuild { _ in }
    guard rebuilt.summary == live else { throw CommandFailure("the rebuilt projection differs from the live one") }
    Console.note("digest \(live.digest) of \(live.turnCount) turns, live and rebuilt")
    var figures = [
      Figure(name: "memories", value: Double(live.memoryCount), unit: "memories"),
      Figure(
        name: "rebuild", value: Double(rebuilt.recordCount) / rebuilt.elapsed.inSeconds, unit: "records/s"),
    ]
    guard let to else { return figures }
    let traffic = BenchTraffic(server: server, owners: owners, searchRate: searchRate, writeRate: writeRate)
    let quiet = try await traffic.run { try await Task.sleep(for: .seconds(self.seconds)) }
    let embedder =
      ["--embedder", to, "--embedding-dimension", String(toDimension)] + (toURL.map { ["--embedding-url", $0] } ?? [])
    let started = ContinuousClock.now
    let busy = try await traffic.run {
      try await self.child(["replay", "reembed", "--rate", String(self.rate)] + embedder, directory)
    }
    let elapsed = ContinuousClock.now - started
    let id = try await server.roles.system.generations.refresh().live.last?.generation.id ?? ""
    let after = try await traffic.run {
      for step in [["promote", id], ["rollback"], ["promote", id]] {
        try await self.child(["generations"] + step, directory)
        try await Task.sleep(for: .seconds(self.seconds / 3))
      }
    }
    figures += quiet.figures("searches, quiet") + busy.figures("searches, while it fills")
    figures += after.figures("searches, while readers go over, back and over")
    figures += [
      Figure(name: "p99 while it fills, to quiet", value: busy.p99 / max(quiet.p99, 1e-9), unit: "×"),
      Figure(name: "reembed", value: Double(live.memoryCount) / elapsed.inSeconds, unit: "memories/s"),
      Figure(name: "reads of the old space", value: Double(after.generations["g1"] ?? 0), unit: "reads"),
      Figure(name: "reads of the new space", value: Double(after.generations[id] ?? 0), unit: "reads"),
      Figure(
        name: "failed reads and writes", value: Double(quiet.failures + busy.failures + after.failures),
        unit: "requests"),
    ]
    return figures
  }

  /// This program with other arguments, on the same folder and log, to its end.
  private func child(_ arguments: [String], _ directory: String) async throws {
    let process = BenchProcess.process(arguments + ["--data-dir", directory] + logArguments)
    try await BenchProcess.runToEnd(process)
    guard process.terminationStatus == 0 else {
      throw CommandFailure("mneme \(arguments.joined(separator: " ")) ended with \(process.terminationStatus)")
    }
  }

  private var logArguments: [String] {
    var arguments: [String] = []
    if let log = options.settings.log { arguments += ["--log", log] }
    if let prefix = options.settings.kafkaPrefix { arguments += ["--kafka-prefix", prefix] }
    if let transactions = options.settings.kafkaTransactions { arguments += ["--kafka-transactions", transactions] }
    return arguments
  }
}

/// Searches and writes at a fixed rate, whatever they take: what waits counts.
struct BenchTraffic: Sendable {
  let server: BenchServer
  let owners: Int
  let searchRate: Double
  let writeRate: Double

  /// What happened while something else ran.
  struct Outcome: Sendable {
    var latencies = Latencies()
    var failures = 0
    var reads = 0
    var generations: [String: Int] = [:]

    var p99: Double { latencies.percentile(0.99) }

    func figures(_ name: String) -> [Figure] {
      [
        Figure(name: "\(name): p50", value: latencies.percentile(0.5), unit: "ms"),
        Figure(name: "\(name): p99", value: p99, unit: "ms"),
        Figure(name: "\(name): count", value: Double(reads), unit: "searches"),
      ]
    }
  }

  private final class Tally: Sendable {
    let outcome = Mutex(Outcome())
  }

  /// Runs `body`, with traffic until it ends.
  func run(_ body: @escaping @Sendable () async throws -> Void) async throws -> Outcome {
    let tally = Tally()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await Self.pace(searchRate) { number in await search(number, tally) } }
      group.addTask { try await Self.pace(writeRate) { number in await write(number, tally) } }
      try await body()
      group.cancelAll()
      do { try await group.waitForAll() } catch is CancellationError {}
    }
    return tally.outcome.withLock { $0 }
  }

  /// Begins one operation after the other at `rate` per second, also while earlier ones are under way.
  private static func pace(_ rate: Double, _ operation: @escaping @Sendable (Int) async -> Void) async throws {
    guard rate > 0 else { return }
    let begin = ContinuousClock.now
    await withDiscardingTaskGroup { group in
      var number = 0
      while !Task.isCancelled {
        number += 1
        let current = number
        // What has begun is finished when the measurement ends.
        group.addTask { await Task { await operation(current) }.value }
        try? await Task.sleep(until: begin + .seconds(Double(number) / rate), clock: .continuous)
      }
    }
  }

  private func search(_ number: Int, _ tally: Tally) async {
    var texts = BenchTexts(seed: UInt64(number))
    let body: JSONValue = [
      "query": .string(texts.question()), "filters": ["user_id": .string("user-\(number % owners)")], "top_k": 10,
      "threshold": 0,
    ]
    let started = ContinuousClock.now
    let response = try? await server.client.execute(
      HTTPRequest(
        .post, "http://127.0.0.1:\(server.port)/v3/memories/search/", headers: ["Content-Type": "application/json"],
        body: EventBodyCoding.encode(body)))
    let elapsed = ContinuousClock.now - started
    let answer = response.flatMap { try? EventBodyCoding.decode(JSONValue.self, from: $0.body) }
    let isWhole = response?.status == 200 && answer?["results"]?.arrayValue?.isEmpty == false
    let generation = response?.headers["X-Mneme-Generation"]
    tally.outcome.withLock { outcome in
      outcome.reads += 1
      outcome.latencies.add(elapsed)
      if !isWhole { outcome.failures += 1 }
      if let generation { outcome.generations[generation, default: 0] += 1 }
    }
  }

  private func write(_ number: Int, _ tally: Tally) async {
    var texts = BenchTexts(seed: UInt64(number))
    let message: JSONValue = ["role": "user", "content": .string(texts.statement(1_000_000 + number))]
    do {
      try await server.add([message], user: "user-\(number % owners)", eventID: "live-\(UUID().uuidString)")
    } catch {
      tally.outcome.withLock { $0.failures += 1 }
    }
  }
}
