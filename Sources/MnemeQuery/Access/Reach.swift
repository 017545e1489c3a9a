import FoundationEssentials
import MnemeCore
import MnemeProjection

/// Whose memories a caller may read and write.
struct Reach: Hashable, Sendable {
  /// nil for everybody's of the caller's project.
  let owners: Set<Owner>?

  /// Everybody of the project.
  static let everybody = Reach(owners: nil)

  /// Whether `owner` is within it.
  func includes(_ owner: Owner) -> Bool { owners?.contains(owner) ?? true }

  /// - Throws: `RequestFailure` (`.forbidden`) where `owner` is not within it.
  func require(_ owner: Owner) throws {
    guard includes(owner) else {
      throw RequestFailure(.forbidden, "the key is bound to other owners; use a key that includes this one")
    }
  }

  /// `query`, about owners within it alone; nil where it is about none of them.
  func narrow(_ query: MemoryQuery) -> MemoryQuery? {
    guard let owners else { return query }
    if let owner = query.owner { return owners.contains(owner.owner) ? query : nil }
    var query = query
    let condition = Filter.or(owners.map(Self.condition).sorted { "\($0)" < "\($1)" })
    query.filter = query.filter.map { .and([$0, condition]) } ?? condition
    return query
  }

  /// What is true of the memories of `owner` and of no other ones: the user owns, else the agent, else the run, else
  /// the app.
  private static func condition(_ owner: Owner) -> Filter {
    switch owner.kind {
    case .user: .compare(.userID, .eq, .string(owner.id))
    case .agent: .and([.compare(.agentID, .eq, .string(owner.id)), .not(.isPresent(.userID))])
    case .run:
      .and([
        .compare(.runID, .eq, .string(owner.id)), .not(.isPresent(.userID)), .not(.isPresent(.agentID)),
      ])
    case .app:
      .and([
        .compare(.appID, .eq, .string(owner.id)), .not(.isPresent(.userID)), .not(.isPresent(.agentID)),
        .not(.isPresent(.runID)),
      ])
    }
  }
}

/// A projection as a caller sees it who is bound to some owners: what is anybody else's is not there.
struct ReachReader: MemoryReader {
  let reader: any MemoryReader
  let reach: Reach

  private func visible(_ view: MemoryView?) -> MemoryView? {
    view.flatMap { reach.includes($0.owner.owner) ? $0 : nil }
  }

  func memory(_ id: UUID, tenant: String) async throws -> MemoryView? {
    visible(try await reader.memory(id, tenant: tenant))
  }

  func memory(_ id: UUID, tenant: String, asOf instant: Timestamp) async throws -> MemoryView? {
    visible(try await reader.memory(id, tenant: tenant, asOf: instant))
  }

  func memories(_ ids: [UUID], tenant: String) async throws -> [UUID: MemoryView] {
    try await reader.memories(ids, tenant: tenant).filter { reach.includes($0.value.owner.owner) }
  }

  func memories(_ query: MemoryQuery, offset: Int, limit: Int) async throws -> MemoryPage {
    guard let query = reach.narrow(query) else { return MemoryPage(totalCount: 0, memories: []) }
    return try await reader.memories(query, offset: offset, limit: limit)
  }

  func search(_ request: SearchRequest) async throws -> [SearchHit] {
    guard let request = narrow(request) else { return [] }
    return try await reader.search(request)
  }

  func answer(
    _ request: SearchRequest, vectors: @escaping @Sendable (QueryVoice) -> [[Float]]?
  ) async throws -> SearchAnswer {
    guard let request = narrow(request) else { return .hits([]) }
    return try await reader.answer(request, vectors: vectors)
  }

  private func narrow(_ request: SearchRequest) -> SearchRequest? {
    guard let query = reach.narrow(request.query) else { return nil }
    var request = request
    request.query = query
    return request
  }

  func people(of owner: OwnerKey) async throws -> OwnerPeople {
    reach.includes(owner.owner) ? try await reader.people(of: owner) : OwnerPeople()
  }

  func history(_ id: UUID, tenant: String) async throws -> [HistoryEntry] {
    let entries = try await reader.history(id, tenant: tenant)
    return entries.allSatisfy { $0.memory.scope.owner.map(reach.includes) ?? false } ? entries : []
  }

  func outcome(ofInput id: String, tenant: String) async throws -> InputOutcome? {
    let outcome = try await reader.outcome(ofInput: id, tenant: tenant)
    return outcome.flatMap { reach.includes($0.owner.owner) ? $0 : nil }
  }

  func outcomes(ofEvent id: String, tenant: String) async throws -> [InputOutcome] {
    let outcomes = try await reader.outcomes(ofEvent: id, tenant: tenant)
    return outcomes.allSatisfy { reach.includes($0.owner.owner) } ? outcomes : []
  }

  func inputs(_ query: InputQuery, offset: Int, limit: Int) async throws -> InputPage {
    var query = query
    query.owners = reach.owners.map { mine in query.owners.map(mine.intersection) ?? mine } ?? query.owners
    return try await reader.inputs(query, offset: offset, limit: limit)
  }

  func entities(matching query: MemoryQuery) async throws -> [EntitySummary] {
    guard let query = reach.narrow(query) else { return [] }
    return try await reader.entities(matching: query)
  }

  func owners(matching query: MemoryQuery) async throws -> [OwnerKey] {
    guard let query = reach.narrow(query) else { return [] }
    return try await reader.owners(matching: query).filter { reach.includes($0.owner) }
  }

  func wait(forTurnsPartition partition: Int, offset: Int64, timeout: Duration) async throws -> Bool {
    try await reader.wait(forTurnsPartition: partition, offset: offset, timeout: timeout)
  }

  func summary() async throws -> ProjectionSummary { try await reader.summary() }

  func watermarks() async throws -> [TopicOffset] { try await reader.watermarks() }
}
