import EventLog
import FoundationEssentials
import Glibc
import KafkaEventLog
import LanguageModel
import Logging
import MnemeCore
import MnemePipeline
import MnemeProjection
import SQLiteEventLog

/// The parts that every command shares: settings, the log, and where things lie.
struct MnemeSystem: Sendable {
  /// The tenant of a deployment without API keys.
  static let tenant = "default"

  let settings: Settings
  let log: any EventLog
  let codec = EventRecordCodec()
  let logger: Logger
  let dataDirectory: String
  /// The topics as the settings want them.
  let topics: TopicCatalog
  /// Which generations there are.
  let generations: GenerationLog
  /// What is set for projects.
  let projects: ProjectLog

  /// Opens the log that the settings name.
  static func open(_ options: SettingsOptions) async throws -> MnemeSystem {
    try await open(Settings.load(options))
  }

  /// Opens the log that the settings name.
  static func open(_ settings: Settings) async throws -> MnemeSystem {
    let logger = try logger(settings)
    let topics = TopicCatalog(
      partitionCount: try settings.integer(.partitions, in: 1...256), replicationFactor: try replicationFactor(settings)
    )
    let log = try await openLog(settings, logger)
    return MnemeSystem(
      settings: settings, log: log, logger: logger, dataDirectory: settings.text(.dataDir), topics: topics,
      generations: GenerationLog(log: log, now: environment.now), projects: ProjectLog(log: log, now: environment.now))
  }

  private static let kafkaScheme = "kafka://"

  private static func openLog(_ settings: Settings, _ logger: Logger) async throws -> any EventLog {
    let name = settings.text(.log)
    if name == "embedded" {
      return try await SQLiteEventLog.open(path: settings.text(.dataDir) + "/log.sqlite")
    }
    guard name.hasPrefix(kafkaScheme), name.count > kafkaScheme.count else {
      throw SettingsError("\(Setting.log.flag) must be 'embedded' or 'kafka://host:port[,host:port]'")
    }
    guard let usesTransactions = ["on": true, "off": false][settings.text(.kafkaTransactions)] else {
      throw SettingsError("\(Setting.kafkaTransactions.flag) must be 'on' or 'off'")
    }
    return try KafkaEventLog(
      options: KafkaEventLog.Options(
        bootstrapServers: String(name.dropFirst(kafkaScheme.count)), settings: settings.kafka,
        prefix: settings.text(.kafkaPrefix), usesTransactions: usesTransactions,
        replicationFactor: try replicationFactor(settings)),
      logger: logger)
  }

  private static func replicationFactor(_ settings: Settings) throws -> Int? {
    try settings[.replicationFactor].map { _ in try settings.integer(.replicationFactor, in: 1...32) }
  }

  /// Whether the log is on brokers, so that roles may run on other machines.
  var isOnKafka: Bool { settings.text(.log).hasPrefix(Self.kafkaScheme) }

  private static func logger(_ settings: Settings) throws -> Logger {
    var logger = Logger(label: "mneme") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = try settings.level()
    return logger
  }

  /// Time and chance as they are.
  static let environment = PipelineEnvironment(
    now: { MnemeSystem.now() }, sleep: { try await Task.sleep(for: $0) }, jitter: { Double.random(in: 0...1) })

  /// The wall clock.
  static func now() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// The stable name of this worker. The embedded log has one process, which always goes by the same name; on brokers a
  /// worker without a name is one of the moment.
  var instance: String? { settings[.instance] ?? (isOnKafka ? nil : "up") }

  /// Where shards are.
  var projectionDirectory: String { dataDirectory + "/projection" }
  /// Where stages keep their state, each generation by itself.
  var stateDirectory: String { dataDirectory + "/state" }
}
