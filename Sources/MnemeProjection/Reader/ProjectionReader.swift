import FoundationEssentials
import GRDB
public import MnemeCore

/// Reads a projection's shards, also while another process folds or rebuilds them.
///
/// Every read is on a snapshot of its shard. What asks for one user touches one shard; anything else touches all of
/// them.
public final class ProjectionReader: MemoryReader {
  let shards: [ShardReader]
  let configuration: ProjectionConfiguration
  let ownerIndexes: IndexCache<OwnerIndex>
  let ownerReads: OwnerReads
  let tenantIndexes: IndexCache<TenantIndex>
  let tenantShares = TenantShares()
  let tenantIndexFiles: TenantIndexFiles
  private let doorbell: Doorbell?

  /// How often a shard is looked at while a position is waited for, where another process folds it.
  static let pollInterval = Duration.milliseconds(10)
  /// The same, where the projector of this process rings.
  static let doorbellTimeout = Duration.milliseconds(200)
  /// How long a shard is waited for that the projector of this process has not made yet.
  static let startTimeout = Duration.seconds(30)

  /// A reader of the shards under `directory`. Nothing is opened before it is read. `projector` is the one that folds
  /// them in this
  /// process, if it does: it tells at once what it has folded.
  public init(directory: String, configuration: ProjectionConfiguration, projector: Projector? = nil) throws {
    let directory = ProjectionDirectory.path(directory, configuration)
    self.configuration = configuration
    self.shards = (0..<configuration.partitionCount).map { partition in
      ShardReader(files: ShardFiles(directory: directory, partition: partition), configuration: configuration)
    }
    self.ownerIndexes = IndexCache(maxByteCount: configuration.bounds.maxIndexCacheByteCount)
    self.ownerReads = OwnerReads(maxByteCount: configuration.bounds.maxMemoryCacheByteCount)
    self.tenantIndexFiles = TenantIndexFiles(
      projection: directory, minMemoryCount: configuration.bounds.minTenantIndexFileMemoryCount)
    self.tenantIndexes = IndexCache(
      maxByteCount: configuration.bounds.maxTenantIndexByteCount, files: self.tenantIndexFiles)
    self.doorbell = projector?.doorbell
  }

  /// Reads one shard; one that the projector of this process is about to make is waited for.
  func read<Value: Sendable>(
    _ shard: ShardReader, _ body: @escaping @Sendable (Database, String) throws -> Value
  ) async throws -> Value {
    let deadline = ContinuousClock.now + Self.startTimeout
    while true {
      do {
        return try await shard.read(body)
      } catch let error as ProjectionError
        where error.code == .missing && self.doorbell != nil && ContinuousClock.now < deadline
      {
        try await Task.sleep(for: Self.pollInterval)
      }
    }
  }

  /// The shards that may hold what a query is about.
  func shards(for query: MemoryQuery) -> [ShardReader] {
    guard let owner = query.owner else { return self.shards }
    return [self.shards[Partitioner.partition(key: owner.bytes, count: self.shards.count)]]
  }

  /// As `MemoryReader` has it.
  public func wait(forTurnsPartition partition: Int, offset: Int64, timeout: Duration) async throws -> Bool {
    guard self.shards.indices.contains(partition) else { return false }
    let deadline = ContinuousClock.now + timeout
    while true {
      // Listening begins before looking: what is folded in between rings. A stream ends with a wait that is given up.
      let rings = self.doorbell?.rings()
      if try await self.isFolded(partition, offset) { return true }
      let left = deadline - ContinuousClock.now
      guard left > .zero else { return false }
      if let rings {
        // Another process may fold too, and rings nowhere: look by oneself now and then.
        await Self.next(of: rings, timeout: min(left, Self.doorbellTimeout))
        try Task.checkCancellation()
      } else {
        try await Task.sleep(for: min(left, Self.pollInterval))
      }
    }
  }

  private func isFolded(_ partition: Int, _ offset: Int64) async throws -> Bool {
    do {
      let visible = try await self.shards[partition].read { try Watermarks.visibleTurn($0, partition: partition) }
      return visible.map { $0 >= offset } ?? false
    } catch let error as ProjectionError where error.code == .missing {
      return false
    }
  }

  private static func next(of rings: AsyncStream<Void>, timeout: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        var iterator = rings.makeAsyncIterator()
        _ = await iterator.next()
      }
      group.addTask { try? await Task.sleep(for: timeout) }
      await group.next()
      group.cancelAll()
    }
  }

  /// As `MemoryReader` has it. A shard that does not exist has folded nothing.
  public func watermarks() async throws -> [TopicOffset] {
    var offsets: [TopicOffset] = []
    for shard in self.shards {
      do {
        offsets += try await shard.read(Watermarks.all)
      } catch let error as ProjectionError where error.code == .missing {
        continue
      }
    }
    return offsets.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
  }

  /// As `MemoryReader` has it; the first `OwnerPeople.maxCount` speakers and others in order of their names.
  public func people(of owner: OwnerKey) async throws -> OwnerPeople {
    let (cache, reads) = (self.ownerIndexes, self.ownerReads)
    let dimension = self.configuration.dimension
    let shard = self.shards[Partitioner.partition(key: owner.bytes, count: self.shards.count)]
    return try await self.read(shard) { database, name in
      guard let row = try OwnerRow.fetch(database, owner) else { return OwnerPeople() }
      return try reads.people(of: row, database: name) {
        try OwnerPeople.fetch(
          database, row, try cache.index(database, name: name, owner: row, dimension: dimension))
      }
    }
  }

  /// As `MemoryReader` has it.
  public func summary() async throws -> ProjectionSummary {
    try await ProjectionSummary.read(self.shards)
  }
}

extension OwnerPeople {
  /// Speakers, and others, of one owner that are told, at most.
  static let maxCount = 256

  /// The people of `owner`; all but names from `index`, where there is one.
  static func fetch(_ database: Database, _ owner: OwnerRow, _ index: OwnerIndex?) throws -> OwnerPeople {
    let range = Schema.memories(of: owner.number)
    let names = try String.fetchAll(
      try database.cachedStatement(
        sql: """
          SELECT value FROM memories WHERE attribute = 'name' AND memory BETWEEN ? AND ? AND subject = 'user'
            AND value IS NOT NULL AND valid_to IS NULL AND superseded_by IS NULL
          """), arguments: [range.lowerBound, range.upperBound])
    let (speakers, others) = try index?.people ?? people(database, range)
    return OwnerPeople(
      names: names.map(StoredText.decode), speakers: Array(speakers.sorted().prefix(maxCount)),
      others: Array(others.sorted().prefix(maxCount)))
  }

  private static func people(
    _ database: Database, _ range: ClosedRange<Int64>
  ) throws -> (speakers: [String], others: [String]) {
    func names(_ selects: String) throws -> [String] {
      try String.fetchAll(
        try database.cachedStatement(sql: selects),
        arguments: ["first": range.lowerBound, "last": range.upperBound, "recipe": Memory.verbatimRecipe]
      ).map(StoredText.decode)
    }
    return (
      try names("SELECT DISTINCT actor FROM memories WHERE memory BETWEEN :first AND :last AND recipe = :recipe"),
      try names(
        """
        SELECT actor FROM memories WHERE memory BETWEEN :first AND :last AND recipe <> :recipe
        UNION SELECT subject FROM memories WHERE memory BETWEEN :first AND :last AND recipe <> :recipe
        """)
    )
  }
}
