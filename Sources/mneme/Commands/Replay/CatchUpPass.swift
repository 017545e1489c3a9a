import EventLog
import MnemePipeline

/// Follows what the log holds at some moment through all steps, again and again: live traffic goes on meanwhile, so
/// that nothing is ever quite through.
struct CatchUpPass {
  private let steps: [(group: String, topic: String)]
  private var index = 0
  private var target: [Int64]?
  private var begin = ContinuousClock.now
  private var pace = CatchUpPace()

  init(steps: [(group: String, topic: String)]) {
    self.steps = steps
  }

  mutating func hasCaughtUp(with log: any EventLog) async throws -> Bool {
    while true {
      let step = steps[index]
      let parts = try await GroupProgress.of(step.group, on: step.topic, in: log)
      let ends = target ?? parts.map(\.end)
      target = ends
      guard zip(parts, ends).allSatisfy({ $0.next >= $1 || $0.waiting == 0 }) else { return false }
      target = nil
      index += 1
      guard index == steps.count else { continue }
      let elapsed = ContinuousClock.now - begin
      (index, begin) = (0, .now)
      if pace.hasCaughtUp(afterPassOf: elapsed) { return true }
    }
  }
}

/// Decides by how long passes take whether a replay has caught up with live traffic: the rest workers do anyway.
///
/// Each pass brings through what arrived during the one before it, so passes become shorter until they take as long as
/// a record needs from step to step. That is hardly any time, but on a machine that is busy with other things, it is
/// more: what matters is that there is nothing left to gain.
struct CatchUpPace {
  private var last: Duration?

  /// A pass that takes less is the last one.
  static let quickDuration: Duration = .seconds(3)
  /// A pass that takes more is never the last one: that much would be left to workers.
  static let maxDuration: Duration = .seconds(60)
  /// What a pass takes of the time of the one before, at least, where there is nothing left to gain.
  static let settledShare = 0.75

  /// Whether that was the last pass.
  mutating func hasCaughtUp(afterPassOf elapsed: Duration) -> Bool {
    defer { last = elapsed }
    if elapsed < Self.quickDuration { return true }
    guard let last, elapsed <= Self.maxDuration else { return false }
    return elapsed >= last * Self.settledShare
  }
}
