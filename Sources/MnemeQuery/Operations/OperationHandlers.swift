import EventLog
import LanguageModel
import Logging
import MnemeCore
import MnemeProjection

extension QueryAPI {
  /// `GET /`: where browsers are led, under the path that they came by.
  func root(_ request: APIRequest) -> APIResponse {
    let docs = "\(request.target.prefix)/docs"
    var response = APIResponse(["docs": .string(docs)], status: 303)
    response.headers.append(ResponseHeader("Location", docs))
    return response
  }

  /// `GET /v1/ping/`: what a client asks first. Without an organisation and a project it refuses to start;
  /// without an e-mail address it has none to report to others.
  func ping(_ request: APIRequest) -> APIResponse {
    let caller = request.admission.principal
    return APIResponse([
      "status": "ok", "org_id": .string(caller.tenant), "project_id": .string(caller.project), "user_email": nil,
    ])
  }

  /// `GET /v1/lag/`: how much is under way; `total` 0 means that every accepted turn has its outcome.
  func lagReport(_ request: APIRequest) async throws -> APIResponse {
    APIResponse(body: EventBodyCoding.encode(try await self.lag()), contentType: "application/json")
  }

  /// `GET /healthz`: the process answers.
  func health(_ request: APIRequest) -> APIResponse { APIResponse(["status": "ok"]) }

  /// `GET /readyz`: the log and the projection answer too.
  func readiness(_ request: APIRequest) async throws -> APIResponse {
    let (log, reader) = (self.log, self.reader)
    let isLogReady = try await self.answers("log") { _ = try await log.bounds(of: Topics.turns) }
    let isProjectionReady = try await self.answers("projection") { _ = try await reader.watermarks() }
    let isReady = isLogReady && isProjectionReady
    func word(_ isReady: Bool) -> JSONValue { isReady ? "ok" : "failed" }
    return APIResponse(
      [
        "status": isReady ? "ready" : "not ready",
        "checks": ["log": word(isLogReady), "projection": word(isProjectionReady)],
      ], status: isReady ? 200 : 503)
  }

  private func answers(_ name: String, _ check: @escaping @Sendable () async throws -> Void) async throws -> Bool {
    do {
      try await withDeadline(
        self.configuration.readinessTimeout, failure: RequestFailure(.timeout, "no answer in time"), check)
      return true
    } catch {
      try Task.checkCancellation()
      self.logger.warning("not ready", metadata: ["check": "\(name)", "error": "\(Self.loggable(error))"])
      return false
    }
  }

  /// `GET /metrics`: counters, gauges and histograms for Prometheus. Where the lag cannot be measured, the last one
  /// that could be stands, and `/readyz` tells what is wrong.
  func metricsText(_ request: APIRequest) async throws -> APIResponse {
    let lag = self.lag
    let metrics = self.metrics
    _ = try await self.answers("lag") {
      let report = try EventBodyCoding.decode(JSONValue.self, from: EventBodyCoding.encode(try await lag()))
      for entry in report["groups"]?.arrayValue ?? [] {
        guard let group = entry["group"]?.stringValue, let topic = entry["topic"]?.stringValue,
          case .int(let partition) = entry["partition"], case .int(let lag) = entry["lag"]
        else { continue }
        metrics.set(.lag, to: Int(lag), ["group": group, "topic": topic, "partition": String(partition)])
      }
    }
    let ledger = self.webhookLedger
    _ = try await self.answers("webhooks") {
      let figures = try await ledger.refresh()
      for (result, count) in figures.attempts { metrics.set(.webhookAttempts, to: count, ["result": result.rawValue]) }
      metrics.set(.webhooksPending, to: figures.pendingCount, [:])
    }
    return APIResponse(body: Array(self.metrics.text().utf8), contentType: "text/plain; version=0.0.4; charset=utf-8")
  }

  /// `GET /openapi.json`: the API for programs.
  func document(_ request: APIRequest) -> APIResponse {
    APIResponse(body: OpenAPIDocument.bytes, contentType: "application/json")
  }

  /// `GET /docs`: the same for people.
  func documentation(_ request: APIRequest) -> APIResponse {
    var response = APIResponse(body: DocumentationPage.bytes, contentType: "text/html; charset=utf-8")
    response.headers = [
      ResponseHeader("Content-Security-Policy", DocumentationPage.contentSecurityPolicy),
      ResponseHeader("Referrer-Policy", "no-referrer"),
    ]
    return response
  }

  /// What of an error may stand in a log: our own errors say nothing of users, any other is named by its type.
  static func loggable(_ error: any Error) -> String {
    switch error {
    case let error as EventLogError: error.description
    case let error as ProjectionError: error.description
    case let error as ModelError: error.description
    case let error as RequestFailure: error.description
    default: String(describing: type(of: error))
    }
  }
}
