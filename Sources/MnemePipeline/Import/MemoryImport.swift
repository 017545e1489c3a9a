package import EventLog
package import FoundationEssentials
package import MnemeCore

/// Publishes memories of mem0 as turns that are kept as they stand.
package struct MemoryImport: Sendable {
  /// Who appends here, as events name it.
  package static let source = "/mneme/import"
  /// Records of one append, at most.
  static let maxAppendCount = 500
  /// Bytes of the records of one append after which no further one is added.
  static let maxAppendByteCount = 8 << 20

  /// What became of a source.
  package struct Summary: Hashable, Sendable {
    /// Memories that stand there, readable or not.
    package var readCount = 0
    /// How many of them were published, or would be.
    package var importedCount = 0
    /// How many came in an earlier import, or earlier in this one.
    package var alreadyThereCount = 0
    /// How many were not taken over, by reason.
    package var refusedCounts: [String: Int] = [:]
    /// Last offset of what was published, by partition of the turns topic.
    package var offsets: [Int: Int64] = [:]
  }

  private let log: any EventLog
  private let codec: EventRecordCodec
  private let tenant: String
  private let bounds: IngressStage.Bounds
  private let now: @Sendable () -> Timestamp
  private let isDryRun: Bool
  private let known: @Sendable ([UUID]) async throws -> Set<UUID>

  /// An import into the data of `tenant`.
  /// - Parameters:
  ///   - isDryRun: Whether nothing is published.
  ///   - known: Those of some event ids that came before.
  package init(
    log: any EventLog, codec: EventRecordCodec, tenant: String, now: @escaping @Sendable () -> Timestamp,
    isDryRun: Bool, known: @escaping @Sendable ([UUID]) async throws -> Set<UUID>
  ) {
    self.log = log
    self.codec = codec
    self.tenant = tenant
    self.bounds = IngressStage.Bounds()
    self.now = now
    self.isDryRun = isDryRun
    self.known = known
  }

  /// Reads all of `source`. What was published before an error stays published, and a second run leaves it as it is.
  /// - Returns: What was done, and the error that ended it early, if any.
  package func run(
    _ source: MemorySource, progress: (_ done: Int, _ total: Int) -> Void
  ) async -> (summary: Summary, failure: (any Error)?) {
    var summary = Summary()
    var seen: Set<UUID> = []
    do {
      try await source.read { batch in
        try await self.take(batch.found, &summary, &seen)
        progress(batch.done, batch.total)
      }
      return (summary, nil)
    } catch {
      return (summary, error)
    }
  }

  private func take(_ found: [MemorySource.Found], _ summary: inout Summary, _ seen: inout Set<UUID>) async throws {
    var memories: [Mem0Memory] = []
    for element in found {
      summary.readCount += 1
      switch element {
      case .success(let memory): memories.append(memory)
      case .failure(let refusal): summary.refusedCounts[refusal.description, default: 0] += 1
      }
    }
    let known = memories.isEmpty ? [] : try await self.known(memories.map(\.eventID))
    var records: [NewRecord] = []
    var byteCount = 0
    for memory in memories {
      do {
        let record = try self.record(memory)
        guard !known.contains(memory.eventID), seen.insert(memory.eventID).inserted else {
          summary.alreadyThereCount += 1
          continue
        }
        records.append(record)
        byteCount += record.byteCount
      } catch let refusal as IngressRefusal {
        summary.refusedCounts[refusal.description, default: 0] += 1
      }
      if records.count >= Self.maxAppendCount || byteCount >= Self.maxAppendByteCount {
        try await self.append(&records, &summary)
        byteCount = 0
      }
    }
    try await self.append(&records, &summary)
  }

  /// - Throws: `IngressRefusal` where the turn is none that any door lets in; what the sealer throws.
  private func record(_ memory: Mem0Memory) throws -> NewRecord {
    let owner = try IngressTurn.owner(of: memory.turn, bounds: self.bounds)
    let record = try self.codec.encode(
      CloudEvent(
        id: memory.eventID.text, type: EventType.turnRecorded.rawValue, source: Self.source, time: self.now(),
        owner: OwnerKey(tenant: self.tenant, owner: owner), data: EventBodyCoding.encode(memory.turn)),
      topic: Topics.turns)
    guard record.byteCount <= self.bounds.maxRecordByteCount else {
      throw IngressRefusal.tooLarge("its record has more than \(self.bounds.maxRecordByteCount) bytes")
    }
    return record
  }

  private func append(_ records: inout [NewRecord], _ summary: inout Summary) async throws {
    guard !records.isEmpty else { return }
    if !self.isDryRun {
      for position in try await self.log.append(records) {
        summary.offsets[position.topicPartition.partition] = position.offset
      }
    }
    summary.importedCount += records.count
    records.removeAll(keepingCapacity: true)
  }
}
