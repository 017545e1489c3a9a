public import EventLog
import MnemeCore

/// How much is under way, from the publishers' door to the projection.
public struct LagReport: Sendable, Encodable {
  /// One consumer's distance from the end of one partition.
  public struct Entry: Sendable, Encodable {
    /// Consumer group; `mneme.project` stands for the projection, which keeps its own offsets.
    public var group: String
    /// The topic.
    public var topic: String
    /// The partition.
    public var partition: Int
    /// Next offset to be consumed.
    public var next: Int64
    /// Offset that the next record gets.
    public var end: Int64
    /// Records that wait.
    public var lag: Int64
  }

  /// Records that wait, in all. 0: every accepted turn has its terminal outcome in the projection.
  public var total: Int64
  /// Each consumer and partition.
  public var groups: [Entry]
}

/// Measures lag. The order of its reads is upstream first, so that what moves on meanwhile is seen twice rather than
/// never.
public struct LagMeter: Sendable {
  private let log: any EventLog
  private let generation: String
  private let space: String
  private let projected: @Sendable () async throws -> [TopicPartition: Int64]

  /// A meter of `generation` in `space`; `projected` tells the next offsets that the projection folds.
  public init(
    log: any EventLog, generation: String, space: String,
    projected: @escaping @Sendable () async throws -> [TopicPartition: Int64]
  ) {
    self.log = log
    self.generation = generation
    self.space = space
    self.projected = projected
  }

  /// The lag now.
  public func measure() async throws -> LagReport {
    var entries = try await entries(of: IngressStage.groupName, Topics.ingress)
    entries += try await self.entries(of: "mneme.extract.\(generation)", Topics.turns)
    entries += try await self.entries(of: "mneme.resolve.\(generation)", Topics.facts(generation: generation))
    for topic in [Topics.memories(generation: generation), Topics.vectors(space: space)] {
      // The end first: what is appended after it was not accepted when the measurement began.
      let ends = try await log.bounds(of: topic)
      let next = try await projected()
      entries += try await self.entries("mneme.project.\(generation)", topic, ends, next)
    }
    return LagReport(total: entries.reduce(0) { $0 + $1.lag }, groups: entries)
  }

  private func entries(of group: String, _ topic: String) async throws -> [LagReport.Entry] {
    let ends = try await log.bounds(of: topic)
    return try await self.entries(group, topic, ends, try await log.committedOffsets(of: group))
  }

  private func entries(
    _ group: String, _ topic: String, _ ends: [OffsetBounds], _ offsets: [TopicPartition: Int64]
  ) async throws -> [LagReport.Entry] {
    var entries: [LagReport.Entry] = []
    for (partition, bounds) in ends.enumerated() {
      let source = TopicPartition(topic, partition)
      let next = offsets[source] ?? bounds.earliest
      entries.append(
        LagReport.Entry(
          group: group, topic: topic, partition: partition, next: next, end: bounds.end,
          // What retention has discarded waits no longer.
          lag: try await waiting(source, from: max(next, bounds.earliest), to: bounds.end)))
    }
    return entries
  }

  /// Records from `offset` up to `end`, or more than that: brokers keep the ends of transactions at offsets of their
  /// own, behind which nothing may wait.
  private func waiting(_ source: TopicPartition, from offset: Int64, to end: Int64) async throws -> Int64 {
    guard offset < end else { return 0 }
    let first: LogRecord?
    do {
      first = try await log.read(source, from: offset, limit: ReadLimit(maxRecordCount: 1)).first
    } catch let error as EventLogError where error.code == .offsetOutOfRange {
      // Discarded just now.
      return end - offset
    }
    return first.map { max(0, end - $0.position.offset) } ?? 0
  }
}
