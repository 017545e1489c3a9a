import CurlHTTP
import LanguageModel
import MnemeCore
import MnemeTesting
import Testing

@testable import OpenAIModels

@Suite(.timeLimit(.minutes(2)))
struct OpenAIEmbedderTests {
  private func embedder(
    _ server: ScriptedHTTPServer, _ client: HTTPClient, dimension: Int = 2, limits: OpenAIEmbedder.Limits = .init()
  ) -> OpenAIEmbedder {
    OpenAIEmbedder(
      client: client, endpoint: OpenAIEndpoint(server), model: "embed-test", dimension: dimension, limits: limits)
  }

  /// The vector of a text that is a number: another direction for each.
  private static func vector(_ text: String) -> [Float] { [Float(text) ?? 0, 1] }

  /// Answers each text with its vector.
  private static let numbers: ScriptedHTTPServer.Handler = { request in
    .embeddings(request.json?["input"]?.arrayValue?.map { vector($0.stringValue ?? "") } ?? [])
  }

  private static func isClose(_ left: [Float], _ right: [Float]) -> Bool {
    left.count == right.count && zip(left, right).allSatisfy { abs($0 - $1) < 1e-6 }
  }

  @Test func `a request names the model, asks for base64 and sends no empty text`() async throws {
    try await withServer(handler: Self.numbers) { server, client in
      _ = try await self.embedder(server, client).embed(["1", "", "3"])
      let sent = try #require(server.requests.first)
      #expect(sent.method == "POST" && sent.target == "/v1/embeddings")
      #expect(sent.header("authorization") == "Bearer \(secretKey)")
      #expect(sent.json == ["model": "embed-test", "input": ["1", " ", "3"], "encoding_format": "base64"])
    }
  }

  @Test func `the dimension is asked for only when told so`() async throws {
    try await withServer(handler: Self.numbers) { server, client in
      let embedder = OpenAIEmbedder(
        client: client, endpoint: OpenAIEndpoint(server), model: "m", dimension: 2, requestsDimension: true)
      _ = try await embedder.embed(["1"])
      #expect(server.requests.first?.json?["dimensions"] == 2)
    }
  }

  @Test func `no text needs no request`() async throws {
    try await withServer(handler: Self.numbers) { server, client in
      let vectors = try await self.embedder(server, client).embed([])
      #expect(vectors.isEmpty && server.connectionCount == 0)
    }
  }

