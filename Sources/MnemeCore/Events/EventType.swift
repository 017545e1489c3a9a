/// The types of events, with their version. A type's name is a storage format: a new shape is a new version,
/// and the old one is upcast when read, for ever.
public enum EventType: String, Sendable, CaseIterable {
  /// Messages were said. Body: `TurnBody`. Topics: turns, and ingress, from where it is moved there.
  case turnRecorded = "mneme.turn.recorded.v1"
  /// A person asked for a memory to be changed. Body: `MemoryEditRequest`.
  /// Topics: turns, passed through to facts.
  case memoryEditRequested = "mneme.memory.edit-requested.v1"
  /// A person asked for a memory to be deleted. Body: `MemoryDeletionRequest`.
  /// Topics: turns, passed through to facts.
  case memoryDeletionRequested = "mneme.memory.deletion-requested.v1"
  /// A person asked for all memories of an owner, within a scope, to be deleted. Body: `MemoriesDeletionRequest`.
  /// Topics: turns, passed through to facts.
  case memoriesDeletionRequested = "mneme.memories.deletion-requested.v1"
  /// A person said what they think of a memory, or took that back. Body: `FeedbackGiven`.
  /// Topics: turns, passed through to facts.
  case memoryFeedbackGiven = "mneme.memory.feedback-given.v1"
  /// Facts were found in a turn. Body: `FactsExtracted`. Topic: facts.
  case factsExtracted = "mneme.facts.extracted.v1"
  /// A turn could not be processed and stands in dead letters. Body: `TurnParked`.
  /// Topic: facts.
  case turnParked = "mneme.turn.parked.v1"
  /// What follows from a turn or a command was decided. Body: `MemoriesResolved`. Topic: memories.
  case memoriesResolved = "mneme.memories.resolved.v1"
  /// Texts of memories were embedded. Body: `MemoriesEmbedded`. Topic: vectors.
  case memoriesEmbedded = "mneme.memories.embedded.v1"
  /// A record could not be processed. Body: the original bytes. Topic: deadletters.
  case recordParked = "mneme.record.parked.v1"
  /// A parked record was put back or dropped by a person. Body: `DeadLetterClosed`. Topic: deadletters.
  case deadLetterClosed = "mneme.deadletter.closed.v1"
  /// A generation begins to be filled. Body: `Generation`. Topic: generations, as all that follow.
  case generationCreated = "mneme.generation.created.v1"
  /// A generation has caught up with the log. Body: its id.
  case generationFilled = "mneme.generation.filled.v1"
  /// Readers read a generation from here on. Body: its id.
  case generationPromoted = "mneme.generation.promoted.v1"
  /// Readers read the one before it again. Body: its id.
  case generationRolledBack = "mneme.generation.rolled-back.v1"
  /// A generation's topics and projection go. Body: its id.
  case generationDropped = "mneme.generation.dropped.v1"
  /// From here on a generation's facts come from turns otherwise. Body: its id, and how.
  case generationExtractionChanged = "mneme.generation.extraction-changed.v1"
  /// Something is set for a project, somebody comes to belong to it or leaves, or a webhook comes, changes or goes.
  /// Body: `ProjectEvent`. Topic: projects.
  case projectChanged = "mneme.project.changed.v1"
  /// A webhook is to be told something. Body: `WebhookTriggered`. Topic: webhooks.
  case webhookTriggered = "mneme.webhook.triggered.v1"
  /// A webhook was called, or is not called any more. Body: `WebhookAttempted`. Topic: webhooks.
  case webhookAttempted = "mneme.webhook.attempted.v1"
}

/// Names of the topics.
public enum Topics {
  /// What outside publishers say, in plaintext; moved to `turns` and then discarded.
  public static let ingress = "mneme.ingress"
  /// What was said: immutable, for ever, keyed by owner.
  public static let turns = "mneme.turns"
  /// What could not be processed.
  public static let deadLetters = "mneme.deadletters"
  /// Which generations there are, and which one readers read. One partition.
  public static let generations = "mneme.generations"
  /// What is set for each project, who belongs to it, and whom it calls. One partition.
  public static let projects = "mneme.projects"
  /// What webhooks are to be told, and what became of that. A webhook's records are in the partition of its id.
  public static let webhooks = "mneme.webhooks"
  /// What was understood, by one generation.
  public static func facts(generation: String) -> String { "mneme.facts.\(generation)" }
  /// What is true, by one generation.
  public static func memories(generation: String) -> String { "mneme.memories.\(generation)" }
  /// Vectors of memories' texts in one embedding space. Those of the first generation are in the space's own topic;
  /// any other generation adds its name, so that dropping it frees what its vectors took.
  public static func vectors(space: String, generation: String) -> String {
    generation == Generation.firstID ? "mneme.vectors.\(space)" : "mneme.vectors.\(space).\(generation)"
  }
}
