import FoundationEssentials
import GRDB
import MnemeCore

/// Vectors as rows: that of a memory's words stands in `vectors`, any other one in `other_vectors`, and one of a memory
/// that is not known yet in `early_vectors`.
struct VectorRows {
  private let database: Database
  /// Whether there may be rows in `other_vectors`, and in `early_vectors`. Mostly there are none, and nothing is
  /// looked up there.
  private var hasOther: Bool
  private var hasEarly: Bool

  init(_ database: Database) throws {
    self.database = database
    hasOther = try Self.hasRows(database, "other_vectors")
    hasEarly = try Self.hasRows(database, "early_vectors")
  }

  private static func hasRows(_ database: Database, _ table: String) throws -> Bool {
    var statement = try RowStatement(database, "SELECT 1 FROM \(table) LIMIT 1")
    return try statement.fetchInteger() != nil
  }

  /// Stores a vector of a memory whose words have the digest `current`; nil where it has none. Returns whether it is
  /// that of the memory's words as they are now.
  mutating func put(
    _ vector: VectorSketch, in sketch: EmbeddedSketch, of memory: Int64, current: TextDigest?,
    _ statements: inout FoldStatements
  ) throws -> Bool {
    if current == vector.textDigest {
      statements.insertVector.add(memory)
      try unsafe sketch.bytes.withUnsafeBytes { bytes in
        unsafe statements.insertVector.add(blob: UnsafeRawBufferPointer(rebasing: bytes[vector.bytes]))
        try statements.insertVector.run()
      }
      return true
    }
    if current == nil {
      // A memory that had changes and is gone was retracted: its vectors go with it.
      let isRetracted = try Bool.fetchOne(
        try database.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM changes WHERE memory = ?)"),
        arguments: [memory])
      if isRetracted == true { return false }
    }
    hasOther = true
    try database.cachedStatement(sql: "INSERT OR REPLACE INTO other_vectors VALUES (?, ?, ?)")
      .execute(arguments: [memory, vector.textDigest.data, Data(sketch.bytes[vector.bytes])])
    return false
  }

  /// Stores a vector of a memory that nobody has named yet.
  mutating func putEarly(_ vector: VectorSketch, in sketch: EmbeddedSketch, of owner: OwnerKey) throws {
    hasEarly = true
    try database.cachedStatement(sql: "INSERT OR REPLACE INTO early_vectors VALUES (?, ?, ?, ?)")
      .execute(arguments: [
        vector.memoryID, StoredText.encode(owner.description), vector.textDigest.data,
        Data(sketch.bytes[vector.bytes]),
      ])
  }

  /// Gives a memory that has just got its number the vectors that were there before it.
  mutating func claim(_ id: UUID, of owner: OwnerKey, for memory: Int64) throws {
    guard hasEarly else { return }
    let arguments: StatementArguments = [id, StoredText.encode(owner.description)]
    let claimed = try database.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO other_vectors
        SELECT ?, text_hash, vector FROM early_vectors WHERE id = ? AND owner = ?
        """)
    try claimed.execute(arguments: [memory] + arguments)
    guard database.changesCount > 0 else { return }
    hasOther = true
    try database.cachedStatement(sql: "DELETE FROM early_vectors WHERE id = ? AND owner = ?")
      .execute(arguments: arguments)
  }

  /// Follows a change of a memory's words; nil is a memory that does not exist.
  mutating func moveOver(_ memory: Int64, from old: TextDigest?, to new: TextDigest?) throws {
    guard let new else {
      for table in ["vectors", "other_vectors"] {
        try database.cachedStatement(sql: "DELETE FROM \(table) WHERE memory = ?").execute(arguments: [memory])
      }
      return
    }
    if let old {
      try database.cachedStatement(
        sql: "INSERT OR REPLACE INTO other_vectors SELECT memory, ?, vector FROM vectors WHERE memory = ?"
      ).execute(arguments: [old.data, memory])
      if database.changesCount > 0 { hasOther = true }
      try database.cachedStatement(sql: "DELETE FROM vectors WHERE memory = ?").execute(arguments: [memory])
    }
    guard hasOther else { return }
    let waiting = try database.cachedStatement(
      sql: "SELECT vector FROM other_vectors WHERE memory = ? AND text_hash = ?")
    guard let vector = try Data.fetchOne(waiting, arguments: [memory, new.data]) else { return }
    try database.cachedStatement(sql: "INSERT OR REPLACE INTO vectors VALUES (?, ?)")
      .execute(arguments: [memory, vector])
    try database.cachedStatement(sql: "DELETE FROM other_vectors WHERE memory = ? AND text_hash = ?")
      .execute(arguments: [memory, new.data])
  }
}
