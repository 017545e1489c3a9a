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
  private final class Working {
    /// As it stands in the shard.
    let stored: MemoryRow?
    /// As it is now.
    var current: MemoryRow?
    /// Whether its sources are others than those stored with more behind them.
    var replacesSources = false

    init(stored: MemoryRow?) {
      self.stored = stored
      self.current = stored
    }
  }

  /// A row of `changes`.
  private struct Change {
    let memory: Int64
    let input: Int64
    let ordinal: Int
    let text: String?
  }

  private let database: Database
  private let keywords: KeywordIndex
  private var statements: FoldStatements
  private var owners: OwnerTable
  private var vectorRows: VectorRows
  private var working: [Int64: Working] = [:]
  private var changes: [Change] = []
  private let keywordChanges = KeywordChanges()
  private var vectors: [(memory: Int64, entry: FoldRecord.VectorEntry)] = []
  /// Hashes of the words of memories that were written; nil for those that are gone.
  private var hashes: [Int64: Data?] = [:]

  init(_ database: Database) throws {
    self.database = database
    self.keywords = try KeywordIndex(database)
    self.statements = try FoldStatements(database)
    self.owners = OwnerTable(database)
    self.vectorRows = try VectorRows(database)
  }

  /// Folds one record. A second final outcome of one input changes nothing.
  mutating func fold(_ record: FoldRecord) throws {
    switch record.content {
    case .resolved(let body, let bytes):
      guard let key = record.owner else { preconditionFailure("a body was read, so its owner was") }
      try fold(body, bytes: bytes, at: record.at, owner: try owners.number(of: key), key: key, from: record)
    case .embedded(let entries):
      guard let key = record.owner else { preconditionFailure("a body was read, so its owner was") }
      for entry in entries { try fold(entry, of: key, from: record) }
    case .unreadable(let reason):
      try skip(record, code: reason.code)
    }
  }

  private mutating func fold(_ entry: FoldRecord.VectorEntry, of key: OwnerKey, from record: FoldRecord) throws {
    switch try owners.place(of: entry.memoryID, for: key, &statements) {
    case .own(let memory): vectors.append((memory, entry))
    case .foreign: try skip(record, code: Self.foreignOwner)
    case .unknown: try vectorRows.putEarly(entry, of: key)
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
    guard let input = try insert(body, bytes: bytes, at: at, owner: owner) else { return }
    for (ordinal, event) in body.events.enumerated() {
      guard try apply(event, of: owner, key, input: input, ordinal: ordinal) else {
        try skip(record, code: Self.foreignOwner)
        continue
      }
    }
  }

  /// Puts an input in; nil where its final outcome is there already. What was parked gives way.
  private mutating func insert(
    _ body: MemoriesResolved, bytes: [UInt8], at: Timestamp, owner: Int64
  ) throws -> Int64? {
    let id = StoredText.encode(body.input.id)
    let database = self.database
    func insertNew(_ statement: inout RowStatement) throws -> Bool {
      statement.add(owner)
      statement.add(id)
      statement.add(body.outcome.rawValue)
      statement.add(at.milliseconds)
      try statement.run(adding: bytes)
      return database.changesCount > 0
    }
    // Nearly every input is new: looking for it first would be the same search twice.
    if try insertNew(&statements.insertInput) { return database.lastInsertedRowID }
    statements.findInput.add(id)
    statements.findInput.add(owner)
    let earlier = try statements.findInput.fetchInteger()
    let outcome = try String.fetchOne(
      try database.cachedStatement(sql: "SELECT outcome FROM inputs WHERE input = ?"), arguments: [earlier])
    guard outcome == MemoriesResolved.Outcome.parked.rawValue else { return nil }
    try database.cachedStatement(sql: "DELETE FROM inputs WHERE input = ?").execute(arguments: [earlier])
    guard try insertNew(&statements.insertInput) else { throw MemoryRow.damaged }
    return database.lastInsertedRowID
  }

  /// The number of a memory that an event names; nil where it is another owner's.
  private mutating func number(
    of id: UUID, _ owner: Int64, _ key: OwnerKey
  ) throws -> (number: Int64, isNew: Bool)? {
    let found = try owners.memoryOrNew(id, of: owner, &statements)
    if let found, found.isNew { try vectorRows.claim(id, of: key, for: found.number) }
    return found
  }

  /// Applies one event. Returns false where the event is about another owner's memory.
  private mutating func apply(
    _ event: MemoryEvent, of owner: Int64, _ key: OwnerKey, input: Int64, ordinal: Int
  ) throws -> Bool {
    let entry: Working
    let number: Int64
    if case .added(let memory) = event {
      guard memory.scope.owner == key.owner, let found = try self.number(of: memory.id, owner, key) else {
        return false
      }
      number = found.number
      entry = found.isNew ? Working(stored: nil) : try working(number)
    } else {
      guard let found = try owners.memory(event.memoryID, of: owner, &statements) else { return true }
      number = found
      entry = try working(number)
    }
    let before = event.bringsText ? nil : entry.current?.memory.text
    guard Self.evolve(entry, event) else { return true }
    working[number] = entry
    owners.touch(number)
    let text = event.bringsText ? nil : (entry.current?.memory.text ?? before).map(StoredText.encode)
    changes.append(Change(memory: number, input: input, ordinal: ordinal, text: text))
    if case .superseded(_, let by, _, _) = event, let successor = try self.number(of: by, owner, key)?.number {
      try database.cachedStatement(sql: "INSERT OR IGNORE INTO successions VALUES (?, ?)")
        .execute(arguments: [successor, number])
    }
    return true
  }

  private func working(_ number: Int64) throws -> Working {
    try working[number] ?? Working(stored: try MemoryRow.fetch(database, number))
  }

  /// Evolves the memory that is worked on. Returns false where the event finds no memory.
  private static func evolve(_ entry: Working, _ event: MemoryEvent) -> Bool {
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
  /// `keywords`: told to the index by the caller, before the transaction ends; nil: at once.
  mutating func flush(keepsTouched: Bool, keywords: KeywordChanges? = nil) throws {
    let keywords = keywords ?? keywordChanges
    for number in working.keys.sorted() {
      if let entry = working[number] { try write(number, entry, keywords) }
    }
    changes.sort { ($0.memory, $0.input, $0.ordinal) < ($1.memory, $1.input, $1.ordinal) }
    for change in changes { try write(change) }
    vectors.sort { $0.memory < $1.memory }
    for (memory, entry) in vectors { try write(entry, of: memory) }
    // Last and in one go: the index writes what it holds in memory whenever something else begins a savepoint.
    try keywordChanges.write(database)
    working = [:]
    changes = []
    vectors = []
    hashes = [:]
    try owners.flush(keepsTouched: keepsTouched)
  }

  private mutating func write(_ change: Change) throws {
    statements.insertChange.add(change.memory)
    statements.insertChange.add(change.input)
    statements.insertChange.add(change.ordinal)
    statements.insertChange.add(change.text)
    try statements.insertChange.run()
  }

  private mutating func write(_ number: Int64, _ entry: Working, _ keywords: KeywordChanges) throws {
    let owner = owners[Schema.owner(of: number)]
    let oldHash = entry.stored.map { TextHash.of($0.memory.text) }
    let newHash = entry.current.map { TextHash.of($0.memory.text) }
    hashes[number] = .some(newHash)
    var tokenCount = 0
    if oldHash != newHash {
      let old = try entry.stored.map { try document(of: $0, owner.row) }
      let new = try entry.current.map { try document(of: $0, owner.row) }
      keywords.note(number, old: old?.terms, new: new?.terms)
      tokenCount = new?.count ?? 0
    } else if let stored = entry.stored {
      tokenCount = stored.tokenCount
    }
    entry.current?.tokenCount = tokenCount
    if oldHash != newHash || newHash == nil { try vectorRows.moveOver(number, from: oldHash, to: newHash) }
    owner.add(
      memories: (entry.current == nil ? 0 : 1) - (entry.stored == nil ? 0 : 1),
      tokens: tokenCount - (entry.stored?.tokenCount ?? 0))
    if let stored = entry.stored, entry.current == nil || entry.replacesSources {
      try MemoryRow.removeSources(database, number, stored.memory)
    }
    guard let current = entry.current, let newHash else {
      try database.cachedStatement(sql: "DELETE FROM memories WHERE memory = ?").execute(arguments: [number])
      return
    }
    if entry.stored == nil {
      try current.write(&statements.insertMemory, number, textHash: newHash)
    } else {
      try current.write(&statements.replaceMemory, number, textHash: newHash)
    }
    let storedCount = entry.replacesSources ? 0 : entry.stored?.memory.sources.count ?? 0
    try MemoryRow.writeSources(&statements, number, current.memory, from: storedCount)
  }

  private func document(of row: MemoryRow, _ owner: OwnerRow) throws -> (terms: [UInt8], count: Int) {
    try keywords.document(of: row.memory.text, tenant: owner.tenant, owner: owner.number)
  }

  private mutating func write(_ entry: FoldRecord.VectorEntry, of memory: Int64) throws {
    let current =
      try hashes[memory]
      ?? Data.fetchOne(
        try database.cachedStatement(sql: "SELECT text_hash FROM memories WHERE memory = ?"), arguments: [memory])
    if try vectorRows.put(entry, of: memory, current: current, &statements) { owners.touch(memory) }
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
