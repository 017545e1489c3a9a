import FoundationEssentials
import MnemeCore
import Testing

@Suite struct OwnerMemoriesTests {
  /// Against a model that does everything the slow way.
  @Test(arguments: 1...20)
  func foldsLikeANaiveModel(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var known = OwnerMemories()
    var model: [UUID: (text: String, vector: [Float])] = [:]
    for step in 0..<300 {
      if Int.random(in: 0..<3, using: &random) == 0, let id = model.keys.sorted(by: { $0.text < $1.text }).first {
        known.evolve(.retracted(id: id, at: ResolutionTests.time(step)))
        model[id] = nil
      } else {
        let text = "text \(Int.random(in: 0..<60, using: &random))"
        let vector = (0..<16).map { _ in Float.random(in: -1...1, using: &random) }
        let unit = try #require(VectorMath.normalized(vector))
        let candidate = ResolutionTests.candidate(
          .init(text: text, vector: unit), ordinal: step + Int(seed) * 1000)
        known.evolve(.added(candidate.memory), vector: unit)
        model[candidate.memory.id] = (text, unit)
      }
    }
    #expect(known.count == model.count)
    let query = try #require(VectorMath.normalized((0..<16).map { _ in Float.random(in: -1...1, using: &random) }))
    let expected = model.filter { VectorMath.dot(query, of: $0.value.vector) >= 0.2 }.keys
    #expect(Set(known.current(near: query, minimumCosine: 0.2).map(\.memory.id)) == Set(expected))
    for text in Set(model.values.map(\.text)) {
      let ids = model.filter { $0.value.text == text }.keys
      #expect(Set(known.current(withText: text).map(\.id)) == Set(ids))
    }
  }

  @Test func dotProductsOfEveryLengthAreRight() {
    var random = SplitMix64(seed: 3)
    for count in 1...100 {
      let left = (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
      let right = (0..<count * 3).map { _ in Float.random(in: -1...1, using: &random) }
      for row in 0..<3 {
        let exact = (0..<count).reduce(0.0) { $0 + Double(left[$1]) * Double(right[row * count + $1]) }
        #expect(abs(Double(VectorMath.dot(left, row: row, of: right)) - exact) < 1e-4)
      }
      #expect(VectorMath.dots(left, rowsOf: right).count == 3)
    }
  }
}
