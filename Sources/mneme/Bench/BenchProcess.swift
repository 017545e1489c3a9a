import CurlHTTP
import Foundation
import MnemeCore

/// `mneme up`, or another server, as a process of its own, started again each time it is killed. Settings come from the
/// environment.
actor BenchProcess {
  let directory: String
  private let command: String
  let client = HTTPClient()
  private var process: Process?
  private(set) var port = 0

  /// How long a start may take.
  private static let maxStartDuration: Duration = .seconds(60)
  private static let checkInterval: Duration = .milliseconds(10)
  private static let readyLine = "mneme listens on http://127.0.0.1:"

  init(directory: String, command: String = "up") {
    self.directory = directory
    self.command = command
  }

  /// Starts it and waits until it listens.
  func start() async throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let errors = directory + "/up.stderr"
    try Data().write(to: URL(filePath: errors))
    let process = Self.process([command, "--port", "0", "--data-dir", directory + "/data"])
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
    self.process = process
    let deadline = ContinuousClock.now + Self.maxStartDuration
    while ContinuousClock.now < deadline {
      let text = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
      let line = text.split(separator: "\n").first { $0.hasPrefix(Self.readyLine) }
      if let port = line.flatMap({ Int($0.dropFirst(Self.readyLine.count)) }) {
        self.port = port
        return
      }
      guard process.isRunning else { throw CommandFailure("mneme \(command) ended: \(text)") }
      try await Task.sleep(for: Self.checkInterval)
    }
    throw CommandFailure("mneme \(command) does not listen after \(Self.maxStartDuration)")
  }

  /// `kill -9`, and a new start.
  func restart() async throws {
    stop(SIGKILL)
    try await start()
  }

  /// Lets it end in order.
  func stop() async {
    stop(SIGTERM)
    await client.close()
  }

  private func stop(_ signal: Int32) {
    guard let process else { return }
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    self.process = nil
  }

  /// Sends one request; nil where the process is down at that moment.
  func send(_ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil) async throws -> JSONValue? {
    let request = HTTPRequest(
      method, "http://127.0.0.1:\(port)\(path)", headers: ["Content-Type": "application/json"],
      body: body.map(EventBodyCoding.encode) ?? [])
    guard let response = try? await client.execute(request) else { return nil }
    guard response.status == 200 else { throw CommandFailure("\(path) was answered with \(response.status)") }
    return try EventBodyCoding.decode(JSONValue.self, from: response.body)
  }

  /// Sends one request, and tells how long it took until the last byte of its answer.
  func timed(
    _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue?
  ) async throws -> (response: HTTPResponse, elapsed: Duration) {
    let request = HTTPRequest(
      method, "http://127.0.0.1:\(port)\(path)", headers: ["Content-Type": "application/json"],
      body: body.map(EventBodyCoding.encode) ?? [])
    let started = ContinuousClock.now
    let response = try await client.execute(request)
    let elapsed = ContinuousClock.now - started
    guard response.status == 200 else { throw CommandFailure("\(path) was answered with \(response.status)") }
    return (response, elapsed)
  }

  /// The resident memory of the process: its own pages, and those of files.
  func residentMemory(_ name: String) -> Figure {
    let pid = process?.processIdentifier ?? 0
    return Figure(name: name, value: ProcessUsage.residentMegabytes(of: pid), unit: "MB")
  }

  /// What `mneme verify --json` says of the folder once nothing runs on it.
  func verify() throws -> JSONValue {
    let process = Self.process(["verify", "--json", "--data-dir", directory + "/data"])
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw CommandFailure("mneme verify ended with \(process.terminationStatus)")
    }
    return try EventBodyCoding.decode(JSONValue.self, from: Array(bytes))
  }

  /// This program with other arguments, not started yet; it reads and says nothing but errors.
  static func process(_ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    return process
  }

  /// Runs a process that has not started yet to its end, without holding a thread meanwhile.
  static func runToEnd(_ process: Process) async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in continuation.resume() }
      do { try process.run() } catch { continuation.resume(throwing: error) }
    }
  }
}
