import ArgumentParser
import MnemeCore
import MnemeProjection

/// `mneme bench ingest`: turns through the whole path, from HTTP to the projection.
struct BenchIngest: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ingest", abstract: "Turns per second from HTTP add to searchable, verbatim and extracted.")

  @Option(help: "Turns of each kind.") var turns = 2000
  @Option(help: "Owners that the turns are spread over.") var owners = 50
  @Option(help: "Requests in flight.") var connections = 32
  @OptionGroup var options: BenchOptions

  func run() async throws {
    var figures: [Figure] = []
    for infer in [false, true] {
      figures += try await options.withDirectory { directory in
        try await BenchServer.run(options.settings, directory: directory + (infer ? "/extracted" : "/verbatim")) {
          try await self.ingest($0, infer: infer)
        }
      }
    }
    try Figure.show(figures, json: options.json)
  }

  private func ingest(_ server: BenchServer, infer: Bool) async throws -> [Figure] {
    let bar = ProgressBar(infer ? "extracted" : "verbatim", unit: "records under way")
    let started = ContinuousClock.now
    let latencies = try await Self.publish(
      server, turns: turns, owners: owners, connections: connections, infer: infer)
    let accepted = ContinuousClock.now
    try await server.waitUntilIdle(bar)
    let seconds = (ContinuousClock.now - started).inSeconds
    let summary = try await server.roles.reader.summary()
    guard summary.turnCount == turns, summary.parkedCount == 0 else {
      throw CommandFailure("\(summary.turnCount) of \(turns) turns have an outcome, \(summary.parkedCount) are parked")
    }
    let kind = infer ? "extracted" : "verbatim"
    return [
      Figure(name: "\(kind): searchable", value: Double(turns) / seconds, unit: "turns/s"),
      Figure(
        name: "\(kind): accepted", value: Double(turns) / (accepted - started).inSeconds, unit: "turns/s"),
      Figure(name: "\(kind): add p50", value: latencies.percentile(0.5), unit: "ms"),
      Figure(name: "\(kind): add p99", value: latencies.percentile(0.99), unit: "ms"),
      Figure(name: "\(kind): memories", value: Double(summary.memoryCount), unit: "memories"),
    ]
  }

  /// Publishes `turns` statements, so many requests at a time; returns how long each add took.
  static func publish(
    _ server: BenchServer, turns: Int, owners: Int, connections: Int, infer: Bool, prefix: String = "user"
  ) async throws -> Latencies {
    try await withThrowingTaskGroup(of: Latencies.self) { group in
      for connection in 0..<connections {
        group.addTask {
          var texts = BenchTexts(seed: UInt64(connection))
          var latencies = Latencies()
          for number in stride(from: connection, to: turns, by: connections) {
            let message: JSONValue = ["role": "user", "content": .string(texts.statement(number))]
            let started = ContinuousClock.now
            try await server.add(
              [message], user: "\(prefix)-\(number % owners)", eventID: "\(prefix)-\(number)", infer: infer)
            latencies.add(.now - started)
          }
          return latencies
        }
      }
      var all = Latencies()
      for try await latencies in group { all.add(latencies) }
      return all
    }
  }
}
