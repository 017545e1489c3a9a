import EventLog
import Foundation
import GRDB
import MnemeCore
import MnemeTesting
import Testing

@testable import MnemeProjection

/// A projection in a space whose vectors come after the memories.
@Suite struct LaterVectorsTests {
  let ann = user("ann")

  private static func world(
    _ log: any EventLog = InMemoryEventLog(), partitionCount: Int = 1, batch: Int = 500
  ) async throws -> World {
    try await World(
      partitionCount: partitionCount, bounds: .init(maxBatchRecordCount: batch, maxRebuildBatchRecordCount: batch),
      log: log, id: "g1@test-8")
  }

  /// Memories record number `number`, whose vectors in `space` came with it.
  private func record(_ world: World, _ number: Int, space: String?, _ owner: OwnerKey? = nil) throws -> NewRecord {
    let owner = owner ?? ann
    var record = try world.record(
      "t\(number)", owner, [.added(memory("m\(number)", "text \(number)", owner))], offset: Int64(number))
    if let space { record.headers.append(LogHeader("ce_space", space)) }
    return record
  }

  /// The vectors of that record, with the mark `next`.
  private func vectors(
    _ world: World, _ number: Int?, next: String?, generation: String? = nil, _ owner: OwnerKey? = nil
  ) throws -> NewRecord {
    let owner = owner ?? ann
    var record = try world.vectors(
      owner, number.map { [(id("m\($0)", owner), "text \($0)", axis($0 % 8))] } ?? [])
    if let next { record.headers.append(LogHeader("ce_memoriesnext", next)) }
    if let generation { record.headers.append(LogHeader("ce_generation", generation)) }
    return record
  }

