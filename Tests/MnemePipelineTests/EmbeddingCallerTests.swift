import LanguageModel
import MnemeCore
import MnemeTesting
import Synchronization
import Testing

@testable import MnemePipeline

@Suite struct EmbeddingCallerTests {
  /// Notes what it is asked for, and refuses texts that begin with "bad".
  private final class Asked: Embedder {
    let space = HashEmbedder().space
    let backend = "asked"
    let texts = Mutex<[[String]]>([])

    func embed(_ texts: [String]) async throws -> [[Float]] {
      self.texts.withLock { $0.append(texts) }
      if texts.contains(where: { $0.hasPrefix("bad") }) { throw ModelError(.refused, "refused") }
      return try await HashEmbedder().embed(texts)
    }
  }

  private static func owner(_ id: String) -> OwnerKey { OwnerKey(tenant: "t", owner: Owner(kind: .user, id: id)) }

  private static func caller(_ embedder: Asked) -> EmbeddingCaller {
    EmbeddingCaller(
      embedder: embedder, retry: RetryPolicy(maxAttemptCount: 1), environment: ManualClock().environment)
  }

  private static func groups(_ groups: [(String, [String])]) -> [EmbeddingCaller.Group] {
    groups.map { EmbeddingCaller.Group(owner: owner($0.0), texts: $0.1) }
  }

  private static func expected(_ texts: [String]) async throws -> [[Float]] { try await HashEmbedder().embed(texts) }

  @Test func aTextOfAnOwnerIsEmbeddedOnce() async throws {
    let embedder = Asked()
    let caller = Self.caller(embedder)
    let calls: [(groups: [(String, [String])], asked: [String]?)] = [
      ([("a", ["x", "y", "x"]), ("b", ["x"])], ["x", "y"]),
      ([("a", ["y", "x"]), ("b", ["x"])], nil),
      ([("a", ["x", "z"]), ("b", ["y"]), ("b", [])], ["y", "z"]),
      ([("c", ["x"])], ["x"]),
      ([], nil),
    ]
    for (groups, asked) in calls {
      embedder.texts.withLock { $0 = [] }
      let results = try await caller.embed(Self.groups(groups))
      for (group, result) in zip(groups, results) {
        #expect(try result.get() == (try await Self.expected(group.1)))
      }
      #expect(results.count == groups.count && embedder.texts.withLock { $0 } == (asked.map { [$0] } ?? []))
    }
  }

  @Test func aRefusedTextHoldsUpNeitherOthersNorWhatIsKnown() async throws {
    let embedder = Asked()
    let caller = Self.caller(embedder)
    _ = try await caller.embed(Self.groups([("a", ["x"])]))
    let results = try await caller.embed(
      Self.groups([("a", ["bad 1"]), ("a", ["x"]), ("b", ["y"]), ("b", ["bad 2", "y"])]))
    #expect(results.map { (try? $0.get()) == nil } == [true, false, false, true])
    #expect(try results[1].get() == (try await Self.expected(["x"])))
    #expect(try results[2].get() == (try await Self.expected(["y"])))
  }
}
