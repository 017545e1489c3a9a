import EventLog
import FoundationEssentials
import GRDB
import Logging
import MnemeCore

/// Folds a shard afresh into a file that nobody else sees, up to where the shard stands.
struct ShardRefold {
  let directory: String
  let configuration: ProjectionConfiguration
  let log: any EventLog
  let reader: FoldRecordReader

  /// What the log gives for shard `partition` up to `watermarks`.
  func summary(of partition: Int, upTo watermarks: [TopicOffset]) async throws -> ProjectionSummary {
    let scratch = "\(directory)/.verify-\(ShardFiles.randomDigits())"
    try ShardFiles.makeDirectory(scratch)
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    let store = ShardStore(
      files: ShardFiles(directory: scratch, partition: partition), configuration: configuration)
    let follower = ShardFollower(
      store: store, log: log, reader: reader, doorbell: Doorbell(), logger: Logger(label: "mneme-verify"))
    let name = try store.files.create()
    return try await store.failing(name) {
      let queue = try store.openUnshared(name)
      try await fold(follower, queue, upTo: watermarks)
      let summary = try await queue.read { try ProjectionSummary.scan($0) }
      try queue.close()
      return summary
    }
  }

  private func fold(_ follower: ShardFollower, _ queue: DatabaseQueue, upTo watermarks: [TopicOffset]) async throws {
    func end(_ source: TopicPartition) -> Int64 {
      watermarks.first { $0.topic == source.topic && $0.partition == source.partition }?.next ?? 0
    }
    let sources = (memories: follower.memoriesSource, vectors: follower.vectorsSource)
    let ends = (memories: end(sources.memories), vectors: end(sources.vectors))
    let starts = (
      memories: try await follower.bounds(sources.memories).earliest,
      vectors: try await follower.bounds(sources.vectors).earliest
    )
    try await queue.write { database in
      try Watermarks.set(database, sources.memories, to: starts.memories)
      try Watermarks.set(database, sources.vectors, to: starts.vectors)
    }
    var position = ShardPosition(memories: starts.memories, vectors: starts.vectors)
    while position.memories < ends.memories || position.vectors < ends.vectors {
      let batch = try await follower.nextBatch(
        from: position, limit: configuration.bounds.maxRebuildBatchRecordCount
      ).cut(memories: ends.memories, vectors: ends.vectors)
      // Offsets may have gaps before the end, where transactions left their marks.
      guard !batch.isEmpty else { return }
      position = try await queue.write { try batch.apply(to: $0, keepsTouched: false) }
    }
  }
}

extension FoldBatch {
  /// The records below these offsets.
  fileprivate func cut(memories end: Int64, vectors vectorsEnd: Int64) -> FoldBatch {
    func cut(_ slice: FoldSlice, _ end: Int64) -> FoldSlice {
      FoldSlice(
        source: slice.source, from: slice.from, records: slice.records.filter { $0.position.offset < end })
    }
    return FoldBatch(
      memories: cut(memories, end), vectors: cut(vectors, vectorsEnd), hasAllVectors: hasAllVectors, mark: mark,
      isHeldBack: isHeldBack)
  }
}
