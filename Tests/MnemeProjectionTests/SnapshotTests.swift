import EventLog
import Foundation
import GRDB
import MnemeCore
import MnemeTesting
import Testing

@testable import MnemeProjection

@Suite struct SnapshotTests {
  private func snapshot(_ world: World, _ place: String = "") -> ProjectionSnapshot {
    ProjectionSnapshot(directory: world.directory + place, configuration: world.configuration)
  }

  @Test(arguments: 1...3 as ClosedRange<UInt64>)
  func elsewhereOnlyTheRestIsFolded(seed: UInt64) async throws {
    let log = PatientLog()
    let world = try await World(partitionCount: 2, bounds: .init(maxBatchRecordCount: 20), log: log)
    defer { world.remove() }
    var scenario = Scenario(world, seed: seed)
    let projector = try world.projector()
    let running = Task { try await projector.run() }
    _ = try await log.append(scenario.records(150))
    let file = world.folder.path + "/snapshot"
    // The projector runs meanwhile: each shard is as it is at some moment.
    let reader = try world.reader(projector: projector)
    try await eventually("ten memories are folded") { (try? await reader.summary().memoryCount) ?? 0 >= 10 }
    let manifest = try await snapshot(world).export(to: file)
    running.cancel()
    try await running.value
    _ = try await log.append(scenario.records(50))
    let loaded = try await snapshot(world, "-elsewhere").load(from: file, log: log)
    #expect(loaded == manifest)
    let elsewhere = try world.reader("-elsewhere")
    #expect(try await elsewhere.summary().digest.description == manifest.digest)
    var folded: Int64 = 0
    for watermark in try await elsewhere.watermarks() { folded += watermark.next }
    log.startCounting()
    try await world.projector("-elsewhere").catchUp()
    #expect(try await elsewhere.summary() == scenario.expected, "seed \(seed)")
    var total: Int64 = 0
    for watermark in try await elsewhere.watermarks() { total += watermark.next }
    #expect(folded > 0 && Int64(log.readRecordCount) == total - folded)
  }

  @Test func aProjectionInUseIsReplacedInOneStep() async throws {
    let world = try await World(partitionCount: 2, log: PatientLog())
    defer { world.remove() }
    var scenario = Scenario(world, seed: 4)
    _ = try await world.log.append(scenario.records(100))
    try await world.projector().catchUp()
    let file = world.folder.path + "/snapshot"
    let manifest = try await snapshot(world).export(to: file)
    let projector = try world.projector()
    let running = Task { try await projector.run() }
    let reader = try world.reader(projector: projector)
    #expect(try await reader.summary() == scenario.expected)
    for _ in 0..<3 { #expect(try await snapshot(world).load(from: file, log: world.log) == manifest) }
    #expect(try await reader.summary() == scenario.expected)
    let ann = user("ann")
    try await world.resolve("t", ann, [.added(memory("m", "text", ann))], offset: 5000)
    #expect(
      try await reader.wait(forTurnsPartition: world.partition(of: ann), offset: 5000, timeout: .seconds(60)))
    #expect(try await reader.summary().memoryCount == scenario.expected.memoryCount + 1)
    running.cancel()
    try await running.value
    #expect(ProjectionDirectory.ids(in: world.directory) == ["g1"])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: world.directory).filter { $0.hasPrefix(".import-") }.isEmpty)
  }

