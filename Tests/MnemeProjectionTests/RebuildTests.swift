import EventLog
import Foundation
import GRDB
import MnemeCore
import MnemeTesting
import Testing

@testable import MnemeProjection

@Suite struct RebuildTests {
  @Test(arguments: 1...3 as ClosedRange<UInt64>)
  func readersAndALiveProjectorGoOnDuringRebuilds(seed: UInt64) async throws {
    let world = try await World(partitionCount: 2, bounds: .init(maxBatchRecordCount: 10), log: PatientLog())
    defer { world.remove() }
    var scenario = Scenario(world, seed: seed)
    _ = try await world.log.append(scenario.records(100))
    try await world.projector().catchUp()
    let isDone = Shared(false)
    let reads = Shared(0)
    let finished = try await withThrowingTaskGroup(of: Void.self) { group in
      let live = try world.projector()
      let following = Task { try await live.run() }
      for number in 0..<2 {
        group.addTask {
          // Each reader is on its own, as one of another process.
          let reader = try world.reader(projector: number == 0 ? live : nil)
          var last: [Int64] = []
          // Where one fails, nobody waits for it.
          defer { isDone.change { $0 = true } }
          while !isDone.value {
            try await Self.read(reader, &last)
            reads.change { $0 += 1 }
          }
        }
      }
      for round in 0..<5 {
        let rebuilding = Task { try await world.projector().rebuild { _ in } }
        for _ in 0..<10 { _ = try await world.log.append(scenario.records(5)) }
        _ = try await rebuilding.value
        if round == 3 { while reads.value < 20, !isDone.value { await Task.yield() } }
      }
      let end = try await Self.lastTurn(world)
      for (partition, offset) in end {
        #expect(
          try await world.reader(projector: live)
            .wait(forTurnsPartition: partition, offset: offset, timeout: .seconds(60)))
      }
      isDone.change { $0 = true }
      try await group.waitForAll()
      following.cancel()
      try await following.value
      return scenario
    }
    #expect(try await world.reader().summary() == finished.expected, "seed \(seed)")
    #expect(try await world.refolded("-again") == finished.expected, "seed \(seed)")
    #expect(reads.value >= 20)
  }

  private static func lastTurn(_ world: World) async throws -> [Int: Int64] {
    var last: [Int: Int64] = [:]
    for partition in 0..<world.configuration.partitionCount {
      let records = try await world.log.read(
        TopicPartition(world.memoriesTopic, partition), from: 0,
        limit: ReadLimit(maxRecordCount: 100_000, maxByteCount: 1 << 30))
      for record in records {
        let body = try EventBodyCoding.decode(MemoriesResolved.self, from: record.value)
        last[partition] = max(last[partition] ?? -1, body.input.offset)
      }
    }
    return last
  }

  /// Reads everything once: nothing fails, nothing goes back, nothing is half there.
  private static func read(_ reader: ProjectionReader, _ last: inout [Int64]) async throws {
    let watermarks = try await reader.watermarks().map(\.next)
    #expect(last.isEmpty || zip(last, watermarks).allSatisfy { $0 <= $1 }, "\(last) then \(watermarks)")
    last = watermarks
    let summary = try await reader.summary()
    #expect(summary.memoryCount > 0)
    let page = try await reader.memories(all("acme", isUser("o1"), includesEnded: true), offset: 0, limit: 5)
    for view in page.memories {
      let history = try await reader.history(view.memory.id, tenant: "acme")
      #expect(history.contains { $0.memoryID == view.memory.id && $0.change == .add })
    }
    let hits = try await reader.search(
      SearchRequest(query: all("acme", isUser("o1")), text: "tea", vector: axis(0), limit: 5, minimumScore: 0))
    #expect(hits.allSatisfy { $0.view.owner == user("o1") })
    _ = try await reader.hits(all(), "tea", vector: axis(1))
  }

  @Test func aRebuildThatIsKilledLeavesTheShardsAsTheyWere() async throws {
    let world = try await World(partitionCount: 2, bounds: .init(maxRebuildBatchRecordCount: 10))
    defer { world.remove() }
    var scenario = Scenario(world, seed: 7)
    _ = try await world.log.append(scenario.records(100))
    try await world.projector().catchUp()
    for killAt in [1, 3, 6] {
      let directory = world.directory
      await #expect(processExitsWith: .signal(SIGKILL)) { [directory = directory as String, killAt = killAt as Int] in
        let twin = try await World(partitionCount: 2, bounds: .init(maxRebuildBatchRecordCount: 10))
        var scenario = Scenario(twin, seed: 7)
        _ = try await twin.log.append(scenario.records(100))
        twin.remove()
        let projector = try Projector(
          directory: directory, configuration: twin.configuration, log: twin.log, logger: quiet)
        let batchCount = Shared(0)
        _ = try await projector.rebuild { _ in
          batchCount.change { $0 += 1 }
          if batchCount.value == killAt { kill(getpid(), SIGKILL) }
        }
      }
      #expect(try await world.reader().summary() == scenario.expected)
    }
    #expect(try shardFiles(world) > 2)
    try await world.projector().removeStrays()
    #expect(try shardFiles(world) == 2)
    #expect(try await world.projector().rebuild { _ in }.summary == scenario.expected)
    #expect(try shardFiles(world) == 2)
  }

  private func shardFiles(_ world: World) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: world.directory + "/g1")
      .count { $0.hasPrefix("shard-") && $0.hasSuffix(".sqlite") && $0.contains("-000") && $0.count > 20 }
  }

  @Test func aCancelledRebuildLeavesTheShardsAsTheyWere() async throws {
    let world = try await World(partitionCount: 1, bounds: .init(maxRebuildBatchRecordCount: 5))
    defer { world.remove() }
    var scenario = Scenario(world, seed: 3)
    _ = try await world.log.append(scenario.records(100))
    try await world.projector().catchUp()
    let before = try world.files(0).currentName()
    let task = Task {
      try await world.projector().rebuild { _ in withUnsafeCurrentTask { $0?.cancel() } }
    }
    await #expect(throws: CancellationError.self) { _ = try await task.value }
    #expect(try world.files(0).currentName() == before)
    #expect(try shardFiles(world) == 1)
    #expect(try await world.reader().summary() == scenario.expected)
  }

  @Test(arguments: ["first page", "middle", "truncated", "no link", "plain file", "nothing"])
  func aDamagedOrMissingShardIsRebuilt(_ damage: String) async throws {
    let world = try await World(partitionCount: 2)
    defer { world.remove() }
    var scenario = Scenario(world, seed: 11)
    _ = try await world.log.append(scenario.records(150))
    try await world.projector().catchUp()
    let open = try world.reader()
    #expect(try await open.summary() == scenario.expected)
    for partition in 0..<2 { try spoil(world.files(partition), damage) }
    let error = await #expect(throws: ProjectionError.self) { _ = try await world.reader().summary() }
    #expect(error?.code == (["no link", "nothing"].contains(damage) ? .missing : .corrupt))
    if !["no link", "nothing", "middle"].contains(damage) {
      _ = try await world.log.append(scenario.records(10))
      let error = await #expect(throws: ProjectionError.self) { try await world.projector().catchUp() }
      #expect(error?.code == .corrupt && error?.isRetriable == false)
      #expect(error?.description.contains("shard-000") == true)
    }
    let report = try await world.projector().rebuild { _ in }
    #expect(report.summary == scenario.expected)
    #expect(try await open.summary() == scenario.expected)
    #expect(try await world.reader().summary() == scenario.expected)
  }

  private func spoil(_ files: ShardFiles, _ damage: String) throws {
    guard let name = try files.currentName() else { return }
    let path = files.path(name)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let noise = Data((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 31 | 1) })
    switch damage {
    case "first page": bytes.replaceSubrange(0..<4096, with: noise)
    case "middle":
      for page in stride(from: Schema.pageByteCount, to: bytes.count, by: Schema.pageByteCount) {
        bytes.replaceSubrange(page..<page + 4096, with: noise)
      }
    case "truncated": bytes.removeLast(bytes.count - 700)
    case "no link":
      try FileManager.default.removeItem(atPath: files.linkPath)
      return
    case "plain file":
      try FileManager.default.removeItem(atPath: files.linkPath)
      try bytes.write(to: URL(fileURLWithPath: files.linkPath))
      return
    default:
      for name in try FileManager.default.contentsOfDirectory(atPath: files.directory) {
        try? FileManager.default.removeItem(atPath: files.path(name))
      }
      return
    }
    try bytes.write(to: URL(fileURLWithPath: path))
  }

  @Test func aShardOfAnOlderVersionIsFoldedAgainAndANewerOneRefused() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    var scenario = Scenario(world, seed: 5)
    _ = try await world.log.append(scenario.records(60))
    try await world.projector().catchUp()
    try await setVersion(world, Schema.version + 1)
    for action in [{ _ = try await world.reader().summary() }, { try await world.projector().catchUp() }] {
      let error = await #expect(throws: ProjectionError.self) { try await action() }
      #expect(error?.code == .mismatch)
    }
    try await setVersion(world, 0)
    try await world.projector().catchUp()
    #expect(try await world.reader().summary() == scenario.expected)
    #expect(try shardFiles(world) == 1)
  }

  private func setVersion(_ world: World, _ version: Int) async throws {
    try await DatabaseQueue(path: world.files(0).linkPath).write {
      try $0.execute(sql: "PRAGMA user_version = \(version)")
    }
  }

  @Test func shardsForAnotherSpaceAreRefusedUntilTheyAreRebuilt() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    let ann = user("ann")
    try await world.resolve("1", ann, [.added(memory("a", "text", ann))])
    try await world.projector().catchUp()
    var other = world.configuration
    other.dimension = 4
    other.space = "test-4"
    try await world.log.ensureTopics([
      TopicSpecification(name: other.vectorsTopic, partitionCount: 1, retention: .forever)
    ])
    let projector = try Projector(directory: world.directory, configuration: other, log: world.log, logger: quiet)
    let reader = try ProjectionReader(directory: world.directory, configuration: other)
    for action in [{ _ = try await reader.summary() }, { try await projector.catchUp() }] {
      let error = await #expect(throws: ProjectionError.self) { try await action() }
      #expect(error?.code == .mismatch)
    }
    #expect(try await projector.rebuild { _ in }.summary.memoryCount == 1)
    #expect(try await reader.summary().memoryCount == 1)
  }

  @Test func aProjectionAheadOfTheLogIsRefused() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    let ann = user("ann")
    try await world.resolve("1", ann, [.added(memory("a", "text", ann))])
    try await world.projector().catchUp()
    for topic in [world.memoriesTopic, world.vectorsTopic] {
      try await world.log.deleteTopic(topic)
      try await world.log.ensureTopics([TopicSpecification(name: topic, partitionCount: 1, retention: .forever)])
    }
    let error = await #expect(throws: ProjectionError.self) { try await world.projector().catchUp() }
    #expect(error?.code == .mismatch)
    #expect(try await world.projector().rebuild { _ in }.summary.memoryCount == 0)
  }

  @Test func filesAreReadableByTheirOwnerAlone() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    var scenario = Scenario(world, seed: 5)
    _ = try await world.log.append(scenario.records(20))
    let reader = try world.reader()
    try await world.projector().catchUp()
    for _ in 0..<2 {
      _ = try await reader.summary()
      for name in try FileManager.default.contentsOfDirectory(atPath: world.directory + "/g1") {
        let path = world.directory + "/g1/" + name
        guard (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) == nil else { continue }
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600, "\(name)")
      }
      _ = try await world.projector().rebuild { _ in }
    }
  }

  @Test func progressReachesTheNumberOfRecords() async throws {
    let world = try await World(partitionCount: 2, bounds: .init(maxRebuildBatchRecordCount: 10))
    defer { world.remove() }
    var scenario = Scenario(world, seed: 5)
    let count = try await world.log.append(scenario.records(60)).count
    let seen = Shared<[RebuildProgress]>([])
    let report = try await world.projector().rebuild { progress in seen.change { $0.append(progress) } }
    let progress = seen.value
    #expect(progress.map(\.recordCount) == progress.map(\.recordCount).sorted())
    #expect(progress.last == RebuildProgress(recordCount: count, totalRecordCount: count))
    #expect(report.recordCount == count && progress.count > 4)
  }
}
