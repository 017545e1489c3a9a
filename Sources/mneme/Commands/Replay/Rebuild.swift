import ArgumentParser
import EventLog
import MnemeCore
import MnemeProjection

extension Replay {
  /// `mneme replay rebuild`: a fresh projection from the memory events.
  struct Rebuild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Drop the projection and fold the memory events again.",
      discussion: """
        Asks no model. Readers and a running mneme up go on, and switch when each shard is ready. Killed at any moment, \
        it leaves the shards as they were. With --shard or --owner the other shards stay as they are.
        """)

    @Option(
      name: .customLong("shard"), help: "Number of a shard to rebuild, several times for several; not given: all.")
    var shards: [Int] = []
    @Option(help: "Rebuild the shard of this owner: user:ID, agent:ID, run:ID or app:ID.") var owner: String?
    @Option(help: "Whose owner that is.") var tenant = MnemeSystem.tenant
    @Option(help: .hidden) var since: String?
    @Option(help: .hidden) var until: String?
    @Option(help: "Id of the generation; not given: the active one.") var generation: String?
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var settings: SettingsOptions

    func validate() throws {
      if since != nil || until != nil {
        throw ValidationError(
          "a rebuild has no --since and no --until: a memory is what all its events make of it, so a fold has no middle"
        )
      }
      if owner != nil { _ = try ownerKey() }
    }

    private func ownerKey() throws -> OwnerKey {
      guard !tenant.isEmpty, !tenant.contains("/"), let key = OwnerKey("\(tenant)/\(owner ?? "")") else {
        throw ValidationError("--owner is user:ID, agent:ID, run:ID or app:ID, and --tenant a name without '/'")
      }
      return key
    }

    /// The shards that are asked for; nil for all.
    private func partitions(of count: Int) throws -> Set<Int>? {
      var partitions = Set(shards)
      if let outside = partitions.first(where: { !(0..<count).contains($0) }) {
        throw ValidationError("there is no shard \(outside): they are numbered from 0 to \(count - 1)")
      }
      if owner != nil { partitions.insert(Partitioner.partition(key: try ownerKey().bytes, count: count)) }
      return partitions.isEmpty ? nil : partitions
    }

    func run() async throws {
      ReplayJob.yieldToOthers()
      let system = try await MnemeSystem.open(settings)
      let configuration = try await system.configuration(of: generation)
      let partitions = try partitions(of: configuration.partitionCount)
      let projector = try Projector(
        directory: system.projectionDirectory, configuration: configuration, log: system.log, logger: system.logger)
      let bar = ProgressBar("rebuild", unit: "records")
      let report = try await projector.rebuild(shards: partitions) {
        bar.update($0.recordCount, of: $0.totalRecordCount)
      }
      bar.finish(report.recordCount)
      await system.log.close()
      let seconds = report.elapsed.inSeconds
      if json { return try Console.json(Report(report, seconds: seconds)) }
      if partitions != nil { Console.line("shards    \(report.shards.map(String.init).joined(separator: ", "))") }
      Console.line("digest    \(report.summary.digest)")
      Console.line("memories  \(report.summary.memoryCount)")
      Console.line("records   \(report.recordCount) in \((seconds * 1000).rounded() / 1000) s")
    }

    /// Digest, memories and turns are those of the shards that were rebuilt.
    private struct Report: Encodable {
      var digest: String
      var memories: Int
      var turns: Int
      var records: Int
      var seconds: Double
      var recordsPerSecond: Double
      var shards: [Int]

      init(_ report: RebuildReport, seconds: Double) {
        self.digest = report.summary.digest.description
        self.memories = report.summary.memoryCount
        self.turns = report.summary.turnCount
        self.records = report.recordCount
        self.seconds = seconds
        self.recordsPerSecond = Double(report.recordCount) / max(seconds, 1e-9)
        self.shards = report.shards
      }
    }
  }
}
