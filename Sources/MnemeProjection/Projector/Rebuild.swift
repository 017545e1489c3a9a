import EventLog
import FoundationEssentials
import GRDB
import MnemeCore
import Synchronization

/// How far a rebuild is.
public struct RebuildProgress: Hashable, Sendable {
  /// Records folded so far.
  public var recordCount: Int
  /// Records that the log held when it began, roughly: offsets may have gaps.
  public var totalRecordCount: Int
}

/// What a rebuild did.
public struct RebuildReport: Sendable {
  /// Records folded.
  public var recordCount: Int
  /// From the beginning until the last shard was switched over.
  public var elapsed: Duration
  /// The shards that were rebuilt, in order.
  public var shards: [Int]
  /// What these hold now.
  public var summary: ProjectionSummary
}

extension Projector {
  /// Shards that are folded at once, as each holds its pages in memory: more than there are processors on a small
  /// machine, where one shard waits for its reader while another one folds.
  static let maxConcurrentShardCount = 4

  /// Folds everything again into fresh shards and switches over to each when it is ready. Readers and projectors, in
  /// this
  /// process or another, go on meanwhile and notice nothing. Killed at any moment, it leaves the old shards as they
  /// were.
  /// One rebuild runs at a time; another one waits.
  /// - Parameters:
  ///   - shards: which shards, by number; nil for all of them. Others stay as they are, damaged ones too.
  ///   - progress: called after each batch; keep it short.
  /// - Throws: `ProjectionError` (`.malformedRecord`) where a record cannot be folded; `EventLogError`.
  public func rebuild(
    shards: Set<Int>? = nil, progress: @escaping @Sendable (RebuildProgress) -> Void
  ) async throws -> RebuildReport {
    let followers = self.followers().filter { shards?.contains($0.store.files.partition) ?? true }
    try ShardFiles.makeDirectory(self.shardDirectory)
    return try await FileLock.whileHeld(path: self.rebuildLockPath) {
      let begin = ContinuousClock.now
      let partitions = followers.map(\.store.files.partition)
      let counter = RebuildCounter(total: try await self.totalRecordCount(of: partitions), progress: progress)
      try await BulkAllocation.whileActive {
        try await withThrowingTaskGroup(of: Void.self) { group in
          for (index, follower) in followers.enumerated() {
            if index >= Self.maxConcurrentShardCount { try await group.next() }
            group.addTask { try await follower.rebuild(counter) }
          }
          try await group.waitForAll()
        }
      }
      let elapsed = ContinuousClock.now - begin
      self.doorbell.ring()
      let summary = try await ProjectionSummary.read(followers.map(\.store))
      return RebuildReport(
        recordCount: counter.recordCount, elapsed: elapsed, shards: partitions, summary: summary)
    }
  }

  private func totalRecordCount(of partitions: [Int]) async throws -> Int {
    var total: Int64 = 0
    for topic in [
      self.configuration.memoriesTopic, self.configuration.vectorsTopic,
    ] {
      let bounds = try await self.log.bounds(of: topic)
      for partition in partitions where bounds.indices.contains(partition) {
        total += bounds[partition].end - bounds[partition].earliest
      }
    }
    return Int(total)
  }
}

/// Adds up what concurrent shards have folded.
final class RebuildCounter: Sendable {
  private let progress: Mutex<RebuildProgress>
  private let report: @Sendable (RebuildProgress) -> Void

  init(total: Int, progress: @escaping @Sendable (RebuildProgress) -> Void) {
    self.progress = Mutex(RebuildProgress(recordCount: 0, totalRecordCount: total))
    self.report = progress
  }

  var recordCount: Int { self.progress.withLock { $0.recordCount } }

  func add(_ count: Int) {
    // Reported under the lock, so that reports never go back.
    self.progress.withLock { progress in
      progress.recordCount += count
      self.report(progress)
    }
  }
}

extension ShardFollower {
  /// Folds the partition from its beginning into a fresh database and makes that the shard.
  func rebuild(_ counter: RebuildCounter) async throws {
    try await FileLock.whileHeld(path: store.files.lockPath) { try store.files.removeStrays() }
    let name = try store.files.create()
    do {
      try await store.failing(name) { try await rebuild(into: name, counter) }
    } catch {
      if (try? store.files.currentName()) != name { store.files.remove(name) }
      throw error
    }
  }

  private func rebuild(into name: String, _ counter: RebuildCounter) async throws {
    let unshared = try store.openUnshared(name)
    let start = try await bounds(memoriesSource)
    let vectorStart = try await bounds(vectorsSource)
    try await unshared.write { [memoriesSource, vectorsSource] database in
      try Watermarks.set(database, memoriesSource, to: start.earliest)
      try Watermarks.set(database, vectorsSource, to: vectorStart.earliest)
    }
    var position = ShardPosition(memories: start.earliest, vectors: vectorStart.earliest)
    position = try await foldAll(unshared, from: position, counter)
    try unshared.close()
    // From here on it is durable, and what the log gained meanwhile is little.
    let queue = try store.openFinished(name)
    position = try await foldAll(queue, from: position, counter)
    try await FileLock.whileHeld(path: store.files.lockPath) {
      // No projector moves on now, in any process: the new shard is nowhere behind the old one.
      _ = try await foldAll(queue, from: position, counter)
      try queue.close()
      let old = try? store.files.currentName()
      try store.files.install(name)
      if let old { store.files.remove(old) }
    }
  }

  /// Folds until nothing is left that can be. The next batch is read while one is folded; several make a transaction.
  private func foldAll(
    _ queue: DatabaseQueue, from start: ShardPosition, _ counter: RebuildCounter
  ) async throws -> ShardPosition {
    let maxRecordCount = store.configuration.bounds.maxRebuildBatchRecordCount
    var position = start
    var batch = try await readStrictly(from: position)
    var waitingCount = 0
    while !batch.isEmpty || batch.hasAllVectors && !position.isVisible {
      try Task.checkCancellation()
      let current = batch
      async let next = readStrictly(from: current.end)
      waitingCount += max(current.memories.records.count, current.vectors.records.count)
      let isFull = waitingCount >= maxRecordCount
      position = try await queue.writeWithoutTransaction { database in
        if !database.isInsideTransaction { try database.beginTransaction() }
        let position = try current.apply(to: database, keepsTouched: false)
        if isFull { try database.commit() }
        return position
      }
      if isFull { waitingCount = 0 }
      counter.add(current.recordCount)
      batch = try await next
    }
    try await queue.writeWithoutTransaction { database in
      if database.isInsideTransaction { try database.commit() }
    }
    return position
  }

  private func readStrictly(from position: ShardPosition) async throws -> FoldBatch {
    let bounds = store.configuration.bounds
    let batch = try await nextBatch(
      from: position, limit: min(bounds.maxRebuildReadRecordCount, bounds.maxRebuildBatchRecordCount), keepsPace: true)
    for record in batch.memories.records + batch.vectors.records {
      guard case .unreadable(let reason) = record.content, !reason.isExpected else { continue }
      let place = record.position
      throw ProjectionError(
        .malformedRecord,
        "\(place.topicPartition.topic), partition \(place.topicPartition.partition), offset \(place.offset): "
          + "\(reason.description); the shards stay as they were")
    }
    return batch
  }
}
