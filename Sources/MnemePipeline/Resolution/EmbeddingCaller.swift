import LanguageModel
import MnemeCore

/// Asks an embedder, again where it fails, within bounds; and tells apart the text that it cannot digest.
struct EmbeddingCaller: Sendable {
  let embedder: any Embedder
  let retry: RetryPolicy
  let environment: PipelineEnvironment

  struct Failure: Error {
    let error: ModelError
    let attempts: Int
  }

  /// The vectors of each group of texts, or why there are none.
  /// - Throws: `CancellationError` only.
  func embed(_ groups: [[String]]) async throws -> [Result<[[Float]], Failure>] {
    let texts = Array(Set(groups.joined())).sorted()
    guard !texts.isEmpty else { return groups.map { _ in .success([]) } }
    switch try await attempt(texts) {
    case .success(let vectors):
      let byText = Dictionary(uniqueKeysWithValues: zip(texts, vectors))
      return groups.map { group in .success(group.map { byText[$0] ?? [] }) }
    case .failure(let failure):
      guard groups.count > 1, failure.error.code == .refused || failure.error.code == .malformedReply else {
        return groups.map { $0.isEmpty ? .success([]) : .failure(failure) }
      }
      // One of them may be what the endpoint refuses: each group gets a call of its own.
      var results: [Result<[[Float]], Failure>] = []
      for group in groups { results += try await embed([group]) }
      return results
    }
  }

  private func attempt(_ texts: [String]) async throws -> Result<[[Float]], Failure> {
    var attempt = 1
    while true {
      do {
        let vectors = try await embedder.embed(texts)
        guard vectors.count == texts.count, vectors.allSatisfy({ $0.count == embedder.space.dimension }) else {
          throw ModelError(.malformedReply, "the embedder gave other vectors than it was asked for")
        }
        return .success(vectors)
      } catch let error as ModelError {
        try Task.checkCancellation()
        let delay = retry.delay(afterAttempt: attempt, retryAfter: error.retryAfter, jitter: environment.jitter())
        guard error.isRetriable, let delay else { return .failure(Failure(error: error, attempts: attempt)) }
        try await environment.sleep(delay)
        attempt += 1
      }
    }
  }
}
