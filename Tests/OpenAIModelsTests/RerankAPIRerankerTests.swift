import CurlHTTP
import LanguageModel
import MnemeCore
import MnemeTesting
import Testing

@testable import OpenAIModels

@Suite(.timeLimit(.minutes(2)))
struct RerankAPIRerankerTests {
  private func reranker(
    _ server: ScriptedHTTPServer, _ client: HTTPClient, name: String? = "rerank-test", timeout: Duration = .seconds(60)
  ) -> RerankAPIReranker {
    RerankAPIReranker(client: client, endpoint: OpenAIEndpoint(server, timeout: timeout), name: name)
  }

  @Test func `a request names model, query, documents and how many are wanted`() async throws {
    try await withServer(answering: .json(["results": [["index": 0, "relevance_score": 1]]])) { server, client in
      _ = try await self.reranker(server, client).rerank(["a", "", "c"], by: "q")
      let sent = try #require(server.requests.first)
      #expect(sent.method == "POST" && sent.target == "/v1/rerank")
      #expect(sent.header("authorization") == "Bearer \(secretKey)")
      #expect(sent.json == ["model": "rerank-test", "query": "q", "documents": ["a", " ", "c"], "top_n": 3])
    }
  }

  @Test func `without a model the request is that of text-embeddings-inference`() async throws {
    try await withServer(answering: .json([["index": 0, "score": 1]])) { server, client in
      let reranker = self.reranker(server, client, name: nil)
      let relevances = try await reranker.rerank(["a"], by: "q")
      #expect(relevances == [1])
      #expect(server.requests.first?.json == ["query": "q", "texts": ["a"]])
      #expect(reranker.name == "default")
    }
  }

  @Test func `no document needs no request`() async throws {
    try await withServer(answering: .text("", status: 500)) { server, client in
      let relevances = try await self.reranker(server, client).rerank([], by: "q")
      #expect(relevances.isEmpty && server.connectionCount == 0)
    }
  }

  static let answers: [(String, [Double?])] = [
    (#"{"results":[{"index":1,"relevance_score":0.9},{"index":0,"relevance_score":0.1}]}"#, [0.1, 0.9, nil]),
    (
      #"{"id":"x","results":[{"index":2,"relevance_score":1,"document":{"text":"c"}}],"meta":{"tokens":{}}}"#,
      [nil, nil, 1]
    ),
    (#"{"object":"list","data":[{"index":0,"relevance_score":0.5}],"usage":{}}"#, [0.5, nil, nil]),
    (#"{"data":[{"index":0,"score":0.5},{"index":1,"score":-3}]}"#, [0.5, -3, nil]),
    (#"[{"index":0,"score":0.5,"text":"a"},{"index":2,"score":7.25}]"#, [0.5, nil, 7.25]),
    (#"{"results":[{"index":0,"relevance_score":null,"score":0.5}]}"#, [0.5, nil, nil]),
    (#"{"results":null,"data":[{"index":0,"score":0}]}"#, [0, nil, nil]),
  ]

  @Test(arguments: answers)
  func `every common form of the answer is read`(answer: String, relevances: [Double?]) async throws {
    try await withServer(answering: .text(answer)) { server, client in
      let found = try await self.reranker(server, client).rerank(["a", "b", "c"], by: "q")
      #expect(found == relevances)
    }
  }

  @Test(arguments: [
    #"{"results":[]}"#, "[]", #"{"results":[{"index":3,"relevance_score":1}]}"#,
    #"{"results":[{"index":-1,"relevance_score":1}]}"#, #"{"results":[{"relevance_score":1}]}"#,
    #"{"results":[{"index":0,"relevance_score":1},{"index":0,"relevance_score":0.5}]}"#,
    #"{"results":[{"index":0}]}"#, #"{"results":[{"index":0,"relevance_score":"high"}]}"#,
    #"{"results":[{"index":0.5,"relevance_score":1}]}"#, #"{"results":[{"index":0,"relevance_score":1e999}]}"#,
    #"{"results":{"index":0,"relevance_score":1}}"#, #"{"items":[]}"#, "null", "3", #"[0.5, 0.4]"#,
  ])
  func `an answer that is not one relevance per document is malformed`(answer: String) async throws {
    try await withServer(answering: .text(answer)) { server, client in
      let error = await failure { try await self.reranker(server, client).rerank(["a", "b", "c"], by: "q") }
      #expect((error as? ModelError)?.code == .malformedReply, "\(String(describing: error))")
    }
  }

  @Test(arguments: sharedFailures.filter { $0.1 != .malformedReply })
  func `each failure of the endpoint has its code and delay`(
    reply: ScriptedReply, code: ModelError.Code, delay: Duration?
  ) async throws {
    try await withServer(answering: reply) { server, client in
      let error =
        await failure { try await self.reranker(server, client).rerank(["hunter2"], by: "hunter2") } as? ModelError
      #expect(error?.code == code && error?.retryAfter == delay, "\(String(describing: error))")
      #expect(error?.description.contains("hunter2") == false)
    }
  }

  @Test(arguments: [ScriptedReply.html("<h1>Sign in</h1>"), .text(""), .text("not JSON"), .text("{\"results\": [")])
  func `what is no answer at all is malformed and quoted nowhere`(reply: ScriptedReply) async throws {
    try await withServer(answering: reply) { server, client in
      let error = await failure { try await self.reranker(server, client).rerank(["a"], by: "q") } as? ModelError
      #expect(error?.code == .malformedReply && error?.isRetriable == true)
    }
  }

  @Test func `an endpoint that hangs is given up`() async throws {
    try await withServer(answering: .hang) { server, client in
      let reranker = self.reranker(server, client, timeout: .milliseconds(50))
      let error = await failure { try await reranker.rerank(["a"], by: "q") } as? ModelError
      #expect(error?.code == .timeout)
    }
  }
}
