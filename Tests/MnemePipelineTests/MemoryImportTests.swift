import EventLog
import FoundationEssentials
import MnemeCore
import MnemeTesting
import Testing

@testable import MnemePipeline

/// What lies in mem0's files, and what is published of it.
@Suite struct MemoryImportTests {
  /// What mem0ai 2.2.1 with qdrant-client 1.20.0 on CPython 3.11 wrote, by its own class and without a server:
  ///
  /// ```python
  /// from mem0.vector_stores.qdrant import Qdrant
  ///
  /// memories = Qdrant(collection_name="mem0", embedding_model_dims=4, path="mem0-qdrant", on_disk=True)
  /// def point(id, data, **rest):
  ///     payload = {"data": data, "hash": "0" * 32, "created_at": "2024-07-20T01:30:36.275141-07:00",
  ///                "updated_at": "2024-07-21T01:30:36.275141-07:00", "text_lemmatized": data.lower()}
  ///     memories.insert(vectors=[[0.5, -0.25, 1.0, 0.0]], ids=[id], payloads=[payload | rest])
  /// base = "8f7c1d1e-0000-4000-8000-00000000000"
  /// point(base + "1", "Lives in Berlin", user_id="alice", role="user", actor_id="Alice")
  /// point(base + "2", "Likes tea ☕ and cafés", user_id="alice", agent_id="helper", run_id="r1",
  ///       metadata_free="kept", tags=["a", {"deep": [1, 2.5, None, True]}], expiration_date="2099-01-02")
  /// point(7, "Has an old id", user_id=42)
  /// point(base + "3", "Whose is this?")
  /// point(base + "4", "  ", user_id="alice")
  /// point(base + "5", "Recommends walks", agent_id="helper", role="assistant")
  /// point(base + "6", "Said a NUL \x00 here", user_id="alice")
  /// ```
  ///
  /// and one point each in collections `mem0_entities` and `mem0migrations`, which hold no memories.
  static let qdrant = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Resources/mem0-qdrant").path

  /// The events that an import publishes, its summary, and what ended it early.
  static func run(
    _ path: String, isDryRun: Bool = false, known: Set<UUID> = []
  ) async throws -> (turns: [CloudEvent], summary: MemoryImport.Summary, failure: String?) {
    let log = InMemoryEventLog()
    try await log.ensureTopics(TopicCatalog(partitionCount: 1).shared)
    let codec = EventRecordCodec()
    let memoryImport = MemoryImport(
      log: log, codec: codec, tenant: "default", now: { Timestamp(milliseconds: 0) }, isDryRun: isDryRun,
      known: { known.intersection($0) })
    var progress: [Int] = []
    let (summary, failure) = await memoryImport.run(try MemorySource.open(path)) { done, total in
      progress.append(done)
      #expect(done <= total)
    }
    #expect(progress == progress.sorted())
    let records = try await log.read(TopicPartition(Topics.turns, 0), from: 0, limit: ReadLimit())
    return (try records.map { try codec.decode($0) }, summary, failure.map { "\($0)" })
  }

  static func bodies(_ turns: [CloudEvent]) throws -> [TurnBody] {
    try turns.map { try EventBodyCoding.decode(TurnBody.self, from: $0.data) }
  }

  static let nul = "messages[0].content holds U+0000, which no text may; leave it out"

