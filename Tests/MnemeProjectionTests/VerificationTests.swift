import EventLog
import Foundation
import GRDB
import MnemeCore
import MnemeTesting
import Testing

@testable import MnemeProjection

@Suite struct VerificationTests {
  typealias Code = VerificationReport.Problem.Code

  /// A world whose memories all have vectors, folded.
  private func world(_ partitionCount: Int = 3, log: any EventLog = InMemoryEventLog()) async throws -> World {
    let world = try await World(partitionCount: partitionCount, log: log)
    for number in 0..<40 {
      let owner = user("u\(number % 10)")
      let memory = memory("m\(number)", "likes tea number \(number)", owner, runID: "r\(number % 3)")
      try await world.resolve("t\(number)", owner, [.added(memory)], offset: Int64(number))
      try await world.embed(owner, [(memory.id, memory.text, axis(number % 8))])
    }
    try await world.projector().catchUp()
    return world
  }

  private func verify(_ world: World, isDeep: Bool = true) async throws -> VerificationReport {
    try await ProjectionVerifier(
      directory: world.directory, configuration: world.configuration, log: world.log
    ).verify(isDeep: isDeep)
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func whatWasFoldedAgrees(seed: UInt64) async throws {
    let world = try await World(partitionCount: 2)
    defer { world.remove() }
    var scenario = Scenario(world, seed: seed)
    _ = try await world.log.append(scenario.records(120))
    try await world.projector().catchUp()
    for isDeep in [false, true] {
      let report = try await verify(world, isDeep: isDeep)
      #expect(report.summary == scenario.expected)
      // Not every memory of a scenario gets a vector.
      #expect(report.problems.allSatisfy { $0.code == .vectorsMissing }, "\(report.problems)")
    }
    let sound = try await self.world()
    defer { sound.remove() }
    #expect(try await verify(sound).isSound)
    // What is still to be folded is no problem, and is told.
    try await sound.resolve("later", user("u1"), [.added(memory("later", "later", user("u1")))])
    let behind = try await verify(sound)
    #expect(behind.isSound)
    let waiting = behind.shards.flatMap(\.positions).map { $0.end - $0.next }
    #expect(waiting.filter { $0 > 0 } == [1])
  }

  /// What is done to the rows of a shard, and what is found; only deeply where `isDeep`.
  static let damages: [(sql: String, code: Code, isDeep: Bool)] = [
    ("DELETE FROM memories WHERE memory = (SELECT min(memory) FROM memories)", .rowsInconsistent, false),
    ("DELETE FROM sources WHERE memory = (SELECT min(memory) FROM sources)", .rowsInconsistent, false),
    ("DELETE FROM numbers WHERE memory = (SELECT min(memory) FROM memories)", .rowsInconsistent, false),
    ("UPDATE owners SET token_count = token_count + 1", .rowsInconsistent, false),
    ("INSERT INTO runs VALUES ('r', 5)", .rowsInconsistent, false),
    ("INSERT INTO vectors VALUES (5, x'00')", .rowsInconsistent, false),
    ("UPDATE changes SET input = input + 1000", .rowsInconsistent, false),
    ("DELETE FROM vectors", .vectorsMissing, false),
    ("DELETE FROM inputs WHERE input = 1", .outcomesMissing, false),
    (
      "INSERT INTO inputs (owner, id, outcome, completed_at, body) VALUES (1, 'other', 'nothing', 0, x'')",
      .outcomesUnknown, false
    ),
    ("INSERT INTO skipped VALUES ('t', 0, 0, 'malformed_body')", .recordsSkipped, false),
    ("UPDATE memories SET words = x''", .keywordsInconsistent, false),
    ("UPDATE memories SET words = zeroblob(length(words))", .keywordsInconsistent, false),
    ("UPDATE watermarks SET next = next + 1000", .aheadOfLog, false),
    ("UPDATE memories SET text = text || '!'", .contentDiffers, true),
    ("UPDATE memories SET confidence = 0.1, category = 'x'", .contentDiffers, true),
  ]

  @Test(arguments: damages.indices)
  func aWrongRowIsFoundAndItsShardRebuilt(index: Int) async throws {
    let damage = Self.damages[index]
    let world = try await world(2)
    defer { world.remove() }
    let partition = world.partition(of: user("u1"))
    try await DatabaseQueue(path: world.files(partition).linkPath).write { try $0.execute(sql: damage.sql) }
    let plain = try await verify(world, isDeep: false)
    #expect(plain.problems.contains { $0.code == damage.code } != damage.isDeep, "\(plain.problems)")
    #expect(try await verify(world).problems.contains { $0.code == damage.code && $0.partition == partition })
    #expect(try await verify(world).problems.allSatisfy { $0.partition == partition && !$0.advice.isEmpty })
    let names = try (0..<2).map { try world.files($0).currentName() }
    let report = try await world.projector().rebuild(shards: [partition]) { _ in }
    #expect(report.shards == [partition])
    #expect(try await verify(world).isSound)
    #expect(try world.files(1 - partition).currentName() == names[1 - partition])
    #expect(try world.files(partition).currentName() != names[partition])
  }

  @Test(arguments: ["middle", "truncated", "garbage", "missing"])
  func aDamagedFileIsFoundAndRebuiltAloneWhileOthersServe(_ damage: String) async throws {
    let world = try await world(2, log: PatientLog())
    defer { world.remove() }
    let (broken, whole) = (world.partition(of: user("u1")), 1 - world.partition(of: user("u1")))
    let owner = (0..<10).map { user("u\($0)") }.first { world.partition(of: $0) == whole }
    let other = try #require(owner)
    let before = try await world.reader().summary()
    let projector = try world.projector()
    let reader = try world.reader()
    let name = try #require(try world.files(broken).currentName())
    let path = world.files(broken).path(name)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let noise = Data((0..<bytes.count).map { UInt8(truncatingIfNeeded: $0 &* 31 | 1) })
    switch damage {
    case "middle": try (bytes.prefix(8192) + noise.dropFirst(8192)).write(to: URL(fileURLWithPath: path))
    case "truncated": try bytes.prefix(700).write(to: URL(fileURLWithPath: path))
    case "garbage": try noise.write(to: URL(fileURLWithPath: path))
    default: try FileManager.default.removeItem(atPath: world.files(broken).linkPath)
    }
    let found = try await verify(world, isDeep: false)
    #expect(found.problems.map(\.partition) == [broken], "\(found.problems)")
    #expect(found.problems.first?.code == (damage == "missing" ? .missing : .corrupt))
    #expect(found.problems.first?.advice == "run 'mneme replay rebuild --shard \(broken)'")
    // The projector goes on with the whole shard, and with the other one once it is rebuilt.
    let running = Task { try await projector.run() }
    try await world.resolve("more", other, [.added(memory("more", "more", other))], offset: 100)
    #expect(try await reader.wait(forTurnsPartition: whole, offset: 100, timeout: .seconds(60)))
    #expect(try await reader.texts(all("acme", isUser(other.owner.id))).contains("more"))
    _ = try await world.projector().rebuild(shards: [broken]) { _ in }
    #expect(try await reader.summary().memoryCount == before.memoryCount + 1)
    try await world.resolve("again", user("u1"), [.added(memory("again", "again", user("u1")))], offset: 101)
    #expect(try await reader.wait(forTurnsPartition: broken, offset: 101, timeout: .seconds(60)))
    running.cancel()
    try await running.value
    let after = try await verify(world)
    #expect(after.problems.allSatisfy { $0.code == .vectorsMissing && $0.count == 1 }, "\(after.problems)")
  }

  @Test func aTurnWithoutAnOutcomeIsFound() async throws {
    let world = try await world(1)
    defer { world.remove() }
    try await world.log.ensureTopics([
      TopicSpecification(name: Topics.turns, partitionCount: 1, retention: .forever)
    ])
    for number in 0..<5 {
      let id = number == 3 ? "nobody's" : "t\(number * 10)"
      let event = CloudEvent(
        id: id, type: EventType.turnRecorded.rawValue, source: "/test", time: Timestamp(milliseconds: 0),
        owner: user("u0"), data: [])
      _ = try await world.log.append([try world.codec.encode(event, topic: Topics.turns)])
    }
    let report = try await verify(world)
    // t40 is past the last turn that was folded only if nothing at its offset was: offsets here go to 39.
    #expect(report.problems.map(\.code) == [.turnsWithoutOutcome])
    #expect(report.problems.first?.count == 2)
  }
}
