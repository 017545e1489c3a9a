import LanguageModel
import MnemeCore

/// Asks an extractor, again where it fails, within bounds; and tells apart the turn that it cannot digest.
struct ExtractionCaller: Sendable {
  enum Result: Sendable {
    case extracted(Extraction)
    case failed(ParkingReason)
  }

  let extractor: any Extractor
  let retry: RetryPolicy
  let limit: ConcurrencyLimit
  let environment: PipelineEnvironment

  var maxTurnsPerCall: Int { extractor.maxTurnsPerCall }
  var recipe: ExtractionRecipe { extractor.recipe }

  /// One result for each turn, in order.
  /// - Throws: `CancellationError` only.
  func extract(_ turns: [Turn]) async throws -> [Result] {
    switch try await attempt(turns) {
    case .success(let extractions): return extractions.map(Result.extracted)
    case .failure(let failure):
      guard turns.count > 1, failure.blamesInput else {
        return turns.map { _ in .failed(failure.reason) }
      }
      // One of them may be what the model cannot digest: each gets a call of its own.
      var results: [Result] = []
      for turn in turns { results += try await extract([turn]) }
      return results
    }
  }

  private struct Failure: Error {
    let error: ModelError
    let attempts: Int

    /// Whether another input might have fared better.
    var blamesInput: Bool {
      switch error.code {
      case .invalidOutput, .truncatedOutput, .malformedReply, .refused, .timeout: true
      case .unreachable, .rateLimited, .serverError, .unauthorized, .unavailable: false
      }
    }

    var reason: ParkingReason {
      ParkingReason(stage: "extract", code: error.code.rawValue, detail: error.description, attempts: attempts)
    }
  }

  private func attempt(_ turns: [Turn]) async throws -> Swift.Result<[Extraction], Failure> {
    var attempt = 1
    while true {
      do {
        let extractions = try await limit.run(for: turns.first?.owner.tenant ?? "") {
          try await extractor.extract(turns)
        }
        guard extractions.count == turns.count else {
          throw ModelError(.malformedReply, "the extractor gave \(extractions.count) results for \(turns.count) turns")
        }
        return .success(extractions)
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
