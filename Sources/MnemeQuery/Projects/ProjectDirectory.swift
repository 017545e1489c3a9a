import EventLog
import Logging
import MnemeCore
import Synchronization

/// The projects as this process knows them: what is written here at once, what others write as soon as the log tells.
final class ProjectDirectory: Sendable {
  /// How long it waits for news before it looks by itself.
  private static let maxWait: Duration = .seconds(30)
  /// Pause after a failure.
  private static let pauseAfterFailure: Duration = .seconds(1)

  private let log: ProjectLog
  private let logger: Logger
  private let known = Mutex(ProjectCatalog())

  /// The projects of `log`.
  init(log: ProjectLog, logger: Logger) {
    self.log = log
    self.logger = logger
  }

  /// As it was told last: what each add asks for its project's settings.
  var catalog: ProjectCatalog { self.known.withLock { $0 } }

  /// As it stands in the log now.
  /// - Throws: `EventLogError`, `EventDecodingError`.
  func refresh() async throws -> ProjectCatalog {
    let catalog = try await self.log.refresh()
    self.known.withLock { $0 = catalog }
    return catalog
  }

  /// Appends `event`, and returns the projects with it.
  /// - Throws: `ProjectError`, `EventLogError`.
  @discardableResult
  func append(_ event: ProjectEvent) async throws -> ProjectCatalog {
    let catalog = try await self.log.append(event)
    self.known.withLock { $0 = catalog }
    return catalog
  }

  /// Follows the log until it is cancelled.
  func follow() async {
    while !Task.isCancelled {
      do {
        _ = try await self.refresh()
        try await self.log.waitForChange(timeout: Self.maxWait)
      } catch {
        guard !Task.isCancelled else { return }
        self.logger.warning("projects cannot be read", metadata: ["error": "\(QueryAPI.loggable(error))"])
        try? await Task.sleep(for: Self.pauseAfterFailure)
      }
    }
  }
}
