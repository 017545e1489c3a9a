import EventLog
import FoundationEssentials
import MnemeCore
import MnemeProjection
import Synchronization

/// A projection in memory that is moved on by hand, or by each record of a log at once.
final class ReaderTwin: MemoryReader {
  struct State {
    var memories: [UUID: MemoryView] = [:]
    var history: [UUID: [HistoryEntry]] = [:]
    var outcomes: [String: InputOutcome] = [:]
    var reached: [Int: Int64] = [:]
    var failure: (any Error)?
    var speakers: [String] = []
    /// Scores of hits by their texts; 0.75 where there is none.
    var scores: [String: Double] = [:]
    var searches: [SearchRequest] = []
    var queries: [MemoryQuery] = []
    var waiters: [UUID: AsyncStream<Void>.Continuation] = [:]
  }

  let state = Mutex(State())

  /// Changes the state, and wakes whoever waits for it.
  func change<Value: Sendable>(_ body: (inout sending State) -> sending Value) -> Value {
    let (value, waiters) = self.state.withLock { state in
      let value = body(&state)
      return (value, Array(state.waiters.values))
    }
    for waiter in waiters { waiter.yield() }
    return value
  }

  /// Puts a memory there as if it had always been.
  func put(_ view: MemoryView) {
    self.change { state in
      state.memories[view.memory.id] = view
      state.history[view.memory.id] = [ReaderTwin.entry(.add, nil, view.memory, "earlier")]
    }
  }

  private func look<Value: Sendable>(_ body: (inout State) throws -> Value) throws -> Value {
    try self.state.withLock { state in
      if let failure = state.failure { throw failure }
      return try body(&state)
    }
  }

  func memory(_ id: UUID, tenant: String) async throws -> MemoryView? {
    try self.look { state in state.memories[id].flatMap { $0.owner.tenant == tenant ? $0 : nil } }
  }

  func memory(_ id: UUID, tenant: String, asOf instant: Timestamp) async throws -> MemoryView? {
    try await self.memory(id, tenant: tenant).flatMap { $0.memory.recordedAt <= instant ? $0 : nil }
  }

  func memories(_ ids: [UUID], tenant: String) async throws -> [UUID: MemoryView] {
    try self.look { state in
      state.memories.filter { ids.contains($0.key) && $0.value.owner.tenant == tenant }
    }
  }

  func memories(_ query: MemoryQuery, offset: Int, limit: Int) async throws -> MemoryPage {
    try self.look { state in
      state.queries.append(query)
      let all = Self.matches(query, in: state)
      return MemoryPage(totalCount: all.count, memories: Array(all.dropFirst(offset).prefix(limit)))
    }
  }

  func search(_ request: SearchRequest) async throws -> [SearchHit] {
    try self.look { state in
      state.searches.append(request)
      let scored = Self.matches(request.query, in: state).map { ($0, state.scores[$0.memory.text] ?? 0.75) }
      return scored.sorted { $0.1 > $1.1 }.prefix(request.limit).map { view, score in
        SearchHit(
          view: view, score: score, semantic: 0.9, keyword: 0.6,
          signals: Signals(cosine: 0.9, contextCosine: 0.5, bm25: 2.5, keywords: 0.6, isAskedPerson: true))
      }
    }
  }

  func history(_ id: UUID, tenant: String) async throws -> [HistoryEntry] {
    try self.look { state in
      state.memories[id].map { $0.owner.tenant == tenant } ?? true ? state.history[id] ?? [] : []
    }
  }

  func outcome(ofInput id: String, tenant: String) async throws -> InputOutcome? {
    try self.look { state in state.outcomes[id].flatMap { $0.owner.tenant == tenant ? $0 : nil } }
  }

  func outcomes(ofEvent id: String, tenant: String) async throws -> [InputOutcome] {
    guard let last = try await self.outcome(ofInput: id, tenant: tenant) else { return [] }
    let parts = try self.look { state in
      state.outcomes.values.filter { $0.owner.tenant == tenant && EventParts.isPart($0.input, of: last.input) }
    }
    return parts.sorted { $0.input.offset < $1.input.offset } + [last]
  }

  func inputs(_ query: InputQuery, offset: Int, limit: Int) async throws -> InputPage {
    try self.look { state in
      let all = state.outcomes.values.filter { outcome in
        outcome.owner.tenant == query.tenant && (query.owners.map { $0.contains(outcome.owner.owner) } ?? true)
          && (query.types.map { types in types.contains { $0.rawValue == outcome.input.type } } ?? true)
          && (query.outcomes.map { $0.contains(outcome.outcome) } ?? true)
          && (query.from.map { $0 <= outcome.completedAt } ?? true)
          && (query.to.map { $0 >= outcome.completedAt } ?? true)
          && !state.outcomes.values.contains { EventParts.isPart(outcome.input, of: $0.input) }
      }.sorted { ($1.completedAt, $0.input.id) < ($0.completedAt, $1.input.id) }
      return InputPage(totalCount: all.count, outcomes: Array(all.dropFirst(offset).prefix(limit)))
    }
  }

