import FoundationEssentials
import GRDB
import MnemeCore

/// The memories of all owners of a tenant in one shard, as searches across owners need them: what is asked of each of
/// them, the coarse codes of their vectors, and where each word occurs.
///
/// What was read at once is the base: in order of numbers, its words in one table. What comes later stands behind it,
/// in the order in which it came; a memory whose words change comes once more, and its old place stays empty.
///
/// It outlives its reader in a file (`TenantIndexFiles`), which holds hashes of words and coarse codes of vectors, no
/// text. Erasing an owner has to remove the files of its tenant too (`TenantIndexFiles.remove(tenant:database:)`).
struct TenantIndex: CachedIndex {
  /// What is asked of a memory: integers alone, without room between them, so that many are written and read at once
  /// and any bytes are one.
  struct Entry: Sendable, BitwiseCopyable {
    let number: Int64
    private let idHead: UInt64
    private let idTail: UInt64
    /// Milliseconds since 1970; `Int64.max` where it does not expire.
    let expiresAt: Int64
    private let utterancePlace: UInt64
    private let utteranceTime: Int64
    private let validFrom: Int64
    private let validTo: Int64
    private let lastSaidAt: Int64
    /// Digest of its words' keys.
    fileprivate let words: UInt64
    var flags: MemoryFlags
    let tokenCount: Int32
    /// Who said it: hash of the name.
    let actor: UInt32
    /// Whom it is about, likewise.
    let subject: UInt32
    private let session: Int32
    private let strength: Int32

    init(
      number: Int64, id: UUID, flags: MemoryFlags, tokenCount: Int32, expiresAt: Int64, actor: UInt32, subject: UInt32,
      utterance: Utterance, standing: Standing, words: UInt64
    ) {
      self.number = number
      // Both are 16 bytes.
      (idHead, idTail) = unsafe unsafeBitCast(id.uuid, to: (UInt64, UInt64).self)
      self.expiresAt = expiresAt
      utterancePlace = utterance.place
      utteranceTime = utterance.at
      self.words = words
      self.flags = utterance.isAssistant ? flags.union(.saidByAssistant) : flags
      self.tokenCount = tokenCount
      self.actor = actor
      self.subject = subject
      session = utterance.session
      validFrom = standing.validFrom
      validTo = standing.validTo
      lastSaidAt = standing.lastSaidAt
      strength = standing.strength
    }

    var id: UUID { UUID(uuid: unsafe unsafeBitCast((idHead, idTail), to: uuid_t.self)) }

    var utterance: Utterance {
      Utterance(
        session: session, place: utterancePlace, at: utteranceTime, isAssistant: flags.contains(.saidByAssistant))
    }

    var standing: Standing {
      Standing(
        validFrom: validFrom, validTo: validTo, lastSaidAt: lastSaidAt, strength: strength)
    }
  }

  private(set) var version: Int64
  private(set) var entries: [Entry] = []
  /// How many words each entry has, side by side: scores of words ask for nothing else.
  private(set) var tokenCounts: [Int32] = []
  /// The day on which each entry was said, likewise.
  private(set) var days: [SaidDay] = []
  /// Of each entry, in the same order; zeros for those without a vector.
  private(set) var vectors: VectorCodes
  private(set) var baseCount = 0
  /// Of each place of the base, where its context stood when the base was made.
  private(set) var contexts: [ContextDistances] = []
  /// How far contexts reach in each group of places of the base.
  private(set) var reaches = ContextReaches()
  /// Words of the base.
  private(set) var base = PostingTable(PostingTable.Builder())
  /// Words of what came after the base, in order of places.
  private(set) var added: [UInt32: [PostingTable.Posting]] = [:]
  private var addedWordCount = 0
  /// Words that texts of the base have lost from what they come from; instead of how often, how long that is.
  private(set) var lostBase = PostingTable(PostingTable.Builder())
  /// The same of what came after the base, in order of places.
  private(set) var lostAdded: [UInt32: [PostingTable.Posting]] = [:]
  private(set) var addedPlaces: [Int64: Int32] = [:]
  /// Of each owner, the places behind the base, in order of numbers.
  private(set) var addedByOwner: [Int64: [Int32]] = [:]
  /// `owners.version` of each owner, as of which this holds.
  private(set) var ownerVersions: [Int64: Int64] = [:]
  /// Whether any place is empty.
  private(set) var hasGone = false
  /// Memories whose rows were looked at, for this and for what it came from, back to a file or to nothing.
  private(set) var readRowCount = 0
  /// `readRowCount` when this was last given to be written to a file.
  private var keptRowCount = 0

