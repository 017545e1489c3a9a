import MnemeCore

extension TenantIndex {
  /// What a file is the index of, and how it is written. A file that says anything else is not read.
  struct FileIdentity: Sendable {
    /// "mneme-ix": bytes in the order of another processor do not read so.
    static let magic: UInt64 = 0x7869_2d65_6d65_6e6d

    /// Rises with every change of what is written.
    var formatVersion = 4
    /// What the rows meant that it was made from.
    var schemaVersion = Schema.version
    /// Bytes of an entry.
    var entryByteCount = MemoryLayout<Entry>.stride
    /// Name of the database; no other one ever has it.
    var database: String
    /// The tenant's number there.
    var tenant: Int64
    /// Components of a vector.
    var dimension: Int

    fileprivate var words: [UInt64] {
      [
        Self.magic, UInt64(formatVersion), UInt64(schemaVersion), UInt64(entryByteCount),
        UInt64(bitPattern: tenant), UInt64(dimension), UInt64(database.utf8.count),
      ]
    }
  }

  /// What follows the identity: version, the error of the codes, and how many entries, keys, postings and owners; then
  /// keys and postings of words that texts have lost.
  private static let sizeWordCount = 8

  /// Writes an index that is all base.
  /// - Throws: `UnusableIndexFile`.
  func write(_ identity: FileIdentity, to file: inout IndexFileWriter) throws {
    try file.write(identity.words)
    try file.write(Array(identity.database.utf8))
    try file.write([
      UInt64(bitPattern: version), UInt64(vectors.maxError.bitPattern), UInt64(entries.count),
      UInt64(base.keys.count), UInt64(base.postings.count), UInt64(ownerVersions.count),
      UInt64(lostBase.keys.count), UInt64(lostBase.postings.count),
    ])
    try file.write(ownerVersions.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
    try file.write(entries)
    try file.write(contexts)
    try file.write(vectors.scales)
    for table in [base, lostBase] {
      try file.write(table.keys)
      try file.write(table.starts)
      try file.write(table.postings)
    }
    for number in 0..<vectors.blockCount { try file.write(vectors.coarseBytes(block: number)) }
  }

  /// Reads an index.
  /// - Throws: `UnusableIndexFile` where the file is of anything but `identity`, or damaged.
  init(_ identity: FileIdentity, from file: inout IndexFileReader) throws {
    let head = identity.words
    guard try file.read(head.count) == head,
      try file.read(identity.database.utf8.count) == Array(identity.database.utf8)
    else { throw UnusableIndexFile() }
    let sizes: [UInt64] = try file.read(Self.sizeWordCount)
    let counts = sizes[2...].compactMap { Int(exactly: $0) }
    // Bounded by what can be; whether there is as much is seen before it is read.
    guard counts.count == sizes.count - 2, counts.allSatisfy({ $0 < Int(UInt32.max) }),
      counts[0] <= PostingTable.Posting.maxPlace
    else { throw UnusableIndexFile() }
    let owners: [Int64] = try file.read(2 * counts[3])
    let entries: [Entry] = try file.read(counts[0])
    let contexts: [ContextDistances] = try file.read(counts[0])
    let scales: [Float] = try file.read(counts[0])
    let words = try Self.table(&file, keyCount: counts[1], postingCount: counts[2], placeCount: entries.count)
    let lostWords = try Self.table(&file, keyCount: counts[4], postingCount: counts[5], placeCount: entries.count)
    let vectors = try VectorCodes(
      dimension: identity.dimension, scales: scales, maxError: Float(bitPattern: UInt32(truncatingIfNeeded: sizes[1]))
    ) { try file.read($0) }
    try file.finish()
    // Whoever wrote it, no search runs out of bounds.
    guard Self.isBase(entries), zip(entries.indices, contexts).allSatisfy({ $1.isWithin(entries.indices, from: $0) })
    else { throw UnusableIndexFile() }
    var ownerVersions: [Int64: Int64] = [:]
    ownerVersions.reserveCapacity(counts[3])
    for index in stride(from: 0, to: owners.count, by: 2) { ownerVersions[owners[index]] = owners[index + 1] }
    self.init(
      version: Int64(bitPattern: sizes[0]), entries: entries, vectors: vectors, words: words, lostWords: lostWords,
      ownerVersions: ownerVersions, contexts: contexts)
  }

  private static func table(
    _ file: inout IndexFileReader, keyCount: Int, postingCount: Int, placeCount: Int
  ) throws -> PostingTable {
    let keys: [UInt32] = try file.read(keyCount)
    let starts: [UInt32] = try file.read(keyCount + 1)
    let postings: [PostingTable.Posting] = try file.read(postingCount)
    guard let table = PostingTable(keys: keys, starts: starts, postings: postings, placeCount: placeCount) else {
      throw UnusableIndexFile()
    }
    return table
  }

  private static func isBase(_ entries: [Entry]) -> Bool {
    var last = Int64.min
    for entry in entries {
      guard entry.number > last, entry.flags.contains(.live), entry.tokenCount >= 0 else { return false }
      last = entry.number
    }
    return true
  }
}