  func entities(matching query: MemoryQuery) async throws -> [EntitySummary] {
    try self.look { state in
      let memories = Self.matches(query, in: state).map(\.memory)
      func summaries(_ kind: EntitySummary.Kind, _ id: (Scope) -> String?) -> [EntitySummary] {
        Set(memories.compactMap { id($0.scope) }).sorted().map { wanted in
          let own = memories.filter { id($0.scope) == wanted }
          return EntitySummary(
            kind: kind, id: wanted, currentMemoryCount: own.count(where: \.isCurrent),
            firstAt: own.map(\.recordedAt).min()!, lastAt: own.map(\.updatedAt).max()!)
        }
      }
      return summaries(.user, \.userID) + summaries(.agent, \.agentID) + summaries(.app, \.appID)
        + summaries(.run, \.runID)
    }
  }

  func owners(matching query: MemoryQuery) async throws -> [OwnerKey] {
    try self.look { state in Array(Set(Self.matches(query, in: state).map(\.owner))) }
  }

  func people(of owner: OwnerKey) async throws -> OwnerPeople {
    try self.look { OwnerPeople(speakers: $0.speakers) }
  }

  func wait(forTurnsPartition partition: Int, offset: Int64, timeout: Duration) async throws -> Bool {
    let (id, (stream, continuation)) = (UUID(), AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1)))
    self.state.withLock { $0.waiters[id] = continuation }
    defer { self.state.withLock { $0.waiters[id] = nil } }
    @Sendable func hasReached() -> Bool { self.state.withLock { $0.reached[partition, default: -1] >= offset } }
    if hasReached() { return true }
    return try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        for await _ in stream where hasReached() { return true }
        throw CancellationError()
      }
      group.addTask {
        try await Task.sleep(for: timeout)
        return false
      }
      defer { group.cancelAll() }
      return try await group.next() ?? false
    }
  }

  func summary() async throws -> ProjectionSummary { ProjectionSummary() }
  func watermarks() async throws -> [TopicOffset] { try self.look { _ in [] } }

  private static func matches(_ query: MemoryQuery, in state: State) -> [MemoryView] {
    state.memories.values.filter { view in
      view.owner.tenant == query.tenant && (query.includesEnded || view.memory.isCurrent)
        && (query.notExpiredAt.map { now in view.memory.expiresAt.map { $0 > now } ?? true } ?? true)
        && (query.filter.map { Self.holds($0, view.memory) } ?? true)
    }.sorted { ($1.memory.recordedAt, $0.memory.id.text) < ($0.memory.recordedAt, $1.memory.id.text) }
  }

  private static func holds(_ filter: Filter, _ memory: Memory) -> Bool {
    func value(_ field: Filter.Field) -> JSONValue? {
      switch field {
      case .userID: memory.scope.userID.map(JSONValue.string)
      case .agentID: memory.scope.agentID.map(JSONValue.string)
      case .appID: memory.scope.appID.map(JSONValue.string)
      case .runID: memory.scope.runID.map(JSONValue.string)
      case .category: .string(memory.category)
      case .text: .string(memory.text)
      case .memoryID: .string(memory.id.text)
      case .metadata(let path): path.first.flatMap { memory.metadata?[$0] }
      case .actor, .createdAt, .updatedAt, .timestamp, .expirationDate: nil
      }
    }
    switch filter {
    case .and(let parts): return parts.allSatisfy { holds($0, memory) }
    case .or(let parts): return parts.contains { holds($0, memory) }
    case .not(let part): return !holds(part, memory)
    case .isPresent(let field): return value(field) != nil
    case .compare(let field, .eq, let operand): return value(field) == operand
    case .compare(let field, .isIn, let operand): return value(field).map { operand.arrayValue!.contains($0) } ?? false
    case .compare: return true
    }
  }
}

// MARK: Folding

extension ReaderTwin {
  static func entry(
    _ change: HistoryEntry.Change, _ old: Memory?, _ memory: Memory, _ inputID: String
  ) -> HistoryEntry {
    HistoryEntry(
      id: UUID(), memoryID: memory.id, change: change, oldText: old?.text,
      newText: change == .delete ? nil : memory.text, memory: memory, inputID: inputID, at: Fixture.now)
  }

