import GRDB
import MnemeCore

/// A search across the owners of a tenant, in the part that one shard has in memory.
///
/// The candidates are the best by what is their own (the coarse codes of their vectors, their words, who said them),
/// and those that may be as good by what stands around them. They are ranked by all signals, still by those codes; what
/// may be among the best by that, given what the codes may err, is left to be ranked by the rows themselves.
struct TenantSearch: Sendable {
  let plan: SearchPlan
  let index: TenantIndex
  let words: KeywordQuery
  let places: [TenantIndex.WordPlaces]
  /// For each place, whether it is one of the query's memories; nil where flags tell.
  private let isSelected: [Bool]?
  let query: VectorCodes.Query?
  let voiced: VectorCodes.Query?
  private let now: Int64
  let askedNames: Set<UInt32>
  /// Places of the time that is asked about; nil where none is.
  let timelyPlaces: [Int32]?

  /// Blocks of vectors that one task compares.
  static let blocksPerTask = 128

  /// A search of `index`, as of `database`'s snapshot.
  init(_ database: Database, plan: SearchPlan, index: TenantIndex, words: KeywordQuery, tenant: Int64) throws {
    self.plan = plan
    self.index = index
    self.words = words
    self.places = index.places(of: words.keys)
    self.query = plan.request.vector.map { VectorCodes.Query($0) }
    self.voiced = plan.request.voicedVector.map { VectorCodes.Query($0) }
    self.now = plan.request.query.notExpiredAt?.milliseconds ?? .min
    if case .named(let names) = plan.request.speakers {
      self.askedNames = Set(names.map { TenantIndex.hash($0) })
    } else {
      self.askedNames = []
    }
    self.timelyPlaces = words.time.map { time in
      index.entries.indices.filter { index.isLive($0) && time.has(index.entries[$0].standing) }.map { Int32($0) }
    }
    // Filters of the past are asked of the rows.
    let isTold = plan.request.query.filter.map(Self.isAboutFlags) ?? true
    guard !isTold || plan.request.query.validAt != nil else {
      self.isSelected = nil
      return
    }
    var isSelected = [Bool](repeating: false, count: index.entries.count)
    let selection = Selection(plan.request.query, tenant: tenant)
    let numbers = try Int64.fetchCursor(
      database, sql: "SELECT m.memory \(selection.sql)", arguments: selection.arguments)
    while let number = try numbers.next() {
      if let place = index.place(of: number) { isSelected[place] = true }
    }
    self.isSelected = isSelected
  }

  /// Whether flags tell what `filter` asks: it asks for nothing but which ids there are.
  private static func isAboutFlags(_ filter: Filter) -> Bool {
    switch filter {
    case .isPresent(.userID), .isPresent(.agentID), .isPresent(.appID): true
    case .and(let parts), .or(let parts): parts.allSatisfy(isAboutFlags)
    case .not(let part): isAboutFlags(part)
    case .isPresent, .compare: false
    }
  }

  private static func matches(_ filter: Filter, _ flags: MemoryFlags) -> Bool {
    switch filter {
    case .isPresent(.userID): flags.contains(.hasUser)
    case .isPresent(.agentID): flags.contains(.hasAgent)
    case .isPresent(.appID): flags.contains(.hasApp)
    case .and(let parts): parts.allSatisfy { matches($0, flags) }
    case .or(let parts): parts.contains { matches($0, flags) }
    case .not(let part): !matches(part, flags)
    case .isPresent, .compare: false
    }
  }

  /// What BM25 has to know of this part.
  func statistics(_ share: TenantShare) -> KeywordStatistics {
    var statistics = KeywordStatistics(words)
    statistics.memoryCount = share.memoryCount
    statistics.tokenCount = share.tokenCount
    statistics.frequencies = places.map { index.frequency(of: $0) }
    statistics.timelyCount = timelyPlaces?.count ?? 0
    return statistics
  }

  func isAllowed(_ place: Int) -> Bool {
    let entry = index.entries[place]
    guard entry.flags.contains(.live) else { return false }
    if let isSelected { return isSelected[place] }
    return (plan.request.query.includesEnded || entry.flags.contains(.current)) && entry.expiresAt > now
      && (plan.request.query.filter.map { Self.matches($0, entry.flags) } ?? true)
  }

  // MARK: Ranking

  /// A candidate, ranked by all signals as far as the coarse codes know.
  struct Scored: Sendable {
    var candidate: Candidate
    /// Numbers of the memories that were said just before and after.
    var context: [Int64]
  }

  /// Memory `number` with its score; nil where it is not here.
  func scored(_ number: Int64, _ statistics: KeywordStatistics) -> Scored? {
    guard let place = index.place(of: number) else { return nil }
    let entry = index.entries[place]
    let around = index.context(of: place).filter { index.entries[$0].expiresAt > now }
    let saturation = statistics.saturation
    var explained = 0.0
    for word in words.keys.indices {
      var best = max(share(of: word, at: place, saturation), places[word].lostShare(at: place))
      for other in around { best = max(best, KeywordQuery.contextShare * share(of: word, at: other, saturation)) }
      explained += statistics.weight(word) * best
    }
    let isTimely = words.time?.has(entry.standing) ?? false
    if isTimely { explained += statistics.timeWeight }
    let total = statistics.totalWeight
    let fit = Ranking.fit(
      cosine: cosine(place), contextCosine: around.map { cosine($0) }.max() ?? 0,
      keywords: total > 0 ? min(1, explained / total) : 0, isAskedPerson: isAsked(entry),
      comparesMeaning: query != nil)
    return Scored(
      candidate: Candidate(score: fit * standing(entry), id: entry.id, number: number),
      context: around.map { index.entries[$0].number })
  }

  /// The share of its score that a memory keeps for its age, and for what is over.
  func standing(_ entry: TenantIndex.Entry) -> Double {
    let standing = entry.standing
    let isOver =
      !entry.flags.contains(.current)
      && !plan.request.asksForPast(isOfAskedTime: words.time?.has(standing) ?? false)
    let freshness = plan.request.reference.map { standing.freshness(at: $0.milliseconds) } ?? 1
    return Ranking.standing(freshness: freshness, isOver: isOver)
  }

  private func share(of word: Int, at place: Int, _ saturation: KeywordStatistics.Saturation) -> Double {
    let entry = index.entries[place]
    var occurrences = places[word].occurrences(at: place)
    if let date = words.dates[word], index.days[place].isCalled(date) { occurrences += 1 }
    return occurrences == 0 ? 0 : saturation(occurrences, tokenCount: entry.tokenCount)
  }

  private func cosine(_ place: Int) -> Double {
    let flags = index.entries[place].flags
    guard let query, flags.contains(.hasVector) else { return 0 }
    return Double(index.vectors.cosine(flags.contains(.verbatim) ? voiced ?? query : query, place))
  }

  func isAsked(_ entry: TenantIndex.Entry) -> Bool {
    switch plan.request.speakers {
    case .named: askedNames.contains(entry.actor) || askedNames.contains(entry.subject)
    case .people: !entry.utterance.isAssistant
    case .everyone: true
    }
  }

  /// What two scores may be apart by what the codes err.
  var margin: Double {
    2 * Double(index.vectors.maxError) * (Ranking.semanticWeight + Ranking.contextWeight) + 1e-6
  }
}
