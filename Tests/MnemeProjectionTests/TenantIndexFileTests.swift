import EventLog
import Foundation
import GRDB
import MnemeCore
import MnemeTesting
import Testing

@testable import MnemeProjection

@Suite struct TenantIndexFileTests {
  // MARK: Round trip

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func aReaderMadeAnewReadsNoRowsAndAnswersTheSame(seed: UInt64) async throws {
    let world = try await World(partitionCount: 2, bounds: IndexFixture.bounds)
    defer { world.remove() }
    var scenario = Scenario(world, seed: seed)
    let projector = try world.projector()
    for round in 0..<5 {
      _ = try await world.log.append(scenario.records(40))
      try await projector.catchUp()
      if round == 3 { _ = try await projector.rebuild { _ in } }
      // The first reader finds the file of the round before; the second one that of this round, or one that not enough
      // has changed since.
      for isSecond in [false, true] {
        let reader = try world.reader()
        for shard in 0..<2 {
          for tenant in Scenario.tenants {
            guard let index = try await IndexFixture.index(reader, shard, tenant: tenant) else { continue }
            let count = index.entries.count
            if isSecond { #expect(index.readRowCount <= count / 8, "seed \(seed), round \(round)") }
            if round == 0 || round == 3, !isSecond { #expect(index.readRowCount == count, "seed \(seed)") }
          }
        }
        var lives: [[Memory]] = []
        for owner in Set(scenario.views.values.map(\.owner)) { lives.append(try await reader.memories(of: owner)) }
        for _ in 0..<6 {
          var request = scenario.searchRequest()
          request.query.filter = nil
          let hits = try await reader.search(request)
          let expected = try SearchTests.exhaustive(request, scenario, lives)
          #expect(hits.count == expected.count, "seed \(seed)")
          #expect(zip(hits, expected).allSatisfy { abs($0.score - $1.score) < 5e-5 }, "seed \(seed), round \(round)")
        }
        await reader.tenantIndexFiles.settle()
      }
    }
  }

  @Test func whatChangedSinceTheFileWasWrittenIsFollowed() async throws {
    var fixture = try await IndexFixture()
    defer { fixture.world.remove() }
    let first = try await fixture.restart().index
    #expect(first.readRowCount == first.entries.count && first.readRowCount > 16)
    let again = try await fixture.restart().index
    #expect(again.readRowCount == 0 && IndexContent(again) == IndexContent(first))
    let ann = user("o0")
    let memory = memory("new", "a zanzibar trip", ann)
    try await fixture.world.resolve("new", ann, [.added(memory)])
    let gone = try #require(fixture.scenario.views.values.first { $0.owner.tenant == "acme" && $0.owner != ann })
    try await fixture.world.resolve(
      "gone", gone.owner, [.retracted(id: gone.memory.id, at: Timestamp(milliseconds: 5000))])
    try await fixture.projector.catchUp()
    let followed = try await fixture.restart().index
    // Fewer changes than make it worth writing: the file is the old one.
    #expect((2...8).contains(followed.readRowCount))
    #expect(followed.entries.contains { $0.id == memory.id && $0.flags.contains(.live) })
    #expect(!followed.entries.contains { $0.id == gone.memory.id && $0.flags.contains(.live) })
    try FileManager.default.removeItem(atPath: fixture.path)
    #expect(IndexContent(try await fixture.restart().index) == IndexContent(followed))
    try await fixture.grow(60)
    let grown = try await fixture.restart().index
    #expect(grown.readRowCount > grown.entries.count / 8)
    #expect(try await fixture.restart().index.readRowCount == 0)
  }

  @Test func aSmallTenantHasNoFile() async throws {
    let fixture = try await IndexFixture(bounds: .init())
    defer { fixture.world.remove() }
    _ = try await fixture.restart()
    #expect(fixture.files.isEmpty)
    #expect(try await fixture.restart().index.readRowCount > 0)
  }

  // MARK: Damage

  @Test func aDamagedFileIsMadeAnew() async throws {
    let fixture = try await IndexFixture()
    defer { fixture.world.remove() }
    let (index, hits) = try await fixture.restart()
    let good = try Data(contentsOf: URL(filePath: fixture.path))
    let header = 7 * 8 + 36 + 6 * 8
    let starts = [0, 1, 7, 8, 16, 55, 56, 60, 92, 100, header - 1, header, header + 1]
    let places = starts + stride(from: header + 5, to: good.count - 9, by: good.count / 8)
    var damages: [(String, Data)] = [("empty", Data()), ("longer", good + [0]), ("twice", good + good)]
    damages.append(("other text", Data("SQLite format 3\0 and so on".utf8)))
    damages.append(("zeros", Data(count: good.count)))
    damages.append(("as large as can be", Data(repeating: 0xff, count: good.count)))
    for place in places + [good.count - 9, good.count - 8, good.count - 1] {
      damages.append(("cut at \(place)", good.prefix(place)))
      var flipped = good
      flipped[place] ^= 0x80
      damages.append(("flipped at \(place)", flipped))
      flipped = good
      flipped.replaceSubrange(place..<min(place + 64, good.count), with: Data(count: min(64, good.count - place)))
      if flipped != good { damages.append(("torn at \(place)", flipped)) }
    }
    for (name, damaged) in damages {
      try damaged.write(to: URL(filePath: fixture.path))
      let made = try await fixture.restart()
      #expect(made.index.readRowCount == index.entries.count, "\(name)")
      #expect(made.hits == hits && IndexContent(made.index) == IndexContent(index), "\(name)")
      #expect(try Data(contentsOf: URL(filePath: fixture.path)) == good, "\(name)")
    }
    let read = try await fixture.restart()
    #expect(read.index.readRowCount == 0 && read.hits == hits && IndexContent(read.index) == IndexContent(index))
  }

  @Test func aFileOfAnythingElseIsNotTaken() async throws {
    let fixture = try await IndexFixture()
    defer { fixture.world.remove() }
    let (index, hits) = try await fixture.restart()
    let database = try #require(try fixture.world.files(0).currentName())
    let tenant = try #require(Int64(fixture.path.dropLast(6).split(separator: "-").last ?? ""))
    let right = TenantIndex.FileIdentity(database: database, tenant: tenant, dimension: World.dimension)
    func change(_ body: (inout TenantIndex.FileIdentity) -> Void) -> TenantIndex.FileIdentity {
      var identity = right
      body(&identity)
      return identity
    }
    let others = [
      ("format", change { $0.formatVersion += 1 }), ("schema", change { $0.schemaVersion -= 1 }),
      ("entries", change { $0.entryByteCount += 8 }), ("tenant", change { $0.tenant += 1 }),
      ("dimension", change { $0.dimension = 64 }), ("database", change { $0.database = "shard-0001" }),
      ("name", change { $0.database = String($0.database.dropLast()) + "f" }),
    ]
    for (name, identity) in others + [("right", right)] {
      var file = try IndexFileWriter.create(temporaryPath: fixture.path + "-x")
      try index.merged().write(identity, to: &file)
      try file.finish(path: fixture.path)
      let made = try await fixture.restart()
      #expect(made.index.readRowCount == (name == "right" ? 0 : index.entries.count), "\(name)")
      #expect(made.hits == hits, "\(name)")
    }
    // Whole, and of a later snapshot: the database was put back as it once was.
    var file = try IndexFileWriter.create(temporaryPath: fixture.path + "-x")
    let later = TenantIndex(
      version: index.version + 1, entries: index.entries, vectors: index.vectors, words: index.base,
      lostWords: index.lostBase, ownerVersions: index.ownerVersions)
    try later.write(right, to: &file)
    try file.finish(path: fixture.path)
    #expect(try await fixture.restart().index.readRowCount == index.entries.count)
  }

  @Test func lengthsOfAFileAreNotTrusted() throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let path = folder.path + "/file"
    var writer = try IndexFileWriter.create(temporaryPath: path + ".part")
    try writer.write([1, 2, 3] as [UInt32])
    try writer.write([] as [UInt64])
    try writer.finish(path: path)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
    for count in [4, Int.max, Int.max / 4 + 1, -1, .min] {
      var reader = try IndexFileReader.open(path)
      #expect(Self.isRefused { _ = try reader.read(count, as: UInt32.self) }, "\(count)")
    }
    var reader = try IndexFileReader.open(path)
    let (numbers, nothing) = (try reader.read(3, as: UInt32.self), try reader.read(0, as: UInt64.self))
    #expect(numbers == [1, 2, 3] && nothing.isEmpty)
    try reader.finish()
    var hasty = try IndexFileReader.open(path)
    #expect(Self.isRefused { try hasty.finish() })
    for (keys, starts, count) in [
      ([1, 2], [0, 1], 2), ([2, 1], [0, 1, 2], 2), ([1, 2], [0, 2, 1], 2), ([1, 2], [1, 1, 2], 2),
      ([1, 2], [0, 1, 3], 2), ([1, 2], [0, 1, 2], 1), ([], [], 2),
    ] as [([UInt32], [UInt32], Int)] {
      let postings = [0, 1].map { PostingTable.Posting(place: $0, occurrences: 1) }
      #expect(PostingTable(keys: keys, starts: starts, postings: postings, placeCount: count) == nil)
    }
  }

  private static func isRefused(_ body: () throws -> Void) -> Bool {
    do {
      try body()
      return false
    } catch {
      return error is UnusableIndexFile
    }
  }

  @Test(arguments: ["directory", "link", "folder is a file", "folder cannot be written", "folder is missing"])
  func whatCannotBeWrittenIsDoneWithout(_ obstacle: String) async throws {
    let fixture = try await IndexFixture()
    defer { fixture.world.remove() }
    let (index, hits) = try await fixture.restart()
    let manager = FileManager.default
    let folder = URL(filePath: fixture.path).deletingLastPathComponent().path
    try manager.removeItem(atPath: folder)
    var isWritten = false
    switch obstacle {
    case "directory": try manager.createDirectory(atPath: fixture.path + "/x", withIntermediateDirectories: true)
    case "link":
      try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try manager.createSymbolicLink(atPath: fixture.path, withDestinationPath: "/dev/zero")
      isWritten = true
    case "folder is a file": try Data("x".utf8).write(to: URL(filePath: folder))
    case "folder cannot be written":
      try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try manager.setAttributes([.posixPermissions: 0o500], ofItemAtPath: folder)
      // Nothing is forbidden to root.
      isWritten = access(folder, W_OK) == 0
    default: isWritten = true
    }
    for attempt in 0..<2 {
      let made = try await fixture.restart()
      #expect(made.index.readRowCount == (isWritten && attempt > 0 ? 0 : index.entries.count), "\(obstacle)")
      #expect(made.hits == hits && IndexContent(made.index) == IndexContent(index), "\(obstacle)")
    }
    #expect(!fixture.files.contains { $0.hasSuffix(".part") })
    _ = chmod(folder, 0o700)
  }

  // MARK: What is left

  @Test func aRebuiltShardLeavesItsOldFile() async throws {
    let fixture = try await IndexFixture()
    defer { fixture.world.remove() }
    let (index, hits) = try await fixture.restart()
    let (old, folder) = (fixture.path, URL(filePath: fixture.path).deletingLastPathComponent().path)
    #expect(fixture.files == [URL(filePath: old).lastPathComponent])
    // What a killed writer left, long ago and just now; and what is nobody's.
    for name in ["\(old)-1.part", "\(old)-2.part", "\(folder)/notes", "\(folder)/shard-0000.index"] {
      try Data("x".utf8).write(to: URL(filePath: name))
    }
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: "\(old)-1.part")
    _ = try await fixture.projector.rebuild { _ in }
    let made = try await fixture.restart()
    #expect(made.index.readRowCount == index.entries.count && made.hits == hits)
    let database = try #require(try fixture.world.files(0).currentName())
    let left = fixture.files.filter { !$0.hasPrefix(database) }
    #expect(left == ["notes", "shard-0000.index"])
    #expect(fixture.files.count == 3)
    #expect(try await fixture.restart().index.readRowCount == 0)
  }

