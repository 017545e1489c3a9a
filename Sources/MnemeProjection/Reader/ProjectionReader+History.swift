public import FoundationEssentials
import GRDB
import MnemeCore

extension ProjectionReader {
  /// As `MemoryReader` has it.
  public func history(_ id: UUID, tenant: String) async throws -> [HistoryEntry] {
    for shard in self.shards {
      let entries = try await self.read(shard) { database, _ -> [HistoryEntry]? in
        guard let number = try MemoryLookup.number(database, of: id, tenant: tenant) else { return nil }
        return try History(database).entries(of: number)
      }
      if let entries { return entries }
    }
    return []
  }

  /// As `MemoryReader` has it. Event ids are unique within an owner: where several owners of the tenant have one of
  /// that id,
  /// this is the one decided last.
  public func outcome(ofInput id: String, tenant: String) async throws -> InputOutcome? {
    var latest: InputOutcome?
    for shard in self.shards {
      let found = try await self.read(shard) { database, _ in try History(database).outcome(ofInput: id, tenant) }
      if let found, latest.map({ $0.completedAt < found.completedAt }) ?? true { latest = found }
    }
    return latest
  }

  /// As `MemoryReader` has it.
  public func outcomes(ofEvent id: String, tenant: String) async throws -> [InputOutcome] {
    guard let last = try await self.outcome(ofInput: id, tenant: tenant) else { return [] }
    guard last.input.type != EventType.turnRecorded.rawValue else { return [last] }
    var parts: [InputOutcome] = []
    for shard in self.shards {
      parts += try await self.read(shard) { database, _ in try History(database).parts(of: last.input, tenant) }
    }
    let ordered = parts.sorted { ($0.input.partition, $0.input.offset) < ($1.input.partition, $1.input.offset) }
    return ordered.prefix(EventParts.maxCount - 1) + [last]
  }
}

/// Tells what happened to memories, by folding the recorded bodies again.
struct History {
  private let database: Database

  init(_ database: Database) {
    self.database = database
  }

  /// The memory's changes, after those of the memories that it superseded.
  func entries(of number: Int64) throws -> [HistoryEntry] {
    var chain: [Int64] = []
    try collect(number, into: &chain)
    var entries: [HistoryEntry] = []
    for memory in chain { entries += try ownEntries(of: memory) }
    return entries
  }

  /// Predecessors before successors, those that changed first in front.
  private func collect(_ number: Int64, into chain: inout [Int64]) throws {
    var visited: Set<Int64> = [number]
    // Each memory is expanded once: its predecessors are put before it when it is met the second time.
    var stack: [(memory: Int64, isExpanded: Bool)] = [(number, false)]
    while let (memory, isExpanded) = stack.popLast() {
      if isExpanded {
        chain.append(memory)
        continue
      }
      stack.append((memory, true))
      let statement = try database.cachedStatement(
        sql: """
          SELECT s.predecessor FROM successions s WHERE s.successor = ?
          ORDER BY (SELECT min(c.input) FROM changes c WHERE c.memory = s.predecessor) DESC, s.predecessor DESC
          """)
      for predecessor in try Int64.fetchAll(statement, arguments: [memory]) where visited.insert(predecessor).inserted {
        stack.append((predecessor, false))
      }
    }
  }

  private func ownEntries(of number: Int64) throws -> [HistoryEntry] {
    let statement = try database.cachedStatement(
      sql: """
        SELECT c.ordinal, i.id, i.completed_at, i.body FROM changes c JOIN inputs i ON i.input = c.input
        WHERE c.memory = ? ORDER BY c.input, c.ordinal
        """)
    let rows = try Row.fetchCursor(statement, arguments: [number])
    var owner: OwnerKey?
    var memory: Memory?
    var entries: [HistoryEntry] = []
    while let row = try rows.next() {
      let key = try owner ?? MemoryLookup(database).owner(Schema.owner(of: number))
      owner = key
      let (ordinal, input) = (row[0] as Int, StoredText.decode(row[1]))
      let events = try Self.body(row[3]).events
      guard events.indices.contains(ordinal) else { throw MemoryRow.damaged }
      let before = memory
      memory = Memory.evolve(before, events[ordinal])
      guard let subject = memory ?? before else { throw MemoryRow.damaged }
      entries.append(
        HistoryEntry(
          id: Derivation.uuid("history", key.description, input, String(ordinal)), memoryID: subject.id,
          change: events[ordinal].change, oldText: before?.text, newText: memory?.text, memory: subject,
          inputID: input, at: Timestamp(milliseconds: row[2])))
    }
    return entries
  }

