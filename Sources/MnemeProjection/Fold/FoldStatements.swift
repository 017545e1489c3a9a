import GRDB

/// The statements that a fold runs for every record or memory.
struct FoldStatements {
  var findInput: RowStatement
  var insertInput: RowStatement
  var findNumber: RowStatement
  var insertNumber: RowStatement
  var insertMemory: RowStatement
  var replaceMemory: RowStatement
  var insertSource: RowStatement
  var insertRun: RowStatement
  var insertChange: RowStatement
  var insertVector: RowStatement

  init(_ database: Database) throws {
    findInput = try RowStatement(database, "SELECT input FROM inputs WHERE id = ? AND owner = ?")
    insertInput = try RowStatement(
      database, "INSERT OR IGNORE INTO inputs (owner, id, outcome, completed_at, body) VALUES (?, ?, ?, ?, ?)")
    findNumber = try RowStatement(database, "SELECT memory FROM numbers WHERE id = ?")
    insertNumber = try RowStatement(database, "INSERT OR IGNORE INTO numbers VALUES (?, ?)")
    insertMemory = try RowStatement(database, MemoryRow.insertion)
    replaceMemory = try RowStatement(database, MemoryRow.replacement)
    insertSource = try RowStatement(
      database, "INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    insertRun = try RowStatement(database, "INSERT OR IGNORE INTO runs VALUES (?, ?)")
    insertChange = try RowStatement(database, "INSERT OR IGNORE INTO changes VALUES (?, ?, ?, ?)")
    insertVector = try RowStatement(database, "INSERT OR REPLACE INTO vectors VALUES (?, ?)")
  }
}
