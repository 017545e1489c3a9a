import FoundationEssentials
import GRDB
import MnemeCore

/// An owner's memories as searches need them: what is asked of every one of them, their vectors in codes, and where
/// each word occurs.
struct OwnerIndex: CachedIndex {
  /// What is asked of a memory before it is a hit.
  struct Entry: Sendable {
    let number: Int64
    let id: UUID
    var tokenCount: Int32
    /// Who said it: place in `actors`.
    var actor: Int32
    /// Whom it is about, likewise.
    var subject: Int32
    /// Milliseconds since 1970; `Int64.max` where it does not expire.
    var expiresAt: Int64
    /// Where it was said.
    var utterance: Utterance
    /// When it holds and was last said.
    var standing: Standing
    /// Digest of its words' keys.
    fileprivate var words: UInt64
    /// How many words its text has lost.
    fileprivate var lostWordCount: Int32
  }

  /// A memory in which a word occurs.
  struct Posting: Sendable {
    /// Place in `entries`.
    let index: Int32
    let occurrences: Int32
  }

  /// `owners.version` as of which this holds.
  private(set) var version: Int64
  /// In order of their numbers.
  private(set) var entries: [Entry] = []
  /// What each entry is, side by side: searches ask all of them, and hardly any for the rest.
  private(set) var flags: [MemoryFlags] = []
  /// No entry expires before this, in milliseconds since 1970.
  private(set) var firstExpiry = Int64.max
  /// How many words each entry has, side by side: scores of words ask for nothing else.
  private(set) var tokenCounts: [Int32] = []
  /// The share of its weight that a word has for each entry whose text has lost it, likewise.
  private(set) var lostShares: [Double] = []
  /// The day on which each entry was said, likewise; `SaidDay.never` where it exists no more.
  private(set) var days: [SaidDay] = []
  /// Where each entry's context stands: how far from it, in up to eight bytes, the first one lowest; all ones where
  /// there is more, or where it is farther away.
  private var contexts: [ContextDistances] = []
  /// Of each entry, in the same order; zeros for those without a vector.
  private(set) var vectors: VectorCodes
  /// Everybody who said something, and all whom memories are about, each once.
  private(set) var actors: [String] = []
  /// By key; entries that are gone may be among them.
  private var postings: [UInt32: [Posting]] = [:]
  private var postingCount = 0
  /// By key, the entries whose text has lost the word from what they come from; entries that are gone may be among
  /// them.
  private var losses: [UInt32: [Int32]] = [:]
  private var lossCount = 0
  /// Whether any entry is gone.
  private var hasGone = false
  /// Of the entries that do not say themselves where their context stands.
  private var longContexts: [Int32: [Int32]] = [:]
  private var actorIndices: [String: Int32] = [:]
  private var sessionIndices: [String: Int32] = [:]
  private var indexByOrdinal: [Int32] = []

  private static let columns = """
    m.memory, m.id, m.valid_to IS NULL AND m.superseded_by IS NULL, m.expires_at, \
    (SELECT v.vector FROM vectors v WHERE v.memory = m.memory), m.recipe = '\(Memory.verbatimRecipe)', m.actor, \
    m.words, m.subject, m.source_words, \(Standing.columns), \(Utterance.columns)
    """

  /// Approximate size in memory, in bytes.
  var byteCount: Int {
    vectors.byteCount + entries.count * Self.bytesPerEntry + indexByOrdinal.count * 4
      + (postings.count + losses.count + longContexts.count) * Self.bytesPerArray
      + postingCount * MemoryLayout<Posting>.stride + lossCount * MemoryLayout<Int32>.stride
  }

  /// Of all arrays that have one of each.
  private static let bytesPerEntry =
    MemoryLayout<Entry>.stride + MemoryLayout<MemoryFlags>.stride + MemoryLayout<Int32>.stride
    + MemoryLayout<Double>.stride + MemoryLayout<SaidDay>.stride + MemoryLayout<ContextDistances>.stride
  /// An array's head, and its place in the dictionary.
  private static let bytesPerArray = 64

