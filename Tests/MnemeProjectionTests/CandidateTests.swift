import Foundation
import MnemeCore
import Testing

@testable import MnemeProjection

/// Where not all memories are ranked by all signals.
@Suite struct CandidateTests {
  /// Words and meanings have nothing to do with each other, and neither has anything to do with what stands around.
  private func world(seed: UInt64) async throws -> World {
    let world = try await World(partitionCount: 2)
    var random = SplitMix64(seed: seed)
    let words = (0..<60).map { "word\($0)" }
    for number in 0..<900 {
      let owner = user("o\(number % 5)")
      let text = (0..<2 + random.below(5)).map { _ in words[random.below(1 + random.below(words.count))] }
        .joined(separator: " ")
      var memory = memory("m\(number)", text, owner, runID: "r\(number / 50)")
      // Three years, in no order, so that neighbours were not said on the same day.
      let saidAt = Self.start + Int64(number * 7 % 1096) * 86_400_000
      memory.sources = memory.sources.map { source in
        var source = source
        source.time = Moment(Timestamp(milliseconds: saidAt), .stated)
        return source
      }
      try await world.resolve("turn-\(number)", owner, [.added(memory)])
      try await world.embed(owner, [(memory.id, memory.text, Self.vector(&random))])
    }
    try await world.projector().catchUp()
    return world
  }

  /// 2023-01-01 in milliseconds since 1970.
  private static let start: Int64 = 1_672_531_200_000

  private static func vector(_ random: inout SplitMix64) -> [Float] {
    let vector = (0..<World.dimension).map { _ in Float(random.below(2001)) / 1000 - 1 }
    return VectorMath.normalized(vector) ?? vector
  }

  @Test(arguments: [256 << 20, 1000], [1, 2] as [UInt64])
  func theBestOfAllAreAmongTheCandidates(cacheByteCount: Int, seed: UInt64) async throws {
    let world = try await world(seed: seed)
    defer { world.remove() }
    func reader(minCandidateCount: Int) throws -> ProjectionReader {
      try ProjectionReader(
        directory: world.directory,
        configuration: ProjectionConfiguration(
          id: nil, generation: "g1", space: "test-8", dimension: World.dimension, partitionCount: 2,
          bounds: .init(
            maxIndexCacheByteCount: cacheByteCount, maxTenantIndexByteCount: cacheByteCount,
            minCandidateCount: minCandidateCount)))
    }
    let (bounded, exact) = (try reader(minCandidateCount: 80), try reader(minCandidateCount: 10_000))
    var random = SplitMix64(seed: seed + 100)
    var (found, wanted) = (0, 0)
    for number in 0..<30 {
      // Words of dates are looked for in the day on which a memory was said too.
      let date = ["", " 7", " march", " 2024"][number % 4]
      let request = SearchRequest(
        query: all(), text: "word\(random.below(60)) word\(random.below(20))\(date)",
        vector: number % 5 == 0 ? nil : Self.vector(&random),
        reference: number % 3 == 0 ? Timestamp(milliseconds: Self.start + 1096 * 86_400_000) : nil, limit: 10,
        minimumScore: 0)
      let best = try await exact.search(request).map(\.view.memory.id)
      found += try await bounded.search(request).count { best.contains($0.view.memory.id) }
      wanted += best.count
    }
    #expect(wanted > 200 && Double(found) >= 0.98 * Double(wanted), "\(found) of \(wanted)")
  }

  /// What comes later stands behind the index until all is made one again.
  @Test func whatCameLaterLiftsWhatStandsBeforeIt() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    func add(_ name: String, _ text: String, _ owner: OwnerKey, runID: String, cosine: Float) async throws {
      let memory = memory(name, text, owner, runID: runID)
      try await world.resolve("turn-\(name)", owner, [.added(memory)])
      let vector = (0..<World.dimension).map { $0 == 0 ? cosine : $0 == 1 ? (1 - cosine * cosine).squareRoot() : 0 }
      try await world.embed(owner, [(memory.id, memory.text, vector)])
    }
    try await add("quiet", "something else", user("a"), runID: "chat", cosine: 0.3)
    for number in 0..<300 {
      try await add("filler\(number)", "nothing said", user("b"), runID: "r\(number)", cosine: 0.8)
    }
    let projector = try world.projector()
    try await projector.catchUp()
    let reader = try ProjectionReader(
      directory: world.directory,
      configuration: ProjectionConfiguration(
        id: nil, generation: "g1", space: "test-8", dimension: World.dimension, partitionCount: 1,
        bounds: .init(minCandidateCount: 40)))
    let request = SearchRequest(
      query: all(), text: "violin lesson", vector: axis(0), limit: 10, minimumScore: 0)
    #expect(try await reader.search(request).first?.view.memory.text == "nothing said")
    try await add("late", "violin lesson", user("a"), runID: "chat", cosine: 0.9)
    try await projector.catchUp()
    let texts = try await reader.search(request).map(\.view.memory.text)
    #expect(Array(texts.prefix(3)) == ["violin lesson", "something else", "nothing said"])
  }
}
