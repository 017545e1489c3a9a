import FoundationEssentials
import GRDB
import MnemeCore

/// One shard's part in a search across owners, made ready.
private enum ShardPart: Sendable {
  /// The shard has nothing of the tenant.
  case nothing
  /// What it has is in memory.
  case inMemory(TenantSearch, KeywordStatistics, database: String)
  /// What it has is read where it lies.
  case rows(KeywordStatistics)

  var statistics: KeywordStatistics? {
    switch self {
    case .nothing: nil
    case .inMemory(_, let statistics, _), .rows(let statistics): statistics
    }
  }
}

/// A shard's database took another one's place during a search.
private struct ShardReplaced: Error {}

extension ProjectionReader {
  /// How often a search across owners begins again where a shard was replaced meanwhile.
  private static let maxSearchAttemptCount = 4

  /// The candidates of all of a tenant's owners with all their signals: first what BM25 has to know of all shards, then
  /// who is near or has the words, in memory; then the rows of those that may be hits.
  func findAcrossOwners(_ plan: SearchPlan) async throws -> Findings {
    var attempt = 1
    while true {
      do {
        return try await self.findOnce(plan)
      } catch is ShardReplaced where attempt < Self.maxSearchAttemptCount {
        attempt += 1
      }
    }
  }

  private func findOnce(_ plan: SearchPlan) async throws -> Findings {
    let parts = try await Self.all(0..<self.shards.count) { try await self.prepare(plan, self.shards[$0]) }
    var statistics: KeywordStatistics?
    for part in parts.compactMap(\.statistics) {
      if statistics == nil { statistics = part } else { statistics?.add(part) }
    }
    guard let statistics else { return Findings() }
    let likely = try await Self.likely(parts, plan, statistics)
    let found = try await Self.all(0..<self.shards.count) { number -> Findings in
      try await self.find(parts[number], likely[number], plan, statistics, self.shards[number])
    }
    var all = Findings()
    for (number, found) in found.enumerated() { all.add(found, shard: number) }
    return all
  }

  private func prepare(_ plan: SearchPlan, _ shard: ShardReader) async throws -> ShardPart {
    let cache = self.tenantIndexes
    return try await self.read(shard) { database, name in
      guard let share = try TenantShare.fetch(database, plan.request.query.tenant) else { return .nothing }
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
    // Everything that can be done side by side: each scan of a stretch of vectors, and each shard's words.
    let jobs = parts.enumerated().flatMap { shard, part -> [(shard: Int, scan: Int?)] in
      guard case .inMemory(let search, _, _) = part else { return [] }
      return (0..<search.scanCount).map { (shard, $0) } + [(shard, nil)]
    }
    let candidates = try await Self.all(jobs.indices) { number -> [Candidate] in
      guard case .inMemory(let search, _, _) = parts[jobs[number].shard] else { return [] }
      return jobs[number].scan.map { search.nearest($0) } ?? search.bestWords(statistics)
    }
    var ranked: [(shard: Int, candidate: Candidate)] = []
    var margin = 0.0
    for isScan in [true, false] {
      var found: [(shard: Int, candidate: Candidate)] = []
      for (job, candidates) in zip(jobs, candidates) where (job.scan != nil) == isScan {
        found += candidates.map { (job.shard, $0) }
      }
      ranked += found.sorted { $1.candidate < $0.candidate }.prefix(plan.candidateCount)
    }
    var seen: Set<Place> = []
    var scored: [(shard: Int, found: TenantSearch.Scored)] = []
    for (shard, candidate) in ranked {
      guard case .inMemory(let search, _, _) = parts[shard],
        seen.insert(Place(shard: shard, number: candidate.number)).inserted,
        let found = search.scored(candidate.number, statistics)
      else { continue }
      scored.append((shard, found))
      margin = max(margin, search.margin)
    }
    scored.sort { $1.found.candidate < $0.found.candidate }
    let limit = min(plan.request.limit, SearchPlan.maxLimit)
    let least = scored.count > limit ? scored[limit - 1].found.candidate.score - margin : -.infinity
    var likely = [[TenantSearch.Scored]](repeating: [], count: parts.count)
    for (shard, found) in scored where found.candidate.score >= least { likely[shard].append(found) }
    return likely
  }

  private struct Place: Hashable {
    let shard: Int
    let number: Int64
  }

  private func find(
    _ part: ShardPart, _ likely: [TenantSearch.Scored], _ plan: SearchPlan, _ statistics: KeywordStatistics,
    _ shard: ShardReader
  ) async throws -> Findings {
    switch part {
    case .nothing: return Findings()
    case .inMemory(let search, _, let database):
      guard !likely.isEmpty else { return Findings() }
      return try await self.read(shard) { connection, name in
        guard name == database else { throw ShardReplaced() }
        let contexts = Dictionary(likely.map { ($0.candidate.number, $0.context) }) { first, _ in first }
        let surroundings = try Surroundings(connection, plan: plan, words: search.words, of: contexts)
        var found = try surroundings.findings(likely.map(\.candidate), connection, statistics)
        // There are few: reading them now saves a read of the shard.
        let lookup = MemoryLookup(connection)
        found.views = try found.signals.keys.compactMap { try lookup.view($0.number) }
          .reduce(into: [:]) { $0[$1.memory.id] = $1 }
        return found
      }
    case .rows:
      return try await self.read(shard) { database, _ -> Findings in
        guard let share = try TenantShare.fetch(database, plan.request.query.tenant) else { return Findings() }
        let words = try KeywordQuery(plan.request, database)
        return try ScanSearch(plan: plan, words: words, statistics: statistics)
          .run(database, Selection(plan.request.query, tenant: share.number))
      }
    }
  }

  /// Runs `body` for each number, as many at once as there are processors, and returns what it gave, in order.
  private static func all<Value: Sendable>(
    _ numbers: Range<Int>, _ body: @escaping @Sendable (Int) async throws -> Value
  ) async throws -> [Value] {
    try await withThrowingTaskGroup(of: (Int, Value).self) { group in
      var values: [Value?] = Array(repeating: nil, count: numbers.count)
      for number in numbers {
        if number >= Self.concurrentPartCount, let (place, value) = try await group.next() { values[place] = value }
        group.addTask { (number, try await body(number)) }
      }
      while let (place, value) = try await group.next() { values[place] = value }
      return values.compactMap { $0 }
    }
  }

  /// Parts of one search that are worked on at once.
  private static let concurrentPartCount = ProcessInfo.processInfo.activeProcessorCount
}
