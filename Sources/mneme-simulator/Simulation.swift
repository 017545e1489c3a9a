import EventLog
import MnemeCore
import MnemePipeline
import MnemeProjection
import MnemeTesting
import Synchronization

/// A promise that did not hold.
struct Violation: Error, CustomStringConvertible {
  let description: String
}

/// One seeded run: the script is published while things fail, then faults stop, and what must hold is checked.
struct Simulation {
  private var world: World
  private var random: SplitMix64
  private let script: Script
  private var published = 0
  private var crashCount = 0
  private let faults = FaultCounter()
  private var offsets: [String: Int64] = [:]

  /// Steps after the last fault within which everything must be done.
  private static let maxQuietStepCount = 20_000

  /// Runs one seed; returns what happened in a line.
  static func run(seed: UInt64, turnCount: Int) async throws -> String {
    var random = SplitMix64(seed: seed)
    let script = Script(turnCount: turnCount, random: &random)
    // Every third run lets turns be parked and redriven, which changes the order of what is said.
    let parks = seed % 3 == 0
    let calm = try await Simulation(script, random, maxAttemptCount: 1000).digest(underFaults: false, parks: false)
    let stormy = try await Simulation(script, random, maxAttemptCount: parks ? 2 : 1000)
      .digest(underFaults: true, parks: parks)
    if !parks, calm.digest != stormy.digest {
      throw Violation(description: "the digest is \(stormy.digest), undisturbed it is \(calm.digest)")
    }
    return stormy.story
  }

  private init(_ script: Script, _ random: SplitMix64, maxAttemptCount: Int) async throws {
    self.script = script
    self.random = random
    var seeds = random
    self.world = try await World(maxAttemptCount: maxAttemptCount, modelSeed: seeds.next())
  }

  private consuming func digest(
    underFaults: Bool, parks: Bool
  ) async throws -> (digest: ContentDigest, story: String) {
    defer { world.folder.remove() }
    if underFaults {
      world.model.setFailures(perHundred: parks ? 40 : 15)
      setLogFaults(perHundred: 8)
    }
    while published < script.steps.count {
      try await underFaults ? actAtRandom() : publishNext()
      try await checkOffsets()
    }
    world.model.setFailures(perHundred: 0)
    world.log.setFaults(nil)
    try await settle()
    let redriven = try await redriveAll()
    try await settle()
    let summary = try await check()
    // A redriven turn is processed late the first time, and where it stands the second time.
    if underFaults, !parks {
      let again = try await world.derivedAgain(&random)
      guard again.digest == summary.digest else {
        throw Violation(description: "derived again: \(again), live: \(summary)")
      }
    }
    let story =
      "\(published) turns, \(crashCount) crashes, \(faults.count) log faults, \(redriven) redriven, "
      + "\(summary.memoryCount) memories, digest \(summary.digest.description.prefix(12))"
    return (summary.digest, story)
  }

  // MARK: Acting

  private mutating func actAtRandom() async throws {
    let size = 1 + random.below(12)
    switch random.below(24) {
    case 0..<6: try await publishNext()
    case 6: try await publishAgain()
    case 7..<12: _ = try? await world.stepExtraction(random.below(2), maxRecordCount: size)
    case 12..<17: _ = try? await world.stepResolution(maxRecordCount: size)
    case 17..<20: try? await world.projector.catchUp()
    default: try await crash()
    }
  }

  private mutating func crash() async throws {
    crashCount += 1
    switch random.below(8) {
    case 0, 1, 2: try await world.restartExtraction(random.below(2))
    case 3, 4: try await world.restartResolution()
    case 5, 6: try world.restartProjector()
    default: try await world.loseState()
    }
  }

  /// A publisher tries until its append is acknowledged; an answer that got lost makes a duplicate.
  private mutating func publishNext() async throws {
    let event = script.steps[published].event
    while true {
      do {
        try await world.publish(event)
        break
      } catch let error as EventLogError where error.isRetriable { continue }
    }
    published += 1
  }

  private mutating func publishAgain() async throws {
    guard published > 0 else { return }
    // The latest turn of an owner only: a publisher retries before it goes on.
    try? await world.publish(script.steps[published - 1].event)
  }

  private func setLogFaults(perHundred: Int) {
    let generator = Mutex(random)
    let faults = faults
    world.log.setFaults { operation in
      if case .poll = operation { return nil }
      return generator.withLock { random in
        guard random.below(100) < perHundred else { return nil }
        faults.increment()
        let error = EventLogError(.unreachable, "a simulated fault")
        return random.below(2) == 0 ? .before(error) : .after(error)
      }
    }
  }

  private mutating func settle() async throws {
    for step in 0..<Self.maxQuietStepCount {
      var count = 0
      for index in 0..<2 { count += try await world.stepExtraction(index, maxRecordCount: 50) }
      count += try await world.stepResolution(maxRecordCount: 50)
      try await world.projector.catchUp()
      if count == 0, try await world.lag() == 0 { return }
      if step == Self.maxQuietStepCount - 1 {
        throw Violation(description: "the lag stays at \(try await world.lag())")
      }
    }
  }

  private func redriveAll() async throws -> Int {
    let box = DeadLetterBox(log: world.log, now: world.environment.now)
    let open = try await box.open().filter { $0.reason.code == "server_error" }
    try await box.redrive(open)
    return open.count
  }

  // MARK: Checking

  private mutating func checkOffsets() async throws {
    for (place, next) in try await world.committedOffsets() {
      if let before = offsets[place], next < before {
        throw Violation(description: "\(place) went back from \(before) to \(next)")
      }
      offsets[place] = next
    }
  }

  private func check() async throws -> ProjectionSummary {
    let live = try await world.reader().summary()
    guard live.turnCount == script.steps.count else {
      throw Violation(description: "\(live.turnCount) of \(script.steps.count) turns have an outcome")
    }
    let poisonCount = script.steps.filter(\.isPoison).count
    guard live.parkedCount == poisonCount else {
      throw Violation(description: "\(live.parkedCount) turns are parked, \(poisonCount) of them rightly")
    }
    let rebuilt = try await world.projector.rebuild { _ in }.summary
    guard rebuilt == live else { throw Violation(description: "rebuilt: \(rebuilt), live: \(live)") }
    return live
  }
}

/// Counts from within the log's fault hook.
private final class FaultCounter: Sendable {
  private let state = Mutex(0)

  var count: Int { state.withLock { $0 } }

  func increment() {
    state.withLock { $0 += 1 }
  }
}
