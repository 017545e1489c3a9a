public import CurlHTTP
public import LanguageModel

/// A reranker behind `POST …/rerank`, as Cohere, Jina, vLLM, llama.cpp and text-embeddings-inference serve it.
public struct RerankAPIReranker: Reranker {
  /// The model's name; `default` where the endpoint is not told any.
  public let name: String

  private let model: String?
  private let transport: OpenAITransport

  /// A model called `name` at `endpoint`; without a name, the one that text-embeddings-inference serves, whose requests
  /// call documents `texts`. The client belongs to the caller, who closes it.
  public init(client: HTTPClient, endpoint: OpenAIEndpoint, name: String?) {
    self.name = name ?? "default"
    self.model = name
    self.transport = OpenAITransport(client: client, endpoint: endpoint)
  }

  /// As `Reranker` has it. No document needs no request; an empty one is sent as one space.
  /// - Throws: `ModelError`; `CancellationError` where the task was cancelled or the client closed.
  public func rerank(_ documents: [String], by query: String) async throws -> [Double?] {
    guard !documents.isEmpty else { return [] }
    let path = "/rerank"
    let texts = documents.map { $0.isEmpty ? " " : $0 }
    let body: WireRequest =
      if let model {
        WireRequest(model: model, query: query, documents: texts, texts: nil, count: documents.count)
      } else {
        WireRequest(model: nil, query: query, documents: nil, texts: texts, count: nil)
      }
    let answer = try await transport.post(path, body)
    return try transport.decode(RelevanceList.self, from: answer, path: path).relevances(count: documents.count)
  }

  private struct WireRequest: Encodable {
    let model: String?
    let query: String
    let documents: [String]?
    let texts: [String]?
    let count: Int?

    enum CodingKeys: String, CodingKey {
      case model
      case query
      case documents
      case texts
      case count = "top_n"
    }
  }
}
