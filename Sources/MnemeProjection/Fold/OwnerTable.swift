import FoundationEssentials
import GRDB
import MnemeCore

/// The owners that one transaction meets, and the numbers of their memories.
struct OwnerTable {
  /// One owner, while a transaction is under way.
  final class Entry {
    fileprivate(set) var row: OwnerRow
    /// Whether the row differs from what is stored.
    fileprivate var isChanged = false
    /// Some of them several times.
    fileprivate var touched: [Int64] = []

    fileprivate init(_ row: OwnerRow) {
      self.row = row
    }

    /// Notes that a memory or its vector changed.
    func touch(_ memory: Int64) { touched.append(memory) }

    /// Adds what came, and takes off what went.
    func add(memories: Int, tokens: Int, sourceWords: Int) {
      row.memoryCount += memories
      row.tokenCount += tokens
      row.sourceWordCount += sourceWords
      isChanged = true
    }
  }

  private let database: Database
  private var entries: [Int64: Entry] = [:]
  private var entryByKey: [OwnerKey: Entry] = [:]
  private var memoryByID: [UUID: Int64] = [:]

  init(_ database: Database) {
    self.database = database
  }

  /// The owner of that number, which was looked up by its key.
  subscript(number: Int64) -> Entry {
    guard let entry = entries[number] else { preconditionFailure("an owner is looked up by key first") }
    return entry
  }

  /// The owner `key`, which is put in where it is new.
  mutating func entry(of key: OwnerKey) throws -> Entry {
    if let entry = try known(key) { return entry }
    return remember(try OwnerRow.insert(database, key))
  }

  /// The owner `key`; nil where nothing is known of it.
  mutating func known(_ key: OwnerKey) throws -> Entry? {
    if let entry = entryByKey[key] { return entry }
    return try OwnerRow.fetch(database, key).map { remember($0) }
  }

  private mutating func remember(_ row: OwnerRow) -> Entry {
    let entry = Entry(row)
    entries[row.number] = entry
    entryByKey[row.key] = entry
    return entry
  }

  /// The number of memory `id`, whoever has it.
  private mutating func find(_ id: UUID, _ statements: inout FoldStatements) throws -> Int64? {
    if let number = memoryByID[id] { return number }
    statements.findNumber.add(id)
    let number = try statements.findNumber.fetchInteger()
    if let number { memoryByID[id] = number }
    return number
  }

  /// The number of memory `id`, if it is `owner`'s.
  mutating func memory(_ id: UUID, of owner: Int64, _ statements: inout FoldStatements) throws -> Int64? {
    // An id is derived from its owner; another owner's record that names it has no say.
    try find(id, &statements).flatMap { Schema.owner(of: $0) == owner ? $0 : nil }
  }

  /// Where a memory stands, as seen by an owner.
  enum Place {
    /// Among the owner's.
    case own(Int64, Entry)
    /// Among another owner's.
    case foreign
    /// Nowhere yet.
    case unknown
  }

  /// Where memory `id` stands, as seen by `key`.
  mutating func place(of id: UUID, for key: OwnerKey, _ statements: inout FoldStatements) throws -> Place {
    guard let number = try find(id, &statements) else { return .unknown }
    guard let entry = try known(key), entry.row.number == Schema.owner(of: number) else { return .foreign }
    return .own(number, entry)
  }

  /// The number of memory `id`, which is put in where it is new; nil where it is another owner's.
  mutating func memoryOrNew(
    _ id: UUID, of entry: Entry, _ statements: inout FoldStatements
  ) throws -> (number: Int64, isNew: Bool)? {
    let owner = entry.row.number
    if memoryByID[id] == nil {
      // Mostly it is new: looking for it first would be the same search twice.
      let number = Schema.memories(of: owner).lowerBound + entry.row.nextOrdinal
      statements.insertNumber.add(id)
      statements.insertNumber.add(number)
      try statements.insertNumber.run()
      if statements.insertNumber.changedRowCount > 0 {
        entry.row.nextOrdinal += 1
        entry.isChanged = true
        memoryByID[id] = number
        return (number, true)
      }
    }
    guard let number = try find(id, &statements) else { throw MemoryRow.damaged }
    return Schema.owner(of: number) == owner ? (number, false) : nil
  }

  /// Writes the owners that changed; `keepsTouched`: and which memories did.
  mutating func flush(keepsTouched: Bool) throws {
    for owner in entries.keys.sorted() {
      let entry = self[owner]
      if !entry.touched.isEmpty {
        entry.row.version += 1
        entry.isChanged = true
        if keepsTouched { try write(Set(entry.touched), of: entry.row) }
        entry.touched = []
      }
      if entry.isChanged { try entry.row.update(database) }
      entry.isChanged = false
    }
  }

  private func write(_ touched: Set<Int64>, of row: OwnerRow) throws {
    var statement = try RowStatement(database, "INSERT OR IGNORE INTO touched VALUES (?, ?, ?)")
    for memory in touched {
      statement.add(row.number)
      statement.add(row.version)
      statement.add(memory)
      try statement.run()
    }
    if row.version % (OwnerRow.keptVersionCount / 4) == 0 {
      try database.cachedStatement(sql: "DELETE FROM touched WHERE owner = ? AND version <= ?")
        .execute(arguments: [row.number, row.version - OwnerRow.keptVersionCount])
    }
  }
}
