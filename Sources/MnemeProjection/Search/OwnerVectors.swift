import FoundationEssentials
import GRDB
import MnemeCore

/// An owner's memories as searches need them: what is asked of every one of them, and their vectors in contiguous
/// blocks.
///
/// Blocks are values that are shared until they change: bringing an owner up to date copies the blocks that changed,
/// not all.
struct OwnerVectors: Sendable {
  /// What is asked of a memory before it is a candidate.
  struct Entry: Sendable {
    let number: Int64
    let id: UUID
    var tokenCount: Int32
    var isCurrent: Bool
    var hasVector: Bool
    /// Whether it is a message as it was said.
    var isVerbatim: Bool
    /// Who said it: place in `actors`.
    var actor: Int32
    /// Whether it exists; the place of one that was retracted stays empty.
    var isLive: Bool
    /// Milliseconds since 1970; `Int64.max` where it does not expire.
    var expiresAt: Int64
    /// Where it was said.
    var utterance: Utterance

    /// Whether it was said on a day that is so called.
    func isSaid(on date: DateWord) -> Bool {
      utterance.session != Utterance.nowhere && date.names(utterance.at)
    }
  }

  /// Rows of a block. A small one is copied quickly, a large one is scanned without interruption.
  static let blockRowCount = 256

  /// `owners.version` as of which this holds.
  private(set) var version: Int64
  private(set) var entries: [Entry] = []
  /// Block `n` holds the vectors of entries `n * blockRowCount …`; zeros for those without one.
  private(set) var blocks: [[Float]] = []
  /// Everybody who said something, each once.
  private(set) var actors: [String] = []
  private var actorIndices: [String: Int32] = [:]
  private var sessionIndices: [String: Int32] = [:]
  /// Entries that are context of each other: those of entry `n` from `contextStarts[n]` to `contextStarts[n + 1]`.
  private var contexts: [Int32] = []
  private var contextStarts: [Int32] = []
  private var indexByOrdinal: [Int32] = []
  private let dimension: Int

  private static let columns = """
    m.memory, m.id, m.token_count, m.valid_to IS NULL AND m.superseded_by IS NULL, m.expires_at,
    (SELECT v.vector FROM vectors v WHERE v.memory = m.memory), m.recipe = '\(Memory.verbatimRecipe)', m.actor, \
    \(Utterance.columns)
    """

  /// Approximate size in memory, in bytes.
  var byteCount: Int {
    Self.byteCount(entries.count, dimension: dimension) + (indexByOrdinal.count + contexts.count) * 4
  }

  /// Approximate size of `count` memories.
  static func byteCount(_ count: Int, dimension: Int) -> Int {
    count * (MemoryLayout<Entry>.stride + dimension * MemoryLayout<Float>.stride)
  }

  /// Reads all of `owner`.
  init(_ database: Database, _ owner: OwnerRow, dimension: Int) throws {
    self.version = owner.version
    self.dimension = dimension
    entries.reserveCapacity(owner.memoryCount)
    let range = Schema.memories(of: owner.number)
    let rows = try Row.fetchCursor(
      try database.cachedStatement(
        sql: """
          SELECT \(Self.columns) FROM \(Utterance.tables) WHERE m.memory BETWEEN ? AND ? ORDER BY m.memory
          """),
      arguments: [range.lowerBound, range.upperBound])
    while let row = try rows.next() { _ = try put(row) }
    findContexts()
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
        entries[index].isLive = false
      }
    }
    version = owner.version
    findContexts()
    return true
  }

  /// Entries that were said just before and after entry `index`.
  func context(of index: Int) -> ArraySlice<Int32> {
    contexts[Int(contextStarts[index])..<Int(contextStarts[index + 1])]
  }

  private mutating func findContexts() {
    contexts.removeAll(keepingCapacity: true)
    contextStarts = [0]
    contextStarts.reserveCapacity(entries.count + 1)
    for index in entries.indices {
      let found = Utterance.context(of: index, count: entries.count) { other in
        entries[other].isLive ? entries[other].utterance : nil
      }
      contexts.append(contentsOf: found.map { Int32($0) })
      contextStarts.append(Int32(contexts.count))
    }
  }

  /// The place of memory `number`; nil where it is not here.
  func index(of number: Int64) -> Int? {
    let ordinal = Int(number & 0xffff_ffff)
    guard ordinal < indexByOrdinal.count, indexByOrdinal[ordinal] >= 0 else { return nil }
    return Int(indexByOrdinal[ordinal])
  }

  /// The cosine of each entry: of messages as they were said with `voiced`, of others with `vector`. That of one
  /// without a vector says nothing.
  func cosines(_ vector: [Float], voiced: [Float]?) -> [Float] {
    var cosines: [Float] = []
    cosines.reserveCapacity(entries.count)
    for block in blocks.indices {
      let start = cosines.count
      cosines.append(contentsOf: VectorMath.dots(vector, rowsOf: blocks[block]))
      guard let voiced else { continue }
      for index in start..<cosines.count where entries[index].isVerbatim {
        cosines[index] = VectorMath.dot(voiced, row: index - start, of: blocks[block])
      }
    }
    return cosines
  }

  /// Who said the memories that are messages as they were said.
  var speakers: Set<String> {
    var found = [Bool](repeating: false, count: actors.count)
    for entry in entries where entry.isLive && entry.isVerbatim { found[Int(entry.actor)] = true }
    return Set(actors.indices.filter { found[$0] }.map { actors[$0] })
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
    let vector = try Self.vector(row, at: 5, dimension: dimension)
    let entry = Entry(
      number: row[0], id: row[1], tokenCount: row[2], isCurrent: row[3], hasVector: vector != nil,
      isVerbatim: row[6], actor: actorIndex(StoredText.decode(row[7])), isLive: true,
      expiresAt: (row[4] as Int64?) ?? .max, utterance: Utterance(row, at: 8) { sessionIndex($0) })
    if let index = index(of: entry.number) {
      entries[index] = entry
      let start = index % Self.blockRowCount * dimension
      let components = vector ?? [Float](repeating: 0, count: dimension)
      blocks[index / Self.blockRowCount].replaceSubrange(start..<start + dimension, with: components)
      return true
    }
    if let last = entries.last, last.number > entry.number { return false }
    let ordinal = Int(entry.number & 0xffff_ffff)
    if ordinal >= indexByOrdinal.count {
      indexByOrdinal.append(contentsOf: repeatElement(-1, count: ordinal + 1 - indexByOrdinal.count))
    }
    indexByOrdinal[ordinal] = Int32(entries.count)
    if entries.count % Self.blockRowCount == 0 {
      blocks.append([])
      blocks[blocks.count - 1].reserveCapacity(Self.blockRowCount * dimension)
    }
    entries.append(entry)
    if let vector {
      blocks[blocks.count - 1].append(contentsOf: vector)
    } else {
      blocks[blocks.count - 1].append(contentsOf: repeatElement(0, count: dimension))
    }
    return true
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
