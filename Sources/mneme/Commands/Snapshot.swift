import ArgumentParser
import EventLog
import MnemeCore
import MnemeProjection

/// `mneme snapshot`: the projection in one file.
struct Snapshot: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Carry the projection to another machine on the same log, in one file.",
    subcommands: [Export.self, Import.self])

  /// `mneme snapshot export FILE`.
  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the projection to a new file, also while it is folded and read.")

    @Argument(help: "The file to make.") var file: String
    @Option(help: "Id of the generation; not given: the active one.") var generation: String?
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var settings: SettingsOptions

    func run() async throws {
      let system = try await MnemeSystem.open(settings)
      let snapshot = ProjectionSnapshot(
        directory: system.projectionDirectory, configuration: try await system.configuration(of: generation))
      let manifest = try await snapshot.export(to: file)
      await system.log.close()
      try Snapshot.show(manifest, json: json)
    }
  }

  /// `mneme snapshot import FILE`.
  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put the projection of a file in place of the one that is there.",
      discussion: """
        It is checked first: shape, checksums, content digest, and whether the log is the one that it was folded from. \
        Then it takes the old one's place in one step; only what came after it is left to fold.
        """)

    @Argument(help: "The file that 'mneme snapshot export' made.") var file: String
    @Option(help: "Id of the generation; not given: the active one.") var generation: String?
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var settings: SettingsOptions

    func run() async throws {
      let system = try await MnemeSystem.open(settings)
      let configuration = try await system.configuration(of: generation)
      let snapshot = ProjectionSnapshot(directory: system.projectionDirectory, configuration: configuration)
      let manifest = try await snapshot.load(from: file, log: system.log)
      await system.log.close()
      try Snapshot.show(manifest, json: json)
    }
  }

  private static func show(_ manifest: SnapshotManifest, json: Bool) throws {
    let memories = manifest.shards.reduce(0) { $0 + $1.memoryCount }
    if json {
      return try Console.json(
        Report(
          digest: manifest.digest, memories: memories, generation: manifest.generation, space: manifest.space,
          bytes: manifest.shards.reduce(0) { $0 + $1.byteCount }))
    }
    Console.line("digest    \(manifest.digest)")
    Console.line("memories  \(memories)")
  }

  private struct Report: Encodable {
    let digest: String
    let memories: Int
    let generation: String
    let space: String
    let bytes: Int
  }
}
