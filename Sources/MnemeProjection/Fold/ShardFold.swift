import EventLog
import FoundationEssentials
import GRDB
import MnemeCore

/// Folds records into one shard, within one transaction.
///
/// Memories that change are held until `flush`, so that several changes of one are one write, and so that the keyword
/// index
/// meets rising row numbers, without which it would write a segment for each memory.
struct ShardFold {
  private struct Working {
    /// As it stands in the shard.
    let stored: MemoryRow?
    /// As it is now.
    var current: MemoryRow?
    /// Whether its sources are others than those stored with more behind them.
    var replacesSources = false
  }

  private let database: Database
  private let keywords: KeywordIndex
  private var owners: OwnerTable
  private var working: [Int64: Working] = [:]
  private var vectors: [(memory: Int64, entry: FoldRecord.VectorEntry)] = []

  init(_ database: Database) throws {
    self.database = database
    self.keywords = try KeywordIndex(database)
    self.owners = OwnerTable(database)
  }

  /// Folds one record. A second final outcome of one input changes nothing.
  mutating func fold(_ record: FoldRecord) throws {
    switch record.content {
    case .resolved(let body, let bytes):
      guard let key = record.owner else { preconditionFailure("a body was read, so its owner was") }
      try fold(body, bytes: bytes, at: record.at, owner: try owners.number(of: key), key: key, from: record)
    case .embedded(let entries):
      guard let key = record.owner else { preconditionFailure("a body was read, so its owner was") }
      let owner = try owners.number(of: key)
      for entry in entries {
        if let memory = try owners.memoryOrNew(entry.memoryID, of: owner) {
          vectors.append((memory, entry))
        } else {
          try skip(record, code: Self.foreignOwner)
        }
      }
    case .unreadable(let reason):
      try skip(record, code: reason.code)
    }
  }

  private static let foreignOwner = "foreign_owner"

  private func skip(_ record: FoldRecord, code: String) throws {
    let place = record.position.topicPartition
    try database.cachedStatement(sql: "INSERT OR IGNORE INTO skipped VALUES (?, ?, ?, ?)")
      .execute(arguments: [place.topic, place.partition, record.position.offset, code])
  }

  private mutating func fold(
    _ body: MemoriesResolved, bytes: [UInt8], at: Timestamp, owner: Int64, key: OwnerKey, from record: FoldRecord
  ) throws {
    let id = StoredText.encode(body.input.id)
    let earlier = try Row.fetchOne(
      try database.cachedStatement(sql: "SELECT input, outcome FROM inputs WHERE id = ? AND owner = ?"),
      arguments: [id, owner])
    if let earlier {
      guard earlier[1] as String == MemoriesResolved.Outcome.parked.rawValue else { return }
      try database.cachedStatement(sql: "DELETE FROM inputs WHERE input = ?").execute(arguments: [earlier[0] as Int64])
    }
    let statement = try database.cachedStatement(
      sql: "INSERT INTO inputs (owner, id, outcome, completed_at, body) VALUES (?, ?, ?, ?, ?)")
    statement.setUncheckedArguments([owner, id, body.outcome.rawValue, at.milliseconds, Data(bytes)])
    try statement.execute()
    let input = database.lastInsertedRowID
    for (ordinal, event) in body.events.enumerated() {
      guard try apply(event, of: owner, key, input: input, ordinal: ordinal) else {
        try skip(record, code: Self.foreignOwner)
        continue
      }
    }
  }

  /// Applies one event. Returns false where the event is about another owner's memory.
  private mutating func apply(
    _ event: MemoryEvent, of owner: Int64, _ key: OwnerKey, input: Int64, ordinal: Int
  ) throws -> Bool {
    let number: Int64
    if case .added(let memory) = event {
      guard memory.scope.owner == key.owner, let found = try owners.memoryOrNew(memory.id, of: owner) else {
        return false
      }
      number = found
    } else {
      guard let found = try owners.memory(event.memoryID, of: owner) else { return true }
      number = found
    }
    var entry = try working[number] ?? load(number)
    let before = entry.current
    guard Self.evolve(&entry, event) else { return true }
    working[number] = entry
    owners.touch(number)
    let text = event.bringsText ? nil : (entry.current ?? before).map { StoredText.encode($0.memory.text) }
    let statement = try database.cachedStatement(sql: "INSERT OR IGNORE INTO changes VALUES (?, ?, ?, ?)")
    statement.setUncheckedArguments([number, input, ordinal, text])
    try statement.execute()
    if case .superseded(_, let by, _, _) = event, let successor = try owners.memoryOrNew(by, of: owner) {
      try database.cachedStatement(sql: "INSERT OR IGNORE INTO successions VALUES (?, ?)")
        .execute(arguments: [successor, number])
    }
    return true
  }

