import EventLog
import GRDB
import Logging
import MnemeCore

/// Folds one partition of the two topics into its shard, as the log grows.
struct ShardFollower: Sendable {
  let store: ShardStore
  let log: any EventLog
  let reader: FoldRecordReader
  let doorbell: Doorbell
  let logger: Logger

  /// How long one wait for records lasts at most; then the shard's place is looked at again.
  static let waitTimeout = Duration.seconds(1)
  /// Pause after the first of several failures in a row; it doubles up to `maxRetryDelay`.
  static let initialRetryDelay = Duration.milliseconds(100)
  static let maxRetryDelay = Duration.seconds(10)
  /// How often a damaged shard is looked at.
  static let repairInterval = Duration.milliseconds(200)

  private var configuration: ProjectionConfiguration { store.configuration }
  private var partition: Int { store.files.partition }
  var memoriesSource: TopicPartition {
    TopicPartition(configuration.memoriesTopic, partition)
  }
  var vectorsSource: TopicPartition { TopicPartition(configuration.vectorsTopic, partition) }

  /// Folds for ever. Failures that may pass are tried again, for ever; others end it.
  func follow() async throws {
    var connection: ShardConnection?
    var position: ShardPosition?
    var delay = Self.initialRetryDelay
    while true {
      try Task.checkCancellation()
      do {
        var current = if let position { position } else { try await start(&connection) }
        let isIdle = try await fold(&connection, &current)
        position = current
        delay = Self.initialRetryDelay
        if isIdle { try await waitForRecords(current) }
      } catch is FoldOutOfPlace {
        position = nil
      } catch {
        try Task.checkCancellation()
        if (error as? ProjectionError)?.code == .corrupt {
          position = nil
          connection = nil
          try await waitForRepair(error)
          continue
        }
        guard Self.isRetriable(error) else { throw error }
        logger.warning(
          "folding is interrupted and tried again",
          metadata: ["shard": "\(store.files.linkPath)", "delay": "\(delay)", "error": "\(error)"])
        // What failed may have closed or replaced the database: begin from what is stored.
        position = nil
        connection = nil
        try await Task.sleep(for: delay)
        delay = min(delay * 2, Self.maxRetryDelay)
      }
    }
  }

  /// Returns once a damaged database is no longer the current one. The other shards are folded meanwhile.
  private func waitForRepair(_ error: any Error) async throws {
    let damaged = try? store.files.currentName()
    logger.error(
      "a shard is damaged and not folded until it is rebuilt",
      metadata: ["shard": "\(store.files.partition)", "error": "\(error)"])
    while (try? store.files.currentName()) == damaged { try await Task.sleep(for: Self.repairInterval) }
  }

  /// Folds what the log holds now.
  func catchUp() async throws {
    var connection: ShardConnection?
    let ends = ShardPosition(
      memories: try await bounds(memoriesSource).end, vectors: try await bounds(vectorsSource).end)
    var position = try await start(&connection)
    while position.memories < ends.memories || position.vectors < ends.vectors || !position.isVisible {
      try Task.checkCancellation()
      do {
        let isIdle = try await fold(&connection, &position)
        // Offsets may have gaps before the end, where transactions left their marks; and memories may wait for
        // vectors that the log does not hold yet.
        if isIdle { return }
      } catch is FoldOutOfPlace {
        position = try await start(&connection)
      }
    }
  }

  static func isRetriable(_ error: any Error) -> Bool {
    switch error {
    case let error as ProjectionError: error.isRetriable
    case let error as EventLogError: error.isRetriable
    default: false
    }
  }

  /// Where the shard stands; where it is new, the earliest record that the log holds.
  func start(_ connection: inout ShardConnection?) async throws -> ShardPosition {
    let (memoriesSource, vectorsSource) = (memoriesSource, vectorsSource)
    // First how far the shard is, then how far the log goes: other processes may move both on meanwhile.
    let before = try await store.write(&connection) { database in
      [try Watermarks.next(database, memoriesSource), try Watermarks.next(database, vectorsSource)]
    }
    let bounds = [try await bounds(memoriesSource), try await bounds(vectorsSource)]
    for (index, source) in [memoriesSource, vectorsSource].enumerated() {
      if let stored = before[index] { try Self.check(stored, of: source, within: bounds[index]) }
    }
    let logger = self.logger
    return try await store.write(&connection) { database in
      ShardPosition(
        memories: try Self.start(database, memoriesSource, bounds[0], logger),
        vectors: try Self.start(database, vectorsSource, bounds[1], logger),
        mark: try Watermarks.mark(database))
    }
  }

  /// - Throws: `ProjectionError` (`.mismatch`) where a shard has folded more than the log has.
  private static func check(_ stored: Int64, of source: TopicPartition, within bounds: OffsetBounds) throws {
    guard stored > bounds.end else { return }
    throw ProjectionError(
      .mismatch,
      "the projection has folded \(source) up to \(stored), the log ends at \(bounds.end); "
        + "run 'mneme replay rebuild' if the log is the right one")
  }

  static func start(
    _ database: Database, _ source: TopicPartition, _ bounds: OffsetBounds, _ logger: Logger
  ) throws -> Int64 {
    let stored = try Watermarks.next(database, source)
    if let stored {
      if stored >= bounds.earliest { return stored }
      logger.error(
        "records went from the log before they were folded",
        metadata: ["partition": "\(source)", "from": "\(stored)", "to": "\(bounds.earliest)"])
    }
    try Watermarks.set(database, source, to: bounds.earliest)
    return bounds.earliest
  }

  func bounds(_ source: TopicPartition) async throws -> OffsetBounds {
    let all = try await log.bounds(of: source.topic)
    guard all.indices.contains(source.partition) else {
      throw ProjectionError(
        .mismatch, "topic \(source.topic) has \(all.count) partitions, the projection \(configuration.partitionCount)")
    }
    return all[source.partition]
  }

  /// Folds the next records. Returns whether there were none.
  private func fold(_ connection: inout ShardConnection?, _ position: inout ShardPosition) async throws -> Bool {
    let batch = try await nextBatch(
      from: position, limit: configuration.bounds.maxBatchRecordCount)
    // A full batch cannot tell whether it is the last one: an empty one says so afterwards.
    guard !batch.isEmpty || batch.hasAllVectors && !position.isVisible else {
      position.isHeldBack = batch.isHeldBack
      return true
    }
    warn(of: batch)
    position = try await store.write(&connection) { try batch.apply(to: $0, keepsTouched: true) }
    doorbell.ring()
    return batch.isEmpty
  }

  private func warn(of batch: FoldBatch) {
    for record in batch.memories.records + batch.vectors.records {
      guard case .unreadable(let reason) = record.content else { continue }
      logger.warning(
        "a record is left out of the projection",
        metadata: [
          "projection": "\(configuration.id)", "partition": "\(record.position.topicPartition)",
          "offset": "\(record.position.offset)", "code": "\(reason.code)", "reason": "\(reason.description)",
        ])
    }
  }

  /// Returns once one of the topics may have more that can be folded, or after `waitTimeout`.
  private func waitForRecords(_ position: ShardPosition) async throws {
    var awaited = [(vectorsSource, position.vectors)]
    // The next memories record is there already where it waits for its vectors.
    if !position.isHeldBack { awaited.append((memoriesSource, position.memories)) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (source, offset) in awaited {
        group.addTask { try await log.waitForRecords(source, from: offset, timeout: Self.waitTimeout) }
      }
      try await group.next()
      group.cancelAll()
    }
  }
}
