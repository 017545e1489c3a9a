extension KafkaEventLog {
  /// Where the brokers are, and bounds.
  public struct Options: Sendable {
    /// Brokers to begin with: `host:port[,host:port]`.
    public var bootstrapServers: String
    /// Settings of librdkafka, as its CONFIGURATION.md names them; they go before ours.
    public var settings: [String: String]
    /// What the names of topics, groups and transactional ids begin with on the brokers, so that several deployments
    /// may share them. Callers do not see it.
    public var prefix: String
    /// Whether consume, produce and commit are one transaction. Without, output may be written twice when a worker is
    /// killed, and ids that follow from the input make up for it.
    public var usesTransactions: Bool
    /// Copies of each record of topics that name no number; nil for the brokers' default.
    public var replicationFactor: Int?
    /// Largest record: key, value and headers together, in bytes.
    public var maxRecordByteCount = 1_000_000
    /// Appends and commits that wait for the brokers, at most.
    public var maxWaitingAppendCount = 10_000
    /// Appends and commits that share one transaction, at most.
    public var maxTransactionJobCount = 256
    /// Their records together, in bytes.
    public var maxTransactionByteCount = 16 << 20
    /// How long the brokers may take for one call before it fails as unreachable.
    public var requestTimeout: Duration = .seconds(30)
    /// How long an unfinished transaction of a worker that is gone may hold up readers before brokers end it.
    public var transactionTimeout: Duration = .seconds(30)
    /// How long a worker may be silent before its partitions go to others.
    public var sessionTimeout: Duration = .seconds(10)
    /// How much of one partition is fetched ahead, in KiB.
    public var maxFetchAheadKilobyteCount = 8192

    /// The defaults, for brokers `host:port[,host:port]`.
    public init(
      bootstrapServers: String, settings: [String: String] = [:], prefix: String = "", usesTransactions: Bool = true,
      replicationFactor: Int? = nil
    ) {
      self.bootstrapServers = bootstrapServers
      self.settings = settings
      self.prefix = prefix
      self.usesTransactions = usesTransactions
      self.replicationFactor = replicationFactor
    }

    /// Whether a setting of librdkafka holds a secret, which no log and no error may show.
    public static func isSecret(_ name: String) -> Bool {
      ["password", "secret", "key.pem", "jaas", "oauthbearer.config"].contains { name.contains($0) }
    }
  }
}

extension Duration {
  /// Whole milliseconds for librdkafka, from 0 to what an `Int32` holds.
  var milliseconds: Int32 {
    Int32(clamping: self.components.seconds * 1000 + self.components.attoseconds / 1_000_000_000_000_000)
  }
}
