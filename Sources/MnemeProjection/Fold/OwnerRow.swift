import FoundationEssentials
import GRDB
import MnemeCore

/// An owner as a row of `owners`.
struct OwnerRow: Sendable {
  let number: Int64
  let tenant: Int64
  let key: OwnerKey
  var nextOrdinal: Int64
  var version: Int64
  var memoryCount: Int
  var tokenCount: Int

  /// Versions whose changes stay in `touched`, at least.
  static let keptVersionCount: Int64 = 1024

  private static let columns = """
    o.owner, o.tenant, t.name, o.kind, o.id, o.next_ordinal, o.version, o.memory_count, o.token_count
    """

  private init(_ row: Row) throws {
    guard let kind = Owner.Kind(rawValue: row[3]) else { throw MemoryRow.damaged }
    self.number = row[0]
    self.tenant = row[1]
    self.key = OwnerKey(
      tenant: StoredText.decode(row[2]), owner: Owner(kind: kind, id: StoredText.decode(row[4])))
    self.nextOrdinal = row[5]
    self.version = row[6]
    self.memoryCount = row[7]
    self.tokenCount = row[8]
  }

  /// The owner `key`; nil where nothing is known of it.
  static func fetch(_ database: Database, _ key: OwnerKey) throws -> OwnerRow? {
    let statement = try database.cachedStatement(
      sql: """
        SELECT \(columns) FROM tenants t JOIN owners o ON o.tenant = t.tenant
        WHERE t.name = ? AND o.kind = ? AND o.id = ?
        """)
    let arguments: StatementArguments = [
      StoredText.encode(key.tenant), key.owner.kind.rawValue, StoredText.encode(key.owner.id),
    ]
    return try Row.fetchOne(statement, arguments: arguments).map { try OwnerRow($0) }
  }

  /// The owner of that number; nil where there is none.
  static func fetch(_ database: Database, number: Int64) throws -> OwnerRow? {
    let statement = try database.cachedStatement(
      sql: "SELECT \(columns) FROM owners o JOIN tenants t ON t.tenant = o.tenant WHERE o.owner = ?")
    return try Row.fetchOne(statement, arguments: [number]).map { try OwnerRow($0) }
  }

  /// Puts `key` in, as an owner of nothing.
  static func insert(_ database: Database, _ key: OwnerKey) throws -> OwnerRow {
    try database.cachedStatement(sql: "INSERT OR IGNORE INTO tenants (name) VALUES (?)")
      .execute(arguments: [StoredText.encode(key.tenant)])
    try database.cachedStatement(
      sql: """
        INSERT INTO owners (tenant, kind, id, next_ordinal, version, memory_count, token_count)
        SELECT tenant, ?, ?, 0, 0, 0, 0 FROM tenants WHERE name = ?
        """
    ).execute(arguments: [key.owner.kind.rawValue, StoredText.encode(key.owner.id), StoredText.encode(key.tenant)])
    guard let row = try fetch(database, key) else { throw MemoryRow.damaged }
    return row
  }

  /// Writes what folding changes of it.
  func update(_ database: Database) throws {
    let statement = try database.cachedStatement(
      sql: "UPDATE owners SET next_ordinal = ?, version = ?, memory_count = ?, token_count = ? WHERE owner = ?")
    statement.setUncheckedArguments([nextOrdinal, version, memoryCount, tokenCount, number])
    try statement.execute()
  }
}

/// The owners that one transaction meets, and the numbers of their memories.
struct OwnerTable {
  private let database: Database
  private var rows: [Int64: OwnerRow] = [:]
  private var numberByKey: [OwnerKey: Int64] = [:]
  private var changed: Set<Int64> = []
  private var memoryByID: [UUID: Int64] = [:]
  private var touched: [Int64: Set<Int64>] = [:]

  init(_ database: Database) {
    self.database = database
  }

  /// The owner of that number, which `number(of:)` gave.
  subscript(number: Int64) -> OwnerRow {
    get {
      guard let row = rows[number] else { preconditionFailure("an owner is looked up by key first") }
      return row
    }
    set {
      rows[number] = newValue
      changed.insert(number)
    }
  }

  /// The number of `key`, which is put in where it is new.
  mutating func number(of key: OwnerKey) throws -> Int64 {
    if let number = numberByKey[key] { return number }
    let row = try OwnerRow.fetch(database, key) ?? OwnerRow.insert(database, key)
    rows[row.number] = row
    numberByKey[key] = row.number
    return row.number
  }

  /// The number of memory `id`, if it is `owner`'s.
  mutating func memory(_ id: UUID, of owner: Int64) throws -> Int64? {
    var number = memoryByID[id]
    if number == nil {
      number = try Int64.fetchOne(
        try database.cachedStatement(sql: "SELECT memory FROM numbers WHERE id = ?"), arguments: [id])
      memoryByID[id] = number
    }
    // An id is derived from its owner; another owner's record that names it has no say.
    return number.flatMap { Schema.owner(of: $0) == owner ? $0 : nil }
  }

  /// The number of memory `id`, which is put in where it is new; nil where it is another owner's.
  mutating func memoryOrNew(_ id: UUID, of owner: Int64) throws -> Int64? {
    if let number = try memory(id, of: owner) { return number }
    guard memoryByID[id] == nil else { return nil }
    let number = Schema.memories(of: owner).lowerBound + self[owner].nextOrdinal
    self[owner].nextOrdinal += 1
    let statement = try database.cachedStatement(sql: "INSERT INTO numbers VALUES (?, ?)")
    statement.setUncheckedArguments([id, number])
    try statement.execute()
    memoryByID[id] = number
    return number
  }

  /// Notes that a memory or its vector changed.
  mutating func touch(_ memory: Int64) {
    touched[Schema.owner(of: memory), default: []].insert(memory)
  }

  /// Writes the owners that changed; `keepsTouched`: and which memories did.
  mutating func flush(keepsTouched: Bool) throws {
    for (owner, memories) in touched {
      self[owner].version += 1
      guard keepsTouched else { continue }
      let version = self[owner].version
      let statement = try database.cachedStatement(sql: "INSERT OR IGNORE INTO touched VALUES (?, ?, ?)")
      for memory in memories {
        statement.setUncheckedArguments([owner, version, memory])
        try statement.execute()
      }
      if version % (OwnerRow.keptVersionCount / 4) == 0 {
        try database.cachedStatement(sql: "DELETE FROM touched WHERE owner = ? AND version <= ?")
          .execute(arguments: [owner, version - OwnerRow.keptVersionCount])
      }
    }
    touched = [:]
    for number in changed.sorted() { try self[number].update(database) }
    changed = []
  }
}
