import HTTPTypes
import Hummingbird
import Logging
import MnemeCore

/// Takes a request from the server to its handler and the answer back: route, door, body, handler, errors, metrics.
struct QueryResponder: HTTPResponder {
  typealias Context = QueryContext

  private let api: QueryAPI
  private let table: RouteTable
  private let door: Door
  private let limiter: RateLimiter
  private let bodies: BodyReader
  private let executors: LoopExecutors

  /// A responder for the endpoints of `table`.
  init(api: QueryAPI, table: RouteTable, door: Door, executors: LoopExecutors) {
    self.api = api
    self.table = table
    self.door = door
    self.limiter = RateLimiter(now: api.clock)
    self.executors = executors
    self.bodies = BodyReader(configuration: api.configuration, metrics: api.metrics)
  }

  /// Answers any request; never throws.
  func respond(to request: Request, context: QueryContext) async -> Response {
    let start = ContinuousClock.now
    self.api.metrics.count(.requestsInFlight)
    var route = "other"
    var caller: Principal?
    var answer: APIResponse
    do {
      let (found, values, target) = try self.find(request)
      route = found.path
      let (admission, standing) = try await self.admit(request, to: found)
      if found.role > .anyone { caller = admission.principal }
      answer = try await self.answer(
        request, found, values, target, admission, self.executors.executor(of: context.loop))
      if let standing { answer.headers += standing.headers }
    } catch let unread as Unread {
      answer = self.answer(to: unread.cause, route)
      if await !self.bodies.discard(request) { answer.closesConnection = true }
    } catch {
      answer = self.answer(to: error, route)
    }
    self.record(request, route, answer, start, caller)
    return Self.response(answer, isHead: request.method == .head)
  }

  /// A failure before the body was read.
  private struct Unread: Error {
    let cause: any Error
  }

  private func find(_ request: Request) throws -> (Route, [String], RequestTarget) {
    do {
      let target = try RequestTarget(request.head.path ?? "/", prefix: self.api.configuration.pathPrefix)
      let (route, values) = try self.table.find(request.method.rawValue, target.segments)
      return (route, values, target)
    } catch { throw Unread(cause: error) }
  }

  /// Who asks, and how often they may still.
  private func admit(
    _ request: Request, to route: Route
  ) async throws -> (admission: Admission, standing: RateLimiter.Standing?) {
    do {
      let admission = try await self.door.admit(Self.credentials(request), to: route.role)
      let standing = try self.count(admission)
      if let encoding = request.headers[.contentEncoding], encoding.lowercased() != "identity" {
        throw RequestFailure(.unsupportedMediaType, "a body with a content encoding is not read; send it as it is")
      }
      return (admission, standing)
    } catch { throw Unread(cause: error) }
  }

  private func answer(
    _ request: Request, _ route: Route, _ values: [String], _ target: RequestTarget, _ admission: Admission,
    _ executor: LoopExecutor
  ) async throws -> APIResponse {
    let (service, bodies) = (self.api, self.bodies)
    let (bodyTimeout, requestTimeout) = (service.configuration.bodyTimeout, service.configuration.requestTimeout)
    let watch = StageWatch(
      bodyTimeout, step: min(bodyTimeout, requestTimeout), failure: BodyReader.tooSlow, executor: executor)
    return try await watch.run {
      let body = try await bodies.read(request)
      defer { bodies.release(body.count) }
      watch.begin(requestTimeout, failure: Self.tookTooLong)
      let call = APIRequest(
        target: target, pathValues: values, headers: request.headers, authority: request.head.authority, body: body,
        admission: admission, namesProject: route.namesProject)
      if admission.principal.role > .anyone { try call.requireOwnProject() }
      // Not before the body is read: a slow publisher's request belongs to what is active when it is complete.
      let api = service.pinned(admission.reach)
      var answer = try await withTaskExecutorPreference(route.place.executor) { try await route.handler(api, call) }
      answer.headers.append(ResponseHeader(HeaderNames.generation, api.active.generation))
      return answer
    }
  }

