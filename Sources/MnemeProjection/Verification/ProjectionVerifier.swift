public import EventLog
import FoundationEssentials
import GRDB
import Logging
import MnemeCore

/// Compares a projection with the log that it is folded from. Projectors and readers may go on meanwhile.
public struct ProjectionVerifier: Sendable {
  private let directory: String
  private let configuration: ProjectionConfiguration
  private let log: any EventLog
  private let reader: FoldRecordReader

  /// Records of the log that are held at once.
  private static let readLimit = ReadLimit(maxRecordCount: 1000, maxByteCount: 8 << 20)

  /// A verifier of the shards under `directory`; `codec` opens what owners' keys have sealed.
  public init(
    directory: String, configuration: ProjectionConfiguration, log: any EventLog,
    codec: EventRecordCodec = EventRecordCodec()
  ) {
    self.directory = ProjectionDirectory.path(directory, configuration)
    self.configuration = configuration
    self.log = log
    self.reader = FoldRecordReader(configuration: configuration, codec: codec)
  }

  /// Checks every shard. Always: pages, rows against each other, words against texts, watermarks, and
  /// the outcomes of the memories topic. `isDeep`: the indexes too, the turns topic, and each shard folded afresh into
  /// a file of its own, which takes about as long as a rebuild.
  /// - Throws: `EventLogError` where the log cannot be read.
  public func verify(isDeep: Bool) async throws -> VerificationReport {
    var report = VerificationReport(shards: [], summary: ProjectionSummary())
    for partition in 0..<self.configuration.partitionCount {
      let shard = try await self.verify(partition, isDeep: isDeep)
      if let summary = shard.summary { report.summary.add(summary) }
      report.shards.append(shard)
    }
    return report
  }

  private func verify(_ partition: Int, isDeep: Bool) async throws -> VerificationReport.Shard {
    var shard = VerificationReport.Shard(partition: partition, summary: nil, positions: [], problems: [])
    do {
      try await self.check(&shard, isDeep: isDeep)
    } catch let error as ProjectionError {
      let code: VerificationReport.Problem.Code =
        switch error.code {
        case .missing: .missing
        case .corrupt: .corrupt
        case .mismatch: .mismatch
        case .diskFull, .readOnly, .storage, .malformedRecord, .unanswerable: .unreadable
        }
      shard.problems.append(.init(code: code, partition: partition, count: 1, detail: error.description))
    }
    return shard
  }

  private func check(_ shard: inout VerificationReport.Shard, isDeep: Bool) async throws {
    let partition = shard.partition
    let files = ShardFiles(directory: self.directory, partition: partition)
    let shardReader = ShardReader(files: files, configuration: self.configuration)
    let found = try await shardReader.read { try ShardChecks.run($0, partition: partition, isDeep: isDeep) }
    shard.problems += found.problems.map {
      VerificationReport.Problem(code: $0.code, partition: partition, count: $0.count, detail: $0.detail)
    }
    if found.problems.contains(where: { $0.code == .corrupt }) { return }
    shard.summary = found.summary
    let isComplete = try await self.comparePositions(&shard, found.watermarks)
    func add(_ code: VerificationReport.Problem.Code, _ count: Int, _ detail: String) {
      guard count > 0 else { return }
      shard.problems.append(.init(code: code, partition: partition, count: count, detail: detail))
    }
    if isComplete { add(.vectorsMissing, found.vectorlessCount, "current memories without a vector") }
    guard !shard.problems.contains(where: { $0.code == .aheadOfLog }) else { return }
    let outcomes = try await self.compareOutcomes(shard, shardReader, found.inputs)
    add(.outcomesMissing, outcomes.missing, "outcomes that stand in the log and not here")
    add(.outcomesUnknown, outcomes.unknown, "outcomes that stand here and not in the log")
    guard isDeep else { return }
    if let last = found.foldedTurn {
      add(
        .turnsWithoutOutcome, try await self.countTurnsWithoutOutcome(partition, upTo: last, shardReader),
        "turns or commands that were passed without an outcome")
    }
    let afresh = try await ShardRefold(
      directory: self.directory, configuration: self.configuration, log: self.log, reader: self.reader
    ).summary(of: partition, upTo: found.watermarks)
    if afresh != found.summary {
      add(.contentDiffers, 1, "folded afresh, the log gives digest \(afresh.digest), not \(found.summary.digest)")
    }
  }

