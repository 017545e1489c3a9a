import Hummingbird
import MnemeProjection

/// One endpoint: which requests it takes, what role they need, and what answers them.
struct Route: Sendable {
  /// Answers a request that was let in.
  typealias Handler = @Sendable (_ api: QueryAPI, _ request: APIRequest) async throws -> APIResponse

  /// Where a handler runs.
  enum Place: Sendable {
    /// On the event loop: what answers at once.
    case loop
    /// On the cooperative pool: what computes, or waits without holding a thread.
    case pool
    /// Where shards are read: what does little else, but for an append.
    case readers

    /// Whose threads those are; nil for the event loop's, on which requests are.
    var executor: (any TaskExecutor)? {
      switch self {
      case .loop: nil
      case .pool: globalConcurrentExecutor
      case .readers: WorkerThreads.readers
      }
    }
  }

  /// HTTP method.
  let method: String
  /// Path with `{name}` for parameters, as documented, with the slash at its end; the slash is optional in requests.
  let path: String
  /// What the caller must be allowed.
  let role: AccessRole
  /// Where it is answered.
  let place: Place
  /// Whether a request with these headers is given up once its client closes the connection. Others go on: what they
  /// write is wanted.
  let isGivenUpWithConnection: @Sendable (_ headers: HTTPFields) -> Bool
  /// Answers it.
  let handler: Handler

  private let pattern: [Segment]

  private enum Segment: Sendable {
    case literal(String)
    case parameter
  }

  /// An endpoint.
  init(
    _ method: String, _ path: String, _ role: AccessRole, in place: Place = .pool,
    isGivenUpWithConnection: @escaping @Sendable (HTTPFields) -> Bool = { _ in false }, _ handler: @escaping Handler
  ) {
    self.method = method
    self.path = path
    self.role = role
    self.place = place
    self.isGivenUpWithConnection = isGivenUpWithConnection
    self.handler = handler
    let segments = path.split(separator: "/")
    self.pattern = segments.map { $0.hasPrefix("{") ? .parameter : .literal(String($0)) }
    self.literalCount = segments.count { !$0.hasPrefix("{") }
  }

  /// Whether its path is below the organisations and projects that it names.
  var namesProject: Bool { self.path.hasPrefix("/api/v1/") }

  /// How many segments its path has.
  var segmentCount: Int { self.pattern.count }

  /// How many of them are words rather than parameters.
  let literalCount: Int

  /// The values of the path's parameters; nil where the path is another.
  func match(_ segments: [String]) -> [String]? {
    guard segments.count == self.pattern.count else { return nil }
    var values: [String] = []
    for (segment, expected) in zip(segments, self.pattern) {
      switch expected {
      case .literal(let text): guard segment == text else { return nil }
      case .parameter:
        guard !segment.isEmpty else { return nil }
        values.append(segment)
      }
    }
    return values
  }
}

/// All endpoints. Where the paths of two match, that with more words counts: `search` is no id where it is a word.
struct RouteTable: Sendable {
  /// In order.
  let routes: [Route]
  /// By the number of their segments, as most are passed over without a look; of these, those with more words first.
  private let byLength: [[Route]]

  /// All endpoints of the API.
  static let api = RouteTable(
    Route.memories + Route.batches + Route.entities + Route.events + Route.exports + Route.profiles + Route.projects
      + Route.webhooks + Route.legacy
      + Route.selfHosted + Route.agents + Route.operations)

  /// A table of `routes`.
  init(_ routes: [Route]) {
    self.routes = routes
    var byLength = [[Route]](repeating: [], count: (routes.map(\.segmentCount).max() ?? 0) + 1)
    for route in routes { byLength[route.segmentCount].append(route) }
    self.byLength = byLength.map { $0.sorted { $0.literalCount > $1.literalCount } }
  }

  /// The endpoint of a request, and the values of its path's parameters. `HEAD` is answered as `GET` is.
  /// - Throws: `RequestFailure` (`.notFound`, `.methodNotAllowed`).
  func find(_ method: String, _ segments: [String]) throws -> (route: Route, values: [String]) {
    let method = method == "HEAD" ? "GET" : method
    var allowed: [String] = []
    var literalCount = 0
    for route in segments.count < self.byLength.count ? self.byLength[segments.count] : [] {
      guard route.literalCount >= literalCount, let values = route.match(segments) else { continue }
      literalCount = route.literalCount
      if route.method == method { return (route, values) }
      allowed.append(route.method)
    }
    guard allowed.isEmpty else {
      var failure = RequestFailure(.methodNotAllowed, "this path has no such method")
      failure.allowedMethods = allowed
      throw failure
    }
    throw RequestFailure(.notFound, "there is no such path")
  }
}
