public import EventLog
public import MnemeCore

/// One step of the pipeline: reads a topic in order, decides, and says what to append. It performs no append itself.
public protocol Stage: Sendable {
  /// Its name in the reasons of dead letters.
  var name: String { get }
  /// Consumer group, which is where its offsets are kept.
  var group: String { get }
  /// Topic that it reads.
  var topic: String { get }
  /// Most records of one partition that are processed, and committed, together.
  var maxBatchRecordCount: Int { get }

  /// What to append for these records of one partition, which are in order and follow those processed before.
  /// Records that can never be processed are parked, not thrown.
  /// - Throws: what may pass; the same records are then given again.
  func process(_ records: [LogRecord], of partition: Int) async throws -> [NewRecord]

  /// What to append for a record whose output the log does not take, for `reason`: it is parked.
  /// - Throws: what may pass.
  func park(_ record: LogRecord, of partition: Int, for reason: ParkingReason) async throws -> [NewRecord]

  /// What `process` returned last for this partition is in the log.
  func didCommit(_ partition: Int) async

  /// Whatever is held for this partition may be wrong: it was not committed, or has moved to another worker.
  func reset(_ partition: Int) async
}
