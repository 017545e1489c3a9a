import ArgumentParser
import Glibc
import MnemeProjection

/// Entry point: subcommands only.
@main
struct Mneme: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mneme",
    abstract: "Long-term memory for AI agents, derived from an immutable log.",
    discussion: """
      Every setting has a flag, an environment variable MNEME_… and a key in mneme.yaml, in that order of precedence.
      Exit status: 0 done, 1 failed, 2 wrong use. With --json, stdout is one JSON document; all else goes to stderr.
      """,
    version: "0.1.0",
    subcommands: [
      Up.self, Serve.self, Work.self, Project.self, Add.self, Search.self, Context.self, List.self, History.self,
      Import.self, Export.self, Lag.self, Verify.self, Replay.self, GenerationsCommand.self, Snapshot.self,
      DeadLetters.self, TopicsCommand.self, Keys.self, Doctor.self, Bench.self,
    ])

  /// Runs the command that the arguments name, and ends the process with its exit status.
  static func main() async {
    SQLiteProcess.forgoStatistics()
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      exit(reporting: error)
    }
  }

  private static func exit(reporting error: any Error) -> Never {
    // The parser's own errors: help is no failure, and wrong use is 2, not sysexits' 64.
    let code = exitCode(for: error)
    if code == .success { exit(withError: error) }
    if let error = error as? ExitCode { end(error.rawValue) }
    if code == .validationFailure {
      Console.note(fullMessage(for: error))
      end(2)
    }
    Console.note("error: \(error)")
    end(error is SettingsError ? 2 : 1)
  }

  /// Ends the process at once: threads that a failed command left running must not meet what an orderly exit takes
  /// down.
  private static func end(_ status: Int32) -> Never {
    fflush(nil)
    _exit(status)
  }
}
