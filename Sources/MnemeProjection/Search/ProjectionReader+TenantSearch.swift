import FoundationEssentials
import GRDB
import MnemeCore
import Synchronization

/// One shard's part in a search across owners, made ready.
private enum ShardPart: Sendable {
  /// The shard has nothing of the tenant.
  case nothing
  /// What it has is in memory.
  case inMemory(TenantSearch, KeywordStatistics, database: String)
  /// What it has is read where it lies.
  case rows(KeywordStatistics)

  var search: TenantSearch? {
    switch self {
    case .inMemory(let search, _, _): search
    case .nothing, .rows: nil
    }
  }

  var statistics: KeywordStatistics? {
    switch self {
    case .nothing: nil
    case .inMemory(_, let statistics, _), .rows(let statistics): statistics
    }
  }
}

/// The parts of one search, each of which one of several tasks takes.
private final class PartList<Value: Sendable>: Sendable {
  private let state: Mutex<(next: Int, values: [Value?])>

  init(count: Int) { self.state = Mutex((0, [Value?](repeating: nil, count: count))) }

  /// Works on one part after the other until all are taken.
  func run(_ body: (Int) async throws -> Value) async throws {
    while let number = self.take() {
      let value = try await body(number)
      self.state.withLock { $0.values[number] = value }
    }
  }

  private func take() -> Int? {
    self.state.withLock { state in
      guard state.next < state.values.count else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }

  /// What the parts gave, in order.
  var values: [Value] { self.state.withLock { $0.values }.compactMap { $0 } }
}

/// A shard's database took another one's place during a search.
struct ShardReplaced: Error {}

extension ProjectionReader {
  /// How often a search across owners is made in memory, at most. Where a shard was replaced each time, its rows are
  /// read.
  private static let maxSearchAttemptCount = 3

  /// What is decided before rows are read: which memories of each shard may be hits.
  struct TenantChoice: Sendable {
    fileprivate let parts: [ShardPart]
    fileprivate let statistics: KeywordStatistics
    fileprivate let likely: [[TenantSearch.Scored]]
  }

  /// The candidates of all of a tenant's owners with all their signals: first what BM25 has to know of all shards, then
  /// who is near or has the words, in memory; then the rows of those that may be hits.
  func findAcrossOwners(_ plan: SearchPlan) async throws -> Findings {
    var attempt = 1
    while true {
      guard let choice = try await self.choose(plan) else { return Findings() }
      do {
        return try await self.find(choice, plan, mayScan: attempt == Self.maxSearchAttemptCount)
      } catch is ShardReplaced {
        attempt += 1
      }
    }
  }

  /// Nil where no shard has anything of the tenant.
  func choose(_ plan: SearchPlan) async throws -> TenantChoice? {
    let parts = try await Self.all(0..<self.shards.count) { try await self.prepare(plan, self.shards[$0]) }
    var statistics: KeywordStatistics?
    for part in parts.compactMap(\.statistics) {
      if statistics == nil { statistics = part } else { statistics?.add(part) }
    }
    guard let statistics else { return nil }
    return TenantChoice(
      parts: parts, statistics: statistics, likely: try await Self.likely(parts, plan, statistics))
  }

  /// The findings among those that were chosen. Where a shard was replaced since, it is scanned, which may take seconds
  /// in a large one.
  /// - Throws: `ShardReplaced` instead, unless `mayScan`.
  func find(_ choice: TenantChoice, _ plan: SearchPlan, mayScan: Bool) async throws -> Findings {
    let found = try await Self.all(0..<self.shards.count) { number -> Findings in
      try await self.find(choice, number, plan, mayScan: mayScan)
    }
    var all = Findings()
    for (number, found) in found.enumerated() { all.add(found, shard: number) }
    return all
  }

