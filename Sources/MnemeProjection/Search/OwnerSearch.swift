import FoundationEssentials
import GRDB
import MnemeCore

/// A search among one owner's memories that are in memory: every one of them is ranked by all signals.
///
/// First by the coarse codes of vectors, which err by a known bound; what may be among the best by that is ranked once
/// more by both codes. The answer is that of ranking all of them so.
struct OwnerSearch {
  private let plan: SearchPlan
  private let index: OwnerIndex
  private let words: KeywordQuery
  private let postings: [[OwnerIndex.Posting]]
  private let statistics: KeywordStatistics
  private let query: VectorCodes.Query?
  private let voiced: VectorCodes.Query?

  init(plan: SearchPlan, index: OwnerIndex, words: KeywordQuery, owner: OwnerRow) {
    self.plan = plan
    self.index = index
    self.words = words
    self.postings = words.keys.map { index.postings(of: $0) }
    var statistics = KeywordStatistics(words)
    statistics.memoryCount = owner.memoryCount
    statistics.tokenCount = owner.tokenCount
    statistics.frequencies = postings.map(\.count)
    self.statistics = statistics
    self.query = plan.request.vector.map { VectorCodes.Query($0) }
    self.voiced = plan.request.voicedVector.map { VectorCodes.Query($0) }
  }

  /// The best of the memories of `selection`.
  func run(_ database: Database, _ selection: Selection) throws -> Findings {
    let isAllowed = try allowed(database, selection)
    let isGiving = contextGivers()
    let isAsked = askedSpeakers()
    let cosines = query.map { index.cosines($0, voiced: voiced) }
    let scores = keywordScores(isGiving)
    /// All signals but that of the cosine around.
    func ownSignals(_ place: Int) -> Signals {
      let entry = index.entries[place]
      return Signals(
        cosine: cosines.flatMap { entry.hasVector ? Double($0[place]) : nil },
        bm25: scores.own[place] > 0 ? scores.own[place] : nil,
        keywords: scores.total > 0 ? min(1, scores.explained[place] / scores.total) : 0,
        isAskedSpeaker: isAsked(entry))
    }
    let margin = 2 * Double(index.vectors.maxError) * (Ranking.semanticWeight + Ranking.contextWeight)
    var top = TopCandidates(capacity: min(plan.request.limit, SearchPlan.maxLimit))
    var likely: [Candidate] = []
    for place in index.entries.indices where isAllowed[place] {
      var signals = ownSignals(place)
      guard signals.isHit else { continue }
      let own = Ranking.score(signals, comparesMeaning: cosines != nil)
      // What stands around it may raise it by that weight, and no more.
      guard own + Ranking.contextWeight >= top.threshold - margin else { continue }
      if let cosines { signals.contextCosine = contextCosine(isGiving, place) { cosines[$0] } }
      let entry = index.entries[place]
      let candidate = Candidate(
        score: Ranking.score(signals, comparesMeaning: cosines != nil), id: entry.id, number: entry.number)
      if candidate.score >= top.threshold - margin { likely.append(candidate) }
      top.insert(candidate)
    }
    var found = Findings()
    for candidate in likely where candidate.score >= top.threshold - margin {
      guard let place = index.index(of: candidate.number) else { continue }
      var signals = ownSignals(place)
      if let query {
        if signals.cosine != nil { signals.cosine = Double(index.cosine(query, voiced: voiced, place)) }
        signals.contextCosine = contextCosine(isGiving, place) { index.cosine(query, voiced: voiced, $0) }
      }
      found.add(Findings.Key(id: candidate.id, number: candidate.number), signals)
    }
    return found
  }

  /// For each entry, whether it is one of `selection`.
  private func allowed(_ database: Database, _ selection: Selection) throws -> [Bool] {
    let query = plan.request.query
    guard query.isWholeOwner else {
      var isAllowed = [Bool](repeating: false, count: index.entries.count)
      let numbers = try Int64.fetchCursor(
        database, sql: "SELECT m.memory \(selection.sql)", arguments: selection.arguments)
      while let number = try numbers.next() {
        if let place = index.index(of: number) { isAllowed[place] = true }
      }
      return isAllowed
    }
    return zip(index.entries, contextGivers()).map { entry, isGiving in
      isGiving && (query.includesEnded || entry.isCurrent)
    }
  }

  /// For each entry, whether it may be context: it exists, and has not expired. One that has ended was said
  /// nevertheless.
  private func contextGivers() -> [Bool] {
    let now = plan.request.query.notExpiredAt?.milliseconds ?? .min
    return index.entries.map { $0.isLive && $0.expiresAt > now }
  }

  private func askedSpeakers() -> (OwnerIndex.Entry) -> Bool {
    let speakers = plan.request.speakers
    // Of an actor, whether it is asked for in either role.
    let people = index.actors.map { QueryVoice.asks(speakers, for: $0, role: "user") }
    let assistants = index.actors.map { QueryVoice.asks(speakers, for: $0, role: "assistant") }
    return { entry in entry.utterance.isAssistant ? assistants[Int(entry.actor)] : people[Int(entry.actor)] }
  }

  private func contextCosine(_ isGiving: [Bool], _ place: Int, _ cosine: (Int) -> Float) -> Double? {
    var best: Float?
    index.forEachContext(of: place) { other in
      guard isGiving[other], index.entries[other].hasVector else { return }
      best = max(best ?? 0, cosine(other))
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

  private func keywordScores(_ isGiving: [Bool]) -> KeywordScores {
    let count = index.entries.count
    var scores = KeywordScores(
      own: [Double](repeating: 0, count: count), explained: [Double](repeating: 0, count: count),
      total: statistics.totalWeight)
    var occurrences = [Int32](repeating: 0, count: count)
    var best = [Double](repeating: 0, count: count)
    for word in words.keys.indices {
      let weight = statistics.weight(word)
      func score(_ place: Int) -> Double {
        weight * statistics.saturation(occurrences: Int(occurrences[place]), tokenCount: tokenCount(place))
      }
      var having: [Int] = []
      for posting in postings[word] {
        let place = Int(posting.index)
        occurrences[place] = posting.occurrences
        scores.own[place] += score(place)
        having.append(place)
      }
      if let date = words.dates[word] {
        for (place, entry) in index.entries.enumerated() where entry.isLive && entry.isSaid(on: date) {
          if occurrences[place] == 0 { having.append(place) }
          occurrences[place] += 1
        }
      }
      var reached: [Int] = []
      func reach(_ place: Int, _ score: Double) {
        if best[place] == 0 { reached.append(place) }
        best[place] = max(best[place], score)
      }
      for place in having {
        let score = score(place)
        reach(place, score)
        if isGiving[place] {
          index.forEachContext(of: place) { reach($0, score * KeywordQuery.contextShare) }
        }
      }
      for place in having { occurrences[place] = 0 }
      for place in reached {
        scores.explained[place] += best[place]
        best[place] = 0
      }
    }
    return scores
  }

  private func tokenCount(_ place: Int) -> Int { Int(index.entries[place].tokenCount) }
}
