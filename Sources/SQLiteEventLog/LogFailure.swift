import EventLog
import GRDB

/// What SQLite's errors mean for the log's users.
enum LogFailure {
  static func error(_ error: any Error, path: String) -> any Error {
    guard let error = error as? DatabaseError else { return error }
    let detail = "SQLite code \(error.extendedResultCode.rawValue), \(error.message ?? "no message")"
    switch error.resultCode {
    case .SQLITE_FULL:
      return EventLogError(.diskFull, "no space left for the log at \(path); free some, nothing was written")
    case .SQLITE_IOERR where error.message?.contains("disk full") == true:
      return EventLogError(.diskFull, "no space left for the log at \(path); free some, nothing was written")
    case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
      return EventLogError(.readOnly, "the log at \(path) cannot be written: \(detail); check its permissions")
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
      return EventLogError(.storage, "the log at \(path) is damaged: \(detail); restore it from a backup")
    default:
      return EventLogError(.storage, "the log at \(path) failed: \(detail)")
    }
  }
}
