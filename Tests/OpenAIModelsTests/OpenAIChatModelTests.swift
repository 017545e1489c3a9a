import CurlHTTP
import LanguageModel
import MnemeCore
import MnemeTesting
import Testing

@testable import OpenAIModels

@Suite(.timeLimit(.minutes(2)))
struct OpenAIChatModelTests {
  private static let schema: JSONValue = ["type": "object", "properties": ["facts": ["type": "array"]]]

  private static let request = ChatRequest(
    system: "You extract facts.", user: "my secret is hunter2", schemaName: "facts", schema: schema,
    maxOutputTokens: 512)

  private func model(_ server: ScriptedHTTPServer, _ client: HTTPClient) -> OpenAIChatModel {
    OpenAIChatModel(client: client, endpoint: OpenAIEndpoint(server), name: "gpt-test")
  }

  @Test func `a request asks for output by schema and carries the key in its header`() async throws {
    try await withServer(answering: .chat("{}")) { server, client in
      _ = try await self.model(server, client).complete(Self.request)
      let sent = try #require(server.requests.first)
      #expect(sent.method == "POST" && sent.target == "/v1/chat/completions")
      #expect(sent.header("authorization") == "Bearer \(secretKey)")
      #expect(sent.header("content-type") == "application/json")
      #expect(
        sent.json == [
          "model": "gpt-test", "temperature": 0, "max_tokens": 512,
          "messages": [
            ["role": "system", "content": "You extract facts."], ["role": "user", "content": "my secret is hunter2"],
          ],
          "response_format": [
            "type": "json_schema", "json_schema": ["name": "facts", "strict": true, "schema": Self.schema],
          ],
        ])
    }
  }

  @Test func `the newer token limit can be asked for and the temperature left out`() async throws {
    try await withServer(answering: .chat("{}")) { server, client in
      let endpoint = OpenAIEndpoint(baseURL: server.url)
      let model = OpenAIChatModel(
        client: client, endpoint: endpoint, name: "o-test", temperature: nil, tokenLimitField: .maxCompletionTokens)
      _ = try await model.complete(Self.request)
      let sent = try #require(server.requests.first)
      #expect(sent.json?["max_completion_tokens"] == 512)
      #expect(sent.json?["max_tokens"] == nil && sent.json?["temperature"] == nil)
      #expect(sent.header("authorization") == nil)
    }
  }

  @Test func `equal requests are equal bytes`() async throws {
    try await withServer(answering: .chat("{}")) { server, client in
      for _ in 0..<5 { _ = try await self.model(server, client).complete(Self.request) }
      #expect(Set(server.requests.map(\.body)).count == 1)
    }
  }

  @Test(arguments: [
    ("", "/chat/completions"), ("/", "/chat/completions"), ("/v1", "/v1/chat/completions"),
    ("/v1//", "/v1/chat/completions"), ("/openai/v1/?api-version=1", "/openai/v1/chat/completions?api-version=1"),
  ])
  func `the base URL is used as given, with or without a slash at its end`(base: String, target: String) async throws {
    try await withServer(answering: .chat("{}")) { server, client in
      let endpoint = OpenAIEndpoint(baseURL: server.url + base)
      _ = try await OpenAIChatModel(client: client, endpoint: endpoint, name: "m").complete(Self.request)
      #expect(server.requests.map(\.target) == [target])
    }
  }

  @Test(arguments: ["{\"facts\":[]}", "```json\n{}\n```", "", "Sure! é 🙂 \u{0}"])
  func `the reply's text comes back verbatim with what it cost`(text: String) async throws {
    try await withServer(answering: .chat(text, promptTokens: 11, completionTokens: 7)) { server, client in
      let reply = try await self.model(server, client).complete(Self.request)
      #expect(reply.text == text)
      #expect(reply.promptTokens == 11 && reply.completionTokens == 7)
      #expect(!reply.isTruncated)
    }
  }

  @Test func `a reply cut off at the limit says so`() async throws {
    try await withServer(answering: .chat("{\"fac", finishReason: "length")) { server, client in
      let reply = try await self.model(server, client).complete(Self.request)
      #expect(reply.text == "{\"fac" && reply.isTruncated)
    }
  }

  @Test(arguments: [
    #"{"choices":[{"message":{"content":"x"}}]}"#,
    #"{"choices":[{"message":{"content":"x","refusal":null},"finish_reason":null}],"usage":null}"#,
    #"{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":"many"}}"#,
    #"{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":-1,"completion_tokens":null}}"#,
  ])
  func `a reply that does not say what it cost counts as free`(body: String) async throws {
    try await withServer(answering: .text(body)) { server, client in
      let reply = try await self.model(server, client).complete(Self.request)
      #expect(reply.text == "x" && reply.promptTokens == 0 && reply.completionTokens == 0 && !reply.isTruncated)
    }
  }

  @Test(arguments: [
    (#"{"choices":[]}"#, ModelError.Code.malformedReply),
    (#"{"choices":null}"#, .malformedReply),
    (#"{"choices":[{"finish_reason":"stop"}]}"#, .malformedReply),
    (#"{"choices":[{"message":{"content":null}}]}"#, .malformedReply),
    (#"{"choices":[{"message":{}}]}"#, .malformedReply),
    (#"{"choices":[{"message":{"content":7}}]}"#, .malformedReply),
    (#"{"choices":[{"message":{"content":null,"refusal":"hunter2 is wrong"}}]}"#, .invalidOutput),
    (#"{"choices":[{"message":{"content":"hunter2"},"finish_reason":"content_filter"}]}"#, .invalidOutput),
  ])
  func `an answer without usable content has its code`(body: String, code: ModelError.Code) async throws {
    try await withServer(answering: .text(body)) { server, client in
      let error = await failure { try await self.model(server, client).complete(Self.request) } as? ModelError
      #expect(error?.code == code && error?.isRetriable == true)
      #expect(error?.description.contains("hunter2") == false)
    }
  }

  @Test(arguments: sharedFailures)
  func `each failure of the endpoint has its code and delay`(
    reply: ScriptedReply, code: ModelError.Code, delay: Duration?
  ) async throws {
    try await withServer(answering: reply) { server, client in
      let error = await failure { try await self.model(server, client).complete(Self.request) } as? ModelError
      #expect(error?.code == code, "\(String(describing: error))")
      #expect(error?.retryAfter == delay)
    }
  }

  @Test(arguments: [400, 401, 404, 429, 500])
  func `an error shows the provider's code, and neither its message nor anything that was sent`(
    status: Int
  ) async throws {
    let echo: ScriptedHTTPServer.Handler = { request in
      .json(
        [
          "error": [
            "message": .string("bad key \(request.header("authorization") ?? ""): \(request.text)"),
            "code": .string(request.header("authorization") ?? ""), "type": "quota_exceeded",
          ]
        ], status: status)
    }
    try await withServer(handler: echo) { server, client in
      let error = await failure { try await self.model(server, client).complete(Self.request) }
      let text = "\(String(describing: error)) \(String(reflecting: error))"
      #expect(text.contains("quota_exceeded") && text.contains("\(status)") && text.contains(server.url))
      #expect(!text.contains("hunter2") && !text.contains("bad key"))
    }
  }

  @Test func `no description or dump of an endpoint or a model shows the key`() async {
    let client = HTTPClient()
    let endpoint = OpenAIEndpoint(baseURL: "http://h/v1", apiKey: secretKey)
    let model = OpenAIChatModel(client: client, endpoint: endpoint, name: "m")
    let embedder = OpenAIEmbedder(client: client, endpoint: endpoint, model: "m", dimension: 3)
    var dumped = ""
    dump(endpoint, to: &dumped)
    dump(model, to: &dumped)
    dump(embedder, to: &dumped)
    let described = "\(endpoint) \(model) \(embedder)"
    let reflected = String(reflecting: endpoint) + String(reflecting: model) + String(reflecting: embedder)
    for text in [dumped, described, reflected] { #expect(!text.contains("hunter2"), "\(text)") }
    await client.close()
  }

  @Test(arguments: [("  \(secretKey)\r\n", "Bearer \(secretKey)"), (" \n", nil), ("", nil)] as [(String, String?)])
  func `white space around a key is dropped`(key: String, header: String?) async throws {
    try await withServer(answering: .chat("{}")) { server, client in
      let endpoint = OpenAIEndpoint(baseURL: server.url, apiKey: key)
      _ = try await OpenAIChatModel(client: client, endpoint: endpoint, name: "m").complete(Self.request)
      #expect(server.requests.first?.header("authorization") == header)
    }
  }

  @Test(arguments: ["not a URL", "ftp://h/v1", "/v1", "http://user:hunter2@h/v1"])
  func `a base URL that cannot be used is refused without a retry`(base: String) async throws {
    let client = HTTPClient()
    let model = OpenAIChatModel(client: client, endpoint: OpenAIEndpoint(baseURL: base), name: "m")
    let error = await failure { try await model.complete(Self.request) } as? ModelError
    #expect(error?.code == .refused && error?.isRetriable == false)
    #expect(error?.description.contains("hunter2") == false)
    await client.close()
  }

  @Test func `a key with a line break inside is refused and not shown`() async throws {
    let client = HTTPClient()
    let endpoint = OpenAIEndpoint(baseURL: "http://127.0.0.1:1", apiKey: "hunter2\r\nX-Evil: 1")
    let model = OpenAIChatModel(client: client, endpoint: endpoint, name: "m")
    let error = await failure { try await model.complete(Self.request) } as? ModelError
    #expect(error?.code == .refused && error?.description.contains("hunter2") == false)
    await client.close()
  }

  @Test func `an endpoint that does not run is unreachable`() async throws {
    let client = HTTPClient()
    let model = OpenAIChatModel(client: client, endpoint: OpenAIEndpoint(baseURL: "http://127.0.0.1:1"), name: "m")
    let error = await failure { try await model.complete(Self.request) } as? ModelError
    #expect(error?.code == .unreachable && error?.isRetriable == true)
    await client.close()
  }

  @Test func `an endpoint that hangs is given up at the time limit`() async throws {
    try await withServer(answering: .hang) { server, client in
      let endpoint = OpenAIEndpoint(server, timeout: .milliseconds(50))
      let model = OpenAIChatModel(client: client, endpoint: endpoint, name: "m")
      let error = await failure { try await model.complete(Self.request) } as? ModelError
      #expect(error?.code == .timeout)
    }
  }

  @Test func `cancelling and closing end a call as cancelled, not as the model's failure`() async throws {
    try await withServer(answering: .hang) { server, client in
      let task = Task { await failure { try await self.model(server, client).complete(Self.request) } }
      try await server.requests(atLeast: 1)
      task.cancel()
      #expect(await task.value is CancellationError)
      let other = Task { await failure { try await self.model(server, client).complete(Self.request) } }
      try await server.requests(atLeast: 2)
      await client.close()
      #expect(await other.value is CancellationError)
    }
  }
}
