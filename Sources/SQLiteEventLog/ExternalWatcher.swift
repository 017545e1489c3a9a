import GRDB
import Synchronization

/// Tells whether the file changed, by `PRAGMA data_version`: its value on one connection changes when another connection
/// has committed (SQLite documentation, "PRAGMA data_version"). Asked at most once per interval, by whoever waits.
final class ExternalWatcher: Sendable {
  private struct State {
    var lastCheck: ContinuousClock.Instant?
    var lastVersion: Int64 = -1
  }

  private let database: DatabaseQueue
  private let interval: Duration
  private let state = Mutex(State())

  init(path: String, interval: Duration) throws {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.label = "mneme-log-watcher"
    self.database = try DatabaseQueue(path: path, configuration: configuration)
    self.interval = interval
  }

  /// Whether anything was committed since this was last asked.
  func sawChange() async throws -> Bool {
    let now = ContinuousClock.now
    let isDue = self.state.withLock { state in
      if let last = state.lastCheck, now - last < self.interval { return false }
      state.lastCheck = now
      return true
    }
    guard isDue else { return false }
    let version = try await self.database.writeWithoutTransaction { database in
      try Int64.fetchOne(database, sql: "PRAGMA data_version") ?? 0
    }
    return self.state.withLock { state in
      defer { state.lastVersion = version }
      return state.lastVersion != version
    }
  }

  func close() {
    try? self.database.close()
  }
}