  /// Approximate size of `owner`'s, before it is read.
  static func byteCount(_ owner: OwnerRow, dimension: Int) -> Int {
    VectorCodes.byteCount(owner.memoryCount, dimension: dimension)
      + owner.memoryCount * bytesPerEntry + owner.tokenCount * MemoryLayout<Posting>.stride
      + owner.sourceWordCount * MemoryLayout<Int32>.stride
  }

  /// Reads all of `owner`.
  init(_ database: Database, _ owner: OwnerRow, dimension: Int) throws {
    self.version = owner.version
    self.vectors = VectorCodes(dimension: dimension)
    entries.reserveCapacity(owner.memoryCount)
    flags.reserveCapacity(owner.memoryCount)
    vectors.reserveCapacity(owner.memoryCount)
    let range = Schema.memories(of: owner.number)
    let rows = try Row.fetchCursor(
      try database.cachedStatement(
        sql: """
          SELECT \(Self.columns) FROM \(Utterance.tables) WHERE m.memory BETWEEN ? AND ? ORDER BY m.memory
          """),
      arguments: [range.lowerBound, range.upperBound])
    while let row = try rows.next() { _ = try put(row) }
    for index in entries.indices { findContext(of: index) }
  }

  /// Brings this up to `owner.version`. Returns false where the changes since are not all known any more.
  mutating func update(_ database: Database, _ owner: OwnerRow) throws -> Bool {
    guard version != owner.version else { return true }
    guard version < owner.version, owner.version - version < OwnerRow.keptVersionCount / 2 else { return false }
    let touched = try Int64.fetchAll(
      try database.cachedStatement(sql: "SELECT DISTINCT memory FROM touched WHERE owner = ? AND version > ?"),
      arguments: [owner.number, version])
    let statement = try database.cachedStatement(
      sql: "SELECT \(Self.columns) FROM \(Utterance.tables) WHERE m.memory = ?")
    for number in touched.sorted() {
      if let row = try Row.fetchOne(statement, arguments: [number]) {
        guard try put(row) else { return false }
      } else if let index = index(of: number) {
        flags[index].remove(.live)
        days[index] = .never
        hasGone = true
      }
    }
    // What one entry is for another, that one is for it.
    for index in touched.compactMap({ index(of: $0) }) { findContexts(around: index) }
    version = owner.version
    return true
  }

  /// The entries that were said just before or after entry `index`, which exists.
  func context(of index: Int) -> Context {
    let distances = contexts[index]
    guard !distances.isElsewhere else {
      return Context(index: index, distances: .none, others: longContexts[Int32(index)])
    }
    return Context(index: index, distances: distances, others: nil)
  }

  /// Some entries around one.
  struct Context: Sequence, IteratorProtocol {
    fileprivate let index: Int
    fileprivate var distances: ContextDistances
    fileprivate var others: [Int32]?

    mutating func next() -> Int? { distances.next(from: index) ?? others?.popLast().map { Int($0) } }
  }

  private func lookForContext(of index: Int, _ body: (Int) -> Void) {
    Utterance.forEachContext(of: index, in: entries.indices) { other in
      flags[other].contains(.live) ? entries[other].utterance : nil
    } body: {
      body($0)
    }
  }

  private mutating func findContext(of index: Int) {
    var others: [Int] = []
    lookForContext(of: index) { others.append($0) }
    contexts[index] = ContextDistances(others, from: index)
    longContexts[Int32(index)] = contexts[index].isElsewhere ? others.map { Int32($0) } : nil
  }

  /// Of all entries for which entry `index` may be context, or in the way of it.
  private mutating func findContexts(around index: Int) {
    for step in [-1, 1] {
      var (other, seenCount) = (index, 0)
      // Those that are gone do not count for the distance either.
      while entries.indices.contains(other), seenCount <= Utterance.maxDistance + 1 {
        if flags[other].contains(.live) { seenCount += 1 }
        findContext(of: other)
        other += step
      }
    }
  }

  /// The place of memory `number`; nil where it is not here.
  func index(of number: Int64) -> Int? {
    let ordinal = Int(number & 0xffff_ffff)
    guard ordinal < indexByOrdinal.count, indexByOrdinal[ordinal] >= 0 else { return nil }
    return Int(indexByOrdinal[ordinal])
  }

