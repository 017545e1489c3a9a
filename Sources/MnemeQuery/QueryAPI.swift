import EventLog
import LanguageModel
import Logging
import MnemeCore
import MnemeProjection

/// What handlers work with. It reads through the reader and writes to the log, and has no other way to either.
struct QueryAPI: Sendable {
  /// Reports what is under way.
  typealias Lag = @Sendable () async throws -> any Encodable & Sendable
  /// Tells the time.
  typealias Clock = @Sendable () -> Timestamp

  let configuration: QueryConfiguration
  let log: any EventLog
  let codec: EventRecordCodec
  let projection: ProjectionSwitch
  /// What this request reads: as much of the projection as its caller may see.
  private(set) var active: ActiveProjection
  /// Whose memories this request may read and write.
  private(set) var reach = Reach.everybody
  let lag: Lag
  let clock: Clock
  let logger: Logger
  let metrics: MetricRegistry
  let accepted: AcceptedEvents
  let turns: TurnsTopic
  let projects: ProjectDirectory
  /// What became of what webhooks were to be told.
  let webhookLedger: WebhookLedger
  let queryVectors: EmbeddingCache
  let phrasings = Phrasings()
  /// The latest requests that were answered.
  let requests = RequestLog()
  /// Where API keys are kept that may be managed over HTTP; nil for nowhere.
  let keys: (any KeyStore)?
  /// Reranks searches that ask for it; nil for none.
  let reranker: (any Reranker)?
  let rerankPause = RerankPause()
  /// Calls of agents that their clients may take back.
  let calls = RunningCalls()

  var reader: any MemoryReader { self.active.reader }
  var embedder: any Embedder { self.active.embedder }

  /// For one request, which reads what is active now until it ends, as far as `reach` goes.
  func pinned(_ reach: Reach) -> QueryAPI {
    var api = self
    api.active = self.projection.active
    guard reach != .everybody else { return api }
    api.reach = reach
    api.active.reader = ReachReader(reader: api.active.reader, reach: reach)
    return api
  }

  /// The same for what is `owner`'s alone.
  /// - Throws: `RequestFailure` (`.forbidden`) where the caller does not reach `owner`.
  func bound(to owner: Owner) throws -> QueryAPI {
    try self.reach.require(owner)
    var api = self
    api.reach = Reach(owners: [owner])
    api.active.reader = ReachReader(reader: self.active.reader, reach: api.reach)
    return api
  }

  /// What every request works with.
  init(
    configuration: QueryConfiguration, log: any EventLog, codec: EventRecordCodec, projection: ProjectionSwitch,
    reranker: (any Reranker)?, lag: @escaping Lag, keys: (any KeyStore)?, clock: @escaping Clock, logger: Logger
  ) {
    self.configuration = configuration
    self.log = log
    self.codec = codec
    self.projection = projection
    self.active = projection.active
    self.reranker = reranker
    self.lag = lag
    self.keys = keys
    self.clock = clock
    self.logger = logger
    self.metrics = MetricRegistry()
    self.accepted = AcceptedEvents(maxCount: configuration.maxAcceptedEventCount)
    self.turns = TurnsTopic(log: log)
    self.projects = ProjectDirectory(log: ProjectLog(log: log, now: clock), logger: logger)
    self.webhookLedger = WebhookLedger(log: log, codec: codec)
    self.queryVectors = EmbeddingCache(bounds: configuration.embeddingCache)
  }
}
