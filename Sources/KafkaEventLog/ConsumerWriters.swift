import CRdkafka
import EventLog
import Synchronization

/// Output and offsets in one transaction.
struct TransactionalWriter: ConsumerWriter {
  let transactions: TransactionQueue
  let place: @Sendable ([NewRecord]) async throws -> [PlacedRecord]

  func write(
    _ records: [NewRecord], offsets: [TopicPartition: Int64], _ check: @escaping @Sendable () throws -> Void
  ) async throws {
    let placed = try await self.place(records)
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      self.transactions.submit(
        TransactionQueue.Job(records: placed, offsets: offsets, check: check) { result in
          continuation.resume(with: result.map { _ in })
        })
    }
  }

  func prepare() async throws { try await self.transactions.prepare() }
  func waitForWork() { self.transactions.waitForWork() }
  func close() async { await self.transactions.close() }
}

/// Output first, then offsets, for brokers without transactions: after a crash in between, output is written again,
/// under the same ids.
struct SequentialWriter: ConsumerWriter {
  let client: KafkaClient
  let prefix: String
  let sessionTimeout: Duration
  let append: @Sendable ([NewRecord]) async throws -> Void

  func write(
    _ records: [NewRecord], offsets: [TopicPartition: Int64], _ mayWrite: @escaping @Sendable () throws -> Void
  ) async throws {
    try mayWrite()
    try await self.append(records)
    guard !offsets.isEmpty else { return }
    let deadline = ContinuousClock.now + self.sessionTimeout
    while let failure = try await self.commit(offsets, mayWrite) {
      guard failure.isGenerationStale, ContinuousClock.now < deadline else {
        throw failure.eventLogError("a commit")
      }
      // The client learns of the new generation, or that partitions are another's now, by itself.
      try await Task.sleep(for: KafkaFailure.generationPause)
    }
  }

  private func commit(
    _ offsets: [TopicPartition: Int64], _ mayWrite: @escaping @Sendable () throws -> Void
  ) async throws -> KafkaFailure? {
    let items = offsets.map { (self.prefix + $0.key.topic, $0.key.partition, Optional($0.value)) }
    return try await self.client.run { handle in
      try mayWrite()
      do {
        try withPartitionList(items) { try check(rd_kafka_commit(handle, $0, 0), ofEachIn: $0) }
        return nil
      } catch let failure as KafkaFailure {
        return failure
      }
    }
  }

  func prepare() async throws {}
  // Commits are made on the client's queue, as rebalances are.
  func waitForWork() {}
  func close() async {}
}