  /// Where a word occurs that has those keys, one for each language, each entry once; and the entries whose text has
  /// lost it from what they come from, none of which has it under another key. In no order.
  func places(of keys: [UInt32]) -> (postings: [Posting], losses: [Int32]) {
    var (postings, losses): ([Posting], [Int32]) = ([], [])
    var foundKeyCount = 0
    for key in keys {
      let (own, lost) = (self.postings[key] ?? [], self.losses[key] ?? [])
      guard !own.isEmpty || !lost.isEmpty else { continue }
      foundKeyCount += 1
      // Nearly always there is one, which is not copied.
      if postings.isEmpty { postings = own } else { postings += own }
      if losses.isEmpty { losses = lost } else { losses += lost }
    }
    if foundKeyCount > 1, !losses.isEmpty {
      var known = Set(postings.lazy.map(\.index))
      losses = losses.filter { known.insert($0).inserted }
    }
    guard hasGone else { return (postings, losses) }
    return (
      postings.filter { flags[Int($0.index)].contains(.live) }, losses.filter { flags[Int($0)].contains(.live) }
    )
  }

  /// The cosine of each entry, by the coarse codes: of messages as they were said with `voiced`, of others with
  /// `query`. That of one without a vector says nothing.
  func cosines(_ query: VectorCodes.Query, voiced: VectorCodes.Query?) -> [Float] {
    var cosines: [Float] = []
    cosines.reserveCapacity(entries.count)
    var found = VectorCodes.BlockCosines()
    for block in 0..<vectors.blockCount {
      let start = cosines.count
      let members = flags[start..<min(start + VectorCodes.blockRowCount, flags.count)]
      guard let voiced, members.contains(where: { $0.contains(.verbatim) }) else {
        vectors.appendCosines(query, block: block, to: &cosines, through: &found)
        continue
      }
      vectors.appendCosines(voiced, block: block, to: &cosines, through: &found)
      guard members.contains(where: { !$0.contains(.verbatim) }) else { continue }
      vectors.compare(query, block: block, into: &found)
      for index in members.indices where !flags[index].contains(.verbatim) {
        cosines[index] = found.cosines[index - start]
      }
    }
    return cosines
  }

  /// The cosine of entry `index` likewise, by both codes.
  func cosine(_ query: VectorCodes.Query, voiced: VectorCodes.Query?, _ index: Int) -> Float {
    vectors.cosine(flags[index].contains(.verbatim) ? voiced ?? query : query, index)
  }

  /// Who said the memories that are messages as they were said; whom the others are about, and who said those.
  var people: (speakers: [String], others: [String]) {
    var (speaks, occurs) = (
      [Bool](repeating: false, count: actors.count), [Bool](repeating: false, count: actors.count)
    )
    for (entry, flags) in zip(entries, flags) where flags.contains(.live) {
      if flags.contains(.verbatim) {
        speaks[Int(entry.actor)] = true
      } else {
        occurs[Int(entry.actor)] = true
        occurs[Int(entry.subject)] = true
      }
    }
    func names(_ has: [Bool]) -> [String] { actors.indices.filter { has[$0] }.map { actors[$0] } }
    return (names(speaks), names(occurs))
  }

  private mutating func actorIndex(_ actor: String) -> Int32 {
    if let index = actorIndices[actor] { return index }
    actors.append(actor)
    actorIndices[actor] = Int32(actors.count - 1)
    return Int32(actors.count - 1)
  }

  private mutating func sessionIndex(_ session: String) -> Int32 {
    if let index = sessionIndices[session] { return index }
    let index = Int32(sessionIndices.count)
    sessionIndices[session] = index
    return index
  }

