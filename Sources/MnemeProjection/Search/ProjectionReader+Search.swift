import FoundationEssentials
import GRDB
public import MnemeCore

/// What a search is to find, with what follows from it.
struct SearchPlan: Sendable {
  let request: SearchRequest
  let dimension: Int
  private let minCandidateCount: Int

  init(_ request: SearchRequest, _ configuration: ProjectionConfiguration) {
    self.request = request
    self.dimension = configuration.dimension
    self.minCandidateCount = configuration.bounds.minCandidateCount
  }

  /// Memories that are ranked by all signals, where not all of them are: the best by those that are their own.
  var candidateCount: Int { max(minCandidateCount, 4 * min(request.limit, Self.maxLimit)) }
  /// How many of them bring what stands around them along.
  var surroundedCount: Int { candidateCount / 4 }
  /// Hits in one answer, at most.
  static let maxLimit = 10_000
}

extension ProjectionReader {
  /// As `MemoryReader` has it. Every memory that the query is about is compared by its vector, and looked up by its
  /// words; the best of both are ranked together. Of equal hits the smaller id comes first.
  public func search(_ request: SearchRequest) async throws -> [SearchHit] {
    guard request.limit > 0 else { return [] }
    try self.check(request)
    if let asOf = request.query.asOf { return try await self.searchPast(request, asOf: asOf) }
    let plan = SearchPlan(request, self.configuration)
    guard let key = request.query.owner else {
      return try await self.hits(try await self.findAcrossOwners(plan), plan)
    }
    return try await self.read(self.shards(for: request.query)[0]) { database, name in
      guard let owner = try OwnerRow.fetch(database, key) else { return [] }
      let index = try self.ownerIndexes.index(database, name: name, owner: owner, dimension: plan.dimension)
      return try self.search(database, name, plan, owner, index)
    }
  }

  /// As `MemoryReader` has it: one read, where the question is about one owner.
  public func answer(
    _ request: SearchRequest, vectors: @escaping @Sendable (QueryVoice) -> [[Float]]?
  ) async throws -> SearchAnswer {
    guard request.limit > 0, request.query.asOf == nil, let key = request.query.owner else {
      let voice = try await self.voice(of: request.text, about: request.query)
      guard let vectors = vectors(voice) else { return .unembedded(voice) }
      return .hits(try await self.search(request.voiced(voice, vectors)))
    }
    let dimension = self.configuration.dimension
    return try await self.read(self.shards(for: request.query)[0]) { database, name in
      guard let owner = try OwnerRow.fetch(database, key) else { return .hits([]) }
      let index = try self.ownerIndexes.index(database, name: name, owner: owner, dimension: dimension)
      let people = try self.ownerReads.people(of: owner, database: name) {
        try OwnerPeople.fetch(database, owner, index)
      }
      let voice = QueryVoice(request.text, people)
      guard let vectors = vectors(voice) else { return .unembedded(voice) }
      let voiced = request.voiced(voice, vectors)
      try self.check(voiced)
      return .hits(try self.search(database, name, SearchPlan(voiced, self.configuration), owner, index))
    }
  }

  private func check(_ request: SearchRequest) throws {
    for vector in [request.vector, request.voicedVector].compactMap({ $0 })
    where vector.count != self.configuration.dimension {
      throw ProjectionError(
        .mismatch, "the query's vector has \(vector.count) components, those here \(self.configuration.dimension)")
    }
  }

  /// Searches one owner, in memory where there is an index.
  private func search(
    _ database: Database, _ name: String, _ plan: SearchPlan, _ owner: OwnerRow, _ index: OwnerIndex?
  ) throws -> [SearchHit] {
    let words = try KeywordQuery(plan.request, database)
    let found: Findings =
      if let index {
        try OwnerSearch(plan: plan, index: index, words: words, owner: owner).run(database)
      } else {
        try ScanSearch(plan: plan, words: words, statistics: KeywordScope.owner(owner).statistics(database, words))
          .run(database, Selection(plan.request.query, owner: owner))
      }
    let ranked = found.ranked(plan)
    let lookup = MemoryLookup(database, of: owner)
    let views = try self.ownerReads.views(ranked.map(\.id.number), of: owner, database: name) { try lookup.view($0) }
    return ranked.compactMap { ranked in views[ranked.id.number].map { found.hit(ranked, $0) } }
  }

  private func hits(_ found: Findings, _ plan: SearchPlan) async throws -> [SearchHit] {
    let ranked = found.ranked(plan)
    var views = found.views
    for (index, shard) in self.shards.enumerated() {
      let numbers = ranked.filter { $0.id.shard == index && views[$0.id.id] == nil }.map(\.id.number)
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
  /// Some of them, read already, by id.
  var views: [UUID: MemoryView] = [:]

  /// Adds a candidate.
  mutating func add(_ key: Key, _ found: Signals) {
    signals[key] = found
  }

  /// Adds those of shard number `shard`.
  mutating func add(_ other: Findings, shard: Int) {
    views.merge(other.views) { $1 }
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