  /// Compares watermarks with the log's bounds; returns whether everything is folded.
  private func comparePositions(
    _ shard: inout VerificationReport.Shard, _ watermarks: [TopicOffset]
  ) async throws -> Bool {
    var isComplete = true
    for watermark in watermarks where watermark.partition == shard.partition {
      let bounds =
        try await self.bounds(of: watermark.topic, shard.partition) ?? OffsetBounds(earliest: 0, end: 0)
      shard.positions.append(
        .init(topic: watermark.topic, next: watermark.next, earliest: bounds.earliest, end: bounds.end))
      if watermark.next < bounds.end { isComplete = false }
      if watermark.next > bounds.end {
        shard.problems.append(
          .init(
            code: .aheadOfLog, partition: shard.partition, count: Int(watermark.next - bounds.end),
            detail: "\(watermark.topic) is folded up to \(watermark.next), the log ends at \(bounds.end)"))
      }
      if watermark.next < bounds.earliest {
        shard.problems.append(
          .init(
            code: .recordsLost, partition: shard.partition, count: Int(bounds.earliest - watermark.next),
            detail: "\(watermark.topic) begins at \(bounds.earliest), it is folded up to \(watermark.next)"))
      }
    }
    return isComplete
  }

  /// What the log holds of a partition; nil where there is no such partition.
  private func bounds(of topic: String, _ partition: Int) async throws -> OffsetBounds? {
    do {
      let all = try await self.log.bounds(of: topic)
      return all.indices.contains(partition) ? all[partition] : nil
    } catch let error as EventLogError where error.code == .unknownTopic {
      return nil
    }
  }

  /// Looks up every outcome of the memories topic below the watermark, and the other way round.
  private func compareOutcomes(
    _ shard: VerificationReport.Shard, _ shardReader: ShardReader, _ inputs: Set<Int64>
  ) async throws -> (missing: Int, unknown: Int) {
    let topic = self.configuration.memoriesTopic
    guard let position = shard.positions.first(where: { $0.topic == topic }) else { return (0, 0) }
    var missing = 0
    var unseen = inputs
    var next = position.earliest
    while next < position.next {
      let records = try await self.log.read(
        TopicPartition(topic, shard.partition), from: next, limit: Self.readLimit)
      guard let last = records.last else { break }
      next = last.position.offset + 1
      let folded = records.filter { $0.position.offset < position.next }.map(self.reader.read)
      let ids = folded.compactMap { record -> (OwnerKey, String)? in
        guard let input = record.inputID, let owner = record.owner else { return nil }
        return (owner, input)
      }
      let found = try await shardReader.read { database, _ in try ids.map { try Self.input(database, $0.1, of: $0.0) } }
      missing += found.count { $0 == nil }
      unseen.subtract(found.compactMap { $0 })
    }
    // Where the log has let go of records, what came of them is still here. And one that was parked may have been
    // replaced since.
    guard position.earliest == 0, !unseen.isEmpty else { return (missing, 0) }
    let candidates = unseen
    let unknown = try await shardReader.read { database, _ in
      try candidates.count { input in
        try Bool.fetchOne(
          try database.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM inputs WHERE input = ?)"),
          arguments: [input]) ?? false
      }
    }
    return (missing, unknown)
  }

  private static func input(_ database: Database, _ id: String, of owner: OwnerKey) throws -> Int64? {
    guard let row = try OwnerRow.fetch(database, owner) else { return nil }
    var statement = try RowStatement(database, "SELECT input FROM inputs WHERE id = ? AND owner = ?")
    statement.add(StoredText.encode(id))
    statement.add(row.number)
    return try statement.fetchInteger()
  }

  /// Turns and commands of the turns topic up to offset `last`, which have an outcome by then.
  private func countTurnsWithoutOutcome(
    _ partition: Int, upTo last: Int64, _ shardReader: ShardReader
  ) async throws -> Int {
    guard let bounds = try await self.bounds(of: Topics.turns, partition) else { return 0 }
    var next = bounds.earliest
    var count = 0
    while next <= last {
      let records = try await self.log.read(
        TopicPartition(Topics.turns, partition), from: next, limit: Self.readLimit)
      guard let end = records.last else { break }
      next = end.position.offset + 1
      // A record that is no turn or command of ours goes to the dead letters without an outcome.
      let ids = records.filter { $0.position.offset <= last }.compactMap { record -> (OwnerKey, String)? in
        guard let event = try? self.reader.codec.decode(record), event.knownType != nil else { return nil }
        return (event.owner, event.id)
      }
      count += try await shardReader.read { database, _ in
        try ids.count { try Self.input(database, $0.1, of: $0.0) == nil }
      }
    }
    return count
  }
}
