import ArgumentParser
import FoundationEssentials

/// `mneme bench`: figures, each over the public interface. Build for release.
struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure this build on this machine.",
    discussion: "Figures of a debug build mean nothing: swift build -c release.",
    subcommands: [
      BenchIngest.self, BenchSearch.self, BenchLoad.self, BenchEmbed.self, BenchRebuild.self, BenchReplay.self,
      BenchLog.self, BenchRecall.self, BenchCrash.self,
    ])
}

/// What every benchmark takes.
struct BenchOptions: ParsableArguments {
  @Flag(help: "Print one JSON document.") var json = false
  @Option(help: "Folder to work in, kept afterwards; not given: a temporary one, removed.") var keep: String?
  @OptionGroup var settings: SettingsOptions

  /// Runs `body` with the folder.
  func withDirectory<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    try await BenchFolder.with(keep, body)
  }
}

/// Where a benchmark works.
enum BenchFolder {
  /// Runs `body` with the folder `keep`, or with a temporary one that is removed afterwards.
  static func with<Value>(_ keep: String?, _ body: (String) async throws -> Value) async throws -> Value {
    if let keep { return try await body(keep) }
    let path = FileManager.default.temporaryDirectory.path() + "/mneme-bench-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
  }
}
