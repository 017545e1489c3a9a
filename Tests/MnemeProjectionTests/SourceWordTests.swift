import EventLog
import Foundation
import GRDB
import MnemeCore
import Testing

@testable import MnemeProjection

/// A memory is found by the words of the messages that it comes from, too.
@Suite struct SourceWordTests {
  let ann = user("ann")

  private func said(_ name: String, _ text: String, turn: String, _ index: Int) -> Memory {
    var memory = memory(name, text, ann)
    memory.sources = [source(turn, index)]
    return memory
  }

  /// Readers by way of indexes in memory, and without them.
  private func readers(_ world: World) throws -> [ProjectionReader] {
    try [256 << 20, 1000].map { bytes in
      let configuration = ProjectionConfiguration(
        id: nil, generation: "g1", space: "test-8", dimension: World.dimension, partitionCount: 1,
        bounds: .init(maxIndexCacheByteCount: bytes, maxTenantIndexByteCount: bytes))
      return try ProjectionReader(directory: world.directory, configuration: configuration)
    }
  }

  /// For each memory that is found, how much of the query its words explain.
  private func explained(_ reader: ProjectionReader, _ query: MemoryQuery, _ text: String) async throws
    -> [String: Double]
  {
    let hits = try await reader.search(
      SearchRequest(query: query, text: text, vector: axis(1), limit: 9, minimumScore: 0))
    return Dictionary(uniqueKeysWithValues: hits.map { ($0.view.memory.text, $0.signals.keywords) })
  }

  private static let messages = [
    SpokenMessage(index: 0, text: "Where is the zanzibar house?"),
    SpokenMessage(index: 1, text: "After the merger fell through we packed the van for Lisbon"),
    SpokenMessage(index: 2, text: "Bring the umbrella"), SpokenMessage(index: 3, text: "The kettle"),
  ]

  /// Words of what a memory comes from → the share of its weight that each has.
  @Test(arguments: [(1, 1), (20, 1), (21, 0.941), (64, 0.5), (128, 0.286), (192, 0.2)] as [(Int, Double)])
  func theLongerASourceTheLessAWordOfItCounts(_ count: Int, _ expected: Double) {
    #expect(abs(SourceWords.share(length: SourceWords.length(count)) - expected) < 0.001)
    // An index has room for it.
    #expect(Int(SourceWords.length(SourceWords.maxCount)) <= PostingTable.Posting.maxOccurrences)
  }

  @Test func wordsThatAFactLostAreFound() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    let moved = said("a", "moved to Lisbon", turn: "t1", 1)
    let (other, old) = (said("b", "has two cats", turn: "t0", 0), said("c", "reads much", turn: "t1", 9))
    try await world.resolve("t0", ann, [.added(other)])
    try await world.resolve("t1", ann, [.added(moved), .added(old)], messages: Self.messages)
    for memory in [moved, other, old] { try await world.embed(ann, [(memory.id, memory.text, axis(0))]) }
    try await world.projector().catchUp()
    var asOf = all("acme", isUser("ann"))
    asOf.asOf = Timestamp(milliseconds: 5000)
    for reader in try readers(world) {
      for query in [all("acme", isUser("ann")), all(), asOf] {
        // Of its own message, of the one before and of the one after, which are short.
        for word in ["merger", "zanzibar", "umbrella"] {
          let expected = ["moved to Lisbon": 1.0, "has two cats": 0, "reads much": 0]
          #expect(try await explained(reader, query, word) == expected)
        }
        // A word that the text has as well counts as the text's; one farther away does not count.
        #expect((try await explained(reader, query, "Lisbon")["moved to Lisbon"] ?? 0) > 0.9)
        #expect(try await explained(reader, query, "kettle")["moved to Lisbon"] == 0)
        // Stop words say nothing about what was said.
        #expect(try await explained(reader, query, "where through")["moved to Lisbon"] == 0)
        // By themselves they make no hit, as what stands around a memory makes none.
        #expect(try await reader.hits(query, "merger") == [])
      }
    }
  }

  @Test func everySourceBringsItsWordsWithinABound() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    func words(_ prefix: String) -> String { (0..<100).map { "\(prefix)\($0)" }.joined(separator: " ") }
    let tea = said("a", "likes tea", turn: "t0", 0)
    try await world.resolve("t0", ann, [.added(tea)], messages: [SpokenMessage(index: 0, text: words("a"))])
    try await world.embed(ann, [(tea.id, tea.text, axis(0))])
    let projector = try world.projector()
    try await projector.catchUp()
    let readers = try readers(world)
    /// How much of the query the word explains, in percent.
    func found(_ word: String) async throws -> Set<Int> {
      var found: Set<Int> = []
      for reader in readers {
        for query in [all("acme", isUser("ann")), all()] {
          found.insert(Int((100 * (try await explained(reader, query, word)["likes tea"] ?? -1)).rounded()))
        }
      }
      return found
    }
    for (word, share) in [("a63", 50), ("a64", 0), ("b0", 0)] { #expect(try await found(word) == [share]) }
    for (number, (prefix, share)) in [("b", 29), ("c", 20), ("d", 0)].enumerated() {
      let name = "t\(number + 1)"
      let event = MemoryEvent.reinforced(id: tea.id, source: source(name, 2), at: Timestamp(milliseconds: 2000))
      try await world.resolve(name, ann, [event], messages: [SpokenMessage(index: 3, text: words(prefix))], at: 2000)
      // The readers follow.
      try await projector.catchUp()
      #expect(try await found("\(prefix)0") == [share])
    }
    for word in ["a63", "c63"] { #expect(try await found(word) == [20]) }
    // As of then, it came from less.
    var asOf = all("acme", isUser("ann"))
    asOf.asOf = Timestamp(milliseconds: 1500)
    #expect(try await explained(readers[0], asOf, "a0")["likes tea"] == 0.5)
    #expect(try await explained(readers[0], asOf, "b0")["likes tea"] == 0)
    // New words of its own take the place of a word that it had lost, and leave the others.
    let revision = MemoryEvent.Revision(text: "likes b0", at: Timestamp(milliseconds: 3000))
    try await world.resolve("t9", ann, [.revised(id: tea.id, revision)], type: .memoryEditRequested, at: 3000)
    try await projector.catchUp()
    for reader in readers {
      for query in [all("acme", isUser("ann")), all()] {
        #expect(try await reader.hits(query, "b0") == ["likes b0"])
        #expect(try await reader.hits(query, "a0") == [])
      }
    }
    let event = MemoryEvent.retracted(id: tea.id, at: Timestamp(milliseconds: 4000))
    try await world.resolve("t10", ann, [event], type: .memoryDeletionRequested, at: 4000)
    try await projector.catchUp()
    #expect(try await found("a0") == [-100])
  }

  /// A shard of the version before has no column for them: it is folded again.
  @Test func aShardThatKnowsNoSourceWordsIsFoldedAgain() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    let moved = said("a", "moved to Lisbon", turn: "t1", 1)
    try await world.resolve("t1", ann, [.added(moved)], messages: Self.messages)
    try await world.embed(ann, [(moved.id, moved.text, axis(0))])
    try await world.projector().catchUp()
    try await DatabaseQueue(path: world.files(0).linkPath).write {
      try $0.execute(sql: "ALTER TABLE memories DROP COLUMN source_words; PRAGMA user_version = 4")
    }
    try await world.projector().catchUp()
    for reader in try readers(world) {
      #expect(try await explained(reader, all("acme", isUser("ann")), "merger") == ["moved to Lisbon": 1])
    }
  }
}