  /// Does what the pipeline would do with a record: each message becomes a memory; edits and deletions are carried out.
  func process(_ record: LogRecord, parking reason: ParkingReason? = nil) throws {
    let event = try EventRecordCodec().decode(record)
    let position = record.position
    self.change { state in
      if state.outcomes[event.id] == nil {
        let (outcome, effects) =
          reason == nil ? state.fold(event) : (MemoriesResolved.Outcome.parked, [InputOutcome.Effect]())
        state.outcomes[event.id] = InputOutcome(
          input: InputReference(
            id: event.id, type: event.type, partition: position.topicPartition.partition, offset: position.offset,
            receivedAt: event.time),
          owner: event.owner, outcome: outcome, effects: effects, reason: reason,
          completedAt: Timestamp(milliseconds: event.time.milliseconds + 40))
      }
      state.reached[position.topicPartition.partition] = position.offset
    }
  }
}

extension ReaderTwin.State {
  fileprivate mutating func fold(_ event: CloudEvent) -> (MemoriesResolved.Outcome, [InputOutcome.Effect]) {
    var effects: [InputOutcome.Effect] = []
    switch event.knownType {
    case .turnRecorded:
      guard let body = try? EventBodyCoding.decode(TurnBody.self, from: event.data) else { return (.parked, []) }
      for (index, message) in body.messages.enumerated() {
        let memory = Fixture.memory(
          message.content, id: Derivation.uuid("memory", event.owner.description, event.id, String(index)),
          scope: body.scope, metadata: body.metadata, expiresAt: body.expirationDate, eventID: event.id, index: index)
        self.memories[memory.id] = MemoryView(memory: memory, owner: event.owner, reinforcementCount: 0)
        self.history[memory.id] = [ReaderTwin.entry(.add, nil, memory, event.id)]
        effects.append(InputOutcome.Effect(memoryID: memory.id, change: .add, text: memory.text))
      }
      return (.stored, effects)
    case .memoryEditRequested:
      guard let body = try? EventBodyCoding.decode(MemoryEditRequest.self, from: event.data),
        let old = self.memories[body.memoryID]?.memory,
        let new = Memory.evolve(old, .revised(id: old.id, body.revision))
      else { return (.notFound, []) }
      self.memories[old.id]?.memory = new
      self.history[old.id, default: []].append(ReaderTwin.entry(.update, old, new, event.id))
      return (.stored, [InputOutcome.Effect(memoryID: old.id, change: .update, text: new.text)])
    case .memoryFeedbackGiven:
      guard let body = try? EventBodyCoding.decode(FeedbackGiven.self, from: event.data),
        let old = self.memories[body.memoryID]?.memory
      else { return (.notFound, []) }
      self.memories[old.id]?.memory.feedback = body.feedback
      self.history[old.id, default: []].append(ReaderTwin.entry(.feedback, old, old, event.id))
      return (.stored, [InputOutcome.Effect(memoryID: old.id, change: .feedback, text: old.text)])
    case .memoryDeletionRequested:
      guard let body = try? EventBodyCoding.decode(MemoryDeletionRequest.self, from: event.data) else {
        return (.parked, [])
      }
      return self.remove(of: event.owner) {
        $0.id == body.memoryID || (body.includesSuperseded && $0.supersededBy == body.memoryID)
      }
    case .memoriesDeletionRequested:
      guard let body = try? EventBodyCoding.decode(MemoriesDeletionRequest.self, from: event.data) else {
        return (.parked, [])
      }
      return self.remove(of: event.owner) { memory in
        [
          (body.scope.userID, memory.scope.userID), (body.scope.agentID, memory.scope.agentID),
          (body.scope.appID, memory.scope.appID), (body.scope.runID, memory.scope.runID),
        ].allSatisfy { $0.0 == nil || $0.0 == $0.1 }
      }
    default: return (.parked, [])
    }
  }

  private mutating func remove(
    of owner: OwnerKey, where isMeant: (Memory) -> Bool
  ) -> (MemoriesResolved.Outcome, [InputOutcome.Effect]) {
    let gone = self.memories.values.filter { $0.owner == owner }.map(\.memory).filter(isMeant)
    for memory in gone {
      self.memories[memory.id] = nil
      self.history[memory.id, default: []].append(ReaderTwin.entry(.delete, memory, memory, "deletion"))
    }
    return (
      gone.isEmpty ? .notFound : .stored,
      gone.map { InputOutcome.Effect(memoryID: $0.id, change: .delete, text: $0.text) }
    )
  }
}
