public import EventLog
import MnemeCore

/// The topics of a deployment, as the files under `topics/` describe them.
public enum TopicCatalog {
  /// How long `mneme.ingress` keeps what outside publishers sent: a week to notice that nobody moves it on.
  public static let ingressRetention: Duration = .seconds(7 * 86_400)

  /// Every topic that one generation and one embedding space need. All have the same number of partitions, so that an
  /// owner's records are in the partition of the same number everywhere, and a dead letter beside its original's.
  /// `replicationFactor` is how many copies brokers keep of each; nil for the log's own default.
  public static func topics(
    generation: String, space: String, partitionCount: Int, replicationFactor: Int? = nil
  ) -> [TopicSpecification] {
    let kept = [
      Topics.turns, Topics.facts(generation: generation), Topics.memories(generation: generation),
      Topics.vectors(space: space), Topics.deadLetters,
    ]
    let topics: [(String, TopicSpecification.Retention)] =
      [(Topics.ingress, .age(ingressRetention))] + kept.map { ($0, .forever) }
    return topics.map { name, retention in
      TopicSpecification(
        name: name, partitionCount: partitionCount, retention: retention, replicationFactor: replicationFactor)
    }
  }
}
