import MnemeCore

/// What a projection is made for. Shards made for anything else are refused, as their vectors could not be compared.
public struct ProjectionConfiguration: Hashable, Sendable {
  /// Name of the projection, of its directory among others, and of what it is in messages: several of one generation,
  /// each in a space of its own, lie side by side.
  public var id: String
  /// The generation whose memories it holds.
  public var generation: String
  /// `EmbeddingSpace.name` of its vectors.
  public var space: String
  /// Components of each vector.
  public var dimension: Int
  /// Partitions of each topic, and so the number of shards.
  public var partitionCount: Int
  /// How much is held and done at once.
  public var bounds: Bounds

  /// How much a projection holds and does at once.
  public struct Bounds: Hashable, Sendable {
    /// Records of one topic that are folded in one transaction, at most.
    public var maxBatchRecordCount: Int
    /// Sum of their keys, values and headers, in bytes.
    public var maxBatchByteCount: Int
    /// The same while rebuilding, where nobody waits for a transaction to end.
    public var maxRebuildBatchRecordCount: Int
    /// Records of one topic that a rebuild reads and folds in one go, at most, of the several that make a transaction:
    /// what one go used is used again by the next one but one, where fresh memory would have to be zeroed first.
    public var maxRebuildReadRecordCount: Int
    /// What a reader keeps in memory of the owners searched last, in bytes.
    public var maxIndexCacheByteCount: Int
    /// Memories that a reader keeps as they were read, of the owners searched last, in bytes: about 1,500 for each.
    public var maxMemoryCacheByteCount: Int
    /// What a reader keeps in memory of tenants that were searched across their owners, in bytes: about 600 for each
    /// memory of 384 components. Half of it is the most for one tenant's share of a shard.
    public var maxTenantIndexByteCount: Int
    /// Memories that a tenant has in a shard before a reader writes what it keeps of them to a file, for the readers
    /// after it: fewer are read again as quickly.
    public var minTenantIndexFileMemoryCount: Int
    /// Memories that are ranked by all signals at least, where not all of them are: across owners, and of an owner who
    /// is too large to be kept in memory. They are the best by the signals that are their own.
    public var minCandidateCount: Int

    /// Bounds with all their parts.
    public init(
      maxBatchRecordCount: Int = 500, maxBatchByteCount: Int = 8 << 20, maxRebuildBatchRecordCount: Int = 2_500,
      maxRebuildReadRecordCount: Int = 1000, maxIndexCacheByteCount: Int = 256 << 20,
      maxMemoryCacheByteCount: Int = 16 << 20, maxTenantIndexByteCount: Int = 1 << 30,
      minTenantIndexFileMemoryCount: Int = 10_000, minCandidateCount: Int = 200
    ) {
      self.maxBatchRecordCount = maxBatchRecordCount
      self.maxBatchByteCount = maxBatchByteCount
      self.maxRebuildBatchRecordCount = maxRebuildBatchRecordCount
      self.maxRebuildReadRecordCount = maxRebuildReadRecordCount
      self.maxIndexCacheByteCount = maxIndexCacheByteCount
      self.maxMemoryCacheByteCount = maxMemoryCacheByteCount
      self.maxTenantIndexByteCount = maxTenantIndexByteCount
      self.minTenantIndexFileMemoryCount = minTenantIndexFileMemoryCount
      self.minCandidateCount = minCandidateCount
    }
  }

  /// The topic of its memories.
  public var memoriesTopic: String { Topics.memories(generation: generation) }
  /// The topic of its vectors.
  public var vectorsTopic: String { Topics.vectors(space: space, generation: generation) }

  /// A configuration with all its parts; `id` is the generation where it is not given. It names a directory: no slash,
  /// and no dot in front.
  public init(
    id: String? = nil, generation: String, space: String, dimension: Int, partitionCount: Int,
    bounds: Bounds = Bounds()
  ) {
    precondition(partitionCount > 0 && dimension > 0, "a projection has shards, and vectors have components")
    self.id = id ?? generation
    precondition(ProjectionDirectory.isName(self.id), "a projection's id names a directory")
    self.generation = generation
    self.space = space
    self.dimension = dimension
    self.partitionCount = partitionCount
    self.bounds = bounds
  }
}