  @Test(arguments: ["first", "manifest", "shard", "end", "longer", "empty"])
  func aDamagedFileIsRefusedAndNothingChanges(_ damage: String) async throws {
    let world = try await World(partitionCount: 2)
    defer { world.remove() }
    var scenario = Scenario(world, seed: 5)
    _ = try await world.log.append(scenario.records(60))
    try await world.projector().catchUp()
    let file = URL(fileURLWithPath: world.folder.path + "/snapshot")
    _ = try await snapshot(world).export(to: file.path)
    var bytes = try Data(contentsOf: file)
    switch damage {
    case "first": bytes[0] ^= 1
    case "manifest": bytes[100] ^= 1
    case "shard": bytes[bytes.count - 20_000] ^= 1
    case "end": bytes.removeLast()
    case "longer": bytes.append(0)
    default: bytes = Data()
    }
    try bytes.write(to: file)
    let names = try (0..<2).map { try world.files($0).currentName() }
    let error = await #expect(throws: ProjectionError.self) {
      _ = try await snapshot(world).load(from: file.path, log: world.log)
    }
    #expect(error?.code == (["first", "empty"].contains(damage) ? .mismatch : .corrupt))
    #expect(try (0..<2).map { try world.files($0).currentName() } == names)
    #expect(try await world.reader().summary() == scenario.expected)
  }

  @Test func anotherShapeOrAnotherLogIsRefused() async throws {
    let world = try await World(partitionCount: 2)
    defer { world.remove() }
    var scenario = Scenario(world, seed: 6)
    _ = try await world.log.append(scenario.records(60))
    try await world.projector().catchUp()
    let file = world.folder.path + "/snapshot"
    _ = try await snapshot(world).export(to: file)
    var changes: [ProjectionConfiguration] = []
    for number in 0..<3 {
      var other = world.configuration
      switch number {
      case 0: other.generation = "g2"
      case 1: other.space = "other"
      default: other.partitionCount = 3
      }
      changes.append(other)
    }
    for other in changes {
      let error = await #expect(throws: ProjectionError.self) {
        _ = try await ProjectionSnapshot(directory: world.directory + "-x", configuration: other)
          .load(from: file, log: world.log)
      }
      #expect(error?.code == .mismatch)
    }
    // A log that is shorter, and one that has other records.
    for count in [5, 200] {
      let twin = try await World(partitionCount: 2)
      defer { twin.remove() }
      for number in 0..<count {
        let owner = user("u\(number)")
        try await twin.resolve("x\(number)", owner, [.added(memory("x\(number)", "text", owner))])
        try await twin.embed(owner, [(id("x\(number)", owner), "text", axis(0))])
      }
      let error = await #expect(throws: ProjectionError.self) {
        _ = try await snapshot(twin).load(from: file, log: twin.log)
      }
      #expect(error?.code == .mismatch)
      #expect(ProjectionDirectory.ids(in: twin.directory).isEmpty)
    }
    let exists = await #expect(throws: ProjectionError.self) { _ = try await snapshot(world).export(to: file) }
    #expect(exists?.code == .mismatch)
    let missing = await #expect(throws: ProjectionError.self) {
      _ = try await snapshot(world, "-nowhere").export(to: file + "2")
    }
    #expect(missing?.code == .missing)
  }

  @Test(arguments: [0, 1, 3, 6, 10, 20, 50])
  func anImportThatIsKilledLeavesOneOrTheOther(milliseconds: Int) async throws {
    let world = try await World(partitionCount: 2)
    defer { world.remove() }
    var scenario = Scenario(world, seed: 7)
    _ = try await world.log.append(scenario.records(40))
    try await world.projector().catchUp()
    let file = world.folder.path + "/snapshot"
    let manifest = try await snapshot(world).export(to: file)
    _ = try await world.log.append(scenario.records(10))
    try await world.projector().catchUp()
    let directory = world.directory
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [directory = directory as String, file = file as String, milliseconds = milliseconds as Int] in
      let twin = try await World(partitionCount: 2)
      var scenario = Scenario(twin, seed: 7)
      _ = try await twin.log.append(scenario.records(50))
      twin.remove()
      Task.detached {
        try await Task.sleep(for: .milliseconds(milliseconds))
        kill(getpid(), SIGKILL)
      }
      let snapshot = ProjectionSnapshot(directory: directory, configuration: twin.configuration)
      while true { _ = try await snapshot.load(from: file, log: twin.log) }
    }
    let digest = try await world.reader().summary().digest
    #expect(digest == scenario.expected.digest || digest.description == manifest.digest)
    try await world.projector().catchUp()
    #expect(try await world.reader().summary() == scenario.expected)
    _ = try await snapshot(world).load(from: file, log: world.log)
    #expect(ProjectionDirectory.ids(in: world.directory) == ["g1"])
  }
}