  /// Takes a row in. Returns false where its number is below one that is here already, though it is new: entries stand
  /// in order of their numbers.
  private mutating func put(_ row: Row) throws -> Bool {
    let vector = try Self.vector(row, at: 4, dimension: vectors.dimension)
    var words: [(key: UInt32, occurrences: Int32)] = []
    let tokenCount = try WordKeys.forEach(row, at: 7) { words.append(($0, Int32($1))) }
    let (lost, sourceLength) = try SourceWords.lost(row, source: 9, own: 7)
    let entry = Entry(
      number: row[0], id: row[1], tokenCount: Int32(tokenCount), actor: actorIndex(StoredText.decode(row[6])),
      subject: actorIndex(StoredText.decode(row[8])), expiresAt: (row[3] as Int64?) ?? .max,
      utterance: Utterance(row, at: 10 + Standing.columnCount) { sessionIndex($0) }, standing: Standing(row, at: 10),
      words: words.reduce(into: FNV1a()) { $0.add($1.key, occurrences: Int($1.occurrences)) }.value,
      lostWordCount: Int32(lost.count))
    var flags: MemoryFlags = .live
    if row[2] { flags.insert(.current) }
    if vector != nil { flags.insert(.hasVector) }
    if row[5] { flags.insert(.verbatim) }
    if entry.utterance.isAssistant { flags.insert(.saidByAssistant) }
    firstExpiry = min(firstExpiry, entry.expiresAt)
    if let index = index(of: entry.number) {
      if entries[index].words != entry.words {
        removePostings(of: index)
        addPostings(words, of: index)
      }
      replaceLosses(lost, of: index)
      entries[index] = entry
      self.flags[index] = flags
      lostShares[index] = SourceWords.share(length: sourceLength)
      tokenCounts[index] = entry.tokenCount
      days[index] = SaidDay(entry.utterance)
      vectors.replace(index, vector)
      return true
    }
    if let last = entries.last, last.number > entry.number { return false }
    let ordinal = Int(entry.number & 0xffff_ffff)
    if ordinal >= indexByOrdinal.count {
      indexByOrdinal.append(contentsOf: repeatElement(-1, count: ordinal + 1 - indexByOrdinal.count))
    }
    indexByOrdinal[ordinal] = Int32(entries.count)
    entries.append(entry)
    self.flags.append(flags)
    lostShares.append(SourceWords.share(length: sourceLength))
    tokenCounts.append(entry.tokenCount)
    days.append(SaidDay(entry.utterance))
    contexts.append(.none)
    vectors.append(vector)
    addPostings(words, of: entries.count - 1)
    addLosses(lost, of: entries.count - 1)
    return true
  }

  private mutating func addLosses(_ keys: [UInt32], of index: Int) {
    for key in keys { losses[key, default: []].append(Int32(index)) }
    lossCount += keys.count
  }

  /// Sets what the text of entry `index` has lost. A memory that is said again comes from more than before, mostly:
  /// then there is nothing to be looked for but what is new.
  private mutating func replaceLosses(_ keys: [UInt32], of index: Int) {
    let new = keys.filter { losses[$0]?.contains(Int32(index)) != true }
    if keys.count - new.count == entries[index].lostWordCount { return addLosses(new, of: index) }
    for key in losses.keys {
      guard let place = losses[key]?.firstIndex(of: Int32(index)) else { continue }
      losses[key]?.remove(at: place)
      lossCount -= 1
    }
    addLosses(keys, of: index)
  }

  private mutating func addPostings(_ words: [(key: UInt32, occurrences: Int32)], of index: Int) {
    for word in words {
      postings[word.key, default: []].append(Posting(index: Int32(index), occurrences: word.occurrences))
    }
    postingCount += words.count
  }

  /// Words hardly ever change, so that nobody remembers which they were.
  private mutating func removePostings(of index: Int) {
    for key in postings.keys {
      guard let place = postings[key]?.firstIndex(where: { $0.index == Int32(index) }) else { continue }
      postings[key]?.remove(at: place)
      postingCount -= 1
    }
  }

  /// The vector in a column; nil where there is none.
  static func vector(_ row: Row, at index: Int, dimension: Int) throws -> [Float]? {
    try row.withUnsafeData(atIndex: index) { data in
      guard let data else { return nil }
      guard let vector = VectorCoding.decode(data), vector.count == dimension else { throw MemoryRow.damaged }
      return vector
    }
  }
}
