import FoundationEssentials
import GRDB
import GRDBSQLite
import MnemeCore

/// A statement that is run for many rows: values go to SQLite as they are, with no list of arguments in between.
///
/// Add a value for each `?`, from left to right, then `run`.
@safe struct RowStatement {
  // Whoever has the statement keeps these alive.
  private let statement: Statement
  private let handle: OpaquePointer
  private let connection: OpaquePointer
  private var count: CInt = 0

  /// SQLite copies what it is given, before the call returns.
  private static let copying = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)

  /// The statement `sql`, prepared once for each connection.
  init(_ database: Database, _ sql: String) throws {
    let statement = try database.cachedStatement(sql: sql)
    guard let connection = unsafe database.sqliteConnection else { preconditionFailure("the database is open") }
    self.statement = statement
    unsafe self.handle = statement.sqliteStatement
    unsafe self.connection = connection
  }

  /// Rows that the last run changed.
  var changedRowCount: Int { Int(unsafe sqlite3_changes(connection)) }
  /// The row number that the last insertion on this connection gave.
  var lastRowID: Int64 { unsafe sqlite3_last_insert_rowid(connection) }

  private mutating func begin() {
    // Whoever else ran the same statement may not have ended it.
    if count == 0 { unsafe sqlite3_reset(handle) }
    count += 1
  }

  mutating func add(_ value: Int64) {
    begin()
    check(unsafe sqlite3_bind_int64(handle, count, value))
  }

  mutating func add(_ value: Int) { add(Int64(value)) }

  mutating func add(_ value: Bool) { add(value ? 1 : 0 as Int64) }

  mutating func add(_ value: Double) {
    begin()
    check(unsafe sqlite3_bind_double(handle, count, value))
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
          unsafe sqlite3_bind_text(handle, count, $0, CInt(text.count), Self.copying)
        }
      })
  }

  private func bindEmptyText() -> CInt {
    unsafe sqlite3_bind_text(handle, count, "", 0, Self.copying)
  }

  /// Adds a blob.
  mutating func add(_ value: Data) {
    unsafe value.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) in unsafe add(copying: bytes) }
  }

  /// Adds an id, as GRDB stores it: its 16 bytes.
  mutating func add(_ value: UUID) { unsafe withUnsafeBytes(of: value.uuid) { unsafe add(copying: $0) } }

  /// Adds a blob; nil for null.
  mutating func add(_ value: [UInt8]?) {
    guard let value else { return addNull() }
    unsafe value.withUnsafeBytes { bytes in unsafe add(copying: bytes) }
  }

  /// Adds a digest: its 32 bytes.
  mutating func add(_ value: TextDigest) { unsafe withUnsafeBytes(of: value) { unsafe add(copying: $0) } }

  private mutating func add(copying bytes: UnsafeRawBufferPointer) {
    begin()
    check(unsafe sqlite3_bind_blob(handle, count, bytes.baseAddress, CInt(bytes.count), Self.copying))
  }

  mutating func addNull() {
    begin()
    check(unsafe sqlite3_bind_null(handle, count))
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

  /// Adds a blob that is not copied: its bytes live until the statement has run, and are bound anew before it runs
  /// again.
  @unsafe mutating func add(blob: UnsafeRawBufferPointer) {
    begin()
    // An empty blob may have no address, which would stand for null.
    guard let start = blob.baseAddress else { return check(unsafe sqlite3_bind_zeroblob(handle, count, 0)) }
    check(unsafe sqlite3_bind_blob(handle, count, start, CInt(blob.count), nil))
  }

  /// Adds a text that is not copied, as a blob is not. It is UTF-8 without U+0000.
  @unsafe mutating func add(text: UnsafeRawBufferPointer) {
    begin()
    guard let start = text.baseAddress else { return check(bindEmptyText()) }
    check(unsafe sqlite3_bind_text(handle, count, start.assumingMemoryBound(to: CChar.self), CInt(text.count), nil))
  }

  /// Adds a text of the program's own, which lives for ever.
  mutating func add(_ value: StaticString) {
    unsafe add(text: UnsafeRawBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
  }

  /// Adds one more blob, which is not copied, and runs it.
  mutating func run(adding blob: [UInt8]) throws {
    try unsafe blob.withUnsafeBytes { blob in
      unsafe add(blob: blob)
      try run()
    }
  }

  /// Runs it with the values added, and forgets them.
  mutating func run() throws {
    let code = unsafe sqlite3_step(handle)
    // A step's failure is told again by the reset.
    unsafe sqlite3_reset(handle)
    count = 0
    guard code == SQLITE_DONE || code == SQLITE_ROW else {
      throw DatabaseError(resultCode: ResultCode(rawValue: unsafe sqlite3_extended_errcode(connection)))
    }
  }

  /// Runs it and returns the first column of the first row, a whole number; nil where there is no row.
  mutating func fetchInteger() throws -> Int64? {
    let code = unsafe sqlite3_step(handle)
    let value = code == SQLITE_ROW ? unsafe sqlite3_column_int64(handle, 0) : nil
    unsafe sqlite3_reset(handle)
    count = 0
    guard code == SQLITE_DONE || code == SQLITE_ROW else {
      throw DatabaseError(resultCode: ResultCode(rawValue: unsafe sqlite3_extended_errcode(connection)))
    }
    return value
  }

  private func check(_ code: CInt) {
    // Binding touches no file: it fails only for a value that is too large for any row, or one too many.
    precondition(code == SQLITE_OK, "a value cannot be bound (SQLite code \(code))")
  }
}
