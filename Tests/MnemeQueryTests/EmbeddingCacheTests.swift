import MnemeCore
import MnemeProjection
import Synchronization
import Testing

@testable import LanguageModel

@Suite struct EmbeddingCacheTests {
  private static let alice = OwnerKey(tenant: "t", owner: Owner(kind: .user, id: "alice"))
  private static let embedder = EmbedderTwin()
  private static let start = ContinuousClock.now

  @Test func `a vector is found by its text, owner and back end alone`() {
    let cache = EmbeddingCache()
    cache.keep([1, 2], of: "tea", in: .owner(Self.alice), by: Self.embedder)
    func found(_ text: String, _ realm: EmbeddingCache.Realm, _ embedder: EmbedderTwin = Self.embedder) -> Bool {
      cache.vectors(of: [text], in: realm, by: embedder) == [text: [1, 2]]
    }
    #expect(found("tea", .owner(Self.alice)))
    let others: [(String, EmbeddingCache.Realm, EmbedderTwin)] = [
      ("tea ", .owner(Self.alice), Self.embedder),
      ("tea", .tenant("t"), Self.embedder),
      ("tea", .tenant("t/user:alice"), Self.embedder),
      ("tea", .owner(OwnerKey(tenant: "t", owner: Owner(kind: .user, id: "bob"))), Self.embedder),
      ("tea", .owner(OwnerKey(tenant: "t", owner: Owner(kind: .agent, id: "alice"))), Self.embedder),
      ("tea", .owner(OwnerKey(tenant: "u", owner: Owner(kind: .user, id: "alice"))), Self.embedder),
      ("tea", .owner(Self.alice), EmbedderTwin(backend: "another")),
    ]
    for (text, realm, embedder) in others { #expect(!found(text, realm, embedder), "\(text) \(realm)") }
  }

  @Test func `what is asked for together is found in part`() {
    let cache = EmbeddingCache()
    for text in ["a", "c"] { cache.keep([1], of: text, in: .tenant("t"), by: Self.embedder) }
    let found = cache.vectors(of: ["a", "b", "c", "a"], in: .tenant("t"), by: Self.embedder)
    #expect(found == ["a": [1], "c": [1]])
  }

  @Test(arguments: [(0, true), (599, true), (600, false), (6000, false)])
  func `a vector grows old`(seconds: Int, isFound: Bool) {
    let cache = EmbeddingCache(bounds: .init(maxAge: .seconds(600)))
    cache.keep([1], of: "a", in: .tenant("t"), by: Self.embedder, now: Self.start)
    // Being used does not make it younger.
    _ = cache.vectors(of: ["a"], in: .tenant("t"), by: Self.embedder, now: Self.start + .seconds(300))
    let now = Self.start + .seconds(seconds)
    #expect(cache.vectors(of: ["a"], in: .tenant("t"), by: Self.embedder, now: now).count == (isFound ? 1 : 0))
  }

  @Test(arguments: UInt64(1)...5)
  func `its bytes are bounded, and what is used stays`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let bound = 64 << 10
    let cache = EmbeddingCache(bounds: .init(maxByteCount: bound))
    cache.keep([7], of: "used", in: .tenant("t"), by: Self.embedder)
    for number in 0..<2000 {
      let vector = [Float](repeating: 1, count: random.below(400))
      cache.keep(vector, of: "text \(random.below(1500))", in: .tenant("t"), by: Self.embedder)
      #expect(cache.byteCount <= bound, "seed \(seed), \(number)")
      guard number % 5 == 0 else { continue }
      #expect(cache.vectors(of: ["used"], in: .tenant("t"), by: Self.embedder) == ["used": [7]], "seed \(seed)")
    }
    let large = [Float](repeating: 1, count: bound)
    cache.keep(large, of: "large", in: .tenant("t"), by: Self.embedder)
    #expect(cache.vectors(of: ["large"], in: .tenant("t"), by: Self.embedder).isEmpty)
  }

  @Test func `a query asked again is not embedded again, but for each owner`() async throws {
    let harness = Harness()
    try await harness.run { client in
      func search(_ user: String) async throws {
        let reply = try await client.send(
          "POST", "/v3/memories/search/", json: ["query": "tea", "filters": ["user_id": .string(user)]])
        #expect(reply.status == 200)
      }
      harness.embedder.behave(.fails(ModelError(.unreachable, "no connection")))
      try await search("alice")
      harness.embedder.behave(.answers)
      for user in ["alice", "alice", "bob", "alice", "bob"] { try await search(user) }
      // A failure is not remembered.
      #expect(harness.embedder.askedTexts == ["tea", "tea", "tea"])
      let metrics = try await client.send("GET", "/metrics").text
      #expect(metrics.contains("mneme_search_embedding_cache_hits_total 3\n"))
      #expect(metrics.contains("mneme_search_embedding_cache_misses_total 3\n"))
    }
    #expect(
      harness.reader.state.withLock { $0.searches.map { $0.vector == nil } } == [true]
        + [Bool](repeating: false, count: 5))
  }
}
