import FoundationEssentials
import GRDB
import MnemeCore

/// A search that reads the rows of one shard where they lie: of many owners, or of one that is too large to be kept.
/// In memory it has the candidates with what was said around them, and one block of vectors. The candidates are the
/// best by meaning, words, person and time of their own; only they are ranked by all signals.
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

  private func scan(_ database: Database, _ selection: Selection) throws -> [Candidate] {
    var best = BestRows(plan: plan)
    let total = statistics.totalWeight
    let column = plan.request.vector == nil ? "NULL" : "(SELECT v.vector FROM vectors v WHERE v.memory = m.memory)"
    let assistant = "(SELECT role FROM sources s WHERE s.memory = m.memory AND s.ordinal = 0)"
    let saidAt = "(SELECT time FROM sources s WHERE s.memory = m.memory AND s.ordinal = 0)"
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT m.memory, m.id, m.recipe = '\(Memory.verbatimRecipe)', m.words, \(column), m.valid_from, m.valid_to,
        m.actor, m.subject, ifnull(\(assistant) = 'assistant', 0), m.source_words, \(saidAt) \(selection.sql)
        """,
      arguments: selection.arguments)
    while let row = try rows.next() {
      let occurrences = try WordOccurrences(row, at: 3, source: 10, words)
      var explained = occurrences.isEmpty ? 0 : occurrences.score(statistics)
      if let time = words.time, time.has(row[5], (row[6] as Int64?) ?? .max) { explained += statistics.timeWeight }
      let isAsked = QueryVoice.asks(
        plan.request.speakers, for: StoredText.decode(row[7]), subject: StoredText.decode(row[8]),
        role: row[9] ? "assistant" : "user")
      let vector = try OwnerIndex.vector(row, at: 4, dimension: plan.dimension)
      guard vector != nil || explained > 0 || (isAsked && plan.request.isNaming) else { continue }
      // Words that a text has lost raise a hit, and make none.
      explained += occurrences.lostScore(statistics)
      // So does the day on which it was said.
      if let time = row[11] as Int64? { explained += occurrences.dayScore(statistics, words, saidAt: time) }
      let candidate = BestRows.Member(
        candidate: Candidate(score: 0, id: row[1], number: row[0]), isVerbatim: row[2],
        keywords: total > 0 ? explained / total : 0, isAsked: isAsked)
      best.add(candidate, vector)
    }
    return best.candidates()
  }
}

/// The best of many rows by what is their own; vectors are compared block by block.
private struct BestRows {
  struct Member {
    var candidate: Candidate
    let isVerbatim: Bool
    /// Share of the query's words that it explains by itself.
    let keywords: Double
    let isAsked: Bool
  }

  private let plan: SearchPlan
  private var best: TopCandidates
  private var block: [Float] = []
  private var members: [Member] = []

  private static let blockRowCount = 256

  init(plan: SearchPlan) {
    self.plan = plan
    best = TopCandidates(capacity: plan.candidateCount)
    block.reserveCapacity(Self.blockRowCount * plan.dimension)
  }

  mutating func add(_ member: Member, _ vector: [Float]?) {
    guard let vector else { return put(member, cosine: 0) }
    members.append(member)
    block += vector
    if members.count == Self.blockRowCount { compare() }
  }

  /// The best of them.
  mutating func candidates() -> [Candidate] {
    compare()
    return best.candidates
  }

  private mutating func put(_ member: Member, cosine: Double) {
    var candidate = member.candidate
    candidate.score = Ranking.fit(
      cosine: cosine, contextCosine: 0, keywords: member.keywords, isAskedPerson: member.isAsked,
      comparesMeaning: plan.request.vector != nil)
    if candidate.score >= best.threshold { best.insert(candidate) }
  }

  private mutating func compare() {
    guard let query = plan.request.vector, !members.isEmpty else { return }
    for (row, plain) in VectorMath.dots(query, rowsOf: block).enumerated() {
      var cosine = Double(plain)
      if let voiced = plan.request.voicedVector, members[row].isVerbatim {
        cosine = Double(VectorMath.dot(voiced, row: row, of: block))
      }
      put(members[row], cosine: cosine)
    }
    block.removeAll(keepingCapacity: true)
    members.removeAll(keepingCapacity: true)
  }
}
