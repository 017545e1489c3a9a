import ArgumentParser
import MnemeCore
import MnemeProjection

/// `mneme bench rebuild`: records per second of `mneme replay rebuild`.
struct BenchRebuild: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rebuild", abstract: "Records per second of a rebuild, with vectors and full-text index.")

  @Option(help: "Turns to fill the log with, a memory each.") var turns = 20_000
  @Option(help: "Owners that they are spread over.") var owners = 200
  @OptionGroup var options: BenchOptions

  func run() async throws {
    let figures = try await options.withDirectory { directory in
      try await BenchServer.run(options.settings, directory: directory) { server in
        let bar = ProgressBar("filling", unit: "records under way")
        _ = try await BenchIngest.publish(
          server, turns: self.turns, owners: self.owners, connections: 32, infer: true)
        try await server.waitUntilIdle(bar)
        let live = try await server.roles.reader.summary()
        let rebuilding = ProgressBar("rebuild", unit: "records")
        guard let projector = server.roles.projector else { throw CommandFailure("nothing projects") }
        let report = try await projector.rebuild {
          rebuilding.update($0.recordCount, of: $0.totalRecordCount)
        }
        rebuilding.finish(report.recordCount)
        guard report.summary.digest == live.digest else { throw CommandFailure("the rebuilt digest is another") }
        return [
          Figure(
            name: "rebuild", value: Double(report.recordCount) / report.elapsed.inSeconds, unit: "records/s"),
          Figure(
            name: "rebuild", value: Double(report.summary.memoryCount) / report.elapsed.inSeconds, unit: "memories/s"),
          Figure(name: "records", value: Double(report.recordCount), unit: "records"),
        ]
      }
    }
    try Figure.show(figures, json: options.json)
  }
}
