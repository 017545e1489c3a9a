import Foundation
import GRDB
import MnemeCore
import Testing

@testable import MnemeProjection

@Suite struct TenantIndexMergeTests {
  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func mergedIsWhatTheRowsMake(seed: UInt64) async throws {
    var fixture = try await IndexFixture(seed: seed)
    defer { fixture.world.remove() }
    let reader = try fixture.world.reader()
    func share<Value: Sendable>(_ body: @escaping @Sendable (Database, TenantShare) throws -> Value) async throws
      -> Value
    {
      try await reader.read(reader.shards[0]) { database, _ in
        try body(database, try #require(try TenantShare.fetch(database, "acme")))
      }
    }
    let made: @Sendable (Database, TenantShare) throws -> TenantIndex = {
      try TenantIndex($0, $1, dimension: World.dimension)
    }
    let first = try await share(made)
    #expect(IndexContent(first.merged()) == IndexContent(first) && first.merged().readRowCount == first.readRowCount)
    let (grown, eager) = (Shared(first), Shared(first))
    for round in 0..<5 {
      try await fixture.grow(30)
      let (index, small, anew) = try await share { database, share in
        var (index, small) = (grown.value, eager.value)
        #expect(try index.update(database, share))
        // Merges in every round what came in the one before.
        #expect(try small.update(database, share, minAddedCount: 0))
        return (index, small, try made(database, share))
      }
      grown.change { $0 = index }
      eager.change { $0 = small }
      let merged = index.merged()
      #expect(!merged.hasGone && merged.readRowCount == index.readRowCount)
      #expect(
        IndexContent(merged) == IndexContent(anew) && IndexContent(small) == IndexContent(anew),
        "seed \(seed), round \(round)")
      #expect(small.readRowCount == index.readRowCount)
      #expect(Self.answers(index) == Self.answers(merged), "seed \(seed), round \(round)")
      let now = try await share { $1 }
      #expect(index.agrees(with: now) && merged.agrees(with: now))
      #expect(!merged.agrees(with: TenantShare(now, extraCount: 1)))
    }
    #expect(eager.value.entries.count < grown.value.entries.count)
  }

  /// What an index says of each memory and each word.
  private static func answers(_ index: TenantIndex) -> [String] {
    let query = VectorCodes.Query(axis(2))
    let live = index.entries.indices.filter { index.entries[$0].flags.contains(.live) }
    var answers = live.map { place -> String in
      let number = index.entries[place].number
      let around = index.context(of: place).map { index.entries[$0].number }
      return "\(number) \(index.place(of: number) == place) \(around) \(index.vectors.cosine(query, place))"
    }
    for text in Scenario.texts {
      for word in text.lowercased().split(separator: " ") {
        let key = WordKeys.key(of: word.utf8)
        var postings: [String] = []
        let places = index.places(of: [[key]])[0]
        places.forEachPosting { posting in
          // Places that are empty by now may be among them.
          guard index.entries[posting.place].flags.contains(.live) else { return }
          let occurrences = places.occurrences(at: posting.place)
          postings.append("\(index.entries[posting.place].number) \(posting.occurrences) \(occurrences)")
        }
        answers.append("\(word) \(postings.sorted()) \(index.frequency(of: places) == postings.count)")
      }
    }
    return answers.sorted()
  }
}

extension TenantShare {
  /// As if there were more memories.
  fileprivate init(_ share: TenantShare, extraCount: Int) {
    self.init(
      number: share.number, version: share.version, memoryCount: share.memoryCount + extraCount,
      tokenCount: share.tokenCount, sourceWordCount: share.sourceWordCount)
  }
}