  private static let columns = """
    m.memory, m.id, m.valid_to IS NULL AND m.superseded_by IS NULL, m.expires_at, \
    (SELECT v.vector FROM vectors v WHERE v.memory = m.memory), m.recipe = '\(Memory.verbatimRecipe)', m.actor, \
    m.words, m.user_id IS NOT NULL, m.agent_id IS NOT NULL, m.app_id IS NOT NULL, m.subject, m.source_words, \
    \(Standing.columns), \(Utterance.columns)
    """

  /// Share of the base, as a denominator, that may stand behind it before all is made one base again.
  private static let maxAddedShare = 4

  /// Memories that may stand behind the base, however small it is.
  private static let minAddedCount = 4096

  static func byteCount(_ share: TenantShare, dimension: Int) -> Int {
    VectorCodes.byteCount(share.memoryCount, dimension: dimension, isFine: false)
      + share.memoryCount * bytesPerEntry
      + (share.tokenCount + share.sourceWordCount) * 4
  }

  /// Of all arrays that have one of each.
  private static let bytesPerEntry =
    MemoryLayout<Entry>.stride + MemoryLayout<ContextDistances>.stride + MemoryLayout<Int32>.stride
    + MemoryLayout<SaidDay>.stride

  var byteCount: Int {
    vectors.byteCount + entries.count * Self.bytesPerEntry
      + base.byteCount + lostBase.byteCount + addedWordCount * 16
      + addedPlaces.count * 32 + ownerVersions.count * 32
  }

  init(_ database: Database, _ share: TenantShare, dimension: Int) throws {
    self.version = share.version
    self.vectors = VectorCodes(dimension: dimension, isFine: false)
    entries.reserveCapacity(share.memoryCount)
    vectors.reserveCapacity(share.memoryCount)
    var words = PostingTable.Builder()
    var lost = PostingTable.Builder()
    let statement = try database.cachedStatement(
      sql: "SELECT \(Self.columns) FROM \(Utterance.tables) WHERE m.memory BETWEEN ? AND ? ORDER BY m.memory")
    for (owner, version) in try Self.owners(database, share).sorted(by: { $0.key < $1.key }) {
      ownerVersions[owner] = version
      let range = Schema.memories(of: owner)
      let rows = try Row.fetchCursor(statement, arguments: [range.lowerBound, range.upperBound])
      while let row = try rows.next() {
        let place = entries.count
        let (entry, vector) = try read(row) { key, occurrences in
          let posting = PostingTable.Posting(place: place, occurrences: abs(occurrences))
          if occurrences > 0 { words.add(key, posting) } else { lost.add(key, posting) }
        }
        append(entry, vector)
      }
    }
    baseCount = entries.count
    base = PostingTable(words)
    lostBase = PostingTable(lost)
    readRowCount = entries.count
    contexts = entries.indices.map { ContextDistances(context(of: $0), from: $0) }
    reaches = ContextReaches(contexts)
  }

  /// An index that is all base: `entries` in order of numbers, all of them live, with a row of `vectors` for each.
  /// Contexts are looked for where they are not known.
  init(
    version: Int64, entries: [Entry], vectors: VectorCodes, words: PostingTable, lostWords: PostingTable,
    ownerVersions: [Int64: Int64], contexts: [ContextDistances]? = nil
  ) {
    precondition(vectors.count == entries.count, "each memory has a row")
    self.version = version
    self.entries = entries
    self.tokenCounts = entries.map(\.tokenCount)
    self.days = entries.map { SaidDay($0.utterance) }
    self.vectors = vectors
    base = words
    lostBase = lostWords
    baseCount = entries.count
    self.ownerVersions = ownerVersions
    self.contexts = contexts ?? entries.indices.map { ContextDistances(context(of: $0), from: $0) }
    reaches = ContextReaches(self.contexts)
  }

