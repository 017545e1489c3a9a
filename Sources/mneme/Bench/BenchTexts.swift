import MnemeCore

/// Sentences to fill a store with: no two alike, of the length that people write.
struct BenchTexts: Sendable {
  private var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  private static let people = ["Anna", "Ben", "Chloe", "David", "Emre", "Fatima", "Goran", "Hana", "Ivan", "Julia"]
  private static let places = [
    "Lisbon", "Oslo", "Kyoto", "Lima", "Accra", "Quito", "Split", "Leeds", "Turin", "Ghent", "Cork", "Basel",
  ]
  private static let things = [
    "a blue bicycle", "an old camera", "a pair of boots", "a cookbook", "a telescope", "a violin", "a tent", "a kettle",
    "a chess set", "a rowing machine", "a sewing kit", "a bird feeder",
  ]
  private static let acts = [
    "bought", "repaired", "sold", "borrowed", "found", "painted", "lost", "photographed", "cleaned", "returned",
  ]
  private static let reasons = [
    "because the old one broke", "after months of saving", "for the trip in spring", "as a gift for the neighbours",
    "while waiting for the train", "and wrote about it in the diary", "although it was raining all day",
  ]

  /// A statement about `number`.
  mutating func statement(_ number: Int) -> String {
    func pick(_ list: [String]) -> String { list[random.below(list.count)] }
    return
      "I \(pick(Self.acts)) \(pick(Self.things)) number \(number) in \(pick(Self.places)) with \(pick(Self.people)) "
      + "\(pick(Self.reasons))."
  }

  /// A question that statements may answer.
  mutating func question() -> String {
    func pick(_ list: [String]) -> String { list[random.below(list.count)] }
    return "Who was with me in \(pick(Self.places)) when I \(pick(Self.acts)) \(pick(Self.things))?"
  }
}