  /// Counts a request of a key; nil where there is none.
  /// - Throws: `RequestFailure` (`.rateLimited`) where it is one too many.
  private func count(_ admission: Admission) throws -> RateLimiter.Standing? {
    guard let key = admission.principal.keyID else { return nil }
    let limit = admission.principal.rateLimit ?? self.api.configuration.rateLimit
    let standing = self.limiter.take(key, limit: limit)
    guard let seconds = standing.retryAfterSeconds else { return standing }
    var failure = RequestFailure(
      .rateLimited, "the key has sent more than \(limit) requests in a second; send the request again later",
      retryAfterSeconds: seconds)
    failure.headers = standing.headers
    throw failure
  }

  private static let tookTooLong = RequestFailure(.timeout, "the request took too long and was given up")

  private static func credentials(_ request: Request) -> Credentials {
    Credentials(
      authorization: request.headers[.authorization], apiKey: request.headers[HeaderNames.apiKey],
      host: request.head.authority, origin: request.headers[.origin])
  }

  private func answer(to error: any Error, _ route: String) -> APIResponse {
    let known = RequestFailure.classify(error)
    let failure = known ?? RequestFailure(.failed, "an internal error occurred; see the server's log")
    if failure.code.status >= 500 {
      let level: Logger.Level = known == nil ? .error : .warning
      self.api.logger.log(
        level: level, "a request failed",
        metadata: ["route": "\(route)", "code": "\(failure.code.rawValue)", "error": "\(QueryAPI.loggable(error))"])
    }
    return APIResponse(failure)
  }

  private func record(
    _ request: Request, _ route: String, _ answer: APIResponse, _ start: ContinuousClock.Instant, _ caller: Principal?
  ) {
    let metrics = self.api.metrics
    let knownMethods: Set<String> = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
    let method = request.method.rawValue
    metrics.count(.requestsInFlight, by: -1)
    metrics.count(
      .requests,
      ["route": route, "method": knownMethods.contains(method) ? method : "other", "status": String(answer.status)])
    let duration = start.duration(to: .now)
    metrics.observe(.requestDuration, duration, ["route": route])
    guard let caller else { return }
    self.api.requests.note(
      RequestLog.Entry(
        realm: caller.realm, keyID: caller.keyID, method: method, route: route, status: answer.status,
        milliseconds: duration / .milliseconds(1), at: self.api.clock()))
  }

  /// Thrown after a response whose connection must end: it makes the server close it.
  private struct ConnectionClosed: Error {}

  private static func response(_ answer: APIResponse, isHead: Bool) -> Response {
    var headers = HTTPFields()
    headers[.contentType] = answer.contentType
    // Memories are private: no cache keeps them, and no browser takes them for anything else.
    headers[.cacheControl] = "no-store"
    headers[HeaderNames.contentTypeOptions] = "nosniff"
    for header in answer.headers {
      if let name = HTTPField.Name(header.name) { headers[name] = header.value }
    }
    let status = HTTPResponse.Status(code: answer.status)
    let buffer = ByteBuffer(bytes: isHead ? [] : answer.body)
    if isHead { headers[.contentLength] = String(answer.body.count) }
    guard answer.closesConnection else {
      return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: buffer))
    }
    headers[.connection] = "close"
    let body = ResponseBody(contentLength: isHead ? nil : answer.body.count) { writer in
      try await writer.write(buffer)
      try await writer.finish(nil)
      throw ConnectionClosed()
    }
    return Response(status: status, headers: headers, body: body)
  }
}

/// Names of headers that HTTPTypes does not have.
enum HeaderNames {
  /// `X-API-Key`.
  static let apiKey = HTTPField.Name("X-API-Key")!
  /// The generation that an answer was read from.
  static let generation = "X-Mneme-Generation"
  /// `X-Content-Type-Options`.
  static let contentTypeOptions = HTTPField.Name("X-Content-Type-Options")!
}