  @Test(arguments: [true, false])
  func `both encodings of a vector are read and normalised`(isBase64: Bool) async throws {
    let reply = ScriptedReply.embeddings([[3, 4], [-0.5, 0], [1e-30, 1e-30], [3e38, -3e38]], isBase64: isBase64)
    try await withServer(answering: reply) { server, client in
      let vectors = try await self.embedder(server, client).embed(["a", "b", "c", "d"])
      let half = Float(0.5).squareRoot()
      let expected: [[Float]] = [[0.6, 0.8], [-1, 0], [half, half], [half, -half]]
      for (vector, wanted) in zip(vectors, expected) { #expect(Self.isClose(vector, wanted), "\(vector)") }
    }
  }

  @Test(arguments: [
    #"{"data":[{"index":1,"embedding":[0,1]},{"index":0,"embedding":[1,0]}]}"#,
    #"{"data":[{"embedding":[1,0]},{"embedding":"AAAAAAAAgD8="}]}"#,
    #"{"object":"list","data":[{"index":0,"embedding":[2,0]},{"index":1,"embedding":[0,3]}],"model":"x","usage":{}}"#,
  ])
  func `vectors come back in the order of the texts, whatever the answer's order`(body: String) async throws {
    try await withServer(answering: .text(body)) { server, client in
      let vectors = try await self.embedder(server, client).embed(["a", "b"])
      #expect(vectors == [[1, 0], [0, 1]])
    }
  }

  @Test(arguments: [
    ScriptedReply.embeddings([[1, 0]]),
    .embeddings([[1, 0], [0, 1], [1, 1]]),
    .embeddings([[1, 0], [0, 1, 0]]),
    .embeddings([[1], [1]]),
    .embeddings([[1, 0], []]),
    .embeddings([[1, 0], [.nan, 1]]),
    .embeddings([[1, 0], [.infinity, 1]]),
    .embeddings([[1, 0], [0, 0]]),
    .text(#"{"data":[{"index":0,"embedding":[1,0]},{"index":0,"embedding":[1,0]}]}"#),
    .text(#"{"data":[{"index":1,"embedding":[1,0]},{"index":2,"embedding":[1,0]}]}"#),
    .text(#"{"data":[{"index":-1,"embedding":[1,0]},{"index":0,"embedding":[1,0]}]}"#),
    .text(#"{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":"AAAAAAAAgD8*"}]}"#),
    .text(#"{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":"AAAA"}]}"#),
    .text(#"{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[1,null]}]}"#),
    .text(#"{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[1e39,0]}]}"#),
    .text(#"{"data":[{"index":0,"embedding":[1,0]},{"index":1}]}"#),
  ])
  func `an answer that is not one vector per text is malformed`(reply: ScriptedReply) async throws {
    try await withServer(answering: reply) { server, client in
      let error = await failure { try await self.embedder(server, client).embed(["a", "b"]) } as? ModelError
      #expect(error?.code == .malformedReply && error?.isRetriable == true, "\(String(describing: error))")
    }
  }

  @Test(arguments: sharedFailures)
  func `each failure of the endpoint has its code and delay`(
    reply: ScriptedReply, code: ModelError.Code, delay: Duration?
  ) async throws {
    try await withServer(answering: reply) { server, client in
      let error = await failure { try await self.embedder(server, client).embed(["hunter2"]) } as? ModelError
      #expect(error?.code == code, "\(String(describing: error))")
      #expect(error?.retryAfter == delay)
      #expect(error?.description.contains("hunter2") == false)
    }
  }

  @Test(
    arguments: [
      ([], 3, 10, []),
      ([1], 3, 10, [0..<1]),
      ([1, 1, 1, 1, 1, 1, 1], 3, 10, [0..<3, 3..<6, 6..<7]),
      ([5, 5, 1, 9, 1, 1], 3, 10, [0..<2, 2..<4, 4..<6]),
      ([50, 1, 50, 50, 1], 3, 10, [0..<1, 1..<2, 2..<3, 3..<4, 4..<5]),
      ([0, 0, 0, 0], 2, 1, [0..<2, 2..<4]),
      ([1, 1], 1, 10, [0..<1, 1..<2]),
    ] as [([Int], Int, Int, [Range<Int>])])
  func `texts are batched by count and bytes, in order`(
    sizes: [Int], maxCount: Int, maxBytes: Int, expected: [Range<Int>]
  ) {
    let limits = OpenAIEmbedder.Limits(maxBatchCount: maxCount, maxBatchBytes: maxBytes)
    #expect(OpenAIEmbedder.batches(sizes.map { String(repeating: "x", count: $0) }, limits) == expected)
  }

  @Test func `many batches give one vector per text in the order of the texts`() async throws {
    try await withServer(handler: Self.numbers) { server, client in
      let texts = (1...300).map(String.init)
      let embedder = self.embedder(server, client, limits: .init(maxBatchCount: 7, maxConcurrentBatches: 5))
      let vectors = try await embedder.embed(texts)
      #expect(vectors.count == 300)
      for (text, vector) in zip(texts, vectors) {
        // The norm of (n, 1) is taken out of the components; their ratio stays.
        #expect(abs(vector[0] / vector[1] - Self.vector(text)[0]) < 0.1)
        #expect(abs(vector[0] * vector[0] + vector[1] * vector[1] - 1) < 1e-5)
      }
      #expect(server.requests.count == 43)
    }
  }

  @Test func `no more batches than allowed are in flight at the same time`() async throws {
    let handler: ScriptedHTTPServer.Handler = { .held(until: "go", reply: Self.numbers($0)) }
    try await withServer(handler: handler) { server, client in
      let embedder = self.embedder(server, client, limits: .init(maxBatchCount: 1, maxConcurrentBatches: 3))
      async let vectors = embedder.embed((1...8).map(String.init))
      try await server.requests(atLeast: 3)
      #expect(server.requests.count == 3)
      server.release("go")
      #expect(try await vectors.count == 8)
    }
  }

  @Test func `one failed batch fails the call and gives up the others`() async throws {
    let handler: ScriptedHTTPServer.Handler = { request in
      request.text.contains("\"2\"") ? .text("", status: 503) : .hang
    }
    try await withServer(handler: handler) { server, client in
      let embedder = self.embedder(server, client, limits: .init(maxBatchCount: 1))
      let error = await failure { try await embedder.embed(["1", "2", "3"]) } as? ModelError
      #expect(error?.code == .serverError)
    }
  }

  @Test func `the dimension is learned by embedding one word`() async throws {
    try await withServer(answering: .embeddings([[1, 2, 3]])) { server, client in
      let embedder = try await OpenAIEmbedder.probe(
        client: client, endpoint: OpenAIEndpoint(server), model: "Org/Model")
      #expect(embedder.space == EmbeddingSpace(name: "org-model-3", dimension: 3))
      #expect(server.requests.first?.json?["dimensions"] == nil)
      let vectors = try await embedder.embed(["x"])
      #expect(vectors.first?.count == 3)
    }
  }

  @Test func `a probe fails as an embedding does`() async throws {
    try await withServer(answering: .text("", status: 401)) { server, client in
      let error = await failure {
        try await OpenAIEmbedder.probe(client: client, endpoint: OpenAIEndpoint(server), model: "m")
      }
      #expect((error as? ModelError)?.code == .unauthorized)
    }
  }

  @Test(arguments: [
    ("text-embedding-3-small", 1536, "text-embedding-3-small-1536"),
    ("BAAI/bge-m3", 1024, "baai-bge-m3-1024"),
    ("nomic-embed-text:v1.5", 768, "nomic-embed-text-v1.5-768"),
    ("a  /:é__b", 2, "a-__b-2"),
    ("", 2, "-2"),
    (String(repeating: "x", count: 500), 8, String(repeating: "x", count: 160) + "-8"),
  ])
  func `a space is named after model and dimension in what a topic name allows`(
    model: String, dimension: Int, expected: String
  ) {
    let name = OpenAIEmbedder.spaceName(model: model, dimension: dimension)
    #expect(name == expected)
    #expect(name.utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789._-".utf8.contains($0) })
  }
}