  @Test func aVectorStoreOfMem0IsReadAsItIs() async throws {
    let (turns, summary, failure) = try await Self.run(Self.qdrant)
    #expect(failure == nil)
    #expect(summary.readCount == 7)
    #expect(summary.importedCount == 4)
    #expect(summary.alreadyThereCount == 0)
    #expect(
      summary.refusedCounts
        == ["it has no text": 1, "it has none of user_id, agent_id, run_id and app_id": 1, Self.nul: 1])
    #expect(summary.offsets == [0: 3])
    #expect(
      turns.map(\.owner.description) == [
        "default/agent:helper", "default/user:42", "default/user:alice", "default/user:alice",
      ])
    #expect(turns.allSatisfy { $0.source == "/mneme/import" && $0.type == EventType.turnRecorded.rawValue })
    let time = Timestamp("2024-07-20T08:30:36.275Z")
    let id = "8f7c1d1e-0000-4000-8000-00000000000"
    func turn(_ scope: Scope, _ role: String, _ text: String, name: String? = nil, id: String) -> TurnBody {
      TurnBody(
        scope: scope, messages: [Message(role: role, content: text, name: name, id: id)], timestamp: time, infer: false)
    }
    var tea = turn(
      Scope(userID: "alice", agentID: "helper", runID: "r1"), "user", "Likes tea ☕ and cafés", id: id + "2")
    tea.metadata = ["metadata_free": "kept", "tags": ["a", ["deep": [1, .double(2.5), nil, true]]]]
    tea.expirationDate = Timestamp("2099-01-02")
    #expect(
      try Self.bodies(turns) == [
        turn(Scope(agentID: "helper"), "assistant", "Recommends walks", id: id + "5"),
        turn(Scope(userID: "42"), "user", "Has an old id", id: "7"), tea,
        turn(Scope(userID: "alice"), "user", "Lives in Berlin", name: "Alice", id: id + "1"),
      ])
    #expect(turns[3].id == Derivation.uuid("import", id + "1").text)
  }

  @Test func aDryRunPublishesNothingAndWhatIsKnownIsNotPublished() async throws {
    let dry = try await Self.run(Self.qdrant, isDryRun: true)
    #expect(dry.turns.isEmpty && dry.summary.importedCount == 4 && dry.summary.offsets.isEmpty)
    let known = Derivation.uuid("import", "7")
    let again = try await Self.run(Self.qdrant, known: [known])
    #expect(again.summary.importedCount == 3 && again.summary.alreadyThereCount == 1)
    #expect(!again.turns.contains { $0.id == known.text })
  }

  static let object = #"{"id":"m1","memory":"Likes tea","user_id":"alice"}"#
  static let other = #"{"id":"m2","memory":"Likes\nwalks","user_id":"alice"}"#

  static let files: [(name: String, text: String, imported: Int, refused: [String: Int], fails: Bool)] = [
    ("a list", "[\(object),\n\(other)]", 2, [:], false),
    ("a page", "{\"count\":2,\"next\":null,\"results\":[\(object),\(other)],\"relations\":[]}", 2, [:], false),
    ("a page in lines", "{\n \"results\": [\n  \(object),\n  \(other)\n ]\n}\n", 2, [:], false),
    ("lines", "\(object)\n\n\(other)\n", 2, [:], false), ("one line", object, 1, [:], false),
    ("the same twice", "[\(object),\(object)]", 1, [:], false), ("nothing", "", 0, [:], false),
    ("a broken line", "\(object)\n{\"id\": \"x\n\(other)", 2, ["it is no valid JSON in UTF-8": 1], false),
    ("a broken element", "[\(object),{\"id\": oops},\(other)]", 2, ["it is no valid JSON in UTF-8": 1], false),
    ("no objects", "[5,\(object),[\(other)]]", 1, ["it is no JSON object": 2], false),
    ("no memories", #"[{"a":1},{"b":2}]"#, 0, ["it has no text": 2], false),
    (
      "deep", "[\(object),{\"a\":\(String(repeating: "[", count: 100))\(String(repeating: "]", count: 100))}]", 1,
      ["nesting is deeper than 64 levels": 1], false
    ),
    ("NUL", #"[{"id":"m3","memory":"a\u0000","user_id":"alice"}]"#, 0, [nul: 1], false),
    (
      "an owner's name", #"[{"id":"m3","memory":"a","user_id":"a\nb"}]"#, 0,
      ["scope: user_id holds a control character": 1],
      false
    ),
    ("an end in the middle", "[\(object),\(other),{\"id\":", 2, [:], true),
    ("another file", "SQLite format 3\u{0}\u{10}", 0, ["it is no valid JSON in UTF-8": 1], false),
  ]

  @Test(arguments: files)
  func aFileIsReadAndWhatIsWrongHarmsNothingElse(
    name: String, text: String, imported: Int, refused: [String: Int], fails: Bool
  ) async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let path = folder.path + "/memories"
    try Data(text.utf8).write(to: URL(filePath: path))
    let (turns, summary, failure) = try await Self.run(path)
    #expect(turns.count == imported, "\(name)")
    #expect(summary.importedCount == imported && summary.refusedCounts == refused, "\(name): \(summary)")
    #expect((failure != nil) == fails, "\(name): \(failure ?? "")")
    #expect(summary.readCount == imported + summary.alreadyThereCount + refused.values.reduce(0, +), "\(name)")
    #expect(failure?.contains("alice") != true)
  }

  @Test func linesAreLinesWhereTheNameSaysSo() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let path = folder.path + "/memories.jsonl"
    try Data("{\"id\": broken\n\(Self.object)\n".utf8).write(to: URL(filePath: path))
    let (turns, summary, _) = try await Self.run(path)
    #expect(turns.count == 1)
    #expect(summary.refusedCounts == ["it is no valid JSON in UTF-8": 1])
  }

  @Test func aRecordThatNoLogTakesIsRefused() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let path = folder.path + "/memories"
    let text = String(repeating: "x", count: 1_000_000)
    try Data("[{\"memory\":\"\(text)\",\"user_id\":\"a\"},\(Self.object)]".utf8).write(to: URL(filePath: path))
    let (turns, summary, _) = try await Self.run(path)
    #expect(turns.count == 1)
    #expect(summary.refusedCounts == ["its record has more than 1000000 bytes": 1])
  }

  @Test func whatIsThereToImportIsToldBeforeAnythingIsPublished() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let files = FileManager.default
    #expect { try MemorySource.open(folder.path + "/nothing") } throws: { "\($0)".contains("no file or folder") }
    #expect { try MemorySource.open(folder.path) } throws: { "\($0)".contains("collection/<name>/storage.sqlite") }
    // A damaged store, and one that another program made.
    let collection = folder.path + "/collection/mem0"
    try files.createDirectory(atPath: collection, withIntermediateDirectories: true)
    for bytes in [Data(repeating: 7, count: 5000), Data()] {
      try bytes.write(to: URL(filePath: collection + "/storage.sqlite"))
      #expect { try MemorySource.open(folder.path) } throws: {
        "\($0)".contains("collection mem0 cannot be read (SQLite")
      }
    }
  }

  @Test func eventsOnTheirWayAreFound() async throws {
    let log = InMemoryEventLog()
    try await log.ensureTopics(TopicCatalog(partitionCount: 1).shared)
    let codec = EventRecordCodec()
    func event(_ id: UUID, source: String, tenant: String = "default") throws -> NewRecord {
      let turn = TurnBody(scope: Scope(userID: "a"), messages: [Message(role: "user", content: "x")])
      return try codec.encode(
        CloudEvent(
          id: id.text, type: EventType.turnRecorded.rawValue, source: source, time: Timestamp(milliseconds: 0),
          owner: OwnerKey(tenant: tenant, owner: Owner(kind: .user, id: "a")), data: EventBodyCoding.encode(turn)),
        topic: Topics.turns)
    }
    let ids = (0..<7).map { Derivation.uuid("test", String($0)) }
    for (index, id) in ids.enumerated() {
      let source = index == 5 ? "/mneme/http" : MemoryImport.source
      _ = try await log.append([try event(id, source: source, tenant: index == 6 ? "acme" : "default")])
    }
    for processed in Int64(0)...7 {
      let found = try await PublishedEvents.ids(log, tenant: "default", source: MemoryImport.source) { _, offset in
        offset < processed
      }
      #expect(found == Set(ids[..<5].dropFirst(Int(processed))), "\(processed)")
    }
  }
}
