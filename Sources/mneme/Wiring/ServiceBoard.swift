import Logging
import MnemeCore
import MnemeProjection
import ServiceLifecycle

/// Runs services that come and go, each by its name, until it is stopped.
actor ServiceBoard<Name: Hashable & Sendable> {
  private let make: @Sendable (Name) async throws -> any Service
  private let sleep: @Sendable (Duration) async throws -> Void
  private let logger: Logger
  private var running: [Name: Task<Void, Never>] = [:]
  private var essential: Set<Name> = []
  private let failures: AsyncStream<any Error>.Continuation

  /// Pause before something that nobody depends on is tried again, where it failed.
  static var retryDelay: Duration { .seconds(5) }

  /// A board whose services `make` makes. Failures of those that are essential go to `failures`, and end them; others
  /// are tried again.
  init(
    make: @escaping @Sendable (Name) async throws -> any Service,
    sleep: @escaping @Sendable (Duration) async throws -> Void, failures: AsyncStream<any Error>.Continuation,
    logger: Logger
  ) {
    self.make = make
    self.sleep = sleep
    self.failures = failures
    self.logger = logger
  }

  /// Lets `wanted` run and nothing else: what goes has ended before what comes begins.
  func update(_ wanted: Set<Name>, essential: Set<Name>) async {
    self.essential = essential
    let gone = running.filter { !wanted.contains($0.key) }
    for (name, task) in gone {
      running[name] = nil
      task.cancel()
    }
    for task in gone.values { await task.value }
    for name in wanted where running[name] == nil {
      running[name] = Task(executorPreference: WorkerThreads.background) { await self.run(name) }
    }
  }

  /// Ends everything.
  func stop() async {
    await update([], essential: [])
  }

  private func run(_ name: Name) async {
    while !Task.isCancelled {
      do {
        try await make(name).run()
        // A service ends by itself where the process is asked to.
        return
      } catch {
        if Task.isCancelled || error is CancellationError { return }
        guard !essential.contains(name) else {
          failures.yield(error)
          return
        }
        logger.error(
          "something that no reader depends on failed, and is tried again", metadata: ["error": "\(error)"])
        do { try await sleep(Self.retryDelay) } catch { return }
      }
    }
  }
}
