import FoundationEssentials
import GRDB
import MnemeCore

/// What a search is to find, with what follows from it.
struct SearchPlan: Sendable {
  let request: SearchRequest
  let dimension: Int

  /// Candidates that each way of looking brings, where not all are ranked by all signals.
  var candidateCount: Int { max(200, 4 * min(request.limit, Self.maxLimit)) }
  /// Hits in one answer, at most.
  static let maxLimit = 10_000
}

extension ProjectionReader {
  /// As `MemoryReader` has it. Every memory that the query is about is compared by its vector, and looked up by its
  /// words; the best
  /// of both are ranked together. Of equal hits the smaller id comes first.
  public func search(_ request: SearchRequest) async throws -> [SearchHit] {
    guard request.limit > 0 else { return [] }
    for vector in [request.vector, request.voicedVector].compactMap({ $0 })
    where vector.count != self.configuration.dimension {
      throw ProjectionError(
        .mismatch, "the query's vector has \(vector.count) components, those here \(self.configuration.dimension)")
    }
    if let asOf = request.query.asOf { return try await self.searchPast(request, asOf: asOf) }
    let plan = SearchPlan(request: request, dimension: self.configuration.dimension)
    if let owner = request.query.owner {
      return try await self.search(plan, owner)
    }
    return try await self.hits(try await self.findAcrossOwners(plan), plan)
  }

  /// Searches one owner: one snapshot of one shard.
  private func search(_ plan: SearchPlan, _ key: OwnerKey) async throws -> [SearchHit] {
    let cache = self.ownerIndexes
    return try await self.read(self.shards(for: plan.request.query)[0]) { database, name in
      guard let owner = try OwnerRow.fetch(database, key) else { return [] }
      let words = try KeywordQuery(plan.request.text, database)
      let found: Findings =
        if let index = try cache.index(database, name: name, owner: owner, dimension: plan.dimension) {
          try OwnerSearch(plan: plan, index: index, words: words, owner: owner).run(database)
        } else {
          try ScanSearch(
            plan: plan, words: words, statistics: KeywordScope.owner(owner).statistics(database, words)
          ).run(database, Selection(plan.request.query, owner: owner))
        }
      let lookup = MemoryLookup(database)
      return try found.ranked(plan).compactMap { ranked in
        try lookup.view(ranked.id.number).map { found.hit(ranked, $0) }
      }
    }
  }

  private func hits(_ found: Findings, _ plan: SearchPlan) async throws -> [SearchHit] {
    let ranked = found.ranked(plan)
    var views: [UUID: MemoryView] = [:]
    for (index, shard) in self.shards.enumerated() {
      let numbers = ranked.filter { $0.id.shard == index }.map(\.id.number)
      guard !numbers.isEmpty else { continue }
      let read = try await self.read(shard) { database, _ in
        let lookup = MemoryLookup(database)
        return try numbers.compactMap { try lookup.view($0) }
      }
      for view in read { views[view.memory.id] = view }
    }
    // The shard may have been replaced meanwhile, and count otherwise: what is not the same memory is left out.
    return ranked.compactMap { ranked in views[ranked.id.id].map { found.hit(ranked, $0) } }
  }
}

/// The candidates of all ways of looking, each with all its signals.
struct Findings: Sendable {
  /// A candidate, in order of its id.
  struct Key: Hashable, Comparable, Sendable {
    let id: UUID
    let number: Int64
    var shard = 0

    static func < (left: Self, right: Self) -> Bool { left.id < right.id }
  }

  private(set) var signals: [Key: Signals] = [:]

  /// Adds a candidate.
  mutating func add(_ key: Key, _ found: Signals) {
    signals[key] = found
  }

  /// Adds those of shard number `shard`.
  mutating func add(_ other: Findings, shard: Int) {
    for (key, found) in other.signals { signals[Key(id: key.id, number: key.number, shard: shard)] = found }
  }

  /// The hits that the plan asks for, best first.
  func ranked(_ plan: SearchPlan) -> [Ranked<Key>] {
    Array(
      Ranking.fuse(signals, comparesMeaning: plan.request.vector != nil)
        .prefix { $0.score >= plan.request.minimumScore }
        .prefix(min(plan.request.limit, SearchPlan.maxLimit)))
  }

  /// A hit with what it is about.
  func hit(_ ranked: Ranked<Key>, _ view: MemoryView) -> SearchHit {
    SearchHit(
      view: view, score: ranked.score, semantic: ranked.semantic, keyword: ranked.keyword,
      signals: signals[ranked.id] ?? Signals())
  }
}
