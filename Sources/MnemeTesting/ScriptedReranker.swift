public import LanguageModel
import Synchronization

/// A reranker that answers as it is told, and remembers what it was asked.
public final class ScriptedReranker: Reranker {
  /// Decides the answer to one call.
  public typealias Handler = @Sendable (_ documents: [String], _ query: String) async throws -> [Double?]

  /// One call.
  public struct Call: Hashable, Sendable {
    /// The documents, in their order.
    public var documents: [String]
    /// The query.
    public var query: String
  }

  /// Always `scripted`.
  public let name = "scripted"
  private let handler: Handler
  private let state = Mutex<[Call]>([])

  /// A reranker that asks `handler` for every answer.
  public init(_ handler: @escaping Handler) { self.handler = handler }

  /// Every call so far, in order.
  public var calls: [Call] { self.state.withLock { $0 } }

  /// Answers as told.
  public func rerank(_ documents: [String], by query: String) async throws -> [Double?] {
    self.state.withLock { $0.append(Call(documents: documents, query: query)) }
    return try await self.handler(documents, query)
  }
}
