import EventLog
import LanguageModel
import Logging
import MnemeCore
import MnemeProjection
import Synchronization
import Testing

@testable import MnemeQuery

/// A running service over twins, and a client of it.
struct Harness: Sendable {
  let log = LogTwin()
  let reader = ReaderTwin()
  let embedder = EmbedderTwin()
  var configuration: QueryConfiguration
  var authenticator: any Authenticator
  var reranker: (any Reranker)?

  /// A service with small bounds on time. With `processes`, each append is processed at once.
  init(
    processes: Bool = true, authenticator: any Authenticator = SingleTenant(),
    _ change: (inout QueryConfiguration) -> Void = { _ in }
  ) {
    self.authenticator = authenticator
    self.configuration = QueryConfiguration(port: 0)
    self.configuration.outcomeTimeout = .seconds(20)
    self.configuration.agents.allowsAnyOwner = true
    change(&self.configuration)
    if processes {
      let reader = self.reader
      self.log.onAppend { record in
        do { try reader.process(record) } catch { Issue.record("a record is not to be read: \(error)") }
      }
    }
  }

  /// Runs the service while `body` uses it.
  func run(_ body: @Sendable (TestClient) async throws -> Void) async throws {
    let (ports, continuation) = AsyncStream<Int>.makeStream()
    let service = self.service { port in continuation.yield(port) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await service.run() }
      var iterator = ports.makeAsyncIterator()
      let port = try #require(await iterator.next())
      try await body(TestClient(port: port))
      group.cancelAll()
    }
  }

  /// The service, not running yet.
  func service(onServerRunning: @escaping @Sendable (Int) async -> Void) -> QueryService {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return QueryService(
      configuration: self.configuration, log: self.log,
      projection: ProjectionSwitch(
        ActiveProjection(generation: "g1", reader: self.reader, embedder: self.embedder)),
      reranker: self.reranker,
      lag: { ["total": 3, "groups": [["group": "g", "topic": "t", "partition": 1, "lag": 3]]] as JSONValue },
      authenticator: self.authenticator, clock: { Fixture.now },
      logger: logger, onServerRunning: onServerRunning)
  }
}

/// Sends one request per connection.
struct TestClient: Sendable {
  let port: Int

  func connect() throws -> HTTPConnection { try HTTPConnection(port: self.port) }

  /// The bytes of a request.
  func bytes(
    _ method: String, _ target: String, body: [UInt8]? = nil, headers: [String: String] = [:]
  ) -> [UInt8] {
    var head = "\(method) \(target) HTTP/1.1\r\n"
    var fields = ["Host": "127.0.0.1:\(self.port)"]
    if let body { fields["Content-Length"] = String(body.count) }
    for (name, value) in fields.merging(headers, uniquingKeysWith: { $1 }) { head += "\(name): \(value)\r\n" }
    return Array((head + "\r\n").utf8) + (body ?? [])
  }

  /// Sends a request with any bytes as its body. The answer must be one that the API's document has.
  func send(
    _ method: String, _ target: String, body: [UInt8]? = nil, headers: [String: String] = [:]
  ) async throws -> HTTPReply {
    let connection = try self.connect()
    try await connection.send(self.bytes(method, target, body: body, headers: headers))
    let reply = try await connection.reply(toHead: method == "HEAD")
    for problem in DocumentedReply.problems(method, target, reply) { Issue.record("\(problem)") }
    return reply
  }

  /// Sends a request with JSON.
  func send(
    _ method: String, _ target: String, json: JSONValue, headers: [String: String] = [:]
  ) async throws -> HTTPReply {
    try await self.send(
      method, target, body: JSONWriter.write(json),
      headers: headers.merging(["Content-Type": "application/json"]) { given, _ in given })
  }

  /// Adds a turn of one message and returns the answer.
  @discardableResult
  func add(_ text: String, user: String = "alice", extra: [String: JSONValue] = [:]) async throws -> JSONValue {
    let body: [String: JSONValue] = [
      "messages": [["role": "user", "content": .string(text)]], "user_id": .string(user), "infer": false,
    ]
    let reply = try await self.send("POST", "/v3/memories/add/", json: .object(body.merging(extra) { $1 }))
    try #require(reply.status == 200, "\(reply.text)")
    return try reply.json
  }
}
