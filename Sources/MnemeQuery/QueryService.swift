public import EventLog
import Hummingbird
import HummingbirdCore
public import LanguageModel
public import Logging
public import MnemeCore
import NIOCore
public import ServiceLifecycle

/// The HTTP API: reads memories from a projection, and appends what callers ask for to the log.
///
/// On graceful shutdown it takes no more connections, and requests under way are answered.
public struct QueryService: Service {
  private let api: QueryAPI
  private let door: Door
  private let onServerRunning: @Sendable (_ port: Int) async -> Void

  /// A service that is not running yet.
  /// - Parameters:
  ///   - configuration: Address and bounds. Without an authenticator that checks keys, the address must be loopback
  ///     (`QueryConfiguration.isLoopback`): the caller sees to it.
  ///   - log: Where commands are appended.
  ///   - codec: Makes records of events, and seals them.
  ///   - projection: What is true, as far as it has been processed, and what embeds queries in its space.
  ///   - reranker: Reranks searches that ask for it; without one, they keep their own order.
  ///   - lag: What `GET /v1/lag/` prints: `{"total": n, "groups": […]}`.
  ///   - authenticator: Knows callers by their credentials, and thereby their tenant.
  ///   - clock: Tells the time of events, and what has expired.
  ///   - logger: Where failures are reported, free of user data.
  ///   - onServerRunning: Called with the bound port once connections are taken.
  public init(
    configuration: QueryConfiguration, log: any EventLog, codec: EventRecordCodec = EventRecordCodec(),
    projection: ProjectionSwitch, reranker: (any Reranker)? = nil,
    lag: @escaping @Sendable () async throws -> any Encodable & Sendable,
    authenticator: any Authenticator = SingleTenant(), clock: @escaping @Sendable () -> Timestamp, logger: Logger,
    onServerRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
  ) {
    self.api = QueryAPI(
      configuration: configuration, log: log, codec: codec, projection: projection, reranker: reranker, lag: lag,
      keys: authenticator as? any KeyStore, clock: clock, logger: logger)
    self.door = Door(authenticator: authenticator)
    self.onServerRunning = onServerRunning
  }

  /// Serves until it is shut down.
  public func run() async throws {
    let configuration = self.api.configuration
    let onServerRunning = self.onServerRunning
    let executors = LoopExecutors()
    let application = Application(
      responder: QueryResponder(api: self.api, table: .api, door: self.door, executors: executors),
      server: Self.server(configuration, executors),
      configuration: ApplicationConfiguration(
        address: .hostname(configuration.host, port: configuration.port), serverName: "mneme",
        availableConnectionsDelegate: MaximumAvailableConnections(configuration.maxConnectionCount)),
      onServerRunning: { channel in await onServerRunning(channel.localAddress?.port ?? configuration.port) },
      logger: self.api.logger)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await self.api.projects.follow() }
      try await application.run()
      group.cancelAll()
    }
  }

  private static func server(_ configuration: QueryConfiguration, _ executors: LoopExecutors) -> HTTPServerBuilder {
    HTTPServerBuilder { responder in
      let channel = HTTP1Channel(
        responder: { request, writer, channel in
          // Clients with a large body wait for this word before they send it.
          if request.headers[.expect]?.lowercased() == "100-continue",
            let length = request.headers[.contentLength].flatMap({ Int($0) }), length <= configuration.maxBodyByteCount
          {
            try await writer.writeInformationalHead(HTTPResponse(status: .continue))
          }
          try await responder(request, writer, channel)
        },
        configuration: HTTP1Channel.Configuration(idleTimeout: TimeAmount(configuration.idleTimeout)))
      return LoopChannel(channel, executors, headTimeout: configuration.headTimeout)
    }
  }
}
