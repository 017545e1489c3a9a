public import EventLog
public import MnemeCore

/// The topics of a deployment, as the files under `topics/` describe them.
public struct TopicCatalog: Sendable {
  /// How long `mneme.ingress` keeps what outside publishers sent: a week to notice that nobody moves it on.
  public static let ingressRetention: Duration = .seconds(7 * 86_400)
  /// How long `mneme.webhooks` keeps what was told: long after the last attempt, for whoever looks what became of it.
  public static let webhooksRetention: Duration = .seconds(7 * 86_400)

  /// Partitions of each topic but those of the catalogs of generations and projects. All have the same number, so that
  /// an owner's records are in the partition of the same number everywhere, and a dead letter beside its original's.
  public var partitionCount: Int
  /// How many copies brokers keep of each record; nil for the log's own default.
  public var replicationFactor: Int?

  /// A catalog with all its parts.
  public init(partitionCount: Int, replicationFactor: Int? = nil) {
    self.partitionCount = partitionCount
    self.replicationFactor = replicationFactor
  }

  /// The topics that do not depend on generations.
  public var shared: [TopicSpecification] {
    [
      topic(Topics.ingress, .age(Self.ingressRetention)), topic(Topics.turns, .forever),
      topic(Topics.deadLetters, .forever), GenerationLog.topic(replicationFactor: replicationFactor),
      ProjectLog.topic(replicationFactor: replicationFactor),
      topic(Topics.webhooks, .age(Self.webhooksRetention)),
    ]
  }

  /// The topics of `generation`.
  public func topics(of generation: Generation) -> [TopicSpecification] {
    generation.topics.map { topic($0, .forever) }
  }

  /// Every topic that a log with these generations needs, each once.
  public func topics(of generations: [Generation]) -> [TopicSpecification] {
    var names: Set<String> = []
    return shared + generations.flatMap { topics(of: $0) }.filter { names.insert($0.name).inserted }
  }

  private func topic(_ name: String, _ retention: TopicSpecification.Retention) -> TopicSpecification {
    TopicSpecification(
      name: name, partitionCount: partitionCount, retention: retention, replicationFactor: replicationFactor)
  }
}