  @Test func projectionsOfSeveralSpacesLieSideBySide() async throws {
    let world = try await World(partitionCount: 2)
    defer { world.remove() }
    var scenario = Scenario(world, seed: 3)
    _ = try await world.log.append(scenario.records(40))
    let other = ProjectionConfiguration(
      id: "g1@other-4", generation: "g1", space: "other-4", dimension: 4, partitionCount: 2)
    try await world.log.ensureTopics([
      TopicSpecification(name: other.vectorsTopic, partitionCount: 2, retention: .forever)
    ])
    let projector = try Projector(directory: world.directory, configuration: other, log: world.log, logger: quiet)
    try await projector.catchUp()
    try await world.projector().catchUp()
    #expect(ProjectionDirectory.ids(in: world.directory) == ["g1", "g1@other-4"])
    let reader = try ProjectionReader(directory: world.directory, configuration: other)
    #expect(try await reader.summary().digest == scenario.expected.digest)
    #expect(try await reader.summary().vectorCount == 0)
    #expect(try await world.reader().summary() == scenario.expected)
    // The id of one with the shape of the other: refused, not mixed.
    var mixed = other
    mixed.id = "g1"
    let error = await #expect(throws: ProjectionError.self) {
      _ = try await ProjectionReader(directory: world.directory, configuration: mixed).summary()
    }
    #expect(error?.code == .mismatch)
  }

  /// Spaces of the memories records; marks of the vectors records; and how many memories are folded.
  static let cases: [(spaces: [String?], marks: [String?], folded: Int)] = [
    ([nil, nil], [], 2),
    (["test-8", nil, "test-8"], [], 3),
    (["other"], [], 0),
    (["other"], [nil], 0),
    (["other"], ["0"], 0),
    (["other"], ["1"], 1),
    (["other", "other"], ["1"], 1),
    (["other", "other", "other"], ["2", "1", nil], 2),
    ([nil, "other", nil, "test-8"], [], 1),
    ([nil, "other", nil, "other", nil], ["2"], 3),
    (["other", "test-8", "other"], ["99"], 3),
    (["other"], ["-1"], 0),
    (["other"], ["1x"], 0),
    (["other"], ["9223372036854775807"], 1),
    ([""], [], 0),
  ]

  @Test(arguments: cases.indices, [1, 2, 500])
  func aMemoryIsFoldedOnceItsVectorsAreThere(index: Int, batch: Int) async throws {
    let test = Self.cases[index]
    let world = try await Self.world(batch: batch)
    defer { world.remove() }
    for (number, space) in test.spaces.enumerated() {
      _ = try await world.log.append([try record(world, number, space: space)])
    }
    for (number, mark) in test.marks.enumerated() {
      _ = try await world.log.append([try vectors(world, number, next: mark)])
    }
    try await world.projector().catchUp()
    let reader = try world.reader()
    #expect(try await reader.summary().memoryCount == test.folded)
    #expect(try await reader.watermarks().map(\.next) == [Int64(test.folded), Int64(test.marks.count)])
    let last = Int64(test.folded - 1)
    #expect(try await !reader.wait(forTurnsPartition: 0, offset: last + 1, timeout: .zero))
    if last >= 0 { #expect(try await reader.wait(forTurnsPartition: 0, offset: last, timeout: .zero)) }
    // A rebuild ends too, at the same place, and so does a projection that begins anew.
    let report = try await world.projector().rebuild { _ in }
    #expect(report.summary.memoryCount == test.folded)
    #expect(try await reader.watermarks().map(\.next) == [Int64(test.folded), Int64(test.marks.count)])
    #expect(try await world.refolded("-again") == report.summary)
  }

  @Test func theMarkOutlivesTheProjector() async throws {
    let world = try await Self.world()
    defer { world.remove() }
    _ = try await world.log.append([try vectors(world, 0, next: "2")])
    try await world.projector().catchUp()
    for number in 0..<3 { _ = try await world.log.append([try record(world, number, space: "other")]) }
    try await world.projector().catchUp()
    #expect(try await world.reader().texts(all()).sorted() == ["text 0", "text 1"])
    #expect(try await world.reader().summary().vectorCount == 1)
    _ = try await world.projector().rebuild { _ in }
    _ = try await world.log.append([try vectors(world, 2, next: "3")])
    try await world.projector().catchUp()
    #expect(try await world.reader().summary().memoryCount == 3)
  }

  @Test func anUnreadableRecordsMarkCountsAndAnotherGenerationsDoesNot() async throws {
    let world = try await Self.world()
    defer { world.remove() }
    for number in 0..<3 { _ = try await world.log.append([try record(world, number, space: "other")]) }
    _ = try await world.log.append([try vectors(world, 0, next: "3", generation: "g2")])
    try await world.projector().catchUp()
    #expect(try await world.reader().summary().memoryCount == 0)
    var broken = try vectors(world, 0, next: "1", generation: "g1")
    broken.value = Array("{".utf8)
    _ = try await world.log.append([broken])
    try await world.projector().catchUp()
    #expect(try await world.reader().summary().memoryCount == 1)
    // An unreadable memories record is waited for like any other one, and left out when its mark has come.
    var unreadable = try record(world, 3, space: "other")
    unreadable.value = Array("[]".utf8)
    _ = try await world.log.append([unreadable, try vectors(world, nil, next: "3")])
    try await world.projector().catchUp()
    #expect(try await world.reader().watermarks().map(\.next) == [3, 3])
    _ = try await world.log.append([try vectors(world, nil, next: "4")])
    try await world.projector().catchUp()
    #expect(try await world.reader().watermarks().map(\.next) == [4, 4])
    #expect(try await world.reader().summary().memoryCount == 3)
  }

  @Test func whileVectorsAreMissingOnlyTheyAreWaitedFor() async throws {
    let log = PatientLog()
    let world = try await Self.world(log)
    defer { world.remove() }
    for number in 0..<4 { _ = try await log.append([try record(world, number, space: "other")]) }
    let projector = try world.projector()
    let reader = try world.reader(projector: projector)
    let running = Task { try await projector.run() }
    try await eventually("the projector waits") { !log.waits.isEmpty }
    #expect(Set(log.waits) == [TopicPartition(world.vectorsTopic, 0)])
    #expect(log.readCount <= 2)
    for number in 0..<4 {
      _ = try await log.append([try vectors(world, number, next: "\(number + 1)")])
      #expect(try await reader.wait(forTurnsPartition: 0, offset: Int64(number), timeout: .seconds(60)))
      #expect(try await reader.texts(all()).count == number + 1)
      #expect(try await reader.summary().vectorCount == number + 1)
    }
    // Then both are, and what comes with its vectors is not held back.
    _ = try await log.append([try record(world, 4, space: "test-8")])
    #expect(try await reader.wait(forTurnsPartition: 0, offset: 4, timeout: .seconds(60)))
    running.cancel()
    try await running.value
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func noReaderMeetsAMemoryBeforeItsVector(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    let world = try await Self.world(partitionCount: 2, batch: 1 + Int(seed % 7))
    defer { world.remove() }
    let owners = (0..<6).map { user("u\($0)") }
    var waiting: [Int: [(number: Int, owner: OwnerKey, offset: Int64)]] = [:]
    let count = 60
    var number = 0
    while number < count || waiting.values.contains(where: { !$0.isEmpty }) {
      let partition = Int.random(in: 0..<2, using: &random)
      if number < count, Bool.random(using: &random) {
        let owner = owners[Int.random(in: 0..<6, using: &random)]
        let space = Bool.random(using: &random) ? "other" : "test-8"
        var records = [try record(world, number, space: space, owner)]
        if space == "test-8" { records.append(try vectors(world, number, next: nil, owner)) }
        let position = try await world.log.append(records)[0]
        if space == "other" {
          waiting[world.partition(of: owner), default: []].append((number, owner, position.offset))
        }
        number += 1
      } else if let next = waiting[partition]?.first {
        waiting[partition]?.removeFirst()
        _ = try await world.log.append([try vectors(world, next.number, next: "\(next.offset + 1)", next.owner)])
      }
      guard Int.random(in: 0..<4, using: &random) == 0 else { continue }
      if Bool.random(using: &random) {
        try await world.projector().catchUp()
      } else {
        _ = try await world.projector().rebuild { _ in }
      }
      let summary = try await world.reader().summary()
      #expect(summary.memoryCount == summary.vectorCount, "seed \(seed)")
    }
    try await world.projector().catchUp()
    let summary = try await world.reader().summary()
    #expect(summary.memoryCount == count && summary.vectorCount == count, "seed \(seed)")
  }

  @Test func aRemovedProjectionIsMissingToItsReaders() async throws {
    let world = try await World(partitionCount: 3)
    defer { world.remove() }
    var scenario = Scenario(world, seed: 9)
    _ = try await world.log.append(scenario.records(40))
    try await world.projector().catchUp()
    let reader = try world.reader()
    #expect(try await reader.summary() == scenario.expected)
    let isRemoved = Shared(false)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<3 {
        group.addTask {
          while true {
            do {
              _ = try await reader.summary()
            } catch let error as ProjectionError {
              #expect(error.code == .missing)
              return
            }
          }
        }
      }
      group.addTask {
        try await ProjectionDirectory.remove(world.directory, id: "g1")
        isRemoved.change { $0 = true }
      }
      try await group.waitForAll()
    }
    #expect(isRemoved.value)
    #expect(try FileManager.default.contentsOfDirectory(atPath: world.directory).isEmpty)
    try await ProjectionDirectory.remove(world.directory, id: "g1")
    // It can be made anew, and the same reader reads it.
    try await world.projector().catchUp()
    #expect(try await reader.summary() == scenario.expected)
  }
}
