import FoundationEssentials
import GRDB
import MnemeCore

/// A search that reads the rows of one shard where they lie: of many owners, or of one that is too large to be kept.
/// In memory it has the candidates with what was said around them, and one block of vectors. The candidates are the
/// nearest, and those with the best words; only they are ranked by all signals.
struct ScanSearch {
  let plan: SearchPlan
  let words: KeywordQuery
  let statistics: KeywordStatistics

  /// The candidates among the memories of `selection`.
  func run(_ database: Database, _ selection: Selection) throws -> Findings {
    let candidates = try scan(database, selection)
    let numbers = Set(candidates.map(\.number)).sorted()
    return try Surroundings(database, plan: plan, words: words, around: numbers)
      .findings(candidates, database, statistics)
  }

  /// What the time that is asked about, and the person who is named, add to the words of a row.
  private func bonus(_ row: Row) -> Double {
    var bonus = 0.0
    if let time = words.time, time.has(row[5], (row[6] as Int64?) ?? .max) { bonus += statistics.timeWeight }
    if case .named(let names) = plan.request.speakers,
      names.contains(StoredText.decode(row[7])) || names.contains(StoredText.decode(row[8]))
    {
      bonus += statistics.personWeight
    }
    return bonus
  }

  /// The nearest memories of `selection`, and those with the best words, of the person or the time.
  private func scan(_ database: Database, _ selection: Selection) throws -> [Candidate] {
    var nearest = NearestRows(plan: plan)
    var keywords = TopCandidates(capacity: plan.candidateCount)
    let vector = plan.request.vector == nil ? "NULL" : "(SELECT v.vector FROM vectors v WHERE v.memory = m.memory)"
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT m.memory, m.id, m.recipe = '\(Memory.verbatimRecipe)', m.words, \(vector), m.valid_from, m.valid_to,
        m.actor, m.subject \(selection.sql)
        """,
      arguments: selection.arguments)
    while let row = try rows.next() {
      let occurrences = try WordOccurrences(row, at: 3, words)
      let score = (occurrences.isEmpty ? 0 : occurrences.score(statistics)) + self.bonus(row)
      if score > 0, score >= keywords.threshold {
        keywords.insert(Candidate(score: score, id: row[1], number: row[0]))
      }
      if let vector = try OwnerIndex.vector(row, at: 4, dimension: plan.dimension) {
        nearest.add(vector, Candidate(score: 0, id: row[1], number: row[0]), isVerbatim: row[2])
      }
    }
    return nearest.candidates() + keywords.candidates
  }
}

/// The nearest of many vectors, compared block by block.
private struct NearestRows {
  private let plan: SearchPlan
  private var nearest: TopCandidates
  private var block: [Float] = []
  private var members: [(candidate: Candidate, isVerbatim: Bool)] = []

  private static let blockRowCount = 256

  init(plan: SearchPlan) {
    self.plan = plan
    nearest = TopCandidates(capacity: plan.candidateCount)
    block.reserveCapacity(Self.blockRowCount * plan.dimension)
  }

  mutating func add(_ vector: [Float], _ candidate: Candidate, isVerbatim: Bool) {
    members.append((candidate, isVerbatim))
    block += vector
    if members.count == Self.blockRowCount { compare() }
  }

  /// All of them.
  mutating func candidates() -> [Candidate] {
    compare()
    return nearest.candidates
  }

  private mutating func compare() {
    guard let query = plan.request.vector, !members.isEmpty else { return }
    for (row, plain) in VectorMath.dots(query, rowsOf: block).enumerated() {
      var candidate = members[row].candidate
      candidate.score = Double(plain)
      if let voiced = plan.request.voicedVector, members[row].isVerbatim {
        candidate.score = Double(VectorMath.dot(voiced, row: row, of: block))
      }
      if candidate.score >= nearest.threshold { nearest.insert(candidate) }
    }
    block.removeAll(keepingCapacity: true)
    members.removeAll(keepingCapacity: true)
  }
}
