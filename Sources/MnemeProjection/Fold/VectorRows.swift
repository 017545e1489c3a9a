import FoundationEssentials
import GRDB

/// Vectors as rows: that of a memory's words stands in `vectors`, any other one in `other_vectors`.
enum VectorRows {
  /// Stores a vector. Returns whether it is that of the memory's words as they are now.
  static func put(_ database: Database, _ entry: FoldRecord.VectorEntry, of memory: Int64) throws -> Bool {
    let hash = try Data.fetchOne(
      try database.cachedStatement(sql: "SELECT text_hash FROM memories WHERE memory = ?"), arguments: [memory])
    if hash == entry.textHash {
      let statement = try database.cachedStatement(sql: "INSERT OR REPLACE INTO vectors VALUES (?, ?)")
      statement.setUncheckedArguments([memory, entry.vector])
      try statement.execute()
      return true
    }
    if hash == nil {
      // A memory that had changes and is gone was retracted: its vectors go with it.
      let isRetracted = try Bool.fetchOne(
        try database.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM changes WHERE memory = ?)"),
        arguments: [memory])
      if isRetracted == true { return false }
    }
    try database.cachedStatement(sql: "INSERT OR REPLACE INTO other_vectors VALUES (?, ?, ?)")
      .execute(arguments: [memory, entry.textHash, entry.vector])
    return false
  }

  /// Follows a change of a memory's words; nil is a memory that does not exist.
  static func moveOver(_ database: Database, _ memory: Int64, from old: Data?, to new: Data?) throws {
    guard let new else {
      for table in ["vectors", "other_vectors"] {
        try database.cachedStatement(sql: "DELETE FROM \(table) WHERE memory = ?").execute(arguments: [memory])
      }
      return
    }
    if let old {
      try database.cachedStatement(
        sql: "INSERT OR REPLACE INTO other_vectors SELECT memory, ?, vector FROM vectors WHERE memory = ?"
      ).execute(arguments: [old, memory])
      try database.cachedStatement(sql: "DELETE FROM vectors WHERE memory = ?").execute(arguments: [memory])
    }
    let waiting = try database.cachedStatement(
      sql: "SELECT vector FROM other_vectors WHERE memory = ? AND text_hash = ?")
    guard let vector = try Data.fetchOne(waiting, arguments: [memory, new]) else { return }
    try database.cachedStatement(sql: "INSERT OR REPLACE INTO vectors VALUES (?, ?)")
      .execute(arguments: [memory, vector])
    try database.cachedStatement(sql: "DELETE FROM other_vectors WHERE memory = ? AND text_hash = ?")
      .execute(arguments: [memory, new])
  }
}
