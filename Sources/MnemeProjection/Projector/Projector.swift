public import EventLog
public import Logging
import MnemeCore
public import ServiceLifecycle

/// Folds memory events and vectors into shards, one per partition.
///
/// Several processes may fold the same shards: each transaction begins where the shard stands.
public final class Projector: Service {
  let configuration: ProjectionConfiguration
  let log: any EventLog
  let logger: Logger
  let doorbell = Doorbell()
  private let directory: String
  private let reader: FoldRecordReader

  /// A projector of the shards under `directory`, which is made where it is missing; nothing runs yet.
  /// `codec` opens what owners' keys have sealed.
  /// - Throws: `ProjectionError` (`.readOnly`) where the directory cannot be made.
  public init(
    directory: String, configuration: ProjectionConfiguration, log: any EventLog, logger: Logger,
    codec: EventRecordCodec = EventRecordCodec()
  ) throws {
    self.directory = ProjectionDirectory.path(directory, configuration)
    self.configuration = configuration
    self.log = log
    self.logger = logger
    self.reader = FoldRecordReader(configuration: configuration, codec: codec)
    try ShardFiles.makeDirectory(self.directory)
  }

  /// Makes the shards that are missing, empty: readers of a new projection find nothing in it, rather than find that it
  /// does not exist.
  /// - Throws: `ProjectionError`.
  public func makeMissingShards() async throws {
    for follower in self.followers() where try follower.store.files.currentName() == nil {
      var connection: ShardConnection?
      try await follower.store.write(&connection) { _ in }
    }
  }

  /// Folds every partition until cancelled or asked to shut down. What fails and may pass is tried again, for ever.
  /// - Throws: `ProjectionError` or `EventLogError` that no repetition mends.
  public func run() async throws {
    try await cancelWhenGracefulShutdown {
      do {
        try await self.removeStrays()
        try await withThrowingTaskGroup(of: Void.self) { group in
          for follower in self.followers() { group.addTask { try await follower.follow() } }
          try await group.waitForAll()
        }
      } catch is CancellationError {
        // Asked to stop: every transaction is whole.
      }
    }
  }

  /// Folds what the log holds now, then returns.
  /// - Throws: `ProjectionError`, `EventLogError`.
  public func catchUp() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for follower in self.followers() { group.addTask { try await follower.catchUp() } }
      try await group.waitForAll()
    }
  }

  func followers() -> [ShardFollower] {
    (0..<self.configuration.partitionCount).map { partition in
      ShardFollower(
        store: ShardStore(
          files: ShardFiles(directory: self.directory, partition: partition), configuration: self.configuration),
        log: self.log, reader: self.reader, doorbell: self.doorbell, logger: self.logger)
    }
  }

  var rebuildLockPath: String { ProjectionDirectory.rebuildLock(self.directory) }
  var shardDirectory: String { self.directory }

  /// Removes what killed rebuilds left, unless one is under way.
  func removeStrays() async throws {
    guard let lock = try FileLock.attempt(path: self.rebuildLockPath) else { return }
    for follower in self.followers() {
      let files = follower.store.files
      try await FileLock.whileHeld(path: files.lockPath) { try files.removeStrays() }
    }
    _ = consume lock
  }
}
