import MnemeCore
import Testing

@Suite struct GenerationDiffTests {
  static let time = Moment(Timestamp(milliseconds: 0), .stated)

  static func memory(
    _ text: String, id: String? = nil, event: String = "e1", quote: String? = nil, category: String = "misc",
    attribute: String? = nil, value: String? = nil, isEnded: Bool = false
  ) -> Memory {
    Memory(
      id: Derivation.uuid(id ?? text), text: text, category: category, scope: Scope(userID: "alex"), actor: "user",
      subject: "user", attribute: attribute, value: value, polarity: .positive, confidence: 1, validFrom: time,
      validTo: isEnded ? time : nil,
      sources: [Source(eventID: event, messageIndex: 0, role: "user", time: time, quote: quote ?? text)], metadata: nil,
      expiresAt: nil, recipe: "r", recordedAt: time.at, updatedAt: time.at)
  }

  static func kinds(_ diff: GenerationDiff) -> [String] { diff.changes.map(\.kind) }

  @Test func whatIsAsBeforeIsCounted() {
    let same = [Self.memory("Lives in Berlin"), Self.memory("Likes tea")]
    let diff = GenerationDiff(old: same, new: same.reversed())
    #expect(diff.changes.isEmpty && diff.unchangedCount == 2)
  }

  @Test func theSameWordsUnderAnotherIdAreTheSame() {
    let diff = GenerationDiff(
      old: [Self.memory("Likes tea", id: "a")], new: [Self.memory("Likes tea", id: "b")])
    #expect(diff.changes.isEmpty && diff.unchangedCount == 1)
  }

  @Test func addedAndGone() {
    let diff = GenerationDiff(
      old: [Self.memory("Has a dog Rex", event: "e1")], new: [Self.memory("Works at Siemens", event: "e2")])
    #expect(Self.kinds(diff) == ["gone", "added"])
  }

  @Test func anotherWordingOfTheSameWordsIsReworded() {
    let quote = "I moved to Berlin in May"
    let old = Self.memory("Lives in Berlin", quote: quote, attribute: "home", value: "Berlin")
    let new = Self.memory("The user's home is Berlin", quote: quote, attribute: "home", value: "Berlin")
    let other = Self.memory("Likes tea", quote: "and I like tea")
    let diff = GenerationDiff(old: [old, other], new: [other, new])
    #expect(diff.changes == [.reworded(old: old, new: new)])
    #expect(diff.unchangedCount == 1)
  }

  @Test func anotherCategoryIsTold() {
    let old = Self.memory("Likes tea", category: "food")
    let new = Self.memory("Likes tea", category: "user_preferences")
    #expect(GenerationDiff(old: [old], new: [new]).changes == [.recategorised(old: old, new: new)])
  }

  @Test func whatHasEndedIsNotCompared() {
    let diff = GenerationDiff(old: [Self.memory("Lives in Lisbon", isEnded: true)], new: [])
    #expect(diff.changes.isEmpty && diff.unchangedCount == 0)
  }

  @Test func twoPetsOfOneSentenceAreTwo() {
    let quote = "I have a dog Rex and a cat Mia"
    let dog = Self.memory("Has a dog Rex", quote: quote, attribute: "pet", value: "Rex")
    let cat = Self.memory("Has a cat Mia", quote: quote, attribute: "pet", value: "Mia")
    #expect(Self.kinds(GenerationDiff(old: [dog], new: [cat])) == ["gone", "added"])
  }

  /// Every memory of either side is accounted for once, whatever there is.
  @Test(arguments: 0..<100)
  func nothingIsLeftOut(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let words = ["tea", "coffee", "Berlin", "Rex", "chess", "Lisbon"]
    func side() -> [Memory] {
      (0..<random.below(12)).map { number in
        Self.memory(
          "Likes \(words[random.below(words.count)])", id: "\(random.below(20))-\(number)",
          event: "e\(random.below(3))", category: ["food", "misc"][random.below(2)])
      }
    }
    let (old, new) = (side(), side())
    let diff = GenerationDiff(old: old, new: new)
    #expect(diff.unchangedCount + diff.changes.count { $0.old != nil } == old.count)
    #expect(diff.unchangedCount + diff.changes.count { $0.new != nil } == new.count)
    #expect(
      diff == GenerationDiff(old: old.shuffled(using: &random), new: new) || old.count != Set(old.map(\.text)).count)
  }
}
