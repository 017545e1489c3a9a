import EventLog
import GRDB

/// Reads several partitions within one limit, so that a busy one does not starve the others and a lone one gets it all.
struct PartitionFetch {
  struct Source {
    let assignment: GroupMembership.Assignment
    let start: Int64
  }

  private(set) var batches: [TopicPartition: ConsumerPositions.Batch] = [:]
  private var remainingCount: Int
  private var remainingByteCount: Int
  private var isEmpty = true

  init(limit: ReadLimit) {
    self.remainingCount = limit.maxRecordCount
    self.remainingByteCount = limit.maxByteCount
  }

  /// Reads `sources`, beginning with number `turn`: an equal share of each first, then what is left of the limit.
  mutating func run(_ sources: [Source], turn: Int, _ database: Database) throws {
    for source in sources {
      self.batches[source.assignment.partition] = ConsumerPositions.Batch(start: source.start, records: [])
    }
    // A partition that has nothing new costs no query: its end was read with the assignment.
    var open = sources.filter { $0.start < $0.assignment.bounds.end }
    open = Array(open[(turn % max(1, open.count))...] + open[..<(turn % max(1, open.count))])
    let share = ReadLimit(
      maxRecordCount: max(1, self.remainingCount / max(1, open.count)),
      maxByteCount: max(1, self.remainingByteCount / max(1, open.count)))
    for source in open where self.remainingCount > 0 { try self.take(source, share, database) }
    let rest = ReadLimit(maxRecordCount: .max, maxByteCount: .max)
    for source in open where self.remainingCount > 0 { try self.take(source, rest, database) }
  }

  /// Whether `sources` were read to their ends.
  func isExhausted(_ sources: [Source]) -> Bool {
    sources.allSatisfy { self.next(of: $0) >= $0.assignment.bounds.end }
  }

  private func next(of source: Source) -> Int64 {
    self.batches[source.assignment.partition]?.records.last.map { $0.position.offset + 1 } ?? source.start
  }

  private mutating func take(_ source: Source, _ share: ReadLimit, _ database: Database) throws {
    let partition = source.assignment.partition
    let start = self.next(of: source)
    guard start < source.assignment.bounds.end else { return }
    let limit = ReadLimit(
      maxRecordCount: min(share.maxRecordCount, self.remainingCount),
      maxByteCount: min(share.maxByteCount, self.remainingByteCount))
    let records = try RecordRows.fetch(
      partition, rowID: source.assignment.rowID, from: start, limit: limit, allowsLargerFirst: self.isEmpty, database)
    guard !records.isEmpty else { return }
    self.isEmpty = false
    self.remainingCount -= records.count
    self.remainingByteCount -= records.reduce(0) { $0 + $1.byteCount }
    self.batches[partition]?.records += records
  }
}
