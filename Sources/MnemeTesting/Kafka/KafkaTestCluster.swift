import FoundationEssentials

/// The Kafka cluster that tests use: a real one where the environment names it, else a broker of our own.
///
/// - `MNEME_TEST_KAFKA`: `host:port` of a real cluster; then nothing is started and no fault can be injected.
/// - `MNEME_TEST_KAFKA_CONF`: more settings for every librdkafka client, as in
///   `security.protocol=SSL;ssl.ca.location=…`.
public struct KafkaTestCluster: Sendable {
  /// What clients connect to: the real cluster, or our proxy.
  public let bootstrap: String
  /// Settings that every librdkafka client of the test needs beyond `bootstrap.servers`.
  public let settings: [String: String]
  /// Our broker; nil for a real cluster.
  public let broker: KafkaBroker?
  /// The proxy in front of our broker; nil for a real cluster.
  public let proxy: KafkaProxy?

  /// Whether broker and proxy are ours, so that a test may restart, refuse and break.
  public var isOwn: Bool { self.broker != nil }

  /// noida-db ignores the most bytes a Fetch asks for; librdkafka's own limit of 100,000,000 bytes would make it
  /// drop such an answer, for ever.
  static let ownSettings = ["receive.message.max.bytes": "1000000000"]

  private static let starting = Task { try await KafkaTestCluster.start() }

  /// The one cluster of this process, started by the first call. Do not stop it, nor break it: other tests use it at
  /// the same time. It ends with the process.
  /// - Throws: `KafkaFixtureError` as `start`; every later call throws the same.
  public static func shared() async throws -> KafkaTestCluster { try await self.starting.value }

  /// A cluster for the caller alone, except for a real one, which all share: use topics, groups and transactional ids
  /// of one's own.
  /// - Throws: `KafkaFixtureError` where the broker does not start or a setting cannot be read.
  public static func start() async throws -> KafkaTestCluster {
    try await self.start(ProcessInfo.processInfo.environment)
  }

  /// `start` with a given environment.
  static func start(_ environment: [String: String]) async throws -> KafkaTestCluster {
    let settings = try self.settings(environment["MNEME_TEST_KAFKA_CONF"] ?? "")
    if let bootstrap = environment["MNEME_TEST_KAFKA"], !bootstrap.isEmpty {
      return KafkaTestCluster(bootstrap: bootstrap, settings: settings, broker: nil, proxy: nil)
    }
    let broker = try await KafkaBroker.start(binary: try KafkaBroker.installedBinary(environment))
    do {
      let proxy = try KafkaProxy(broker: broker)
      return KafkaTestCluster(
        bootstrap: proxy.bootstrap, settings: self.ownSettings.merging(settings) { $1 }, broker: broker, proxy: proxy)
    } catch {
      await broker.stop()
      throw error
    }
  }

  /// Ends proxy and broker and removes the data. Does nothing to a real cluster.
  public func stop() async {
    await self.proxy?.stop()
    await self.broker?.stop()
  }

  /// Reads `a=b;c=d`; a value may hold `=`.
  static func settings(_ text: String) throws(KafkaFixtureError) -> [String: String] {
    var settings: [String: String] = [:]
    for entry in text.split(separator: ";") {
      let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else {
        // The entry itself may be a password.
        throw KafkaFixtureError("MNEME_TEST_KAFKA_CONF has an entry without a name or '=': write a=b;c=d")
      }
      settings[String(parts[0])] = String(parts[1])
    }
    return settings
  }
}
