import EventLog

extension ShardFollower {
  /// Reads up to `limit` records of each topic. The vectors come second: those of the memories stand in the log by
  /// then. Memories end before the first one whose vectors are still to come.
  /// `keepsPace`: vectors do not run ahead of the memories, of which some have none: those of memories that nobody has
  /// named yet are written twice.
  func nextBatch(from position: ShardPosition, limit: Int, keepsPace: Bool = false) async throws -> FoldBatch {
    var readLimit = ReadLimit(
      maxRecordCount: limit, maxByteCount: store.configuration.bounds.maxBatchByteCount)
    var memoriesLimit = readLimit
    if position.isHeldBack {
      // Those below the mark can be folded, and the next one may be; further ones would be read in vain each time that
      // vectors come.
      memoriesLimit.maxRecordCount = Int(min(Int64(limit), max(0, position.mark - position.memories) + 1))
    }
    let memories = try await log.read(memoriesSource, from: position.memories, limit: memoriesLimit)
    let read = memories.map(reader.read)
    if keepsPace, !position.isHeldBack, !read.isEmpty {
      readLimit.maxRecordCount = max(1, read.count(where: \.bringsText))
    }
    let (vectors, hasAll) = try await readVectors(from: position.vectors, limit: readLimit)
    let vectorsSlice = FoldSlice(source: vectorsSource, from: position.vectors, records: vectors.map(reader.read))
    let mark = vectorsSlice.records.reduce(position.mark) { max($0, $1.memoriesNext ?? 0) }
    let folded = read.firstIndex { !canFold($0, mark: mark) }.map { Array(read[..<$0]) } ?? read
    let isHeldBack =
      folded.count < read.count
      || position.isHeldBack && read.last.map { $0.position.offset < mark } ?? false
    return FoldBatch(
      memories: FoldSlice(source: memoriesSource, from: position.memories, records: folded),
      vectors: vectorsSlice, hasAllVectors: hasAll, mark: mark, isHeldBack: isHeldBack)
  }

  /// Whether the vectors of a memories record came with it, or are among those that were read.
  private func canFold(_ record: FoldRecord, mark: Int64) -> Bool {
    record.space == nil || record.space == store.configuration.space || record.position.offset < mark
  }

  /// Up to `limit` vectors records, or somewhat more; and whether no further one was there.
  private func readVectors(from start: Int64, limit: ReadLimit) async throws -> ([LogRecord], hasAll: Bool) {
    var records: [LogRecord] = []
    var byteCount = 0
    var next = start
    while records.count < limit.maxRecordCount, byteCount < limit.maxByteCount {
      let more = try await log.read(vectorsSource, from: next, limit: limit)
      guard let last = more.last else { return (records, true) }
      records += more
      byteCount += more.reduce(0) { $0 + $1.value.count }
      next = last.position.offset + 1
    }
    return (records, false)
  }
}
