import EventLog
import MnemeCore
import Synchronization

/// How many partitions the turns topic has: asked once, as it never changes.
final class TurnsTopic: Sendable {
  private let log: any EventLog
  private let count = Mutex<Int?>(nil)

  /// The topic in `log`.
  init(log: any EventLog) {
    self.log = log
  }

  /// The number of partitions.
  /// - Throws: `EventLogError`.
  func partitionCount() async throws -> Int {
    if let count = self.count.withLock({ $0 }) { return count }
    let count = try await self.log.bounds(of: Topics.turns).count
    self.count.withLock { $0 = count }
    return count
  }
}
