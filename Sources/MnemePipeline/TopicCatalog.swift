public import EventLog
import MnemeCore

/// The topics of a deployment, as the files under `topics/` describe them.
public enum TopicCatalog {
  /// Every topic that one generation and one embedding space need. All have the same number of partitions, so that an
  /// owner's records are in the partition of the same number everywhere.
  public static func topics(generation: String, space: String, partitionCount: Int) -> [TopicSpecification] {
    [
      Topics.turns, Topics.facts(generation: generation), Topics.memories(generation: generation),
      Topics.vectors(space: space), Topics.deadLetters,
    ].map { TopicSpecification(name: $0, partitionCount: partitionCount, retention: .forever) }
  }
}
