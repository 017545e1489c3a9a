import EventLog
import FoundationEssentials
import Glibc
import Logging
import MnemeCore
import MnemePipeline
import MnemeProjection
import ServiceLifecycle
import Synchronization
import UnixSignals

/// One process's share in filling a generation: runs its stages until they have caught up with the log. Any number of
/// processes share the partitions; one that is killed goes on where it was when it is started again.
struct ReplayJob: Sendable {
  /// What is filled.
  let generation: Generation
  /// What runs for it, in the order in which records pass.
  let tasks: [GenerationTask]
  /// The groups and topics whose offsets tell how far it is, in the same order.
  let steps: [(group: String, topic: String)]
  /// What is counted: `turns`, `records`.
  let unit: String
  /// What may be spent.
  let budget: ReplayBudget
  /// The topic whose facts tell what was spent by all runs and workers; nil where no chat model is asked.
  var spendingTopic: String?

  /// How one process's share ended.
  enum Outcome: Sendable {
    /// It has caught up with the log.
    case filled
    /// The budget was used up, or the process was asked to stop; the reason.
    case stopped(String)
  }

  /// How much less of the processor it gets than others, as `nice(2)` has it: live traffic goes first.
  static let niceness: Int32 = 15
  /// How often it looks how far it is.
  static let checkInterval: Duration = .milliseconds(200)
  /// How long calls under way are waited for once the budget is used up.
  static let maxDrainDuration: Duration = .seconds(120)
  /// How long the parts may take to stop.
  static let maxShutdownDuration: Duration = .seconds(30)

  /// Gives this process a low priority.
  static func yieldToOthers() { _ = nice(niceness) }

  /// Runs until it has caught up, the budget is used up, or the process is told to end.
  func run(_ system: MnemeSystem, _ services: GenerationServices) async throws -> Outcome {
    Self.yieldToOthers()
    var parts: [any Service] = []
    for task in tasks { parts.append(try await services.service(task)) }
    let watch = ReplayWatch(job: self, system: system)
    var configuration = ServiceGroupConfiguration(
      services: (parts + [watch]).map {
        ServiceGroupConfiguration.ServiceConfiguration(
          service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
          failureTerminationBehavior: .gracefullyShutdownGroup)
      }, gracefulShutdownSignals: [.sigterm, .sigint], logger: system.logger)
    configuration.maximumGracefulShutdownDuration = Self.maxShutdownDuration
    try await ServiceGroup(configuration: configuration).run()
    guard let outcome = watch.outcome.withLock({ $0 }) else {
      return .stopped("it was asked to stop")
    }
    if case .filled = outcome { try await finish(system) }
    return outcome
  }

  /// Tells everybody that the generation is filled; workers keep it current from here on.
  private func finish(_ system: MnemeSystem) async throws {
    do {
      try await system.generations.append(.filled(id: generation.id))
    } catch let error as GenerationError {
      // Another process that shared the work was quicker.
      guard try await system.generations.refresh()[generation.id]?.state == .ready else { throw error }
    }
  }
}

/// Looks how far a replay is, shows it, and ends it.
private final class ReplayWatch: Service {
  let outcome = Mutex<ReplayJob.Outcome?>(nil)
  private let job: ReplayJob
  private let system: MnemeSystem

  init(job: ReplayJob, system: MnemeSystem) {
    self.job = job
    self.system = system
  }

  func run() async throws {
    try await cancelWhenGracefulShutdown {
      do {
        try await self.watch()
      } catch is CancellationError {
        // Asked to stop: what was not committed is done again by whoever goes on.
      }
    }
  }

  private func watch() async throws {
    let bar = ProgressBar(job.generation.id, unit: job.unit)
    var pass = CatchUpPass(steps: self.job.steps)
    var meter = self.job.spendingTopic.map { SpendingMeter(topic: $0) }
    while true {
      do {
        let (done, total) = try await measure()
        bar.update(done, of: total)
        if let spending = try await meter?.measure(system.log, system.codec) { self.job.budget.noteLogged(spending) }
        if let reason = self.job.budget.exhaustion {
          try await self.drain()
          self.outcome.withLock { $0 = .stopped(reason) }
          return
        }
        if try await pass.hasCaughtUp(with: self.system.log) {
          bar.finish(done)
          self.outcome.withLock { $0 = .filled }
          return
        }
      } catch let error as EventLogError where error.isRetriable {
        self.system.logger.warning("the log cannot be read, trying again", metadata: ["error": "\(error)"])
      }
      try await Task.sleep(for: ReplayJob.checkInterval)
    }
  }

  /// Waits for the answers of calls that are under way, as they are paid for.
  private func drain() async throws {
    let deadline = ContinuousClock.now + ReplayJob.maxDrainDuration
    while self.job.budget.callsInFlight > 0, ContinuousClock.now < deadline {
      try await Task.sleep(for: ReplayJob.checkInterval)
    }
  }

  /// How far the first step is.
  private func measure() async throws -> (done: Int, total: Int) {
    guard let step = self.job.steps.first else { return (0, 0) }
    let parts = try await GroupProgress.of(step.group, on: step.topic, in: self.system.log)
    return (
      Int(parts.reduce(0) { $0 + max(0, $1.next - $1.earliest) }), Int(parts.reduce(0) { $0 + $1.end - $1.earliest })
    )
  }
}

/// Adds up what a facts topic says was spent, by every run and worker.
struct SpendingMeter {
  private let topic: String
  private var next: [Int: Int64] = [:]
  private var spending = ReplaySpending()

  init(topic: String) {
    self.topic = topic
  }

  /// What was spent so far. Reads what is new since the last time.
  mutating func measure(_ log: any EventLog, _ codec: EventRecordCodec) async throws -> ReplaySpending {
    for (partition, bounds) in try await log.bounds(of: topic).enumerated() {
      var offset = max(next[partition] ?? 0, bounds.earliest)
      while offset < bounds.end {
        let records = try await log.read(TopicPartition(topic, partition), from: offset, limit: ReadLimit())
        guard let last = records.last else { break }
        offset = last.position.offset + 1
        for record in records where record.header("ce_type") == EventType.factsExtracted.rawValue {
          guard let event = try? codec.decode(record),
            let body = try? EventBodyCoding.decode(FactsExtracted.self, from: event.data)
          else { continue }
          spending.promptTokens += body.promptTokens
          spending.completionTokens += body.completionTokens
        }
      }
      next[partition] = offset
    }
    return spending
  }
}