  /// Memories whose rows were looked at since this was last given to be written, or read from a file.
  var unkeptRowCount: Int { readRowCount - keptRowCount }

  /// This is given to be written to a file.
  mutating func noteKept() { keptRowCount = readRowCount }

  /// Whether this has as many memories and words as `share`: a database that was put back as it once was does not
  /// agree with what was written since.
  func agrees(with share: TenantShare) -> Bool {
    var (memoryCount, tokenCount) = (0, 0)
    for entry in entries where entry.flags.contains(.live) {
      memoryCount += 1
      tokenCount += Int(entry.tokenCount)
    }
    return memoryCount == share.memoryCount && tokenCount == share.tokenCount
  }

  /// An index of the same memories that is all base, without any row being read.
  func merged() -> TenantIndex {
    guard hasGone || entries.count > baseCount else { return self }
    let behind = addedPlaces.values.filter { entries[Int($0)].flags.contains(.live) }
      .sorted { entries[Int($0)].number < entries[Int($1)].number }
    // Old places in the new order.
    var order: [Int32] = []
    order.reserveCapacity(entries.count)
    var next = 0
    for place in 0..<baseCount where entries[place].flags.contains(.live) {
      while next < behind.count, entries[Int(behind[next])].number < entries[place].number {
        order.append(behind[next])
        next += 1
      }
      order.append(Int32(place))
    }
    order += behind[next...]
    var places = [Int32](repeating: PostingTable.nowhere, count: entries.count)
    for (place, old) in order.enumerated() { places[Int(old)] = Int32(place) }
    var merged = TenantIndex(
      version: version, entries: order.map { entries[Int($0)] }, vectors: vectors.rearranged(order),
      words: base.merged(with: added, places: places), lostWords: lostBase.merged(with: lostAdded, places: places),
      ownerVersions: ownerVersions)
    merged.readRowCount = readRowCount
    merged.keptRowCount = keptRowCount
    return merged
  }

  private static func owners(_ database: Database, _ share: TenantShare) throws -> [Int64: Int64] {
    let rows = try Row.fetchCursor(
      try database.cachedStatement(sql: "SELECT owner, version FROM owners WHERE tenant = ?"),
      arguments: [share.number])
    var owners: [Int64: Int64] = [:]
    while let row = try rows.next() { owners[row[0]] = row[1] }
    return owners
  }

  mutating func update(_ database: Database, _ share: TenantShare) throws -> Bool {
    try update(database, share, minAddedCount: Self.minAddedCount)
  }

  /// The same; all is made one base again where more than `minAddedCount` memories stand behind a small one.
  mutating func update(_ database: Database, _ share: TenantShare, minAddedCount: Int) throws -> Bool {
    // A search on an older snapshot may see what is newer: it reads its hits afterwards.
    guard version < share.version else { return true }
    if entries.count - baseCount > max(minAddedCount, baseCount / Self.maxAddedShare) { self = merged() }
    let touched = try database.cachedStatement(
      sql: "SELECT DISTINCT memory FROM touched WHERE owner = ? AND version > ? ORDER BY memory")
    let statement = try database.cachedStatement(
      sql: "SELECT \(Self.columns) FROM \(Utterance.tables) WHERE m.memory = ?")
    for (owner, version) in try Self.owners(database, share) {
      let known = ownerVersions[owner] ?? 0
      guard known != version else { continue }
      guard version - known < OwnerRow.keptVersionCount / 2 else { return false }
      for number in try Int64.fetchAll(touched, arguments: [owner, known]) {
        readRowCount += 1
        let rows = try Row.fetchCursor(statement, arguments: [number])
        if let row = try rows.next() { try put(row, owner) } else { remove(number) }
      }
      ownerVersions[owner] = version
    }
    version = share.version
    return true
  }

