import Foundation
import MnemeCore
import MnemeTesting
import Testing

/// `mneme import` and `mneme export`, as somebody who changes over uses them.
@Suite struct ImportTests {
  static let qdrant = DocumentationTests.root.appending(path: "Tests/MnemePipelineTests/Resources/mem0-qdrant").path

  static func importing(_ path: String, into directory: String, _ more: String...) async throws -> MnemeProcess.Result {
    try await MnemeProcess.run(["import", "mem0", path, "--json", "--data-dir", directory] + more)
  }

  /// Runs `body` while `mneme up` works.
  static func whileUp(_ directory: String, _ body: (Server) async throws -> Void) async throws {
    let server = try await Server.start(directory)
    try await body(server)
    try await server.waitUntilIdle()
    #expect(await server.stop() == 0)
  }

  static func export(_ directory: String, _ more: String...) async throws -> [JSONValue] {
    let result = try await MnemeProcess.run(["export", "--data-dir", directory] + more)
    #expect(result.status == 0, "\(result.errors)")
    if more.contains("jsonl") {
      return try result.output.split(separator: "\n").map {
        try EventBodyCoding.decode(JSONValue.self, from: Array($0.utf8))
      }
    }
    return try #require(try result.json()["results"]?.arrayValue)
  }

  static func texts(_ memories: [JSONValue]) -> [String] { memories.compactMap { $0["memory"]?.stringValue }.sorted() }

  @Test func aStoreOfMem0IsTakenOverOnce() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let directory = folder.path + "/data"
    let dry = try await Self.importing(Self.qdrant, into: directory, "--dry-run")
    #expect(try dry.json()["imported"] == 4 && dry.json()["dry_run"] == true)
    // Before anything ran, and twice: the second time by what stands on the log alone.
    let first = try await Self.importing(Self.qdrant, into: directory)
    #expect(first.status == 1, "what was refused is no success")
    let report = try first.json()
    #expect(report["read"] == 7 && report["imported"] == 4 && report["already_there"] == 0, "\(first.output)")
    #expect(report["refused"]?.arrayValue?.count == 3)
    #expect(!first.output.contains("Berlin") && !first.errors.contains("Berlin"))
    let second = try await Self.importing(Self.qdrant, into: directory)
    #expect(try second.json()["imported"] == 0 && second.json()["already_there"] == 4, "\(second.output)")
    try await Self.whileUp(directory) { server in
      try await server.waitUntilIdle()
      // Now by what is processed.
      let third = try await Self.importing(Self.qdrant, into: directory, "--wait", "60")
      #expect(try third.json()["imported"] == 0 && third.json()["already_there"] == 4, "\(third.output)")
      #expect(try await HostileInputTests.texts(of: "alice", server) == ["Likes tea ☕ and cafés", "Lives in Berlin"])
      #expect(try await server.search("Where does Alice live?", user: "alice").first?["memory"] == "Lives in Berlin")
    }
    #expect(try await CrashTests.content(directory)["turns"] == 4)
    let memories = try await Self.export(directory, "--user", "alice")
    #expect(Self.texts(memories) == ["Likes tea ☕ and cafés", "Lives in Berlin"])
    let tea = try #require(memories.first { $0["agent_id"] == "helper" })
    #expect(tea["run_id"] == "r1" && tea["metadata"]?["metadata_free"] == "kept")
    #expect(tea["valid_from"] == "2024-07-20T08:30:36.275Z" && tea["expiration_date"] == "2099-01-02")
    #expect(tea["sources"]?.arrayValue?.first?["message_id"] == "8f7c1d1e-0000-4000-8000-000000000002")
  }

  @Test func whatIsExportedIsImportedWithTheSameTexts() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let directory = folder.path + "/one"
    try await Self.whileUp(directory) { server in
      for number in 0..<30 {
        let text = "Fact number \(number) \"☕\""
        try await server.say(text, user: "user-\(number % 3)", id: "t\(number)", infer: false)
      }
      try await server.say("I moved to Lisbon", user: "alex", id: "a", at: "2026-09-01T12:00:00Z")
      try await server.say("I moved to Berlin", user: "alex", id: "b", at: "2026-10-01T12:00:00Z")
    }
    let all = try await Self.export(directory, "--all", "--include-ended")
    let current = try await Self.export(directory, "--all", "--format", "jsonl")
    #expect(all.count > current.count && current.count > 30)
    #expect(Set(all.compactMap { $0["id"] }).count == all.count)
    let ofAlex = try await Self.export(directory, "--user", "alex", "--include-ended")
    #expect(Self.texts(ofAlex) == Self.texts(all.filter { $0["user_id"] == "alex" }) && !ofAlex.isEmpty)

    for (format, isWhole) in [("json", true), ("jsonl", false)] {
      let file = folder.path + "/export.\(format)"
      let options = ["--all", "--format", format] + (isWhole ? ["--include-ended"] : [])
      let written = try await MnemeProcess.run(["export", "--data-dir", directory] + options)
      try written.output.write(toFile: file, atomically: false, encoding: .utf8)
      let copy = folder.path + "/copy-\(format)"
      try await Self.whileUp(copy) { _ in
        let result = try await Self.importing(file, into: copy, "--wait", "120")
        #expect(result.status == 0, "\(result.output)\(result.errors)")
      }
      // As many are shown as before: what had ended is there, and not shown.
      #expect(Self.texts(try await Self.export(copy, "--all")) == Self.texts(current))
      let found = try await Self.export(copy, "--all", "--include-ended")
      #expect(Self.texts(found) == Self.texts(isWhole ? all : current))
      for name in ["user_id", "valid_from", "actor"] {
        func members(_ memories: [JSONValue]) -> [String] {
          memories.map { "\($0["memory"]?.stringValue ?? "") \($0[name]?.stringValue ?? "")" }.sorted()
        }
        #expect(members(found) == members(isWhole ? all : current), "\(name)")
      }
    }
  }

  @Test(arguments: [
    (["import", "mem0", "/nowhere/at/all"], 1, "no file or folder"), (["import", "mem0"], 2, "path"),
    (["import", "mem0", "/tmp", "--wait", "-1"], 2, "--wait"), (["export"], 2, "--all"),
    (["export", "--all", "--user", "a"], 2, "--all"), (["export", "--all", "--format", "xml"], 2, "xml"),
  ])
  func wrongUseIsTold(arguments: [String], status: Int32, words: String) async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let result = try await MnemeProcess.run(arguments + ["--data-dir", folder.path + "/data"])
    #expect(result.status == status, "\(result.errors)")
    #expect(result.errors.contains(words), "\(result.errors)")
  }

  @Test func aFileThatEndsEarlyIsToldAndTheRestOfItKept() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let file = folder.path + "/memories.json"
    try #"{"results":[{"id":"m1","memory":"Likes tea","user_id":"a"},{"id":"#.write(
      toFile: file, atomically: false, encoding: .utf8)
    let result = try await Self.importing(file, into: folder.path + "/data")
    #expect(result.status == 1)
    #expect(try result.json()["imported"] == 1)
    #expect(try result.json()["error"]?.stringValue?.contains("middle of a value") == true)
    #expect(result.errors.contains("run it again"))
  }

  @Test func aTextWithNULIsRefusedOnTheCommandLineToo() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let result = try await MnemeProcess.run(
      ["add", "-", "--user", "alex", "--data-dir", folder.path + "/data"], input: "I like\0 tea")
    #expect(result.status == 2, "\(result.errors)")
    #expect(result.errors.contains("messages[0].content holds U+0000"))
  }
}
