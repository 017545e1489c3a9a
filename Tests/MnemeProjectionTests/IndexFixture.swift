import EventLog
import Foundation
import GRDB
import MnemeCore
import Testing

@testable import MnemeProjection

/// A shard with some memories, and what a search finds there.
struct IndexFixture {
  /// Files are written of everything, however small.
  static let bounds = ProjectionConfiguration.Bounds(minTenantIndexFileMemoryCount: 1)

  static let request = SearchRequest(
    query: all(), text: "green tea in Berlin", vector: axis(0), limit: 10, minimumScore: 0)

  let world: World
  let projector: Projector
  var scenario: Scenario
  /// The file of tenant "acme".
  var path: String { path(tenant: "acme") }
  private var tenants: [String: Int64] = [:]
  private var database = ""

  init(seed: UInt64 = 7, bounds: ProjectionConfiguration.Bounds = IndexFixture.bounds) async throws {
    world = try await World(partitionCount: 1, bounds: bounds)
    projector = try world.projector()
    scenario = Scenario(world, seed: seed)
    try await grow(80)
  }

  mutating func grow(_ count: Int) async throws {
    _ = try await world.log.append(scenario.records(count))
    try await projector.catchUp()
    let reader = try world.reader()
    (database, tenants) = try await reader.read(reader.shards[0]) { database, name in
      let rows = try Row.fetchAll(database, sql: "SELECT name, tenant FROM tenants")
      return (name, Dictionary(uniqueKeysWithValues: rows.map { ($0[0] as String, $0[1] as Int64) }))
    }
  }

  func path(tenant: String) -> String {
    let name = "\(database)-\(tenants[tenant] ?? 0).index"
    return "\(world.directory)/\(world.configuration.id)/indexes/\(name)"
  }

  /// The index of a reader made anew, with what it finds.
  func restart() async throws -> (index: TenantIndex, hits: [String]) {
    let reader = try world.reader()
    let hits = try await reader.search(Self.request).map { "\($0.view.memory.id) \($0.score)" }
    let index = try #require(try await Self.index(reader, 0))
    await reader.tenantIndexFiles.settle()
    return (index, hits)
  }

  var files: [String] {
    let folder = "\(world.directory)/\(world.configuration.id)/indexes"
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  static func index(_ reader: ProjectionReader, _ shard: Int, tenant: String = "acme") async throws
    -> TenantIndex?
  {
    let cache = reader.tenantIndexes
    return try await reader.read(reader.shards[shard]) { database, name in
      guard let share = try TenantShare.fetch(database, tenant) else { return nil }
      return try cache.index(database, name: name, tenant: share, dimension: World.dimension)
    }
  }
}

/// Everything that an index holds, in order of numbers.
struct IndexContent: Equatable {
  var memories: [String] = []
  var keys: [[UInt32]]
  var starts: [[UInt32]]
  var postings: [[String]]
  var scales: [Float]
  var codes: [[UInt8]]
  var owners: [Int64: Int64]

  init(_ index: TenantIndex) {
    let index = index.merged()
    for entry in index.entries {
      let said = entry.utterance
      memories.append(
        """
        \(entry.number) \(entry.id) \(entry.flags.rawValue) \(entry.tokenCount) \(entry.expiresAt) \(entry.actor) \
        \(said.session) \(said.place) \(said.at) \(said.isAssistant)
        """)
    }
    let tables = [index.base, index.lostBase]
    (keys, starts) = (tables.map(\.keys), tables.map(\.starts))
    postings = tables.map { $0.postings.map { "\($0.place) \($0.occurrences)" } }
    scales = index.vectors.scales
    codes = (0..<index.vectors.blockCount).map { index.vectors.coarseBytes(block: $0) }
    // An owner that never had a memory is known, or not.
    owners = index.ownerVersions.filter { $0.value > 0 }
  }
}
