import EventLog
import KafkaEventLog
import Logging
import MnemeTesting
import Synchronization

/// A log on the brokers under test, with a prefix of its own.
func openLog(
  _ prefix: String = "test-\(UInt64.random(in: 0 ... .max)).",
  _ change: (inout KafkaEventLog.Options) -> Void = { _ in }
) async throws -> KafkaEventLog {
  let cluster = try await KafkaTestCluster.shared()
  var options = KafkaEventLog.Options(
    bootstrapServers: cluster.bootstrap, settings: cluster.settings, prefix: prefix, replicationFactor: 1)
  options.sessionTimeout = .seconds(6)
  change(&options)
  return try KafkaEventLog(options: options, logger: testLogger)
}

/// Quiet but for what is worth a look.
let testLogger: Logger = {
  var logger = Logger(label: "test")
  logger.logLevel = .critical
  return logger
}()

/// Lets few tests run at a time: each has clients with threads of their own, and a machine few cores.
actor Turnstile {
  static let shared = Turnstile(maxCount: 6)

  private let maxCount: Int
  private var count = 0
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(maxCount: Int) {
    self.maxCount = maxCount
  }

  /// Runs `body` once there is room.
  nonisolated func pass(_ body: () async throws -> Void) async rethrows {
    await enter()
    do {
      try await body()
    } catch {
      await leave()
      throw error
    }
    await leave()
  }

  private func enter() async {
    if count < maxCount {
      count += 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  private func leave() {
    if waiting.isEmpty { count -= 1 } else { waiting.removeFirst().resume() }
  }
}
