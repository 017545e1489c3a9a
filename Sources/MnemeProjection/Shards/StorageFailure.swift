import GRDB
import Glibc

/// Tells the failures of SQLite and of the file system apart by what can be done about them.
enum StorageFailure {
  /// `error` as a `ProjectionError`, where it comes from SQLite; any other error as it is.
  static func describing(_ error: any Error, path: String) -> any Error {
    guard let error = error as? DatabaseError else { return error }
    let code = "SQLite code \(error.extendedResultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_FULL:
      return ProjectionError(.diskFull, "\(path): no space left (\(code)); free some, folding goes on by itself")
    case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
      return ProjectionError(.readOnly, "\(path) cannot be written (\(code)); check its owner and its file system")
    case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT:
      return ProjectionError(.corrupt, "\(path) is damaged (\(code)); run 'mneme replay rebuild'")
    case .SQLITE_CANTOPEN:
      return ProjectionError(.storage, "\(path) cannot be opened (\(code)); check its directory and open-file limits")
    case .SQLITE_INTERRUPT, .SQLITE_ABORT:
      return CancellationError()
    default:
      return ProjectionError(.storage, "\(path) failed (\(code)); check the storage")
    }
  }

  /// The failure of a system call.
  static func system(_ call: String, path: String, errno code: Int32) -> ProjectionError {
    switch code {
    case ENOSPC, EDQUOT:
      ProjectionError(.diskFull, "\(path): no space left (\(call), errno \(code)); free some")
    case EROFS, EACCES, EPERM:
      ProjectionError(.readOnly, "\(path) cannot be written (\(call), errno \(code)); check its owner")
    default:
      ProjectionError(.storage, "\(path) failed (\(call), errno \(code)); check the storage")
    }
  }
}
