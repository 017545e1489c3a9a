import EventLog
import Logging
import MnemeCore
import MnemePipeline
import ServiceLifecycle

/// Lets the embedded log discard what its topics' retention allows. Brokers do so by themselves.
struct RetentionService: Service {
  let log: any EventLog
  let environment: PipelineEnvironment
  let logger: Logger

  /// How often. The first time comes after this long too, so that what waited while nothing ran is processed first.
  static let interval: Duration = .seconds(600)

  func run() async throws {
    try await cancelWhenGracefulShutdown {
      do {
        while true {
          try await environment.sleep(Self.interval)
          await discard()
        }
      } catch is CancellationError {
        // Asked to stop.
      }
    }
  }

  private func discard() async {
    do {
      let count = try await log.enforceRetention(nowMilliseconds: environment.now().milliseconds)
      if count > 0 { logger.info("records discarded by retention", metadata: ["count": "\(count)"]) }
    } catch {
      logger.error("retention failed, trying again later", metadata: ["error": "\(error)"])
    }
  }
}
