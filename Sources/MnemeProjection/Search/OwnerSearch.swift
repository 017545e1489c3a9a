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
  /// Where each word occurs, and what has lost it.
  private let places: [(postings: [OwnerIndex.Posting], losses: [Int32])]
  private let statistics: KeywordStatistics
  private let owner: OwnerRow
  private let query: VectorCodes.Query?
  private let voiced: VectorCodes.Query?
  /// For each entry, whether it is of the time that is asked about; nil where none is.
  private let isTimely: [Bool]?

  init(plan: SearchPlan, index: OwnerIndex, words: KeywordQuery, owner: OwnerRow) {
    self.plan = plan
    self.owner = owner
    self.index = index
    self.words = words
    self.places = words.keys.map { index.places(of: $0) }
    var statistics = KeywordStatistics(words)
    statistics.memoryCount = owner.memoryCount
    statistics.tokenCount = owner.tokenCount
    statistics.frequencies = places.map { $0.postings.count }
    let isTimely = words.time.map { time in
      index.flags.indices.map { index.flags[$0].contains(.live) && time.has(index.entries[$0].standing) }
    }
    statistics.timelyCount = isTimely?.count { $0 } ?? 0
    self.isTimely = isTimely
    self.statistics = statistics
    self.query = plan.request.vector.map { VectorCodes.Query($0) }
    self.voiced = plan.request.voicedVector.map { VectorCodes.Query($0) }
  }

  /// The best of the query's memories.
  func run(_ database: Database) throws -> Findings {
    let flags = flags()
    let facts = Facts(
      flags: flags, allowed: allowed, asked: askedPeople(), cosines: query.map { index.cosines($0, voiced: voiced) },
      words: keywordScores(flags))
    var found = Findings()
    for place in try likely(facts, database) {
      let entry = index.entries[place]
      found.add(Findings.Key(id: entry.id, number: entry.number), signals(place, facts))
    }
    return found
  }

  /// What is known of every entry, by its place.
  private struct Facts {
    /// What it is: live where it may be context.
    let flags: [MemoryFlags]
    /// What it has to be to be a hit.
    let allowed: MemoryFlags
    /// Who is asked for.
    let asked: AskedPeople
    /// By the coarse codes; nil where the query has no vector.
    let cosines: [Float]?
    let words: WordScores

    /// Whether it may be a hit.
    func isAllowed(_ place: Int) -> Bool { flags[place].isSuperset(of: allowed) }

    /// Whether it was said by, or is about, whom the query asks for.
    func isAsked(_ place: Int) -> Bool {
      switch asked {
      case .everyone: true
      case .people: !flags[place].contains(.saidByAssistant)
      case .named(let isNamed): isNamed[place]
      }
    }
  }

  /// Whose memories a query asks for.
  private enum AskedPeople {
    case everyone
    /// Nobody's but an assistant's.
    case people
    /// Of each entry, whether it is of somebody who is named.
    case named([Bool])
  }

  /// Of an entry that gives context by its meaning.
  private static let comparable: MemoryFlags = [.live, .hasVector]

  /// Entries that are first looked at where a filter is asked of them, and by how much more in each further round.
  private static let (firstFilteredCount, growth) = (64, 8)

  /// Places of all entries that may be among the best, by the coarse codes and what they may err.
  ///
  /// A filter is asked of the best ones only, of more and more of them until as many meet it as are wanted: it is SQL,
  /// which takes longer for a memory than all the rest.
  private func likely(_ facts: Facts, _ database: Database) throws -> [Int] {
    let limit = min(plan.request.limit, SearchPlan.maxLimit)
    guard !plan.request.query.isWholeOwner else { return best(limit, facts).map(\.place) }
    var count = max(Self.firstFilteredCount, 2 * limit)
    while true {
      let candidates = best(count, facts)
      let chosen = try chosen(among: candidates.map { index.entries[$0.place].number }, database)
      let found = candidates.filter { chosen.contains(index.entries[$0.place].number) }
      if found.count >= limit {
        let least = found.map(\.score).sorted(by: >)[limit - 1] - margin
        return found.filter { $0.score >= least }.map(\.place)
      }
      if candidates.count < count { return found.map(\.place) }
      count *= Self.growth
    }
  }

  /// What two scores may be apart by what the codes err.
  private var margin: Double {
    2 * Double(index.vectors.maxError) * (Ranking.semanticWeight + Ranking.contextWeight) + 1e-9
  }

  /// Which of some memories the query is about.
  private func chosen(among numbers: [Int64], _ database: Database) throws -> Set<Int64> {
    let selection = Selection(plan.request.query, owner: owner, among: numbers)
    return try Int64.fetchSet(database, sql: "SELECT m.memory \(selection.sql)", arguments: selection.arguments)
  }

  /// The best `count` entries, and all that may be as good by what the codes may err.
  private func best(_ count: Int, _ facts: Facts) -> [(place: Int, score: Double)] {
    let comparesMeaning = facts.cosines != nil
    let cosines = facts.cosines ?? []
    let margin = margin
    var top = TopCandidates(capacity: count)
    var likely: [(place: Int, score: Double)] = []
    for place in index.entries.indices where facts.isAllowed(place) {
      let hasCosine = comparesMeaning && facts.flags[place].contains(.hasVector)
      guard hasCosine || facts.words.own[place] > 0 || isHit(place, facts) else { continue }
      let cosine = hasCosine ? Double(cosines[place]) : 0
      var score = Ranking.fit(
        cosine: cosine, contextCosine: 0, keywords: facts.words.share(place), isAskedPerson: facts.isAsked(place),
        comparesMeaning: comparesMeaning)
      // What stands around it may raise it by that weight, and no more; how it stands never does.
      guard score + Ranking.contextWeight >= top.threshold - margin else { continue }
      if comparesMeaning {
        var best: Float = 0
        for other in index.context(of: place) where facts.flags[other].isSuperset(of: Self.comparable) {
          best = max(best, cosines[other])
        }
        score = Ranking.fit(
          cosine: cosine, contextCosine: Double(best), keywords: facts.words.share(place),
          isAskedPerson: facts.isAsked(place), comparesMeaning: true)
      }
      guard score >= top.threshold - margin else { continue }
      score *= Ranking.standing(freshness: freshness(place), isOver: isOver(place))
      guard score >= top.threshold - margin else { continue }
      likely.append((place, score))
      top.insert(Candidate(score: score, id: index.entries[place].id, number: index.entries[place].number))
    }
    return likely.filter { $0.score >= top.threshold - margin }
  }

  /// All signals of one entry, its cosines by both codes.
  private func signals(_ place: Int, _ facts: Facts) -> Signals {
    let own = facts.words.own[place]
    var signals = Signals(
      bm25: own > 0 ? own : nil, keywords: facts.words.share(place), isAskedPerson: facts.isAsked(place),
      isNamed: isNaming && facts.isAsked(place), isOfAskedTime: isTimely?[place] ?? false,
      freshness: freshness(place), isOver: isOver(place))
    guard let query else { return signals }
    if index.flags[place].contains(.hasVector) { signals.cosine = Double(index.cosine(query, voiced: voiced, place)) }
    for other in index.context(of: place) where facts.flags[other].isSuperset(of: Self.comparable) {
      signals.contextCosine = max(signals.contextCosine ?? 0, Double(index.cosine(query, voiced: voiced, other)))
    }
    return signals
  }

  /// Whether an entry is a hit though neither its meaning nor its words say anything.
  private func isHit(_ place: Int, _ facts: Facts) -> Bool {
    isTimely?[place] == true || (isNaming && facts.isAsked(place))
  }

  private var isNaming: Bool { plan.request.isNaming }

  private func freshness(_ place: Int) -> Double {
    plan.request.reference.map { index.entries[place].standing.freshness(at: $0.milliseconds) } ?? 1
  }

  private func isOver(_ place: Int) -> Bool {
    !index.flags[place].contains(.current) && !plan.request.asksForPast(isOfAskedTime: isTimely?[place] ?? false)
  }

  /// What an entry has to be to be a hit, as far as nothing is asked of it.
  private var allowed: MemoryFlags {
    // What held then may have ended since.
    let includesEnded = plan.request.query.includesEnded || plan.request.query.validAt != nil
    return includesEnded ? .live : [.live, .current]
  }

  /// What each entry is, where what has expired exists no more. One that has ended was said nevertheless.
  private func flags() -> [MemoryFlags] {
    let now = plan.request.query.notExpiredAt?.milliseconds ?? .min
    guard index.firstExpiry <= now else { return index.flags }
    return index.flags.indices.map {
      index.entries[$0].expiresAt > now ? index.flags[$0] : index.flags[$0].subtracting(.live)
    }
  }

  private func askedPeople() -> AskedPeople {
    switch plan.request.speakers {
    case .named(let names):
      let isNamed = index.actors.map { names.contains($0) }
      return .named(
        index.entries.indices.map {
          isNamed[Int(index.entries[$0].actor)] || isNamed[Int(index.entries[$0].subject)]
        })
    case .people: return .people
    case .everyone: return .everyone
    }
  }

  /// What the words say of each entry.
  private struct WordScores {
    /// BM25 of its own words.
    var own: [Double]
    /// Weight of the query's words that it explains.
    var explained: [Double]
    /// Weight of all of the query's words.
    var total: Double

    /// Share of the query's words that an entry explains, 0…1.
    func share(_ place: Int) -> Double { total > 0 ? min(1, explained[place] / total) : 0 }
  }

  private func keywordScores(_ flags: [MemoryFlags]) -> WordScores {
    let count = index.entries.count
    var scores = WordScores(
      own: [Double](repeating: 0, count: count), explained: [Double](repeating: 0, count: count),
      total: statistics.totalWeight)
    let saturation = statistics.saturation
    let tokenCounts = index.tokenCounts
    // Of the word that is looked at, by entry: the best of its own score and those around it.
    var best = [Double](repeating: 0, count: count)
    var reached: [Int] = []
    for word in words.keys.indices {
      let weight = statistics.weight(word)
      let isDate = words.dates[word] != nil
      for posting in occurrences(word) {
        let place = Int(posting.index)
        let score = weight * saturation(posting.occurrences, tokenCount: tokenCounts[place])
        if !isDate { scores.own[place] += score }
        if best[place] == 0 { reached.append(place) }
        best[place] = max(best[place], score)
        guard flags[place].contains(.live) else { continue }
        for other in index.context(of: place) {
          if best[other] == 0 { reached.append(other) }
          best[other] = max(best[other], score * KeywordQuery.contextShare)
        }
      }
      for lost in places[word].losses {
        let place = Int(lost)
        if best[place] == 0 { reached.append(place) }
        best[place] = max(best[place], weight * index.lostShares[place])
      }
      // The day on which it was said is none of its own words.
      for posting in isDate ? places[word].postings : [] {
        let place = Int(posting.index)
        scores.own[place] += weight * saturation(posting.occurrences, tokenCount: tokenCounts[place])
      }
      for place in reached {
        scores.explained[place] += best[place]
        best[place] = 0
      }
      reached.removeAll(keepingCapacity: true)
    }
    guard let isTimely, statistics.timeWeight > 0 else { return scores }
    for place in isTimely.indices where isTimely[place] { scores.explained[place] += statistics.timeWeight }
    return scores
  }

  /// Where word number `word` occurs, the day on which a memory was said included.
  private func occurrences(_ word: Int) -> [OwnerIndex.Posting] {
    guard let date = words.dates[word] else { return places[word].postings }
    var counts = index.days.map { $0.isCalled(date) ? 1 : 0 as Int32 }
    for posting in places[word].postings { counts[Int(posting.index)] += posting.occurrences }
    return counts.indices.compactMap { place in
      counts[place] == 0 ? nil : OwnerIndex.Posting(index: Int32(place), occurrences: counts[place])
    }
  }
}
