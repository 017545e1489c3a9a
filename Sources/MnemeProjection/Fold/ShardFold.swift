import EventLog
import FoundationEssentials
import GRDB
import MnemeCore

/// Folds records into one shard, within one transaction.
///
/// Memories that change are held until `flush`, so that several changes of one are one write, and rows come in order of
/// their numbers.
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

  /// A memory that this transaction adds and that nothing else has happened to.
  private struct Addition {
    let row: SketchRow
    let owner: OwnerTable.Entry
    /// Whether something has happened to it after all: it is among those that are worked on.
    var isWorkedOn = false
  }

  /// A vector, and the memory that it is of.
  private struct Vector {
    let memory: Int64
    let owner: OwnerTable.Entry
    let record: FoldRecord
    let index: Int
  }

  private let database: Database
  private let tokenizer: WordTokenizer
  private var statements: FoldStatements
  private var owners: OwnerTable
  private var vectorRows: VectorRows
  private var working: [Int64: Working] = [:]
  private var additions: [Addition] = []
  /// Where the additions stand, as far as somebody has asked for one.
  private var additionIndices: [Int64: Int] = [:]
  private var indexedAdditionCount = 0
  private var changes: [Change] = []
  private var vectors: [Vector] = []
  /// Digests of the words of memories that were written; nil for those that are gone.
  private var digests: [Int64: TextDigest?] = [:]

  init(_ database: Database) throws {
    self.database = database
    self.tokenizer = try WordTokenizer(database)
    self.statements = try FoldStatements(database)
    self.owners = OwnerTable(database)
    self.vectorRows = try VectorRows(database)
  }

  /// Folds one record. A second final outcome of one input changes nothing.
  mutating func fold(_ record: FoldRecord) throws {
    switch record.content {
    case .added(let sketch):
      let (key, owner) = try owner(of: record)
      let input = try sketch.withTexts { texts in
        try unsafe insert(
          id: texts[sketch.input.id], outcome: sketch.outcome, body: sketch.body, at: record.at, owner: owner)
      }
      if let input { try add(sketch, of: owner, key, input: input, from: record) }
    case .resolved(let body, let bytes):
      let (key, owner) = try owner(of: record)
      var id = StoredText.encode(body.input.id)
      let input = try id.withUTF8 { id in
        try unsafe insert(
          id: UnsafeRawBufferPointer(id), outcome: body.outcome, body: bytes, at: record.at, owner: owner)
      }
      if let input { try apply(body, of: owner, key, input: input, from: record) }
    case .embedded(let sketch):
      guard let key = record.owner else { preconditionFailure("a body was read, so its owner was") }
      for index in sketch.vectors.indices { try note(sketch, index, of: key, from: record) }
    case .unreadable(let reason):
      try skip(record, code: reason.code)
    }
  }

  private mutating func owner(of record: FoldRecord) throws -> (OwnerKey, OwnerTable.Entry) {
    guard let key = record.owner else { preconditionFailure("a body was read, so its owner was") }
    return (key, try owners.entry(of: key))
  }

  private mutating func note(
    _ sketch: EmbeddedSketch, _ index: Int, of key: OwnerKey, from record: FoldRecord
  ) throws {
    switch try owners.place(of: sketch.vectors[index].memoryID, for: key, &statements) {
    case .own(let memory, let owner):
      vectors.append(Vector(memory: memory, owner: owner, record: record, index: index))
    case .foreign: try skip(record, code: Self.foreignOwner)
    case .unknown: try vectorRows.putEarly(sketch.vectors[index], in: sketch, of: key)
    }
  }

  private static let foreignOwner = "foreign_owner"

  private func skip(_ record: FoldRecord, code: String) throws {
    let place = record.position.topicPartition
    try database.cachedStatement(sql: "INSERT OR IGNORE INTO skipped VALUES (?, ?, ?, ?)")
      .execute(arguments: [place.topic, place.partition, record.position.offset, code])
  }

  /// Puts an input in; nil where its final outcome is there already. What was parked gives way.
  private mutating func insert(
    id: UnsafeRawBufferPointer, outcome: MemoriesResolved.Outcome, body: [UInt8], at: Timestamp,
    owner: OwnerTable.Entry
  ) throws -> Int64? {
    func insertNew(_ statement: inout RowStatement) throws -> Int64? {
      statement.add(owner.row.number)
      unsafe statement.add(text: id)
      statement.add(outcome.rawValue)
      statement.add(at.milliseconds)
      try statement.run(adding: body)
      return statement.changedRowCount > 0 ? statement.lastRowID : nil
    }
    // Nearly every input is new: looking for it first would be the same search twice.
    if let input = try insertNew(&statements.insertInput) { return input }
    unsafe statements.findInput.add(text: id)
    statements.findInput.add(owner.row.number)
    let earlier = try statements.findInput.fetchInteger()
    let found = try String.fetchOne(
      try database.cachedStatement(sql: "SELECT outcome FROM inputs WHERE input = ?"), arguments: [earlier])
    guard found == MemoriesResolved.Outcome.parked.rawValue else { return nil }
    try database.cachedStatement(sql: "DELETE FROM inputs WHERE input = ?").execute(arguments: [earlier])
    guard let input = try insertNew(&statements.insertInput) else { throw MemoryRow.damaged }
    return input
  }

  /// The number of a memory that an event names; nil where it is another owner's.
  private mutating func number(
    of id: UUID, _ owner: OwnerTable.Entry, _ key: OwnerKey
  ) throws -> (number: Int64, isNew: Bool)? {
    let found = try owners.memoryOrNew(id, of: owner, &statements)
    if let found, found.isNew { try vectorRows.claim(id, of: key, for: found.number) }
    return found
  }

  /// Adds the memories of a record that brings nothing else.
  private mutating func add(
    _ sketch: ResolvedSketch, of owner: OwnerTable.Entry, _ key: OwnerKey, input: Int64, from record: FoldRecord
  ) throws {
    let spoken = try SpokenWords(sketch, tokenizer)
    for ordinal in sketch.memories.indices {
      guard sketch.isMemory(ordinal, of: key.owner),
        let found = try number(of: sketch.memories[ordinal].id, owner, key)
      else {
        try skip(record, code: Self.foreignOwner)
        continue
      }
      guard found.isNew else {
        // One that is added again.
        let event = try sketch.events()[ordinal]
        try apply(event, spoken, of: owner, key, input: input, ordinal: ordinal, from: record)
        continue
      }
      additions.append(
        Addition(row: SketchRow(sketch: sketch, index: ordinal, number: found.number, spoken: spoken), owner: owner))
      owner.touch(found.number)
      changes.append(Change(memory: found.number, input: input, ordinal: ordinal, text: nil))
    }
  }

  private mutating func apply(
    _ body: MemoriesResolved, of owner: OwnerTable.Entry, _ key: OwnerKey, input: Int64, from record: FoldRecord
  ) throws {
    let spoken = try SpokenWords(body, tokenizer)
    for (ordinal, event) in body.events.enumerated() {
      try apply(event, spoken, of: owner, key, input: input, ordinal: ordinal, from: record)
    }
  }

  /// Applies one event; one that is about another owner's memory is skipped.
  private mutating func apply(
    _ event: MemoryEvent, _ spoken: SpokenWords, of owner: OwnerTable.Entry, _ key: OwnerKey, input: Int64,
    ordinal: Int, from record: FoldRecord
  ) throws {
    let entry: Working
    let number: Int64
    if case .added(let memory) = event {
      guard memory.scope.owner == key.owner, let found = try self.number(of: memory.id, owner, key) else {
        return try skip(record, code: Self.foreignOwner)
      }
      number = found.number
      entry = found.isNew ? Working(stored: nil) : try working(number)
    } else {
      guard let found = try owners.memory(event.memoryID, of: owner.row.number, &statements) else { return }
      number = found
      entry = try working(number)
    }
    let before = event.bringsText ? nil : entry.current?.memory.text
    guard Self.evolve(entry, event, spoken) else { return }
    working[number] = entry
    owner.touch(number)
    let text = event.bringsText ? nil : (entry.current?.memory.text ?? before).map(StoredText.encode)
    changes.append(Change(memory: number, input: input, ordinal: ordinal, text: text))
    if case .superseded(_, let by, _, _) = event, let successor = try self.number(of: by, owner, key)?.number {
      try database.cachedStatement(sql: "INSERT OR IGNORE INTO successions VALUES (?, ?)")
        .execute(arguments: [successor, number])
    }
  }

  private mutating func working(_ number: Int64) throws -> Working {
    if let known = working[number] { return known }
    guard let addition = takeAddition(number) else { return Working(stored: try MemoryRow.fetch(database, number)) }
    let entry = Working(stored: nil)
    _ = Self.evolve(entry, try addition.sketch.events()[addition.index], addition.spoken)
    working[number] = entry
    return entry
  }

  /// The memory of that number, where this transaction adds it and nothing has happened to it so far.
  private mutating func takeAddition(_ number: Int64) -> SketchRow? {
    while indexedAdditionCount < additions.count {
      additionIndices[additions[indexedAdditionCount].row.number] = indexedAdditionCount
      indexedAdditionCount += 1
    }
    guard let index = additionIndices.removeValue(forKey: number) else { return nil }
    additions[index].isWorkedOn = true
    return additions[index].row
  }

  /// Evolves the memory that is worked on. Returns false where the event finds no memory.
  private static func evolve(_ entry: Working, _ event: MemoryEvent, _ spoken: SpokenWords) -> Bool {
    if case .added(let memory) = event {
      entry.replacesSources = entry.stored != nil
      entry.current = MemoryRow(
        memory: memory, reinforcementCount: 0, words: WordKeys([]), sourceWords: SourceWords(memory.sources, spoken))
      return true
    }
    guard var row = entry.current else { return false }
    guard let memory = Memory.evolve(row.memory, event) else {
      entry.current = nil
      return true
    }
    row.memory = memory
    if case .reinforced(_, let source, _) = event {
      row.reinforcementCount += 1
      row.sourceWords.add(source, spoken)
    }
    entry.current = row
    return true
  }

  /// Writes everything that changed. `keepsTouched`: readers may hold owners' memories of this very file.
  mutating func flush(keepsTouched: Bool) throws {
    additions.sort { $0.row.number < $1.row.number }
    for addition in additions where !addition.isWorkedOn { try write(addition) }
    for number in working.keys.sorted() {
      if let entry = working[number] { try write(number, entry) }
    }
    changes.sort { ($0.memory, $0.input, $0.ordinal) < ($1.memory, $1.input, $1.ordinal) }
    for change in changes { try write(change) }
    vectors.sort { $0.memory < $1.memory }
    for vector in vectors { try write(vector) }
    working = [:]
    additions = []
    additionIndices = [:]
    indexedAdditionCount = 0
    changes = []
    vectors = []
    digests = [:]
    try owners.flush(keepsTouched: keepsTouched)
  }

  private mutating func write(_ addition: Addition) throws {
    let number = addition.row.number
    let (digest, wordCount, sourceWordCount) = try addition.row.write(&statements, tokenizer)
    digests[number] = .some(digest)
    try vectorRows.moveOver(number, from: nil, to: digest)
    addition.owner.add(memories: 1, tokens: wordCount, sourceWords: sourceWordCount)
  }

  private mutating func write(_ change: Change) throws {
    statements.insertChange.add(change.memory)
    statements.insertChange.add(change.input)
    statements.insertChange.add(change.ordinal)
    statements.insertChange.add(change.text)
    try statements.insertChange.run()
  }

  private mutating func write(_ number: Int64, _ entry: Working) throws {
    let owner = owners[Schema.owner(of: number)]
    let oldDigest = entry.stored.map { TextDigest(of: $0.memory.text) }
    let newDigest = entry.current.map { TextDigest(of: $0.memory.text) }
    digests[number] = .some(newDigest)
    if let current = entry.current {
      let kept = oldDigest == newDigest ? entry.stored?.words : nil
      entry.current?.words = try kept ?? tokenizer.keys(of: current.memory.text)
    }
    if oldDigest != newDigest || newDigest == nil { try vectorRows.moveOver(number, from: oldDigest, to: newDigest) }
    owner.add(
      memories: (entry.current == nil ? 0 : 1) - (entry.stored == nil ? 0 : 1),
      tokens: (entry.current?.words.count ?? 0) - (entry.stored?.words.count ?? 0),
      sourceWords: (entry.current?.sourceWords.keys.count ?? 0) - (entry.stored?.sourceWords.keys.count ?? 0))
    if let stored = entry.stored, entry.current == nil || entry.replacesSources {
      try MemoryRow.removeSources(database, number, stored.memory)
    }
    guard let current = entry.current, let newDigest else {
      try database.cachedStatement(sql: "DELETE FROM memories WHERE memory = ?").execute(arguments: [number])
      return
    }
    if entry.stored == nil {
      try current.write(&statements.insertMemory, number, textDigest: newDigest)
    } else {
      try current.write(&statements.replaceMemory, number, textDigest: newDigest)
    }
    let storedCount = entry.replacesSources ? 0 : entry.stored?.memory.sources.count ?? 0
    try MemoryRow.writeSources(&statements, number, current.memory, from: storedCount)
  }

  private mutating func write(_ vector: Vector) throws {
    guard case .embedded(let sketch) = vector.record.content else {
      preconditionFailure("a vector is of a vectors record")
    }
    let current = try digests[vector.memory] ?? storedDigest(of: vector.memory)
    let isCurrent = try vectorRows.put(
      sketch.vectors[vector.index], in: sketch, of: vector.memory, current: current, &statements)
    if isCurrent { vector.owner.touch(vector.memory) }
  }

  private func storedDigest(of memory: Int64) throws -> TextDigest? {
    try Data.fetchOne(
      try database.cachedStatement(sql: "SELECT text_hash FROM memories WHERE memory = ?"), arguments: [memory]
    ).flatMap { TextDigest(bytes: $0) }
  }
}

extension MemoryEvent {
  /// Whether the event itself holds the words that its memory has after it.
  var bringsText: Bool {
    switch self {
    case .added: true
    case .revised(_, let revision): revision.text != nil
    case .reinforced, .superseded, .retracted, .rated: false
    }
  }
}
