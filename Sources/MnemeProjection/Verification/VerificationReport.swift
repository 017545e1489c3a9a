/// What `ProjectionVerifier` found.
public struct VerificationReport: Sendable {
  /// One shard, and what is wrong with it.
  public struct Shard: Sendable {
    /// Its number.
    public var partition: Int
    /// What it holds; nil where it cannot be read.
    public var summary: ProjectionSummary?
    /// How far each of its topics is folded, and what the log holds.
    public var positions: [Position]
    /// What is wrong; empty where log and projection agree.
    public var problems: [Problem]
  }

  /// How far one topic is folded into a shard.
  public struct Position: Hashable, Sendable {
    /// The topic.
    public var topic: String
    /// Next offset to fold.
    public var next: Int64
    /// First offset that the log holds.
    public var earliest: Int64
    /// Offset that the log's next record gets.
    public var end: Int64
  }

  /// Something that is not as it should be.
  public struct Problem: Hashable, Sendable {
    /// The kind of problem, in words that scripts may rely on.
    public enum Code: String, Sendable, CaseIterable {
      /// The shard does not exist.
      case missing
      /// Its file is damaged.
      case corrupt
      /// It was made for another space, partition count or version.
      case mismatch
      /// It cannot be read for another reason.
      case unreadable
      /// It has folded more than the log holds.
      case aheadOfLog = "ahead_of_log"
      /// Records went from the log before they were folded.
      case recordsLost = "records_lost"
      /// Records were left out, as they could not be read.
      case recordsSkipped = "records_skipped"
      /// Outcomes of the memories topic are missing.
      case outcomesMissing = "outcomes_missing"
      /// It holds outcomes that the log does not have.
      case outcomesUnknown = "outcomes_unknown"
      /// Turns or commands that were passed have no outcome.
      case turnsWithoutOutcome = "turns_without_outcome"
      /// Current memories have no vector, though all vectors are folded.
      case vectorsMissing = "vectors_missing"
      /// Rows belong to no memory, or counts are wrong.
      case rowsInconsistent = "rows_inconsistent"
      /// Memories stand under other words than those of their text.
      case keywordsInconsistent = "keywords_inconsistent"
      /// Folded afresh, the log gives other content.
      case contentDiffers = "content_differs"
    }

    /// The kind of problem.
    public var code: Code
    /// The shard.
    public var partition: Int
    /// How many records or rows; 1 where it is the shard itself.
    public var count: Int
    /// What is wrong; holds no memory.
    public var detail: String

    /// What to do next.
    public var advice: String {
      switch self.code {
      case .missing, .corrupt, .outcomesMissing, .outcomesUnknown, .rowsInconsistent, .keywordsInconsistent,
        .contentDiffers:
        "run 'mneme replay rebuild --shard \(self.partition)'"
      case .mismatch: "check the settings; if they are right, run 'mneme replay rebuild'"
      case .unreadable: "check the storage, then verify again"
      case .aheadOfLog: "check that this is the right log; if it is, run 'mneme replay rebuild'"
      case .recordsLost: "give the topic its retention back; restore the log, then rebuild"
      case .recordsSkipped: "the projector's log names the records and why; a newer version may read them"
      case .turnsWithoutOutcome: "see 'mneme deadletters list' and the workers' log"
      case .vectorsMissing: "the words are found, the meaning is not: embed the memories again"
      }
    }
  }

  /// The shards, in order.
  public var shards: [Shard]
  /// What all shards that can be read hold together.
  public var summary: ProjectionSummary
  /// Everything that is wrong, shard by shard.
  public var problems: [Problem] { self.shards.flatMap(\.problems) }
  /// Whether log and projection agree.
  public var isSound: Bool { self.problems.isEmpty }
}