  func outcome(ofInput id: String, _ tenant: String) throws -> InputOutcome? {
    let row = try Row.fetchOne(
      try database.cachedStatement(
        sql: """
          SELECT i.input, i.owner, i.completed_at, i.body FROM inputs i
          JOIN owners o ON o.owner = i.owner JOIN tenants t ON t.tenant = o.tenant
          WHERE i.id = ? AND t.name = ? ORDER BY i.completed_at DESC, i.input DESC LIMIT 1
          """), arguments: [StoredText.encode(id), StoredText.encode(tenant)])
    return try row.map(outcome)
  }

  /// The outcome of that number; nil where it is gone.
  func outcome(ofInput number: Int64) throws -> InputOutcome? {
    let row = try Row.fetchOne(
      try database.cachedStatement(
        sql: "SELECT i.input, i.owner, i.completed_at, i.body FROM inputs i WHERE i.input = ?"), arguments: [number])
    return try row.map(outcome)
  }

  /// The parts of the event that `last` is the last part of, but that one.
  func parts(of last: InputReference, _ tenant: String) throws -> [InputOutcome] {
    let rows = try Row.fetchAll(
      try database.cachedStatement(
        sql: """
          SELECT i.input, i.owner, i.completed_at, i.body FROM inputs i
          JOIN owners o ON o.owner = i.owner JOIN tenants t ON t.tenant = o.tenant
          WHERE i.id > ? AND i.id < ? AND t.name = ? LIMIT ?
          """),
      // '0' is the character behind '/'.
      arguments: [
        StoredText.encode("\(last.id)/"), StoredText.encode("\(last.id)0"), StoredText.encode(tenant),
        EventParts.maxCount,
      ])
    return try rows.map(outcome).filter { EventParts.isPart($0.input, of: last) }
  }

  /// The outcome in a row of input, owner, time and body.
  private func outcome(_ row: Row) throws -> InputOutcome {
    let body = try Self.body(row[3])
    return InputOutcome(
      input: body.input, owner: try MemoryLookup(database).owner(row[1]), outcome: body.outcome,
      effects: try effects(of: body, input: row[0], owner: row[1]), reason: body.reason,
      completedAt: Timestamp(milliseconds: row[2]))
  }

  /// What the events of a body changed: those that found no memory changed nothing.
  private func effects(of body: MemoriesResolved, input: Int64, owner: Int64) throws -> [InputOutcome.Effect] {
    let statement = try database.cachedStatement(
      sql: """
        SELECT c.text FROM numbers n JOIN changes c ON c.memory = n.memory
        WHERE n.id = ? AND n.memory BETWEEN ? AND ? AND c.input = ? AND c.ordinal = ?
        """)
    let range = Schema.memories(of: owner)
    return try body.events.enumerated().compactMap { ordinal, event in
      let row = try Row.fetchOne(
        statement, arguments: [event.memoryID, range.lowerBound, range.upperBound, input, ordinal])
      guard let row else { return nil }
      let text: String =
        switch event {
        case .added(let memory): memory.text
        case .revised(_, let revision) where revision.text != nil: revision.text ?? ""
        case .reinforced, .revised, .superseded, .retracted, .rated: StoredText.decode((row[0] as String?) ?? "")
        }
      return InputOutcome.Effect(memoryID: event.memoryID, change: event.change, text: text)
    }
  }

  private static func body(_ bytes: Data) throws -> MemoriesResolved {
    do {
      return try EventBodyCoding.decode(MemoriesResolved.self, from: Array(bytes))
    } catch {
      throw MemoryRow.damaged
    }
  }
}

extension MemoryEvent {
  /// The event as histories name it.
  fileprivate var change: HistoryEntry.Change {
    switch self {
    case .added: .add
    case .reinforced: .reinforce
    case .revised: .update
    case .superseded: .supersede
    case .retracted: .delete
    case .rated: .feedback
    }
  }
}
