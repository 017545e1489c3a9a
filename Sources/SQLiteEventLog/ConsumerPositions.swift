import EventLog

/// Where a consumer stands: what it has, what it reads next, what it holds back. Without I/O.
struct ConsumerPositions: Sendable {
  /// A partition that this consumer has.
  struct Held: Sendable, Equatable {
    var rowID: Int64
    /// When, in the group's order of changes, this consumer got it.
    var epoch: Int64
    /// Next offset to be polled.
    var next: Int64
  }

  /// What one fetch brought of one partition.
  struct Batch: Sendable {
    /// Where it began to read.
    var start: Int64
    var records: [LogRecord]
  }

  private(set) var held: [TopicPartition: Held] = [:]
  private(set) var paused: Set<TopicPartition> = []

  /// Row ids of the partitions that records are wanted of.
  var wantedRowIDs: Set<Int64> {
    Set(held.lazy.filter { !self.paused.contains($0.key) }.map(\.value.rowID))
  }

  /// Takes in what a poll saw. `before` is what this consumer held when the poll began: a partition where it was told
  /// to read elsewhere meanwhile, or to hold back, brings nothing now.
  mutating func apply(
    _ assignments: [GroupMembership.Assignment], _ batches: [TopicPartition: Batch],
    before: [TopicPartition: Held]
  ) -> PollResult {
    var result = PollResult()
    let owned = Dictionary(uniqueKeysWithValues: assignments.map { ($0.partition, $0) })
    for (partition, held) in self.held where owned[partition]?.epoch != held.epoch {
      result.revoked.insert(partition)
      self.held[partition] = nil
      self.paused.remove(partition)
    }
    for assignment in assignments {
      let partition = assignment.partition
      guard let batch = batches[partition] else { continue }
      if self.held[partition] == nil {
        result.assigned.insert(partition)
        self.held[partition] = Held(rowID: assignment.rowID, epoch: assignment.epoch, next: batch.start)
      } else if self.held[partition] != before[partition] || self.paused.contains(partition) {
        continue
      }
      self.held[partition]?.next = batch.records.last.map { $0.position.offset + 1 } ?? batch.start
      result.records += batch.records
    }
    return result
  }

  /// Gives up everything; returns what there was.
  mutating func dropAll() -> Set<TopicPartition> {
    defer { self = ConsumerPositions() }
    return Set(self.held.keys)
  }

  mutating func pause(_ partitions: Set<TopicPartition>) {
    self.paused.formUnion(partitions.filter { self.held[$0] != nil })
  }

  /// Returns the row ids of what was held back.
  mutating func resume(_ partitions: Set<TopicPartition>) -> Set<Int64> {
    let resumed = self.paused.intersection(partitions)
    self.paused.subtract(partitions)
    return Set(resumed.compactMap { self.held[$0]?.rowID })
  }

  /// Returns the row ids of what is read elsewhere now.
  mutating func seek(_ offsets: [TopicPartition: Int64]) -> Set<Int64> {
    var rowIDs: Set<Int64> = []
    for (partition, offset) in offsets {
      guard let held = self.held[partition] else { continue }
      self.held[partition]?.next = offset
      rowIDs.insert(held.rowID)
    }
    return rowIDs
  }
}
