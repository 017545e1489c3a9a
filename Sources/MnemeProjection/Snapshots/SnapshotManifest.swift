/// What a snapshot holds: the first thing in its file.
public struct SnapshotManifest: Hashable, Sendable, Codable {
  /// One shard.
  public struct Shard: Hashable, Sendable, Codable {
    /// Its number.
    public var partition: Int
    /// Bytes of its database.
    public var byteCount: Int
    /// SHA-256 of these, hexadecimal.
    public var checksum: String
    /// Content digest of its memories.
    public var digest: String
    /// How many memories it has.
    public var memoryCount: Int
    /// How far its topics are folded.
    public var watermarks: [Watermark]
  }

  /// How far a topic is folded.
  public struct Watermark: Hashable, Sendable, Codable {
    /// The topic.
    public var topic: String
    /// Next offset to fold.
    public var next: Int64
  }

  /// The generation whose memories it holds.
  public var generation: String
  /// The embedding space of its vectors.
  public var space: String
  /// Components of each vector.
  public var dimension: Int
  /// Partitions of each topic.
  public var partitionCount: Int
  /// Shape of the tables.
  public var schemaVersion: Int
  /// Content digest of all shards.
  public var digest: String
  /// The shards, in order; their databases follow in this order.
  public var shards: [Shard]
}
