import FoundationEssentials
import MnemeCore
import Testing

@Suite struct ContentDigestTests {
  static func memory(_ text: String, ordinal: Int) -> Memory {
    ResolutionTests.candidate(.init(text: text), ordinal: ordinal).memory
  }

  @Test(arguments: 1...10)
  func orderAndShardsDoNotMatter(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let memories = (0..<50).map { Self.memory("text \($0)", ordinal: $0) }
    var whole = ContentDigest()
    for memory in memories { whole.add(memory) }
    var shards = [ContentDigest](repeating: ContentDigest(), count: 3)
    for memory in memories.shuffled(using: &random) { shards[Int.random(in: 0..<3, using: &random)].add(memory) }
    var sum = ContentDigest()
    for shard in shards { sum.add(shard) }
    #expect(sum == whole)
    #expect(whole.description.count == 64)
  }

  @Test func everyWordCountsAndNoClockDoes() {
    let memory = Self.memory("Lives in Lisbon", ordinal: 1)
    func digest(_ change: (inout Memory) -> Void) -> ContentDigest {
      var changed = memory
      change(&changed)
      var digest = ContentDigest()
      digest.add(changed)
      return digest
    }
    let original = digest { _ in }
    #expect(digest { $0.recordedAt = ResolutionTests.time(99) } == original)
    #expect(digest { $0.updatedAt = ResolutionTests.time(99) } == original)
    let changes: [(inout Memory) -> Void] = [
      { $0.text = "Lives in Porto" }, { $0.category = "food" }, { $0.scope.runID = "r" }, { $0.value = "x" },
      { $0.validTo = Moment(ResolutionTests.time(3), .stated) }, { $0.supersededBy = $0.id },
      { $0.metadata = ["a": 1] }, { $0.sources[0].quote = "other" }, { $0.polarity = .negative },
      { $0.validFrom = Moment($0.validFrom.at, .received) }, { $0.isEdited = true }, { $0.sources += $0.sources },
    ]
    for change in changes { #expect(digest(change) != original) }
    let received = digest { $0.validFrom = Moment(ResolutionTests.time(1), .received) }
    #expect(received == digest { $0.validFrom = Moment(ResolutionTests.time(2), .received) })
  }

  /// Recorded once: a digest that changes for the same memory makes every recorded digest useless.
  @Test func theDigestOfAMemoryNeverChanges() {
    var digest = ContentDigest()
    digest.add(Self.memory("Lives in Lisbon", ordinal: 1))
    #expect(digest.description == "2168a8946937ff00dfb559aeba1209124bbaa67ff7a11f54d5fb4437b249042a")
  }
}
