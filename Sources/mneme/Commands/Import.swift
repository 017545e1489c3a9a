import ArgumentParser
import EventLog
import FoundationEssentials
import MnemeCore
import MnemePipeline
import MnemeProjection

/// `mneme import`: memories from elsewhere.
struct Import: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take over memories from elsewhere.", subcommands: [Mem0.self])

  /// `mneme import mem0 PATH`.
  struct Mem0: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "mem0",
      abstract: "Publish memories of mem0, each as a turn that is kept as it stands.",
      discussion: """
        PATH is the folder of mem0's vector store on disk (Qdrant without a server: meta.json and collection/), or a \
        file of what get_all returns: a list, an object with a list 'results', or JSONL, as 'mneme export' writes \
        them, too. Times, ids and metadata are kept. A second import of the same memories changes nothing. Workers \
        must run for them to become memories here: see mneme up.
        """)

    @Argument(help: "Folder or file.") var path: String
    @Flag(help: "Tell what would be imported, and publish nothing.") var dryRun = false
    @Option(help: "Wait so many seconds until all are processed; 0 does not wait.") var wait = 0
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var settings: SettingsOptions

    func validate() throws {
      if !(0...86_400).contains(wait) { throw ValidationError("--wait must be from 0 to 86400 seconds") }
    }

    func run() async throws {
      let source = try MemorySource.open(path)
      let system = try await MnemeSystem.open(settings)
      if !dryRun { try await system.log.ensureTopics(system.topics.shared) }
      let known = try await KnownEvents(system, source: MemoryImport.source)
      let memoryImport = MemoryImport(
        log: system.log, codec: system.codec, tenant: MnemeSystem.tenant, now: { MnemeSystem.now() },
        isDryRun: dryRun, known: { try await known.among($0) })
      let bar = ProgressBar(dryRun ? "reading" : "importing", unit: source.unit)
      let (summary, failure) = await memoryImport.run(source) { bar.update($0, of: $1) }
      let isProcessed = try await isProcessed(summary, system)
      await system.log.close()
      try report(summary, failure)
      if !isProcessed { Console.note("not all are processed after \(wait) s; see 'mneme lag'") }
      if failure != nil || !summary.refusedCounts.isEmpty || !isProcessed { throw ExitCode(1) }
    }

    /// Waits for what was published, where that was asked for; false where it takes too long.
    private func isProcessed(_ summary: MemoryImport.Summary, _ system: MnemeSystem) async throws -> Bool {
      guard wait > 0, !summary.offsets.isEmpty else { return true }
      let deadline = ContinuousClock.now + .seconds(wait)
      let reader = try ProjectionReader(
        directory: system.projectionDirectory, configuration: try await system.configuration())
      for (partition, offset) in summary.offsets {
        let rest = max(.zero, deadline - ContinuousClock.now)
        guard try await reader.wait(forTurnsPartition: partition, offset: offset, timeout: rest) else { return false }
      }
      return true
    }

    private struct Report: Encodable {
      struct Refusal: Encodable {
        var reason: String
        var count: Int
      }

      var read: Int
      var imported: Int
      var alreadyThere: Int
      var refused: [Refusal]
      var dryRun: Bool
      var error: String?
    }

    private func report(_ summary: MemoryImport.Summary, _ failure: (any Error)?) throws {
      let refused = summary.refusedCounts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      if json {
        try Console.json(
          Report(
            read: summary.readCount, imported: summary.importedCount, alreadyThere: summary.alreadyThereCount,
            refused: refused.map { .init(reason: $0.key, count: $0.value) }, dryRun: dryRun,
            error: failure.map { "\($0)" }))
      } else {
        Console.line("read           \(summary.readCount)")
        Console.line("\(dryRun ? "to be imported" : "imported      ") \(summary.importedCount)")
        Console.line("already there  \(summary.alreadyThereCount)")
        Console.line("refused        \(refused.reduce(0) { $0 + $1.value })")
        for (reason, count) in refused { Console.line("  \(count)  \(reason)") }
      }
      guard let failure else { return }
      Console.note("error: \(failure)")
      if !dryRun { Console.note("what was imported stays; run it again for the rest") }
    }
  }
}
