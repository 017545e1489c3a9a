import Foundation
import MnemeCore
import MnemeTesting
import Testing

/// `mneme verify`, `replay rebuild --shard` and `mneme snapshot`, as an operator runs them.
@Suite struct VerifyTests {
  /// A data folder.
  private struct Place {
    let path: String

    func run(_ arguments: String...) async throws -> MnemeProcess.Result {
      try await MnemeProcess.run(arguments + ["--data-dir", path])
    }

    /// Runs a server, says turns `numbers` to it, and stops it when they are folded.
    func say(_ numbers: Range<Int>) async throws {
      let server = try await Server.start(path)
      for number in numbers { try await CrashTests.say(number, to: server) }
      try await server.waitUntilIdle()
      #expect(await server.stop() == 0)
    }

    /// The database that each shard's link names.
    func shards() throws -> [URL] {
      let folder = URL(filePath: path)
      let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL }
      return try (files ?? []).filter { file in
        file.lastPathComponent.wholeMatch(of: /shard-\d{4}\.sqlite/) != nil
      }.sorted { $0.path() < $1.path() }.map { link in
        let name = try FileManager.default.destinationOfSymbolicLink(atPath: link.path())
        return link.deletingLastPathComponent().appending(path: name)
      }
    }
  }

  private static func behind(_ report: JSONValue) -> Int64 {
    (report["shards"]?.arrayValue ?? []).reduce(0) { sum, shard in
      if case .int(let behind)? = shard["behind"] { sum + behind } else { sum }
    }
  }

  @Test func aDamagedShardIsFoundAndMendedAlone() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let place = Place(path: folder.path + "/data")
    try await place.say(0..<40)
    let sound = try await place.run("verify", "--json")
    #expect(sound.status == 0, "\(sound.errors)")
    let digest = try #require(try sound.json()["digest"]?.stringValue)
    let before = try place.shards()
    #expect(before.count == 4)
    // The shard that holds most, so that what is overwritten is of use.
    func size(_ index: Int) throws -> Int { try Data(contentsOf: before[index]).count }
    let broken = try #require(try before.indices.max { try size($0) < size($1) })
    var bytes = try Data(contentsOf: before[broken])
    for index in bytes.count / 8..<bytes.count / 8 * 7 { bytes[index] = UInt8(truncatingIfNeeded: index &* 31 | 1) }
    try bytes.write(to: before[broken])

    let found = try await place.run("verify")
    #expect(found.status == 1)
    let advice = "run 'mneme replay rebuild --shard \(broken)'"
    let lines = found.output.split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix("shard \(broken) ") && $0.hasSuffix(advice) }, "\(found.output)")
    #expect(!(0..<4).contains { $0 != broken && found.output.contains("--shard \($0)") }, "\(found.output)")

    let rebuilt = try await place.run("replay", "rebuild", "--shard", String(broken))
    #expect(rebuilt.status == 0, "\(rebuilt.errors)")
    let after = try place.shards()
    #expect(after.indices.filter { after[$0] != before[$0] } == [broken])
    let mended = try await place.run("verify", "--deep", "--json")
    #expect(mended.status == 0, "\(mended.output)")
    #expect(try mended.json()["digest"]?.stringValue == digest)
  }

  @Test func aSnapshotLeavesOnlyTheRestToFold() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let here = Place(path: folder.path + "/here")
    let there = Place(path: folder.path + "/there")
    try await here.say(0..<30)
    let file = folder.path + "/snapshot"
    let exported = try await here.run("snapshot", "export", file, "--json")
    #expect(exported.status == 0, "\(exported.errors)")
    let behind = Self.behind(try await here.run("verify", "--json").json())
    #expect(behind == 0)
    try await here.say(30..<45)
    let whole = try await here.run("verify", "--deep", "--json")
    #expect(whole.status == 0, "\(whole.output)")

    // The server has stopped, so that the log is one file.
    try FileManager.default.createDirectory(atPath: there.path, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: here.path + "/log.sqlite", toPath: there.path + "/log.sqlite")
    let imported = try await there.run("snapshot", "import", file, "--json")
    #expect(imported.status == 0, "\(imported.errors)")
    #expect(try imported.json()["digest"] == exported.json()["digest"])
    let shards = try there.shards()
    let partial = try await there.run("verify", "--json")
    #expect(partial.status == 0, "\(partial.output)")
    #expect(try partial.json()["digest"] == exported.json()["digest"])
    // A memories record for each turn, and vectors for some.
    #expect((15...30).contains(Self.behind(try partial.json())))

    try await there.say(45..<45)
    let folded = try await there.run("verify", "--deep", "--json")
    #expect(folded.status == 0, "\(folded.output)")
    #expect(try folded.json()["digest"] == whole.json()["digest"])
    #expect(Self.behind(try folded.json()) == 0)
    #expect(try there.shards() == shards, "it goes on with the imported files")
  }

  @Test(arguments: [["--since", "2026-01-01"], ["--until", "2026-01-01"], ["--shard", "9"], ["--owner", "nobody"]])
  func aRebuildOfAPartThatIsNoneIsRefused(arguments: [String]) async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let place = Place(path: folder.path + "/data")
    if arguments.first == "--shard" { try await place.say(0..<1) }
    let result = try await MnemeProcess.run(["replay", "rebuild", "--data-dir", place.path] + arguments)
    #expect(result.status == 2, "\(result.errors)")
    #expect(result.output.isEmpty)
  }
}
