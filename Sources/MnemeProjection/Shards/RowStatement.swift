import FoundationEssentials
import GRDB
import GRDBSQLite

/// A statement that is run for many rows: values go to SQLite as they are, with no list of arguments in between.
///
/// Add a value for each `?`, from left to right, then `run`.
struct RowStatement {
  private let statement: Statement
  private let database: Database
  private var count: CInt = 0

  /// SQLite copies what it is given, before the call returns.
  private static let copying = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)

  /// The statement `sql`, prepared once for each connection.
  init(_ database: Database, _ sql: String) throws {
    self.database = database
    self.statement = try database.cachedStatement(sql: sql)
  }

  private mutating func begin() {
    // Whoever else ran the same statement may not have ended it.
    if count == 0 { unsafe sqlite3_reset(statement.sqliteStatement) }
    count += 1
  }

  mutating func add(_ value: Int64) {
    begin()
    check(unsafe sqlite3_bind_int64(statement.sqliteStatement, count, value))
  }

  mutating func add(_ value: Int) { add(Int64(value)) }

  mutating func add(_ value: Bool) { add(value ? 1 : 0 as Int64) }

  mutating func add(_ value: Double) {
    begin()
    check(unsafe sqlite3_bind_double(statement.sqliteStatement, count, value))
  }

  /// Adds a text. It holds no U+0000: `StoredText` has seen to that.
  mutating func add(_ value: String) {
    begin()
    var value = value
    check(
      value.withUTF8 { text in
        // An empty text may have no address, which would stand for null.
        guard let start = text.baseAddress else { return bindEmptyText() }
        return unsafe start.withMemoryRebound(to: CChar.self, capacity: text.count) {
          unsafe sqlite3_bind_text(statement.sqliteStatement, count, $0, CInt(text.count), Self.copying)
        }
      })
  }

  private func bindEmptyText() -> CInt {
    unsafe sqlite3_bind_text(statement.sqliteStatement, count, "", 0, Self.copying)
  }

  /// Adds a blob.
  mutating func add(_ value: Data) {
    begin()
    check(
      unsafe value.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) in
        unsafe sqlite3_bind_blob(statement.sqliteStatement, count, bytes.baseAddress, CInt(bytes.count), Self.copying)
      })
  }

  /// Adds a blob.
  mutating func add(_ value: [UInt8]) {
    begin()
    check(
      unsafe value.withUnsafeBytes { bytes in
        unsafe sqlite3_bind_blob(statement.sqliteStatement, count, bytes.baseAddress, CInt(bytes.count), Self.copying)
      })
  }

  /// Adds an id, as GRDB stores it: its 16 bytes.
  mutating func add(_ value: UUID) {
    begin()
    check(
      unsafe withUnsafeBytes(of: value.uuid) { bytes in
        unsafe sqlite3_bind_blob(statement.sqliteStatement, count, bytes.baseAddress, CInt(bytes.count), Self.copying)
      })
  }

  mutating func addNull() {
    begin()
    check(unsafe sqlite3_bind_null(statement.sqliteStatement, count))
  }

  mutating func add(_ value: Int64?) { if let value { add(value) } else { addNull() } }
  mutating func add(_ value: String?) { if let value { add(value) } else { addNull() } }
  mutating func add(_ value: UUID?) { if let value { add(value) } else { addNull() } }

  /// Adds any value that was read from a row.
  mutating func add(_ value: DatabaseValue) {
    switch value.storage {
    case .null: addNull()
    case .int64(let value): add(value)
    case .double(let value): add(value)
    case .string(let value): add(value)
    case .blob(let value): add(value)
    }
  }

  /// Adds one more blob, which is not copied, and runs it.
  mutating func run(adding blob: [UInt8]) throws {
    try unsafe blob.withUnsafeBytes { try unsafe run(adding: $0) }
  }

  /// Adds one more blob, which is not copied, and runs it.
  mutating func run(adding blob: Data) throws {
    try unsafe blob.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) in try unsafe run(adding: bytes) }
  }

  /// The bytes live until the statement has run, and are bound anew before it runs again.
  private mutating func run(adding bytes: UnsafeRawBufferPointer) throws {
    begin()
    check(unsafe sqlite3_bind_blob(statement.sqliteStatement, count, bytes.baseAddress, CInt(bytes.count), nil))
    try run()
  }

  /// Adds one more text, which is not copied, and runs it. It is ASCII or other UTF-8 without U+0000.
  mutating func run(addingText text: [UInt8]) throws {
    begin()
    try unsafe text.withUnsafeBytes { bytes in
      let start = unsafe bytes.bindMemory(to: CChar.self).baseAddress
      let code =
        if let start = unsafe start {
          unsafe sqlite3_bind_text(statement.sqliteStatement, count, start, CInt(bytes.count), nil)
        } else {
          bindEmptyText()
        }
      check(code)
      try run()
    }
  }

  /// Runs it with the values added, and forgets them.
  mutating func run() throws {
    let code = unsafe sqlite3_step(statement.sqliteStatement)
    // A step's failure is told again by the reset.
    unsafe sqlite3_reset(statement.sqliteStatement)
    count = 0
    guard code == SQLITE_DONE || code == SQLITE_ROW else {
      throw DatabaseError(resultCode: ResultCode(rawValue: database.lastErrorCode.rawValue))
    }
  }

  /// Runs it and returns the first column of the first row, a whole number; nil where there is no row.
  mutating func fetchInteger() throws -> Int64? {
    let code = unsafe sqlite3_step(statement.sqliteStatement)
    let value = code == SQLITE_ROW ? unsafe sqlite3_column_int64(statement.sqliteStatement, 0) : nil
    unsafe sqlite3_reset(statement.sqliteStatement)
    count = 0
    guard code == SQLITE_DONE || code == SQLITE_ROW else {
      throw DatabaseError(resultCode: ResultCode(rawValue: database.lastErrorCode.rawValue))
    }
    return value
  }

  private func check(_ code: CInt) {
    // Binding touches no file: it fails only for a value that is too large for any row, or one too many.
    precondition(code == SQLITE_OK, "a value cannot be bound (SQLite code \(code))")
  }
}
