import EventLog
import Foundation
import MnemeCore
import MnemeTesting
import Testing

/// Processes on brokers that are killed, frozen and replaced at any moment: what they leave is what an undisturbed
/// deployment leaves. `MNEME_CHAOS_SEED` chooses the moments.
@Suite(.serialized) struct KafkaChaosTests {
  static let seed = ProcessInfo.processInfo.environment["MNEME_CHAOS_SEED"].flatMap { UInt64($0) } ?? 1

  @Test func killedAndFrozenTheyEndWithTheSameContent() async throws {
    let turns = ChaosTurns(count: 2000, ownerCount: 100, seed: Self.seed)
    let deployment = try await KafkaDeployment.open()
    let workers = (1...3).map { deployment.worker("worker-\($0)") }
    let projectors = (1...2).map { deployment.projector("reader-\($0)") }
    for member in workers + projectors { try await member.start() }

    var chaos = Chaos(seed: Self.seed, deployment: deployment, workers: workers, projectors: projectors)
    try await chaos.run(turns)
    for projector in projectors { try await deployment.waitUntilIdle(projector.directory) }
    try await Self.stop(chaos.members)

    #expect(chaos.killCount >= 30)
    #expect(chaos.zombieCount >= 3)
    let calm = try await KafkaDeployment.undisturbedContent(of: turns)
    #expect(calm["turns"] == .int(Int64(turns.records.count)))
    for projector in projectors { try await Self.expectContent(calm, of: projector, deployment) }
    try await Self.expectEachOnce(turns, publishedCount: chaos.publishedCount, deployment)
    let letters = try await deployment.run(["deadletters", "list", "--json"]).json()
    #expect(letters.arrayValue?.count == ChaosTurns.poison.count, "\(letters)")
    await deployment.close()
  }

  @Test func aRollingRestartLosesAndDoublesNothing() async throws {
    let turns = ChaosTurns(count: 900, ownerCount: 60, seed: Self.seed + 1)
    let deployment = try await KafkaDeployment.open()
    let workers = (1...3).map { deployment.worker("worker-\($0)") }
    let projector = deployment.projector("reader")
    for member in workers + [projector] { try await member.start() }
    async let rolling: Void = {
      for worker in workers {
        try await Task.sleep(for: .seconds(3))
        #expect(try await worker.stop() == 0)
        try await worker.start()
      }
    }()
    let begin = ContinuousClock.now
    for (number, record) in turns.records.enumerated() {
      try await Task.sleep(until: begin + .milliseconds(15) * number, clock: .continuous)
      _ = try await deployment.log.append([record])
    }
    try await rolling
    try await deployment.waitUntilIdle(projector.directory)
    try await Self.stop(workers + [projector])

    try await Self.expectEachOnce(turns, publishedCount: turns.records.count, deployment)
    let calm = try await KafkaDeployment.undisturbedContent(of: turns)
    try await Self.expectContent(calm, of: projector, deployment)
    let pause = try await Self.longestPause(deployment)
    print("rolling restart of 3 workers: the longest pause of a partition was \(pause) ms")
    await deployment.close()
  }

  @Test func withoutTransactionsTheContentIsTheSame() async throws {
    let turns = ChaosTurns(count: 400, ownerCount: 40, seed: Self.seed + 2)
    let deployment = try await KafkaDeployment.open(usesTransactions: false)
    let workers = (1...2).map { deployment.worker("worker-\($0)") }
    let projector = deployment.projector("reader")
    for member in workers + [projector] { try await member.start() }
    var random = SplitMix64(seed: Self.seed)
    for slice in 0..<8 {
      for record in turns.records[(slice * 50)..<(slice * 50 + 50)] { _ = try await deployment.log.append([record]) }
      try await Task.sleep(for: .milliseconds(random.below(500)))
      try await workers[random.below(workers.count)].restart()
    }
    try await deployment.waitUntilIdle(projector.directory)
    try await Self.stop(workers + [projector])
    let calm = try await KafkaDeployment.undisturbedContent(of: turns)
    try await Self.expectContent(calm, of: projector, deployment)
    await deployment.close()
  }

  /// Ends them, each in order.
  private static func stop(_ members: [FleetMember]) async throws {
    for member in members {
      let status = try await member.stop()
      let errors = await member.errors
      #expect(status == 0, "\(member.directory): \(errors)")
    }
  }

  /// A projection says what `calm` says. Where it does not, both are shown, and whether the log agrees with it.
  private static func expectContent(
    _ calm: JSONValue, of projector: FleetMember, _ deployment: KafkaDeployment
  ) async throws {
    let content = try await deployment.content(projector.directory)
    guard content["digest"] != calm["digest"] else { return }
    let verified = try await deployment.run(["verify", "--deep", "--json", "--data-dir", projector.directory])
    let errors = await projector.errors
    Issue.record(
      """
      \(projector.directory) says \(content), undisturbed it is \(calm)
      verify --deep: \(verified.output)\(verified.errors)
      stderr: \(errors)
      """)
  }

  // MARK: What is in the log

  /// Every turn has one outcome, and those of an owner are in the order of its turns.
  private static func expectEachOnce(
    _ turns: ChaosTurns, publishedCount: Int, _ deployment: KafkaDeployment
  ) async throws {
    let accepted = try await deployment.records(Topics.turns).flatMap { $0 }.filter { header("ce_id", $0) != "poison" }
    let outcomes = try await deployment.records(Topics.memories(generation: "g1")).map { records in
      try records.map { try EventBodyCoding.decode(MemoriesResolved.self, from: $0.value) }
    }
    let known = accepted.filter { header("ce_id", $0)?.hasPrefix("turn-") == true }
    #expect(known.count == publishedCount)
    let positions = outcomes.joined().map { TurnPosition($0.input) }
    #expect(Set(positions).count == positions.count, "a record of mneme.turns has two outcomes")
    let recorded = Set(known.map { TurnPosition($0.position) })
    #expect(recorded.isSubset(of: Set(positions)), "a record of mneme.turns has no outcome")

    var ids: [String: [String]] = [:]
    var seen: Set<String> = []
    let ownerByID = Dictionary(
      uniqueKeysWithValues: turns.idsByOwner.flatMap { owner, ids in ids.map { ($0, owner) } })
    for outcome in outcomes.joined() {
      guard let owner = ownerByID[outcome.input.id], seen.insert(outcome.input.id).inserted else { continue }
      ids[owner, default: []].append(outcome.input.id)
    }
    #expect(ids == turns.idsByOwner)
  }

  private struct TurnPosition: Hashable {
    let partition: Int
    let offset: Int64

    init(_ input: InputReference) {
      self.partition = input.partition
      self.offset = input.offset
    }

    init(_ position: LogPosition) {
      self.partition = position.topicPartition.partition
      self.offset = position.offset
    }
  }

  private static func header(_ name: String, _ record: LogRecord) -> String? {
    record.headers.first { $0.name == name }.map { String(decoding: $0.value, as: UTF8.self) }
  }

  /// Milliseconds between two outcomes of a partition, at most.
  private static func longestPause(_ deployment: KafkaDeployment) async throws -> Int64 {
    try await deployment.records(Topics.memories(generation: "g1")).flatMap { records in
      zip(records, records.dropFirst()).map { $1.appendedAtMilliseconds - $0.appendedAtMilliseconds }
    }.max() ?? 0
  }
}
