import FoundationEssentials
import GRDB
import MnemeCore

/// A search that reads the vectors of one shard where they lie: of many owners, or of one that is too large to be kept.
/// In memory it has the candidates with what was said around them, one block of vectors, and 48 bytes for each memory
/// that the query is about. The candidates are the nearest, and those with the best words; only they are ranked by all
/// signals.
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
    let numbers = Set((nearest.candidates + keywords.candidates).map(\.number)).sorted()
    let surroundings = try Surroundings(database, plan: plan, of: numbers)
    let explained = try surroundings.explained(database, words, scope, statistics)
    let total = words.weight(statistics)
    var found = Findings()
    for number in numbers {
      guard let index = Self.index(of: number, in: entries) else { continue }
      let entry = entries[index]
      found.add(
        Findings.Key(id: entry.id, number: number),
        Signals(
          cosine: try surroundings.cosine(database, number),
          contextCosine: try surroundings.contextCosine(database, number), bm25: entry.score > 0 ? entry.score : nil,
          keywords: total > 0 ? min(1, (explained[number] ?? 0) / total) : 0,
          isAskedSpeaker: surroundings.isAskedSpeaker(number)))
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
}
