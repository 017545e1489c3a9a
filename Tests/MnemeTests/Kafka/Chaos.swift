import EventLog
import MnemeCore
import Testing

/// Publishes turns while it kills, freezes and replaces the processes that work on them.
struct Chaos {
  /// Who runs at the end.
  var members: [FleetMember] { workers + projectors }
  private(set) var killCount = 0
  /// Frozen workers that woke up beside the one that took their place.
  private(set) var zombieCount = 0
  /// Turns that were published, with those that were published again.
  private(set) var publishedCount = 0

  private var random: SplitMix64
  private let deployment: KafkaDeployment
  private var workers: [FleetMember]
  private let projectors: [FleetMember]

  private static let stepCount = 32
  private static let maxPauseMilliseconds = 400

  init(seed: UInt64, deployment: KafkaDeployment, workers: [FleetMember], projectors: [FleetMember]) {
    self.random = SplitMix64(seed: seed)
    self.deployment = deployment
    self.workers = workers
    self.projectors = projectors
  }

  mutating func run(_ turns: ChaosTurns) async throws {
    for step in 0..<Self.stepCount {
      let start = turns.records.count * step / Self.stepCount
      let end = turns.records.count * (step + 1) / Self.stepCount
      try await publish(turns, start..<end)
      if step % 4 == 2, step / 4 < ChaosTurns.poison.count {
        _ = try await deployment.log.append([ChaosTurns.poison[step / 4]])
      }
      try await pause()
      if step % 9 == 5 { try await replaceFrozenWorker() } else { try await killSome() }
    }
  }

  /// A publisher that is not sure whether its turns arrived sends them again.
  private mutating func publish(_ turns: ChaosTurns, _ range: Range<Int>) async throws {
    var records = Array(turns.records[range])
    for _ in 0..<(range.count / 10) { records.append(turns.records[random.below(range.upperBound)]) }
    for record in records { _ = try await deployment.log.append([record]) }
    publishedCount += records.count
  }

  private mutating func pause() async throws {
    try await Task.sleep(for: .milliseconds(random.below(Self.maxPauseMilliseconds)))
  }

  private mutating func killSome() async throws {
    try await restart(members[random.below(members.count)])
    if random.below(4) == 0 {
      // Two at once.
      let first = random.below(members.count)
      let second = (first + 1 + random.below(members.count - 1)) % members.count
      await members[first].kill()
      await members[second].kill()
      killCount += 2
      try await members[first].start()
      try await members[second].start()
    }
  }

  private mutating func restart(_ member: FleetMember) async throws {
    try await member.restart()
    killCount += 1
  }

  /// A worker sleeps, another one takes its name and goes on, and then the first one wakes up: it must end, and have
  /// written nothing. It sleeps once it has the name itself, and until the other one has it: of two that ask for a name
  /// the later one gets it, and one that has not asked yet, or whose session has ended, asks when it wakes up.
  private mutating func replaceFrozenWorker() async throws {
    let index = random.below(workers.count)
    let zombie = workers[index]
    try await zombie.waitUntilJoined(groupCount: KafkaDeployment.workerGroupCount)
    await zombie.freeze()
    let sleeper = projectors[random.below(projectors.count)]
    await sleeper.freeze()
    workers[index] = deployment.worker("worker-\(index + 1)", folder: "-\(zombieCount)")
    try await workers[index].start()
    try await workers[index].waitUntilJoined(groupCount: KafkaDeployment.workerGroupCount)
    try await pause()
    await sleeper.thaw()
    await zombie.thaw()
    let status = try await zombie.end()
    let errors = await zombie.errors
    #expect(status != 0, "\(zombie.directory): \(errors)")
    zombieCount += 1
  }
}