  private func prepare(_ plan: SearchPlan, _ shard: ShardReader) async throws -> ShardPart {
    let (cache, shares) = (self.tenantIndexes, self.tenantShares)
    return try await self.read(shard) { database, name in
      guard let share = try shares.share(database, name: name, tenant: plan.request.query.tenant) else {
        return .nothing
      }
      let words = try KeywordQuery(plan.request, database)
      guard let index = try cache.index(database, name: name, tenant: share, dimension: plan.dimension) else {
        return .rows(try KeywordScope.tenant(share.number).statistics(database, words))
      }
      let search = try TenantSearch(database, plan: plan, index: index, words: words, tenant: share.number)
      return .inMemory(search, search.statistics(share), database: name)
    }
  }

  /// For each shard, the memories in memory that may be among the best of all shards.
  private static func likely(
    _ parts: [ShardPart], _ plan: SearchPlan, _ statistics: KeywordStatistics
  ) async throws -> [[TenantSearch.Scored]] {
    let limit = min(plan.request.limit, SearchPlan.maxLimit)
    let searches = parts.enumerated().compactMap { shard, part in part.search.map { (shard: shard, search: $0) } }
    let margin = searches.map(\.search.margin).max() ?? 0
    let candidates = try await candidates(searches.map(\.search), plan, statistics)
    var scored = try await score(candidates.best, searches.map(\.search), statistics)
    scored.sort { $1.found.candidate < $0.found.candidate }
    if scored.count > limit, plan.request.vector != nil {
      let least = scored[limit - 1].found.candidate.score - margin
      let lifted = try await lifted(candidates, searches.map(\.search), to: least)
      scored += try await score(lifted, searches.map(\.search), statistics)
      scored.sort { $1.found.candidate < $0.found.candidate }
    }
    let least = scored.count > limit ? scored[limit - 1].found.candidate.score - margin : -.infinity
    var likely = [[TenantSearch.Scored]](repeating: [], count: parts.count)
    for (part, found) in scored where found.candidate.score >= least { likely[searches[part].shard].append(found) }
    return likely
  }

  private struct Place: Hashable {
    let part: Int
    let number: Int64
  }

  /// The memories that are ranked by all signals, and what is known of the others.
  private struct Candidates: Sendable {
    var best: Set<Place> = []
    var words: [TenantSearch.WordScores]
    var stretches: [[TenantSearch.Stretch]]
  }

  /// The best memories by the signals that are their own.
  private static func candidates(
    _ searches: [TenantSearch], _ plan: SearchPlan, _ statistics: KeywordStatistics
  ) async throws -> Candidates {
    let words = try await Self.all(searches.indices) { searches[$0].wordScores(statistics) }
    let floor = ScoreFloor()
    let scans = Self.scans(searches)
    let stretches = try await Self.all(scans.indices) { job in
      searches[scans[job].part].scan(scans[job].scan, words[scans[job].part], above: floor)
    }
    var found = Candidates(words: words, stretches: searches.map { _ in [] })
    var best: [(part: Int, candidate: Candidate)] = []
    for ((part, _), stretch) in zip(scans, stretches) {
      best += stretch.best.map { (part, $0) }
      found.stretches[part].append(stretch)
    }
    if plan.request.vector == nil {
      best = try await Self.all(searches.indices) { part in
        searches[part].best(words[part], above: floor).map { (part, $0) }
      }.flatMap { $0 }
    }
    best = best.filter { $0.candidate.score >= floor.value }.sorted { $1.candidate < $0.candidate }
    for (part, candidate) in best.prefix(plan.candidateCount) {
      found.best.insert(Place(part: part, number: candidate.number))
    }
    // Without vectors, only words lift what stands around them.
    for (part, candidate) in best.prefix(plan.request.vector == nil ? plan.surroundedCount : 0) {
      for number in searches[part].around(candidate.number, words[part]) {
        found.best.insert(Place(part: part, number: number))
      }
    }
    return found
  }

  /// The memories that may come to the score `least` by what stands around them, without those that are known.
  private static func lifted(
    _ candidates: Candidates, _ searches: [TenantSearch], to least: Double
  ) async throws -> Set<Place> {
    let scans = Self.scans(searches)
    let found = try await Self.all(scans.indices) { job -> [Place] in
      let (part, scan) = scans[job]
      return searches[part].lifted(scan, candidates.stretches[part], candidates.words[part], to: least)
        .map { Place(part: part, number: $0.number) }
    }
    return Set(found.joined()).subtracting(candidates.best)
  }

