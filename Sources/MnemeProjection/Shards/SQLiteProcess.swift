import CAllocator

/// Settings of SQLite that hold for the whole process.
package enum SQLiteProcess {
  /// Tells SQLite not to count the bytes that it holds, which nobody asks for: that takes a lock of the whole process
  /// for each piece of memory, at which shards that are folded at once wait for each other. It has no effect once a
  /// database was opened.
  package static func forgoStatistics() { mneme_sqlite_forgo_statistics() }
}
