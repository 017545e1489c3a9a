import ArgumentParser

/// `mneme serve`: the query service, beside a projector that shares its data folder.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the query service: the HTTP API, on what a projector of the same data folder has folded.")

  @OptionGroup var settings: SettingsOptions

  func run() async throws {
    try await Up.run([.serve], settings)
  }
}

/// `mneme work`: the workers.
struct Work: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a worker: takes in, extracts and resolves. Any number of them share the partitions.",
    discussion: """
      Name each worker with --instance, the same at each start: it then goes on where it was as soon as it is back, \
      and an older process of that name, should it still live, can write nothing any more. Two that run at once need \
      two names. A worker needs a data folder of its own.
      """)

  @OptionGroup var settings: SettingsOptions

  func run() async throws {
    try await Up.run([.work], settings)
  }
}

/// `mneme project`: the projector.
struct Project: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a projector: folds memory events into the projection of its data folder. Each is a whole copy.")

  @OptionGroup var settings: SettingsOptions

  func run() async throws {
    try await Up.run([.project], settings)
  }
}
