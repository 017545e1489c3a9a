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
  /// How many words the memories have of what they come from.
  var sourceWordCount: Int

  /// Versions whose changes stay in `touched`, at least.
  static let keptVersionCount: Int64 = 1024

  private static let columns = """
    o.owner, o.tenant, t.name, o.kind, o.id, o.next_ordinal, o.version, o.memory_count, o.token_count, \
    o.source_word_count
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
    self.sourceWordCount = row[9]
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
        INSERT INTO owners (tenant, kind, id, next_ordinal, version, memory_count, token_count, source_word_count)
        SELECT tenant, ?, ?, 0, 0, 0, 0, 0 FROM tenants WHERE name = ?
        """
    ).execute(arguments: [key.owner.kind.rawValue, StoredText.encode(key.owner.id), StoredText.encode(key.tenant)])
    guard let row = try fetch(database, key) else { throw MemoryRow.damaged }
    return row
  }

  /// Writes what folding changes of it.
  func update(_ database: Database) throws {
    let statement = try database.cachedStatement(
      sql: """
        UPDATE owners SET next_ordinal = ?, version = ?, memory_count = ?, token_count = ?, source_word_count = ?
        WHERE owner = ?
        """)
    statement.setUncheckedArguments([nextOrdinal, version, memoryCount, tokenCount, sourceWordCount, number])
    try statement.execute()
  }
}
