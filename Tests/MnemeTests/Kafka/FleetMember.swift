import Foundation
import MnemeTesting

/// One process of the program that a test kills, freezes and starts again.
actor FleetMember {
  nonisolated let directory: String
  private let arguments: [String]
  private var process: SendableProcess?
  private var startCount = 0

  private static let maxStartDuration: Duration = .seconds(60)
  private static let checkInterval: Duration = .milliseconds(5)

  /// `mneme role` with its data in `directory`.
  init(_ role: String, directory: String, arguments: [String]) {
    self.directory = directory
    self.arguments = [role, "--data-dir", directory] + arguments
  }

  /// What it said on stderr since its latest start.
  private var errorsPath: String { "\(directory)-\(startCount).stderr" }

  var errors: String { (try? String(contentsOfFile: errorsPath, encoding: .utf8)) ?? "" }

  /// Starts it and waits until it runs.
  func start() async throws {
    startCount += 1
    try "".write(toFile: errorsPath, atomically: false, encoding: .utf8)
    let process = Process()
    process.executableURL = MnemeProcess.executable
    process.arguments = arguments
    process.standardError = FileHandle(forWritingAtPath: errorsPath)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let started = SendableProcess(process)
    self.process = started
    try await wait("\(arguments[0]) does not run") {
      if errors.split(separator: "\n").contains("mneme runs") { return true }
      if !started.isRunning { throw Server.Failure(description: "mneme \(arguments[0]) ended: \(errors)") }
      return false
    }
  }

  /// Waits until a worker that logs at level info has its place in so many groups: whoever had its name before can
  /// write nothing any more.
  func waitUntilJoined(groupCount: Int) async throws {
    try await wait("\(arguments[0]) does not join \(groupCount) groups") {
      let lines = errors.split(separator: "\n").filter { $0.hasSuffix("partitions assigned") }
      let groups = lines.compactMap { line in line.split(separator: " ").first { $0.hasPrefix("group=") } }
      return Set(groups).count >= groupCount
    }
  }

  /// `kill -9`, also of a frozen process.
  func kill() {
    process?.kill()
    process = nil
  }

  /// `kill -9`, and a new start.
  func restart() async throws {
    kill()
    try await start()
  }

  /// Stops its clock, as a hypervisor or a long pause would.
  func freeze() { process?.signal(SIGSTOP) }

  func thaw() { process?.signal(SIGCONT) }

  /// SIGTERM, and the exit status.
  func stop() async throws -> Int32 {
    process?.signal(SIGTERM)
    return try await end()
  }

  /// The status that it ends with by itself.
  func end() async throws -> Int32 {
    guard let process else { throw Server.Failure(description: "mneme \(arguments[0]) was not started") }
    try await wait("\(arguments[0]) does not end") { !process.isRunning }
    self.process = nil
    return process.status
  }

  private func wait(_ what: String, until condition: () throws -> Bool) async throws {
    let deadline = ContinuousClock.now + Self.maxStartDuration
    while try !condition() {
      guard ContinuousClock.now < deadline else {
        throw Server.Failure(description: "mneme \(what) within \(Self.maxStartDuration): \(errors)")
      }
      try await Task.sleep(for: Self.checkInterval)
    }
  }
}
