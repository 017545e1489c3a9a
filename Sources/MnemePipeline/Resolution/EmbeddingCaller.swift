import LanguageModel
import MnemeCore

/// Asks an embedder, again where it fails, within bounds; and tells apart the text that it cannot digest.
struct EmbeddingCaller: Sendable {
  let embedder: any Embedder
  let retry: RetryPolicy
  let environment: PipelineEnvironment
  private let cache = EmbeddingCache()

  init(embedder: any Embedder, retry: RetryPolicy, environment: PipelineEnvironment) {
    self.embedder = embedder
    self.retry = retry
    self.environment = environment
  }

  /// Texts of one input.
  struct Group {
    /// Whose they are.
    let owner: OwnerKey
    let texts: [String]
  }

  struct Failure: Error {
    let error: ModelError
    let attempts: Int
  }

  /// The vectors of each group of texts, or why there are none. What was embedded for an owner not long ago is not
  /// embedded again.
  /// - Throws: `CancellationError` only.
  func embed(_ groups: [Group]) async throws -> [Result<[[Float]], Failure>] {
    let known = groups.map { cache.vectors(of: $0.texts, in: .owner($0.owner), by: embedder) }
    let missing = zip(groups, known).map { group, known in group.texts.filter { known[$0] == nil } }
    let texts = Array(Set(missing.joined())).sorted()
    let answer = texts.isEmpty ? .success([]) : try await attempt(texts)
    switch answer {
    case .success(let vectors):
      let byText = Dictionary(uniqueKeysWithValues: zip(texts, vectors))
      for (group, missing) in zip(groups, missing) {
        for text in missing {
          if let vector = byText[text] { cache.keep(vector, of: text, in: .owner(group.owner), by: embedder) }
        }
      }
      return zip(groups, known).map { group, known in .success(group.texts.map { known[$0] ?? byText[$0] ?? [] }) }
    case .failure(let failure):
      let failing = missing.filter { !$0.isEmpty }.count
      guard failing > 1, failure.error.code == .refused || failure.error.code == .malformedReply else {
        return zip(groups, zip(known, missing)).map { group, found in
          found.1.isEmpty ? .success(group.texts.map { found.0[$0] ?? [] }) : .failure(failure)
        }
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