  private mutating func remove(_ number: Int64) {
    guard let place = place(of: number) else { return }
    reaches.forget(around: firstPlace(atOrAbove: number))
    entries[place].flags.remove(.live)
    hasGone = true
  }

  private mutating func put(_ row: Row, _ owner: Int64) throws {
    var words: [(key: UInt32, occurrences: Int)] = []
    let (entry, vector) = try read(row) { words.append(($0, $1)) }
    reaches.forget(around: firstPlace(atOrAbove: entry.number))
    if let place = place(of: entry.number) {
      if entries[place].words == entry.words {
        entries[place] = entry
        days[place] = SaidDay(entry.utterance)
        vectors.replace(place, vector)
        return
      }
      entries[place].flags.remove(.live)
      hasGone = true
    }
    let place = entries.count
    append(entry, vector)
    for word in words {
      let posting = PostingTable.Posting(place: place, occurrences: abs(word.occurrences))
      if word.occurrences > 0 {
        added[word.key, default: []].append(posting)
      } else {
        lostAdded[word.key, default: []].append(posting)
      }
    }
    addedWordCount += words.count
    addedPlaces[entry.number] = Int32(place)
    var places = addedByOwner[owner] ?? []
    places.removeAll { entries[Int($0)].number == entry.number }
    let index = places.firstIndex { entries[Int($0)].number > entry.number } ?? places.endIndex
    places.insert(Int32(place), at: index)
    addedByOwner[owner] = places
  }

  private mutating func append(_ entry: Entry, _ vector: [Float]?) {
    entries.append(entry)
    tokenCounts.append(entry.tokenCount)
    days.append(SaidDay(entry.utterance))
    vectors.append(vector)
  }

  /// `word` is told each word of the text, and how often it occurs; and each that the text has lost, with the length
  /// of what it comes from below 0.
  private func read(_ row: Row, _ word: (UInt32, Int) -> Void) throws -> (Entry, [Float]?) {
    let vector = try OwnerIndex.vector(row, at: 4, dimension: vectors.dimension)
    var digest = FNV1a()
    let tokenCount = try WordKeys.forEach(row, at: 7) { key, occurrences in
      digest.add(key, occurrences: occurrences)
      word(key, occurrences)
    }
    let (lost, length) = try SourceWords.lost(row, source: 12, own: 7)
    if length > 0 { digest.add(UInt64(length)) }
    for key in lost {
      digest.add(key, occurrences: 0)
      word(key, -Int(length))
    }
    var flags: MemoryFlags = .live
    if row[2] { flags.insert(.current) }
    if vector != nil { flags.insert(.hasVector) }
    if row[5] { flags.insert(.verbatim) }
    if row[8] { flags.insert(.hasUser) }
    if row[9] { flags.insert(.hasAgent) }
    if row[10] { flags.insert(.hasApp) }
    let entry = Entry(
      number: row[0], id: row[1], flags: flags, tokenCount: Int32(tokenCount), expiresAt: (row[3] as Int64?) ?? .max,
      actor: Self.hash(StoredText.decode(row[6])), subject: Self.hash(StoredText.decode(row[11])),
      utterance: Utterance(row, at: 13 + Standing.columnCount) { Int32(Self.hash($0) >> 1) },
      standing: Standing(row, at: 13), words: digest.value)
    return (entry, vector)
  }

  /// What stands for a name.
  static func hash(_ name: String) -> UInt32 { WordKeys.key(of: name.utf8) }

  /// The place of memory `number`, where it exists; nil where it is not here.
  func place(of number: Int64) -> Int? {
    if let place = addedPlaces[number] { return Int(place) }
    let place = firstPlace(atOrAbove: number)
    return place < baseCount && entries[place].number == number ? place : nil
  }

  func firstPlace(atOrAbove number: Int64) -> Int {
    var (low, high) = (0, baseCount)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].number < number { low = middle + 1 } else { high = middle }
    }
    return low
  }

  func isLive(_ place: Int) -> Bool { entries[place].flags.contains(.live) }
}
