import EventLog
import Foundation
import GRDB
import MnemeCore
import Testing

@testable import MnemeProjection

@Suite struct RowEqualityTests {
  /// Tables with the columns that must not differ. Versions count transactions, and so do the rows of `touched`.
  static let columns: [(table: String, columns: String)] = [
    ("meta", "*"), ("watermarks", "*"), ("vector_mark", "*"), ("turn_positions", "*"), ("skipped", "*"),
    ("tenants", "*"), ("numbers", "*"),
    ("owners", "owner, tenant, kind, id, next_ordinal, memory_count, token_count, source_word_count"),
    ("memories", "*"), ("sources", "*"), ("runs", "*"), ("vectors", "*"), ("other_vectors", "*"),
    ("early_vectors", "*"), ("inputs", "*"), ("changes", "*"), ("successions", "*"),
  ]

  private func rows(_ world: World, _ partition: Int) async throws -> [String: [String]] {
    try await DatabaseQueue(path: world.files(partition).linkPath).read { database in
      var tables: [String: [String]] = [:]
      for (table, columns) in Self.columns {
        tables[table] = try Row.fetchAll(database, sql: "SELECT \(columns) FROM \(table)").map { row in
          row.databaseValues.map(\.description).joined(separator: "|")
        }.sorted()
      }
      return tables
    }
  }

  /// Bodies that are written as nobody writes them are read as values, and written from these: the same rows come of it
  /// as of those that are written straight from their bytes.
  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func bodiesInAnotherFormGiveTheSameRows(seed: UInt64) async throws {
    var found: [[String: [String]]] = []
    for isUsual in [true, false] {
      let world = try await World(partitionCount: 1, bounds: .init(maxBatchRecordCount: [1, 7, 60][Int(seed % 3)]))
      defer { world.remove() }
      var scenario = Scenario(world, seed: seed)
      scenario.texts += Scenario.escapedTexts
      var records = try scenario.records(150)
      if !isUsual { for index in records.indices { records[index].value.insert(UInt8(ascii: " "), at: 1) } }
      _ = try await world.log.append(records)
      try await world.projector().catchUp()
      found.append(try await rows(world, 0))
    }
    // Inputs hold the body itself.
    for (table, _) in Self.columns where table != "inputs" {
      #expect(found[0][table] == found[1][table], "seed \(seed), \(table)")
      if ["memories", "sources", "runs", "vectors"].contains(table) { #expect(found[0][table]?.isEmpty == false) }
    }
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func aRebuiltShardHasTheRowsOfTheLiveOne(seed: UInt64) async throws {
    let batch = [1, 3, 17, 500][Int(seed % 4)]
    let world = try await World(
      partitionCount: 2, bounds: .init(maxBatchRecordCount: batch, maxRebuildBatchRecordCount: 40 * Int(seed)))
    defer { world.remove() }
    var scenario = Scenario(world, seed: seed)
    for _ in 0..<5 {
      _ = try await world.log.append(scenario.records(40))
      try await world.projector().catchUp()
    }
    var live: [[String: [String]]] = []
    for partition in 0..<2 { live.append(try await rows(world, partition)) }
    _ = try await world.projector().rebuild { _ in }
    for partition in 0..<2 {
      let rebuilt = try await rows(world, partition)
      for (table, _) in Self.columns {
        #expect(rebuilt[table] == live[partition][table], "seed \(seed), shard \(partition), \(table)")
      }
    }
  }
}
