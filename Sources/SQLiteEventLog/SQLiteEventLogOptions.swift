import FoundationEssentials

extension SQLiteEventLog {
  /// Bounds and intervals.
  public struct Options: Sendable {
    /// Largest record: key, value and headers together, in bytes.
    public var maxRecordByteCount = 16 << 20
    /// Appends and commits that wait for the disk, at most.
    public var maxWaitingAppendCount = 10_000
    /// Their records together, in bytes.
    public var maxWaitingAppendByteCount = 256 << 20
    /// Reads at the same time; more of them wait.
    public var maxReaderCount = 8
    /// How long a member of a consumer group may be silent before its partitions go to others.
    /// Members say that they live three times in that.
    public var memberLease: Duration = .seconds(10)
    /// How often the file is checked for what other processes appended, while somebody waits.
    public var externalCheckInterval: Duration = .milliseconds(20)
    /// How long a change waits for another process's change.
    public var busyTimeout: Duration = .seconds(30)
    /// Size of the write-ahead log, in bytes, at which it is begun anew even if readers have to wait for that.
    public var maxWriteAheadByteCount = 64 << 20
    /// Largest size of the file in pages of 4096 bytes; nil for no limit but the disk's.
    public var maxPageCount: Int?
    /// The wall clock, in milliseconds since 1970, UTC.
    public var nowMilliseconds: @Sendable () -> Int64 = {
      Int64((Date().timeIntervalSince1970 * 1000).rounded(.down))
    }

    /// The defaults.
    public init() {}
  }
}
