import FoundationEssentials
import GRDB
import MnemeCore

/// A search among one owner's memories whose vectors are in memory: every one of them is ranked by all signals.
struct OwnerSearch {
  let plan: SearchPlan
  let vectors: OwnerVectors
  let words: KeywordQuery
  let scope: KeywordScope
  let statistics: KeywordStatistics

  /// The best of the memories of `selection`.
  func run(_ database: Database, _ selection: Selection) throws -> Findings {
    let isAllowed = try allowed(database, selection)
    let isGiving = contextGivers()
    let isAsked = askedSpeakers()
    let cosines = plan.request.vector.map { vectors.cosines($0, voiced: plan.request.voicedVector) }
    let scores = try keywordScores(database, isGiving)
    var top = TopCandidates(capacity: plan.candidateCount)
    func allSignals(_ index: Int) -> Signals {
      let entry = vectors.entries[index]
      var signals = Signals(
        cosine: cosines.flatMap { entry.hasVector ? Double($0[index]) : nil },
        bm25: scores.own[index] > 0 ? scores.own[index] : nil,
        keywords: scores.total > 0 ? min(1, scores.explained[index] / scores.total) : 0,
        isAskedSpeaker: isAsked(entry))
      if let cosines { signals.contextCosine = contextCosine(cosines, isGiving, index) }
      return signals
    }
    for index in vectors.entries.indices where isAllowed[index] {
      let signals = allSignals(index)
      guard signals.isHit else { continue }
      let entry = vectors.entries[index]
      let score = Ranking.score(signals, comparesMeaning: cosines != nil)
      top.insert(Candidate(score: score, id: entry.id, number: entry.number))
    }
    var found = Findings()
    for candidate in top.candidates {
      guard let index = vectors.index(of: candidate.number) else { continue }
      found.add(Findings.Key(id: candidate.id, number: candidate.number), allSignals(index))
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
    return zip(vectors.entries, contextGivers()).map { entry, isGiving in
      isGiving && (query.includesEnded || entry.isCurrent)
    }
  }

  /// For each entry, whether it may be context: it exists, and has not expired. One that has ended was said
  /// nevertheless.
  private func contextGivers() -> [Bool] {
    let now = plan.request.query.notExpiredAt?.milliseconds ?? .min
    return vectors.entries.map { $0.isLive && $0.expiresAt > now }
  }

  private func askedSpeakers() -> (OwnerVectors.Entry) -> Bool {
    let speakers = plan.request.speakers
    // Of an actor, whether it is asked for in either role.
    let people = vectors.actors.map { QueryVoice.asks(speakers, for: $0, role: "user") }
    let assistants = vectors.actors.map { QueryVoice.asks(speakers, for: $0, role: "assistant") }
    return { entry in entry.utterance.isAssistant ? assistants[Int(entry.actor)] : people[Int(entry.actor)] }
  }

  private func contextCosine(_ cosines: [Float], _ isGiving: [Bool], _ index: Int) -> Double? {
    var best: Float?
    for other in vectors.context(of: index) where isGiving[Int(other)] && vectors.entries[Int(other)].hasVector {
      best = max(best ?? 0, cosines[Int(other)])
    }
    return best.map { Double($0) }
  }

  /// What the words say of each entry.
  private struct KeywordScores {
    /// BM25 of its own words.
    var own: [Double]
    /// Weight of the query's words that it explains.
    var explained: [Double]
    /// Weight of all of the query's words.
    var total: Double
  }

  private func keywordScores(_ database: Database, _ isGiving: [Bool]) throws -> KeywordScores {
    let count = vectors.entries.count
    var scores = KeywordScores(
      own: [Double](repeating: 0, count: count), explained: [Double](repeating: 0, count: count),
      total: words.weight(statistics))
    var occurrences = [Int32](repeating: 0, count: count)
    var best = [Double](repeating: 0, count: count)
    for word in words.order(statistics) {
      let weight = statistics.weight(word)
      var having: [Int] = []
      try scope.forEachPosting(database, words.words[word]) { memory, times in
        guard let index = vectors.index(of: memory) else { return }
        scores.own[index] += weight * statistics.saturation(occurrences: times, tokenCount: tokenCount(index))
        occurrences[index] = Int32(times)
        having.append(index)
      }
      if let date = words.dates[word] {
        for (index, entry) in vectors.entries.enumerated() where entry.isLive && entry.isSaid(on: date) {
          if occurrences[index] == 0 { having.append(index) }
          occurrences[index] += 1
        }
      }
      var reached: [Int] = []
      func reach(_ index: Int, _ score: Double) {
        if best[index] == 0 { reached.append(index) }
        best[index] = max(best[index], score)
      }
      for index in having {
        let score =
          weight
          * statistics.saturation(
            occurrences: Int(occurrences[index]), tokenCount: tokenCount(index))
        occurrences[index] = 0
        reach(index, score)
        guard isGiving[index] else { continue }
        for other in vectors.context(of: index) { reach(Int(other), score * KeywordQuery.contextShare) }
      }
      for index in reached {
        scores.explained[index] += best[index]
        best[index] = 0
      }
    }
    return scores
  }

  private func tokenCount(_ index: Int) -> Int { Int(vectors.entries[index].tokenCount) }
}
