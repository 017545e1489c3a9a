public import EventLog
public import MnemeCore

/// How much is under way, from the publishers' door to the projection.
public struct LagReport: Sendable, Encodable {
  /// One consumer's distance from the end of one partition.
  public struct Entry: Sendable, Encodable {
    /// The generation that it works for; nil where it works for all.
    public var generation: String?
    /// Consumer group; `mneme.project.<id>` stands for the projection, which keeps its own offsets.
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

  /// Records that wait, in all. 0: every accepted turn has its terminal outcome in the projection that readers read.
  public var total: Int64
  /// Each consumer and partition.
  public var groups: [Entry]

  /// A report with all its parts.
  public init(total: Int64, groups: [Entry]) {
    self.total = total
    self.groups = groups
  }

  /// Adds what works for another generation than the one that readers read: it is no part of the total.
  public mutating func add(aside other: LagReport) {
    let known = Set(groups.map(\.group))
    groups += other.groups.filter { !known.contains($0.group) }
  }
}

/// Measures lag. The order of its reads is upstream first, so that what moves on meanwhile is seen twice rather than
/// never.
public struct LagMeter: Sendable {
  private let log: any EventLog
  private let generation: Generation
  private let projected: @Sendable () async throws -> [TopicPartition: Int64]

  /// A meter of `generation`; `projected` tells the next offsets that its projection folds.
  public init(
    log: any EventLog, generation: Generation,
    projected: @escaping @Sendable () async throws -> [TopicPartition: Int64]
  ) {
    self.log = log
    self.generation = generation
    self.projected = projected
  }

  /// The lag now.
  public func measure() async throws -> LagReport {
    var entries = try await entries(of: IngressStage.groupName, Topics.ingress)
    entries += try await self.entries(of: ExtractionStage.group(facts: generation.facts), Topics.turns)
    entries += try await self.entries(of: ResolutionStage.group(of: generation), generation.factsTopic)
    if generation.isFollowing {
      entries += try await self.entries(of: EmbeddingStage.group(of: generation), generation.memoriesTopic)
    }
    for topic in [generation.memoriesTopic, generation.vectorsTopic] {
      // The end first: what is appended after it was not accepted when the measurement began.
      let ends = try await log.bounds(of: topic)
      let next = try await projected()
      entries += try await self.entries("mneme.project.\(generation.id)", topic, ends, next)
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
    for part in try await GroupProgress.measure(log, topic, ends, offsets) {
      entries.append(
        LagReport.Entry(
          generation: group == IngressStage.groupName ? nil : generation.id, group: group, topic: topic,
          partition: part.partition, next: part.next, end: part.end, lag: part.waiting))
    }
    return entries
  }
}

/// How far a consumer is in one partition.
public struct GroupProgress: Sendable {
  /// The partition.
  public var partition: Int
  /// No record below it is held.
  public var earliest: Int64
  /// Next offset to be consumed.
  public var next: Int64
  /// Offset that the next record gets.
  public var end: Int64
  /// Records that wait.
  public var waiting: Int64

  /// How far `group` is in each partition of `topic`.
  public static func of(_ group: String, on topic: String, in log: any EventLog) async throws -> [GroupProgress] {
    let ends = try await log.bounds(of: topic)
    return try await measure(log, topic, ends, try await log.committedOffsets(of: group))
  }

  /// How far a consumer whose next offsets are `offsets` is, with `ends` as the bounds of `topic`: those of now, or of
  /// the moment that counts.
  public static func measure(
    _ log: any EventLog, _ topic: String, _ ends: [OffsetBounds], _ offsets: [TopicPartition: Int64]
  ) async throws -> [GroupProgress] {
    var parts: [GroupProgress] = []
    for (partition, bounds) in ends.enumerated() {
      let source = TopicPartition(topic, partition)
      let next = offsets[source] ?? bounds.earliest
      parts.append(
        GroupProgress(
          partition: partition, earliest: bounds.earliest, next: next, end: bounds.end,
          // What retention has discarded waits no longer.
          waiting: try await waiting(log, source, from: max(next, bounds.earliest), to: bounds.end)))
    }
    return parts
  }

  /// Records from `offset` up to `end`, or more than that: brokers keep the ends of transactions at offsets of their
  /// own, behind which nothing may wait.
  private static func waiting(
    _ log: any EventLog, _ source: TopicPartition, from offset: Int64, to end: Int64
  ) async throws -> Int64 {
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
