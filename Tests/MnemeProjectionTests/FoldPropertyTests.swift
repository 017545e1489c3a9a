import EventLog
import Foundation
import GRDB
import MnemeCore
import MnemeTesting
import Testing

@testable import MnemeProjection

@Suite struct FoldPropertyTests {
  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func theProjectionHoldsWhatANaiveFoldHolds(seed: UInt64) async throws {
    let world = try await World(
      partitionCount: 1 + Int(seed % 3), bounds: .init(maxBatchRecordCount: 1 + Int(seed * seed % 40)))
    defer { world.remove() }
    var scenario = Scenario(world, seed: seed)
    let projector = try world.projector()
    let reader = try world.reader()
    for _ in 0..<3 {
      _ = try await world.log.append(scenario.records(80))
      try await projector.catchUp()
      #expect(try await reader.summary() == scenario.expected, "seed \(seed)")
      for tenant in Scenario.tenants {
        let query = all(tenant, includesEnded: true)
        let page = try await reader.memories(query, offset: 0, limit: 10_000)
        let isSame = page.memories == scenario.matching(query)
        #expect(isSame, "seed \(seed)")
        let owners = Set(page.memories.map(\.owner)).sorted { $0.description < $1.description }
        #expect(try await reader.owners(matching: query) == owners)
      }
    }
    let report = try await projector.rebuild { _ in }
    #expect(report.summary == scenario.expected, "seed \(seed)")
    try await checkKeywords(world, scenario)
  }

  /// Every memory stands under the words of its text, and under those of what it comes from.
  private func checkKeywords(_ world: World, _ scenario: Scenario) async throws {
    for partition in 0..<world.configuration.partitionCount {
      try await DatabaseQueue(path: world.files(partition).linkPath).read { database in
        let tokenizer = try WordTokenizer(database)
        for row in try Row.fetchAll(database, sql: "SELECT text, words, source_words, id FROM memories") {
          #expect(Array(row[1] as Data) == (try tokenizer.keys(of: StoredText.decode(row[0]))).bytes)
          let expected = WordKeys(try scenario.sourceWords(of: row[3], database)).bytes
          #expect((row[2] as Data?).map { Array($0) } == (expected.isEmpty ? nil : expected))
        }
      }
    }
  }

  @Test(arguments: 1...10 as ClosedRange<UInt64>)
  func feedingEveryRecordTwiceInAnySplitChangesNothing(seed: UInt64) async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    var scenario = Scenario(world, seed: seed)
    _ = try await world.log.append(scenario.records(120))
    let records = try await read(world)
    var random = SeededGenerator(seed: seed)
    let store = ShardStore(files: world.files(0), configuration: world.configuration)
    try ShardFiles.makeDirectory(world.files(0).directory)
    var connection: ShardConnection?
    try await start(store, &connection, world)
    var (memories, vectors) = (0, 0)
    while memories < records.memories.count || vectors < records.vectors.count {
      // Some records from before the watermark come again with those after it.
      let batch = FoldBatch(
        memories: slice(records.memories, &memories, &random), vectors: slice(records.vectors, &vectors, &random),
        hasAllVectors: false)
      for _ in 0..<Int.random(in: 1...2, using: &random) {
        _ = try await store.write(&connection) { try batch.apply(to: $0, keepsTouched: true) }
      }
    }
    #expect(try await world.reader().summary() == scenario.expected, "seed \(seed)")
    let position = try await store.write(&connection) { database in
      try Watermarks.all(database).map(\.next)
    }
    #expect(position == [Int64(records.memories.count), Int64(records.vectors.count)])
  }

  @Test func aBatchThatBeginsAfterTheWatermarkIsRefused() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    var scenario = Scenario(world, seed: 1)
    _ = try await world.log.append(scenario.records(20))
    let records = try await read(world)
    let store = ShardStore(files: world.files(0), configuration: world.configuration)
    try ShardFiles.makeDirectory(world.files(0).directory)
    var connection: ShardConnection?
    try await start(store, &connection, world)
    let late = Array(records.memories.dropFirst(3))
    let source = late[0].position.topicPartition
    let batch = FoldBatch(
      memories: FoldSlice(source: source, from: 3, records: late),
      vectors: FoldSlice(source: TopicPartition(world.vectorsTopic, 0), from: 0, records: []), hasAllVectors: false)
    await #expect(throws: FoldOutOfPlace.self) {
      _ = try await store.write(&connection) { try batch.apply(to: $0, keepsTouched: true) }
    }
    #expect(try await world.reader().summary() == ProjectionSummary())
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func twoProjectorsOfTheSameShardsFoldEachRecordOnce(seed: UInt64) async throws {
    let world = try await World(partitionCount: 2, bounds: .init(maxBatchRecordCount: 7))
    defer { world.remove() }
    var scenario = Scenario(world, seed: seed)
    _ = try await world.log.append(scenario.records(200))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<3 { group.addTask { try await world.projector().catchUp() } }
      try await group.waitForAll()
    }
    #expect(try await world.reader().summary() == scenario.expected, "seed \(seed)")
  }

  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func aCopyTakenAtAnyMomentIsWholeAndGoesOn(seed: UInt64) async throws {
    let world = try await World(partitionCount: 1, bounds: .init(maxBatchRecordCount: 5))
    defer { world.remove() }
    var scenario = Scenario(world, seed: seed)
    let projector = try world.projector()
    for round in 0..<3 {
      _ = try await world.log.append(scenario.records(30))
      // A connection that stays open keeps the write-ahead log beside the file, as a killed process leaves it.
      let store = ShardStore(files: world.files(0), configuration: world.configuration)
      var connection: ShardConnection?
      _ = try? await store.write(&connection) { try Watermarks.all($0) }
      try await projector.catchUp()
      let copy = world.folder.path + "/copy-\(round)"
      try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: world.directory + "/g1", toPath: copy + "/g1")
      _ = try await world.log.append(scenario.records(30))
      let restored = try Projector(
        directory: copy, configuration: world.configuration, log: world.log, logger: quiet)
      try await restored.catchUp()
      let reader = try ProjectionReader(directory: copy, configuration: world.configuration)
      #expect(try await reader.summary() == scenario.expected, "seed \(seed)")
      withExtendedLifetime(connection) {}
    }
  }

  private func read(_ world: World) async throws -> (memories: [FoldRecord], vectors: [FoldRecord]) {
    let reader = FoldRecordReader(configuration: world.configuration, codec: EventRecordCodec())
    func records(_ topic: String) async throws -> [FoldRecord] {
      try await world.log.read(
        TopicPartition(topic, 0), from: 0, limit: ReadLimit(maxRecordCount: 100_000, maxByteCount: 1 << 30)
      ).map(reader.read)
    }
    return (try await records(world.memoriesTopic), try await records(world.vectorsTopic))
  }

  private func start(_ store: ShardStore, _ connection: inout ShardConnection?, _ world: World) async throws {
    let sources = [world.memoriesTopic, world.vectorsTopic].map { TopicPartition($0, 0) }
    try await store.write(&connection) { database in
      for source in sources { try Watermarks.set(database, source, to: 0) }
    }
  }

  private func slice(_ records: [FoldRecord], _ next: inout Int, _ random: inout SeededGenerator) -> FoldSlice {
    let from = Int.random(in: 0...next, using: &random)
    let end = min(records.count, next + Int.random(in: 0...25, using: &random))
    next = max(next, end)
    let source = records[0].position.topicPartition
    return FoldSlice(source: source, from: Int64(from), records: Array(records[from..<end]))
  }
}
