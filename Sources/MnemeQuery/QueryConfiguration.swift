public import LanguageModel

/// Address and bounds of the query service.
public struct QueryConfiguration: Sendable {
  /// Name or address to bind to.
  public var host: String
  /// Port to bind to; 0 for any that is free.
  public var port: Int
  /// A path under which the API stands as well, e.g. `/mem0`; empty for none.
  public var pathPrefix: String

  /// Largest body of a request, in bytes; a larger one is 413.
  public var maxBodyByteCount = 4 << 20
  /// How much of a body that is too large is read and thrown away, so that the client gets to see the answer.
  public var maxDiscardedByteCount = 16 << 20
  /// Bytes of bodies held at one time, over all requests; more is 503.
  public var maxBufferedByteCount = 256 << 20
  /// Most messages of one turn; more is 400.
  public var maxMessageCount = 1000
  /// Largest content of one message, in bytes; a larger one is 413.
  public var maxMessageByteCount = 1 << 20
  /// Longest query of a search, in characters.
  public var maxQueryLength = 8192
  /// Longest instructions for the extractor, in characters.
  public var maxInstructionLength = 10_000
  /// Most memories that one deletion by filter names one by one; more is 400.
  public var maxDeletedMemoryCount = 10_000
  /// Most owners that one deletion reaches; more is 400.
  public var maxDeletedOwnerCount = 100_000
  /// Most records of one append.
  public var maxAppendRecordCount = 500
  /// How many accepted events are remembered as pending; the oldest are forgotten first.
  public var maxAcceptedEventCount = 65_536
  /// How many of the newest records of each partition are looked through for an event that is not remembered.
  public var maxScannedRecordCount = 1000
  /// Vectors of queries that are remembered: bytes, and for how long.
  public var embeddingCache = EmbeddingCache.Bounds()
  /// Requests per second of a key that states no other limit; more is 429.
  public var rateLimit = 1000
  /// Whose memories agents' tools are about, and bounds of their calls.
  public var agents = AgentConfiguration()
  /// Whether a webhook may name an address that is not the Internet's. Whoever calls it looks again.
  public var allowsPrivateWebhooks = false
  /// Connections open at one time; more wait in the kernel's queue.
  public var maxConnectionCount = 4096

  /// From the first byte of a request's head to its last one, however steadily they come; later is 408. Where a request
  /// before it is under way, from that one's answer.
  public var headTimeout: Duration = .seconds(15)
  /// From the last byte of a request's head to the last one of its body; later is 408.
  public var bodyTimeout: Duration = .seconds(30)
  /// From the last byte of a request to its answer.
  public var requestTimeout: Duration = .seconds(60)
  /// How long a write that waits for its outcome waits.
  public var outcomeTimeout: Duration = .seconds(30)
  /// How long a read waits for the position that it asks for.
  public var positionTimeout: Duration = .seconds(10)
  /// How long a search waits for the query's embedding before it goes on with keywords alone.
  public var embeddingTimeout: Duration = .seconds(5)
  /// How long a search waits for the reranker before it goes on in its own order.
  public var rerankTimeout: Duration = .seconds(5)
  /// How long one readiness check may take.
  public var readinessTimeout: Duration = .seconds(2)
  /// How long a connection without a request stays open.
  public var idleTimeout: Duration = .seconds(75)

  /// The defaults at an address.
  public init(host: String = "127.0.0.1", port: Int = 8765, pathPrefix: String = "") {
    self.host = host
    self.port = port
    self.pathPrefix = pathPrefix
  }

  /// Whether only this machine can reach the service. Without keys, nothing else is to be bound.
  public var isLoopback: Bool { LoopbackHost.isLoopback(self.host) }
}
