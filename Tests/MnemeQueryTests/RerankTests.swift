import LanguageModel
import MnemeCore
import MnemeProjection
import MnemeTesting
import Synchronization
import Testing

@testable import MnemeQuery

@Suite struct RerankTests {
  static func body(_ members: [String: JSONValue] = [:]) -> JSONValue {
    .object(
      ["query": "tea", "filters": ["user_id": "alice"], "rerank": true, "fields": ["memory", "score", "explain"]]
        .merging(members) { $1 })
  }

  /// Three memories that the search orders as a, b, c.
  static func harness(
    _ handler: ScriptedReranker.Handler? = nil, _ change: (inout QueryConfiguration) -> Void = { _ in }
  ) -> (Harness, ScriptedReranker?) {
    var harness = Harness(change)
    for (text, score) in [("a", 0.9), ("b", 0.6), ("c", 0.3)] {
      harness.reader.put(Fixture.view(text))
      harness.reader.change { $0.scores[text] = score }
    }
    let reranker = handler.map { ScriptedReranker($0) }
    harness.reranker = reranker
    return (harness, reranker)
  }

  static let orders: [([Double?], [String], [Double])] = [
    ([0.1, 0.2, 0.3], ["c", "b", "a"], [0.3, 0.2, 0.1]),
    ([5, -2, 0.5], ["a", "c", "b"], [1, 0.5, 0]),
    ([0.5, 0.5, 0.5], ["a", "b", "c"], [0.5, 0.5, 0.5]),
    ([nil, nil, 0.4], ["c", "a", "b"], [0.4, 0.4, 0.4]),
    ([nil, 0.8, nil], ["b", "a", "c"], [0.8, 0.8, 0.3]),
    ([nil, nil, nil], ["a", "b", "c"], [0.9, 0.6, 0.3]),
  ]

  @Test(arguments: orders)
  func `hits stand in the reranker's order, with its relevance as their score`(
    relevances: [Double?], texts: [String], scores: [Double]
  ) async throws {
    let (harness, reranker) = Self.harness { _, _ in relevances }
    try await harness.run { client in
      let reply = try await client.send("POST", "/v3/memories/search/", json: RerankTests.body(["explain": true]))
      let hits = try #require(try reply.json["results"]?.arrayValue)
      #expect(hits.map { $0["memory"] } == texts.map(JSONValue.string))
      #expect(hits.map { $0["score"] } == scores.map(JSONValue.double))
      for hit in hits {
        let number = try #require(["a", "b", "c"].firstIndex(of: hit["memory"]?.stringValue ?? ""))
        #expect(hit["explain"]?["rerank"] == relevances[number].map(JSONValue.double))
        let own: JSONValue? = relevances[number] == nil ? nil : .double([0.9, 0.6, 0.3][number])
        #expect(hit["explain"]?["search_score"] == own)
      }
      #expect(try reply.json["degraded"] == nil)
    }
    #expect(reranker?.calls.map(\.documents) == [["a", "b", "c"]] && reranker?.calls.first?.query == "tea")
  }

  @Test func `more are reranked than are returned`() async throws {
    let (harness, _) = Self.harness { documents, _ in documents.indices.map { Double($0) } }
    try await harness.run { client in
      let reply = try await client.send("POST", "/v3/memories/search/", json: RerankTests.body(["top_k": 1]))
      #expect(try reply.json["results"]?.arrayValue?.map { $0["memory"] } == ["c"])
    }
    let limits = harness.reader.state.withLock { $0.searches.map { $0.limit } }
    #expect(limits == [50])
  }

  @Test(arguments: [(false, true), (true, false), (false, false)])
  func `what nobody asks for or nobody can do is left`(isAskedFor: Bool, isThere: Bool) async throws {
    let (harness, reranker) = isThere ? Self.harness { _, _ in [0, 0, 1] } : Self.harness()
    try await harness.run { client in
      let reply = try await client.send(
        "POST", "/v3/memories/search/", json: RerankTests.body(["rerank": .bool(isAskedFor), "top_k": 2]))
      #expect(try reply.json["results"]?.arrayValue?.map { $0["memory"] } == ["a", "b"])
      #expect(try reply.json["degraded"] == nil)
    }
    let callCount = reranker?.calls.count ?? 0
    #expect(callCount == 0)
    let limits = harness.reader.state.withLock { $0.searches.map { $0.limit } }
    #expect(limits == [Repeats.count(for: 2)])
  }

  static let failures: [ScriptedReranker.Handler] = [
    { _, _ in throw ModelError(.serverError, "500") },
    { _, _ in throw ModelError(.unauthorized, "401") },
    { _, _ in
      try await Task.sleep(for: .seconds(3600))
      return []
    },
    { _, _ in [1] }, { _, _ in [1, 2, .nan] },
  ]

  @Test(arguments: failures.indices)
  func `where it fails the search keeps its own order and says so`(index: Int) async throws {
    let (harness, _) = Self.harness(Self.failures[index]) { $0.rerankTimeout = .milliseconds(20) }
    try await harness.run { client in
      let reply = try await client.send("POST", "/v3/memories/search/", json: RerankTests.body(["top_k": 2]))
      #expect(reply.status == 200)
      #expect(try reply.json["results"]?.arrayValue?.map { $0["memory"] } == ["a", "b"])
      #expect(try reply.json["results"]?.arrayValue?.map { $0["score"] } == [.double(0.9), .double(0.6)])
      #expect(try reply.json["degraded"] == true)
      #expect(reply.headers["x-mneme-degraded"] == "not-reranked")
      let metrics = try await client.send("GET", "/metrics")
      #expect(metrics.text.contains("mneme_search_rerank_failed_total 1\n"))
      harness.embedder.behave(.fails(ModelError(.unreachable, "no connection")))
      let worse = try await client.send(
        "POST", "/v3/memories/search/", json: RerankTests.body(["query": "something else"]))
      #expect(worse.headers["x-mneme-degraded"] == "keywords-only, not-reranked")
    }
  }

  @Test func `a reranker that asks to be left alone is`() async throws {
    let (harness, reranker) = Self.harness { _, _ in
      throw ModelError(.rateLimited, "429", retryAfter: .seconds(3600))
    }
    try await harness.run { client in
      for _ in 0..<3 {
        let reply = try await client.send("POST", "/v3/memories/search/", json: RerankTests.body())
        #expect(reply.headers["x-mneme-degraded"] == "not-reranked")
      }
    }
    #expect(reranker?.calls.count == 1)
  }

  @Test func `a pause ends, is bounded, and does not shrink`() {
    let (pause, start) = (RerankPause(), ContinuousClock.now)
    #expect(pause.isOver(now: start))
    pause.begin(.seconds(2), now: start)
    pause.begin(.seconds(1), now: start)
    #expect(!pause.isOver(now: start.advanced(by: .seconds(1.5))))
    #expect(pause.isOver(now: start.advanced(by: .seconds(2))))
    pause.begin(.seconds(86_400), now: start)
    #expect(pause.isOver(now: start.advanced(by: Reranking.maxPause)))
  }

  @Test func `a long text is cut at a whole character`() {
    let text = "a" + String(repeating: "é", count: Reranking.maxDocumentByteCount)
    let document = Reranking.document(text)
    #expect(document.utf8.count == Reranking.maxDocumentByteCount - 1 && text.hasPrefix(document))
    #expect(Reranking.document("tea") == "tea")
  }
}
