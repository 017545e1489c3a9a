import ArgumentParser

/// `mneme replay`: what is derived, derived again.
struct Replay: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Derive again from the log.", subcommands: [Rebuild.self])
}
