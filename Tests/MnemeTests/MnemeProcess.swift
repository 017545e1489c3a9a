import CurlHTTP
import EventLog
import Foundation
import MnemeCore
import MnemeTesting
import Testing

/// The real program, as a process of its own.
final class MnemeProcess: Sendable {
  /// What a finished run said.
  struct Result: Sendable {
    var status: Int32
    var output: String
    var errors: String

    func json() throws -> JSONValue { try EventBodyCoding.decode(JSONValue.self, from: Array(output.utf8)) }

    /// What `mneme verify --json` says of the content, without where it stands in the log.
    func content() throws -> JSONValue {
      let names = ["digest", "memories", "current", "turns", "parked", "vectors"]
      return .object((try json().objectValue ?? [:]).filter { names.contains($0.key) })
    }
  }

  /// Beside the tests' own bundle, where the build puts it.
  static let executable: URL = {
    let names = [Bundle.main.bundleURL, Bundle.main.executableURL?.deletingLastPathComponent()].compactMap { $0 }
    let folders = names + CommandLine.arguments.map { URL(filePath: $0).deletingLastPathComponent() }
    let found = folders.map { $0.appending(path: "mneme") }.first {
      FileManager.default.isExecutableFile(atPath: $0.path)
    }
    guard let found else { preconditionFailure("the program is not built: looked in \(folders)") }
    return found
  }()

  /// Runs a command to its end.
  static func run(
    _ arguments: [String], environment: [String: String] = [:], input: String = ""
  ) async throws -> Result {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    try input.write(toFile: folder.path + "/in", atomically: false, encoding: .utf8)
    for name in ["out", "err"] { try "".write(toFile: "\(folder.path)/\(name)", atomically: false, encoding: .utf8) }
    process.standardInput = FileHandle(forReadingAtPath: folder.path + "/in")
    process.standardOutput = FileHandle(forWritingAtPath: folder.path + "/out")
    process.standardError = FileHandle(forWritingAtPath: folder.path + "/err")
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in continuation.resume() }
      do { try process.run() } catch { continuation.resume(throwing: error) }
    }
    func text(_ name: String) -> String {
      (try? String(contentsOfFile: "\(folder.path)/\(name)", encoding: .utf8)) ?? ""
    }
    return Result(status: process.terminationStatus, output: text("out"), errors: text("err"))
  }
}

/// A running `mneme up`, or `mneme serve`, spoken to over HTTP.
final class Server: Sendable {
  let port: Int
  let directory: String
  private let process: SendableProcess
  let client = HTTPClient()

  private init(port: Int, directory: String, process: SendableProcess) {
    self.port = port
    self.directory = directory
    self.process = process
  }

  /// Starts one and waits until it listens. `wrapper` is a command that runs it, such as `unshare`.
  static func start(
    _ directory: String, role: String = "up", arguments: [String] = [], environment: [String: String] = [:],
    wrapper: [String] = []
  ) async throws -> Server {
    let errors = directory + ".stderr"
    try "".write(toFile: errors, atomically: false, encoding: .utf8)
    let process = Process()
    let command = wrapper + [MnemeProcess.executable.path, role, "--port", "0", "--data-dir", directory] + arguments
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardError = FileHandle(forWritingAtPath: errors)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let marker = "mneme listens on http://127.0.0.1:"
    for _ in 0..<3000 {
      let text = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
      if let line = text.split(separator: "\n").first(where: { $0.hasPrefix(marker) }),
        let port = Int(line.dropFirst(marker.count))
      {
        return Server(port: port, directory: directory, process: SendableProcess(process))
      }
      if !process.isRunning { throw Failure(description: "mneme \(role) ended: \(text)") }
      try await Task.sleep(for: .milliseconds(10))
    }
    process.terminate()
    throw Failure(description: "mneme \(role) does not listen after 30 s")
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// `kill -9`.
  func kill() async {
    process.kill()
    await client.close()
  }

  /// SIGTERM, and the exit status.
  func stop() async -> Int32 {
    let status = process.terminate()
    await client.close()
    return status
  }

  /// Sends any bytes with any method that libcurl's client offers.
  func send(_ method: HTTPRequest.Method, _ path: String, _ body: [UInt8] = []) async throws -> HTTPResponse {
    try await client.execute(
      HTTPRequest(
        method, "http://127.0.0.1:\(port)\(path)", headers: ["Content-Type": "application/json"], body: body,
        timeout: .seconds(60)))
  }

  func post(_ path: String, _ body: JSONValue) async throws -> JSONValue {
    let response = try await send(.post, path, EventBodyCoding.encode(body))
    guard response.status == 200 else {
      throw Failure(description: "\(path): \(response.status) \(String(decoding: response.body, as: UTF8.self))")
    }
    return try EventBodyCoding.decode(JSONValue.self, from: response.body)
  }

  func get(_ path: String) async throws -> JSONValue {
    try EventBodyCoding.decode(JSONValue.self, from: try await send(.get, path).body)
  }

  func say(
    _ text: String, user: String, id: String, at time: String = "2026-11-20T12:00:00Z", infer: Bool = true,
    waits: Bool = false
  ) async throws {
    _ = try await post(
      "/v3/memories/add/\(waits ? "?wait=true" : "")",
      [
        "messages": [["role": "user", "content": .string(text)]], "user_id": .string(user), "event_id": .string(id),
        "timestamp": .string(time), "infer": .bool(infer),
      ])
  }

  func search(_ query: String, user: String) async throws -> [JSONValue] {
    let answer = try await post(
      "/v3/memories/search/", ["query": .string(query), "filters": ["user_id": .string(user)], "top_k": 10])
    return answer["results"]?.arrayValue ?? []
  }

  func waitUntilIdle() async throws {
    for _ in 0..<6000 {
      if try await get("/v1/lag/")["total"] == 0 { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw Failure(description: "the lag does not come to 0 within 120 s")
  }
}

/// A process that tests may end from any task.
final class SendableProcess: @unchecked Sendable {
  // Started before it is wrapped; afterwards only signals are sent and the end is awaited, which Process allows
  // anywhere.
  private let process: Process

  init(_ process: Process) { self.process = process }

  deinit { if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) } }

  func kill() {
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  var isRunning: Bool { process.isRunning }
  /// The exit status of a process that runs no more.
  var status: Int32 { process.terminationStatus }

  func signal(_ number: Int32) {
    if process.isRunning { Foundation.kill(process.processIdentifier, number) }
  }

  /// SIGTERM, and the exit status; SIGKILL where the process has not ended after `maxStopDuration`.
  func terminate() -> Int32 {
    process.terminate()
    let deadline = ContinuousClock.now + Self.maxStopDuration
    while process.isRunning, ContinuousClock.now < deadline { usleep(5000) }
    if process.isRunning { kill() }
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// Longer than any part of the program may take to stop.
  private static let maxStopDuration: Duration = .seconds(90)
}
