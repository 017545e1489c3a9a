import ArgumentParser

/// `mneme replay`: what is derived, derived again.
struct Replay: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Derive again from the log: the projection, the vectors, or the facts.",
    subcommands: [Rebuild.self, Reembed.self, Reextract.self])
}
