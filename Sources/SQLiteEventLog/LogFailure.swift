import EventLog
import GRDB

/// What SQLite's errors mean for the log's users.
enum LogFailure {
  static func error(_ error: any Error, path: String) -> any Error {
    guard let error = error as? DatabaseError else { return error }
    let detail = "SQLite code \(error.extendedResultCode.rawValue), \(error.message ?? "no message")"
    switch (error.resultCode, error.extendedResultCode) {
    case (.SQLITE_FULL, _), (_, .SQLITE_IOERR_SHMSIZE):
      // The second: the file that processes share about the write-ahead log could not grow (SQLite, os_unix.c).
      return EventLogError(.diskFull, "no space left for the log at \(path): nothing was written; free some")
    case (.SQLITE_READONLY, _), (.SQLITE_CANTOPEN, _), (.SQLITE_PERM, _), (.SQLITE_AUTH, _):
      return EventLogError(.readOnly, "the log at \(path) cannot be written: \(detail); check its permissions")
    case (.SQLITE_CORRUPT, _), (.SQLITE_NOTADB, _):
      return EventLogError(.storage, "the log at \(path) is damaged: \(detail); restore it from a backup")
    case (.SQLITE_BUSY, _), (.SQLITE_LOCKED, _):
      return EventLogError(
        .storage, "the log at \(path) stayed locked by another process: \(detail); see which one, and try again")
    default:
      return EventLogError(.storage, "the log at \(path) failed: \(detail)")
    }
  }
}