  private func load(_ number: Int64) throws -> Working {
    let stored = try MemoryRow.fetch(database, number)
    return Working(stored: stored, current: stored)
  }

  /// Evolves the memory that is worked on. Returns false where the event finds no memory.
  private static func evolve(_ entry: inout Working, _ event: MemoryEvent) -> Bool {
    if case .added(let memory) = event {
      entry.replacesSources = entry.stored != nil
      entry.current = MemoryRow(memory: memory, reinforcementCount: 0, tokenCount: 0)
      return true
    }
    guard var row = entry.current else { return false }
    guard let memory = Memory.evolve(row.memory, event) else {
      entry.current = nil
      return true
    }
    row.memory = memory
    if case .reinforced = event { row.reinforcementCount += 1 }
    entry.current = row
    return true
  }

  /// Writes everything that changed. `keepsTouched`: readers may hold owners' vectors of this very file.
  mutating func flush(keepsTouched: Bool) throws {
    for number in working.keys.sorted() {
      if let entry = working[number] { try write(number, entry) }
    }
    for (memory, entry) in vectors.sorted(by: { $0.memory < $1.memory }) { try write(entry, of: memory) }
    working = [:]
    vectors = []
    try owners.flush(keepsTouched: keepsTouched)
  }

  private mutating func write(_ number: Int64, _ entry: Working) throws {
    let owner = Schema.owner(of: number)
    let tenant = owners[owner].tenant
    let oldHash = entry.stored.map { TextHash.of($0.memory.text) }
    let newHash = entry.current.map { TextHash.of($0.memory.text) }
    var current = entry.current
    if oldHash != newHash {
      if let old = entry.stored {
        let terms = try keywords.document(of: old.memory.text, tenant: tenant, owner: owner).terms
        try KeywordIndex.remove(database, number, terms: terms)
      }
      if let new = current {
        let document = try keywords.document(of: new.memory.text, tenant: tenant, owner: owner)
        try KeywordIndex.insert(database, number, terms: document.terms)
        current?.tokenCount = document.count
      }
    } else if let stored = entry.stored {
      current?.tokenCount = stored.tokenCount
    }
    if oldHash != newHash || newHash == nil {
      try VectorRows.moveOver(database, number, from: oldHash, to: newHash)
    }
    owners[owner].memoryCount += (current == nil ? 0 : 1) - (entry.stored == nil ? 0 : 1)
    owners[owner].tokenCount += (current?.tokenCount ?? 0) - (entry.stored?.tokenCount ?? 0)
    if let stored = entry.stored, current == nil || entry.replacesSources {
      try MemoryRow.removeSources(database, number, stored.memory)
    }
    guard let current, let newHash else {
      try database.cachedStatement(sql: "DELETE FROM memories WHERE memory = ?").execute(arguments: [number])
      return
    }
    try MemoryRow.write(database, number, current, textHash: newHash)
    let storedCount = entry.replacesSources ? 0 : entry.stored?.memory.sources.count ?? 0
    try MemoryRow.writeSources(database, number, current.memory, from: storedCount)
  }

  private mutating func write(_ entry: FoldRecord.VectorEntry, of memory: Int64) throws {
    if try VectorRows.put(database, entry, of: memory) { owners.touch(memory) }
  }
}

extension MemoryEvent {
  /// Whether the event itself holds the words that its memory has after it.
  var bringsText: Bool {
    switch self {
    case .added: true
    case .revised(_, let revision): revision.text != nil
    case .reinforced, .superseded, .retracted: false
    }
  }
}
