import Glibc

/// An advisory lock on a file, held by one opener at a time, in this process or another; a killed holder lets go of it.
/// It is `flock(2)`: it belongs to the open file, not to a thread, and so may be held across suspensions.
struct FileLock: ~Copyable {
  private let descriptor: Int32

  /// Pause between two attempts to get a lock that somebody else holds. Holders keep it for one transaction.
  static let pollInterval = Duration.milliseconds(2)

  deinit { close(descriptor) }

  /// The lock on the file at `path`, which is made where it is missing; nil where somebody holds it.
  static func attempt(path: String) throws -> FileLock? {
    while true {
      let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw StorageFailure.system("open", path: path, errno: errno) }
      let lock = FileLock(descriptor: descriptor)
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        let code = errno
        if code == EWOULDBLOCK || code == EINTR { return nil }
        throw StorageFailure.system("flock", path: path, errno: code)
      }
      // Whoever removed the file meanwhile made this lock meaningless: another may be had under the same name.
      if lock.isStill(at: path) { return lock }
    }
  }

  /// Runs `body` while holding the lock on the file at `path`, for which it waits without blocking a thread.
  static func whileHeld<Value: Sendable>(path: String, _ body: () async throws -> Value) async throws -> Value {
    while true {
      if let lock = try attempt(path: path) {
        let value = try await body()
        _ = consume lock
        return value
      }
      try await Task.sleep(for: pollInterval)
    }
  }

  private borrowing func isStill(at path: String) -> Bool {
    var held = stat()
    var named = stat()
    guard unsafe fstat(descriptor, &held) == 0, unsafe stat(path, &named) == 0 else { return false }
    return held.st_ino == named.st_ino && held.st_dev == named.st_dev
  }
}