  /// Everything that can be done side by side: each scan of a stretch of vectors.
  private static func scans(_ searches: [TenantSearch]) -> [(part: Int, scan: Int)] {
    searches.indices.flatMap { part in (0..<searches[part].scanCount).map { (part, $0) } }
  }

  /// Ranks memories by all signals, some at a time.
  private static func score(
    _ places: Set<Place>, _ searches: [TenantSearch], _ statistics: KeywordStatistics
  ) async throws -> [(part: Int, found: TenantSearch.Scored)] {
    let places = Array(places)
    let share = (places.count + scoredShareCount - 1) / scoredShareCount
    guard share > 0 else { return [] }
    return try await Self.all(0..<scoredShareCount) { number in
      places.dropFirst(number * share).prefix(share).compactMap { place in
        searches[place.part].scored(place.number, statistics).map { (place.part, $0) }
      }
    }.flatMap { $0 }
  }

  /// The findings in shard `number`.
  private func find(
    _ choice: TenantChoice, _ number: Int, _ plan: SearchPlan, mayScan: Bool
  ) async throws -> Findings {
    let (likely, statistics) = (choice.likely[number], choice.statistics)
    switch choice.parts[number] {
    case .nothing: return Findings()
    case .inMemory(let search, _, let chosen):
      guard !likely.isEmpty else { return Findings() }
      return try await self.read(self.shards[number]) { database, name in
        if name == chosen { return try Self.find(likely, search, plan, statistics, database) }
        guard mayScan else { throw ShardReplaced() }
        return try Self.scan(plan, statistics, database)
      }
    case .rows:
      return try await self.read(self.shards[number]) { database, _ in try Self.scan(plan, statistics, database) }
    }
  }

  private static func find(
    _ likely: [TenantSearch.Scored], _ search: TenantSearch, _ plan: SearchPlan, _ statistics: KeywordStatistics,
    _ database: Database
  ) throws -> Findings {
    let contexts = Dictionary(likely.map { ($0.candidate.number, $0.context) }) { first, _ in first }
    let surroundings = try Surroundings(database, plan: plan, words: search.words, of: contexts)
    var found = try surroundings.findings(likely.map(\.candidate), database, statistics)
    // There are few: reading them now saves a read of the shard.
    let lookup = MemoryLookup(database)
    found.views = try found.signals.keys.compactMap { try lookup.view($0.number) }
      .reduce(into: [:]) { $0[$1.memory.id] = $1 }
    return found
  }

  private static func scan(
    _ plan: SearchPlan, _ statistics: KeywordStatistics, _ database: Database
  ) throws -> Findings {
    guard let share = try TenantShare.fetch(database, plan.request.query.tenant) else { return Findings() }
    let words = try KeywordQuery(plan.request, database)
    return try ScanSearch(plan: plan, words: words, statistics: statistics)
      .run(database, Selection(plan.request.query, tenant: share.number))
  }

  /// Runs `body` for each number from 0 on, as many at once as there are processors, and returns what it gave, in
  /// order. Each of a few tasks, this one among them, takes the next number when it is done with one: that wakes no
  /// thread for each.
  private static func all<Value: Sendable>(
    _ numbers: Range<Int>, _ body: @escaping @Sendable (Int) async throws -> Value
  ) async throws -> [Value] {
    let work = PartList<Value>(count: numbers.count)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 1..<max(1, min(Self.concurrentPartCount, numbers.count)) {
        group.addTask { try await work.run(body) }
      }
      try await work.run(body)
      try await group.waitForAll()
    }
    return work.values
  }

  /// Parts of one search that are worked on at once.
  private static let concurrentPartCount = ProcessInfo.processInfo.activeProcessorCount
  /// Parts in which candidates are ranked.
  private static let scoredShareCount = 8
}
