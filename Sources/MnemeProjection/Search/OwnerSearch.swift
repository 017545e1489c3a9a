import FoundationEssentials
import GRDB
import MnemeCore

/// A search among one owner's memories whose vectors are in memory.
struct OwnerSearch {
  let plan: SearchPlan
  let vectors: OwnerVectors
  let words: KeywordQuery
  let scope: KeywordScope
  let statistics: KeywordStatistics

  /// The candidates among the memories of `selection`.
  func run(_ database: Database, _ selection: Selection) throws -> Findings {
    let isAllowed = try allowed(database, selection)
    var found = Findings()
    var chosen: Set<Int> = []
    let cosines = plan.request.vector.map { vectors.cosines($0, voiced: plan.request.voicedVector) }
    if let cosines { chosen.formUnion(nearest(cosines, isAllowed)) }
    let scores = try keywordScores(database)
    chosen.formUnion(bestKeywords(scores, isAllowed))
    for index in chosen {
      let entry = vectors.entries[index]
      let cosine = cosines.flatMap { entry.hasVector ? Double($0[index]) : nil }
      let score = scores.isEmpty ? 0 : scores[index]
      found.add(
        Findings.Key(id: entry.id, number: entry.number), Signals(cosine: cosine, bm25: score > 0 ? score : nil))
    }
    return found
  }

  /// For each entry, whether it is one of `selection`.
  private func allowed(_ database: Database, _ selection: Selection) throws -> [Bool] {
    let query = plan.request.query
    guard query.isWholeOwner else {
      var isAllowed = [Bool](repeating: false, count: vectors.entries.count)
      let numbers = try Int64.fetchCursor(
        database, sql: "SELECT m.memory \(selection.sql)", arguments: selection.arguments)
      while let number = try numbers.next() {
        if let index = vectors.index(of: number) { isAllowed[index] = true }
      }
      return isAllowed
    }
    let now = query.notExpiredAt?.milliseconds ?? .min
    return vectors.entries.map { entry in
      entry.isLive && (query.includesEnded || entry.isCurrent) && entry.expiresAt > now
    }
  }

  private func nearest(_ cosines: [Float], _ isAllowed: [Bool]) -> [Int] {
    var top = TopCandidates(capacity: plan.candidateCount)
    for (index, cosine) in cosines.enumerated() where Double(cosine) >= top.threshold && isAllowed[index] {
      let entry = vectors.entries[index]
      guard entry.hasVector else { continue }
      top.insert(Candidate(score: Double(cosine), id: entry.id, number: entry.number))
    }
    return top.candidates.compactMap { vectors.index(of: $0.number) }
  }

  /// BM25 of each entry; empty where the query has no words.
  private func keywordScores(_ database: Database) throws -> [Double] {
    guard !words.words.isEmpty else { return [] }
    var scores = [Double](repeating: 0, count: vectors.entries.count)
    try words.forEachScore(database, scope, statistics) { memory, occurrences, weight in
      guard let index = vectors.index(of: memory) else { return }
      let length = Int(vectors.entries[index].tokenCount)
      scores[index] += weight * statistics.saturation(occurrences: occurrences, tokenCount: length)
    }
    return scores
  }

  private func bestKeywords(_ scores: [Double], _ isAllowed: [Bool]) -> [Int] {
    var top = TopCandidates(capacity: plan.candidateCount)
    for (index, score) in scores.enumerated() where score > 0 && score >= top.threshold && isAllowed[index] {
      let entry = vectors.entries[index]
      top.insert(Candidate(score: score, id: entry.id, number: entry.number))
    }
    return top.candidates.compactMap { vectors.index(of: $0.number) }
  }
}
