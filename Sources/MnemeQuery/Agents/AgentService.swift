public import EventLog
public import LanguageModel
public import Logging
public import MnemeCore

extension AgentStream {
  /// Tools on a log and a projection in reach of this process.
  /// - Parameters:
  ///   - configuration: Its `agents` say whose memories the tools are about.
  ///   - role: What they may do; a reader sees no tools that write.
  ///   - log: Where commands are appended.
  ///   - codec: Makes records of events, and seals them.
  ///   - projection: What is true, as far as it has been processed, and what embeds queries in its space.
  ///   - reranker: Reranks searches that ask for it; without one, they keep their own order.
  ///   - tenant: Whose data it is.
  ///   - clock: Tells the time of events, and what has expired.
  ///   - logger: Where failures are reported, free of user data.
  public init(
    configuration: QueryConfiguration, role: AccessRole, log: any EventLog,
    codec: EventRecordCodec = EventRecordCodec(), projection: ProjectionSwitch, reranker: (any Reranker)? = nil,
    tenant: String = SingleTenant.defaultTenant, clock: @escaping @Sendable () -> Timestamp, logger: Logger
  ) async throws {
    let api = QueryAPI(
      configuration: configuration, log: log, codec: codec, projection: projection, reranker: reranker,
      lag: { [String: Int]() }, keys: nil, clock: clock, logger: logger)
    let door = Door(authenticator: OneCaller(principal: Principal(tenant: tenant, role: role)))
    let admission = try await door.admit(Credentials(), to: .reader)
    self.init(LocalResponder(api: api, admission: admission), bounds: configuration.agents)
  }
}

/// Whoever is at the other end of this process's own pipe: the operating system has let them in.
private struct OneCaller: Authenticator {
  let principal: Principal

  func principal(for credentials: Credentials) -> Principal? { self.principal }
}
