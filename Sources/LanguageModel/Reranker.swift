/// Tells how well texts answer a query, by reading them together with it.
public protocol Reranker: Sendable {
  /// The model's name.
  var name: String { get }

  /// The relevance of each of `documents`, in their order: any finite number, larger is better; most models give 0…1.
  /// nil for a document that the model left out. One call is one attempt: retrying is the caller's decision.
  /// - Throws: `ModelError`.
  func rerank(_ documents: [String], by query: String) async throws -> [Double?]
}