  @Test func aTenantsFilesAreRemoved() async throws {
    let fixture = try await IndexFixture()
    defer { fixture.world.remove() }
    let reader = try fixture.world.reader()
    for tenant in Scenario.tenants { _ = try await IndexFixture.index(reader, 0, tenant: tenant) }
    await reader.tenantIndexFiles.settle()
    #expect(fixture.files.count == 2)
    let database = try #require(try fixture.world.files(0).currentName())
    let tenant = try #require(Int64(fixture.path.dropLast(6).split(separator: "-").last ?? ""))
    reader.tenantIndexFiles.remove(tenant: tenant, database: database)
    #expect(fixture.files == [URL(filePath: fixture.path(tenant: "beta")).lastPathComponent])
    // Also one that is about to be written: it may appear, and goes away.
    let other = try fixture.world.reader()
    _ = try await IndexFixture.index(other, 0)
    other.tenantIndexFiles.remove(tenant: tenant, database: database)
    await other.tenantIndexFiles.settle()
    #expect(fixture.files.count == 1)
    // A projection that was removed does not come back.
    let third = try fixture.world.reader()
    _ = try await third.read(third.shards[0]) { database, name in
      let share = try #require(try TenantShare.fetch(database, "acme"))
      try FileManager.default.removeItem(atPath: "\(fixture.world.directory)/\(fixture.world.configuration.id)")
      return try third.tenantIndexes.index(database, name: name, tenant: share, dimension: World.dimension)
    }
    await third.tenantIndexFiles.settle()
    #expect(ProjectionDirectory.ids(in: fixture.world.directory).isEmpty)
  }
}
