import CurlHTTP
import FoundationEssentials
import LanguageModel
import Logging
import MnemeCore
import MnemePipeline
import MnemeProjection
import ServiceLifecycle
import Synchronization

/// A whole Mneme in this process, on a folder of its own and a free port, spoken to over HTTP as anybody would.
struct BenchServer: Sendable {
  let roles: Roles
  let port: Int
  let client: HTTPClient

  /// Starts one, runs `body`, and stops it.
  static func run<Value: Sendable>(
    _ options: SettingsOptions, directory: String, _ body: @Sendable @escaping (BenchServer) async throws -> Value
  ) async throws -> Value {
    var options = options
    options.dataDir = directory
    let system = try await MnemeSystem.open(options)
    let roles = try await Roles(system)
    let (ports, announce) = AsyncStream.makeStream(of: Int.self)
    let services = roles.services(Entrance.own) { announce.yield($0) }
    let group = ServiceGroup(services: services, logger: system.logger)
    let result = try await withThrowingTaskGroup(of: Value?.self) { tasks in
      tasks.addTask {
        defer { announce.finish() }
        try await group.run()
        return nil
      }
      tasks.addTask {
        guard let port = await ports.first(where: { _ in true }) else {
          throw CommandFailure("the server did not start")
        }
        let client = HTTPClient()
        let result: Result<Value, any Error>
        do {
          result = .success(try await body(BenchServer(roles: roles, port: port, client: client)))
        } catch {
          result = .failure(error)
        }
        await client.close()
        await group.triggerGracefulShutdown()
        return try result.get()
      }
      var value: Value?
      for try await result in tasks { value = result ?? value }
      return value
    }
    await roles.close()
    guard let result else { throw CommandFailure("the server ended before the benchmark") }
    return result
  }

  /// Posts JSON; anything but 200 is a failure.
  @discardableResult
  func post(_ path: String, _ body: JSONValue) async throws -> JSONValue {
    let response = try await client.execute(
      HTTPRequest(
        .post, "http://127.0.0.1:\(port)\(path)", headers: ["Content-Type": "application/json"],
        body: EventBodyCoding.encode(body)))
    guard response.status == 200 else { throw CommandFailure("POST \(path) was answered with \(response.status)") }
    return try EventBodyCoding.decode(JSONValue.self, from: response.body)
  }

  /// Publishes a turn.
  func add(
    _ messages: [JSONValue], user: String, run: String? = nil, eventID: String, timestamp: Timestamp? = nil,
    infer: Bool = true, wait: Bool = false
  ) async throws {
    var body: [String: JSONValue] = [
      "messages": .array(messages), "user_id": .string(user), "event_id": .string(eventID), "infer": .bool(infer),
      "async_mode": .bool(!wait),
    ]
    body["run_id"] = run.map(JSONValue.string)
    body["timestamp"] = timestamp.map { .string($0.description) }
    try await post("/v3/memories/add/", .object(body))
  }

  /// Searches one user's memories; each hit with its signals, if that is asked for.
  func search(_ query: String, user: String, limit: Int = 10, explains: Bool = false) async throws -> [JSONValue] {
    let answer = try await post(
      "/v3/memories/search/",
      [
        "query": .string(query), "filters": ["user_id": .string(user)], "top_k": .int(Int64(limit)), "threshold": 0,
        "explain": .bool(explains),
      ])
    return answer["results"]?.arrayValue ?? []
  }

  /// What one user's memories say about a question, as text for a prompt.
  func context(_ query: String, user: String) async throws -> String {
    let answer = try await post(
      "/v1/context/", ["query": .string(query), "filters": ["user_id": .string(user)]])
    guard let text = answer["context"]?.stringValue else { throw CommandFailure("a context has no text") }
    return text
  }

  /// Returns once everything that was accepted is in the projection.
  func waitUntilIdle(_ bar: ProgressBar? = nil) async throws {
    var first: Int64?
    while true {
      let total = try await roles.lag().total
      let most = max(first ?? total, total)
      first = most
      bar?.update(Int(most - total), of: Int(most))
      if total == 0 { return }
      try await Task.sleep(for: .milliseconds(50))
    }
  }
}

/// Figures of many measurements.
struct Latencies: Sendable {
  private var milliseconds: [Double] = []

  /// How many they are of.
  var count: Int { milliseconds.count }

  mutating func add(_ duration: Duration) { milliseconds.append(duration.inSeconds * 1000) }

  mutating func add(_ other: Latencies) { milliseconds += other.milliseconds }

  /// The value below which `share` of them lie, in milliseconds.
  func percentile(_ share: Double) -> Double {
    let sorted = milliseconds.sorted()
    guard !sorted.isEmpty else { return 0 }
    return sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
  }
}

/// A figure of a benchmark.
struct Figure: Encodable, Sendable {
  var name: String
  var value: Double
  var unit: String

  static func show(_ figures: [Figure], json: Bool) throws {
    if json { return try Console.json(figures) }
    for figure in figures { Console.line("\(figure.name)  \(Console.bold(figure.text))") }
  }

  /// Three significant decimals are more than a benchmark knows.
  var text: String {
    let scaled = (value * 1000).rounded() / 1000
    return "\(abs(value) >= 100 ? String(Int(value.rounded())) : String(scaled)) \(unit)"
  }
}
