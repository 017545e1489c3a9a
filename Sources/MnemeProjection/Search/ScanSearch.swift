import FoundationEssentials
import GRDB
import MnemeCore

/// A search that reads the vectors of one shard where they lie: of many owners, or of one that is too large to be kept.
/// In memory it has the candidates, one block of vectors, and 32 bytes for each memory that the query is about.
struct ScanSearch {
  private struct Entry {
    let number: Int64
    let id: UUID
    let tokenCount: Int
    let isVerbatim: Bool
    var score = 0.0

    static let columns = "m.memory, m.id, m.token_count, m.recipe = '\(Memory.verbatimRecipe)'"

    /// Reads a row of `columns`.
    init(_ row: Row) {
      number = row[0]
      id = row[1]
      tokenCount = row[2]
      isVerbatim = row[3]
    }
  }

  let plan: SearchPlan
  let words: KeywordQuery
  let scope: KeywordScope
  let statistics: KeywordStatistics

  /// The candidates among the memories of `selection`.
  func run(_ database: Database, _ selection: Selection) throws -> Findings {
    var (entries, nearest) = try scan(database, selection)
    entries.sort { $0.number < $1.number }
    try score(database, &entries)
    var keywords = TopCandidates(capacity: plan.candidateCount)
    for entry in entries where entry.score > 0 && entry.score >= keywords.threshold {
      keywords.insert(Candidate(score: entry.score, id: entry.id, number: entry.number))
    }
    var found = Findings()
    for candidate in nearest.candidates {
      let score = Self.index(of: candidate.number, in: entries).map { entries[$0].score } ?? 0
      found.add(
        Findings.Key(id: candidate.id, number: candidate.number),
        Signals(cosine: candidate.score, bm25: score > 0 ? score : nil))
    }
    for candidate in keywords.candidates {
      let key = Findings.Key(id: candidate.id, number: candidate.number)
      guard found.signals[key] == nil else { continue }
      let isVerbatim = Self.index(of: candidate.number, in: entries).map { entries[$0].isVerbatim } ?? false
      found.add(
        key,
        Signals(cosine: try cosine(database, candidate.number, isVerbatim: isVerbatim), bm25: candidate.score))
    }
    return found
  }

  /// Every memory of `selection`, and the nearest of them.
  private func scan(_ database: Database, _ selection: Selection) throws -> ([Entry], TopCandidates) {
    var entries: [Entry] = []
    var nearest = TopCandidates(capacity: plan.candidateCount)
    guard let query = plan.request.vector else {
      let rows = try Row.fetchCursor(
        database, sql: "SELECT \(Entry.columns) \(selection.sql)", arguments: selection.arguments)
      while let row = try rows.next() { entries.append(Entry(row)) }
      return (entries, nearest)
    }
    var block: [Float] = []
    var members: [Int] = []
    block.reserveCapacity(OwnerVectors.blockRowCount * plan.dimension)
    func compare() {
      guard !members.isEmpty else { return }
      for (row, plain) in VectorMath.dots(query, rowsOf: block).enumerated() {
        let entry = entries[members[row]]
        let cosine =
          if let voiced = plan.request.voicedVector, entry.isVerbatim {
            VectorMath.dot(voiced, row: row, of: block)
          } else {
            plain
          }
        guard Double(cosine) >= nearest.threshold else { continue }
        nearest.insert(Candidate(score: Double(cosine), id: entry.id, number: entry.number))
      }
      block.removeAll(keepingCapacity: true)
      members.removeAll(keepingCapacity: true)
    }
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT \(Entry.columns), (SELECT v.vector FROM vectors v WHERE v.memory = m.memory) \
        \(selection.sql)
        """, arguments: selection.arguments)
    while let row = try rows.next() {
      if let vector = try OwnerVectors.vector(row, at: 4, dimension: plan.dimension) {
        members.append(entries.count)
        block.append(contentsOf: vector)
      }
      entries.append(Entry(row))
      if members.count == OwnerVectors.blockRowCount { compare() }
    }
    compare()
    return (entries, nearest)
  }

  private func score(_ database: Database, _ entries: inout [Entry]) throws {
    guard !entries.isEmpty else { return }
    try words.forEachScore(database, scope, statistics) { memory, occurrences, weight in
      guard let index = Self.index(of: memory, in: entries) else { return }
      let share = statistics.saturation(occurrences: occurrences, tokenCount: entries[index].tokenCount)
      entries[index].score += weight * share
    }
  }

  /// The place of memory `number` among entries in order of number.
  private static func index(of number: Int64, in entries: [Entry]) -> Int? {
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].number < number { low = middle + 1 } else { high = middle }
    }
    return low < entries.count && entries[low].number == number ? low : nil
  }

  private func cosine(_ database: Database, _ number: Int64, isVerbatim: Bool) throws -> Double? {
    guard let plain = plan.request.vector else { return nil }
    let query = isVerbatim ? plan.request.voicedVector ?? plain : plain
    let statement = try database.cachedStatement(sql: "SELECT vector FROM vectors WHERE memory = ?")
    guard let row = try Row.fetchOne(statement, arguments: [number]),
      let vector = try OwnerVectors.vector(row, at: 0, dimension: plan.dimension)
    else { return nil }
    return Double(VectorMath.dot(query, of: vector))
  }
}
