import LanguageModel
import Logging
import MnemeCore
import MnemeProjection
import Synchronization

/// A hit, and what the reranker made of it.
struct RankedHit: Sendable {
  /// As the search found it.
  var hit: SearchHit
  /// What the answer calls its score, 0…1: where it was reranked, the reranker's relevance, cut off at 0 and 1.
  var score: Double
  /// The reranker's relevance as it came; nil where it was not reranked.
  var relevance: Double?
  /// How much of it a hit before it says, 0…1: by that share its score is less.
  var repetition = 0.0
}

/// How searches are reranked.
enum Reranking {
  /// Hits that the reranker is shown: the first ones.
  static let maxDocumentCount = 50
  /// Bytes of a hit's text that it is shown.
  static let maxDocumentByteCount = 4096
  /// Longest time for which a reranker that asks to be left alone is not asked.
  static let maxPause: Duration = .seconds(60)

  /// What the reranker is shown of `text`: up to a whole character.
  static func document(_ text: String) -> String {
    guard text.utf8.count > maxDocumentByteCount else { return text }
    var end = text.utf8.index(text.utf8.startIndex, offsetBy: maxDocumentByteCount)
    while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
    return String(text[..<end])
  }

  /// The hits by their relevance, larger first; of equal ones the one that the search put first.
  ///
  /// Hits without a relevance stand behind the others in their own order, with their own score, but with none above the
  /// last one that was reranked.
  static func order(_ hits: [SearchHit], _ relevances: [Double?]) -> [RankedHit] {
    let all = hits.enumerated().map { index, hit in
      RankedHit(
        hit: hit, score: hit.score, relevance: index < relevances.count ? relevances[index] : nil)
    }
    let reranked = all.enumerated().compactMap { index, ranked in
      ranked.relevance.map { (index: index, relevance: $0, ranked: ranked) }
    }.sorted { ($1.relevance, $0.index) < ($0.relevance, $1.index) }.map { item in
      RankedHit(hit: item.ranked.hit, score: min(max(item.relevance, 0), 1), relevance: item.relevance)
    }
    let ceiling = reranked.last?.score ?? 1
    return reranked
      + all.filter { $0.relevance == nil }.map { RankedHit(hit: $0.hit, score: min($0.score, ceiling), relevance: nil) }
  }
}

/// Remembers until when a reranker asked to be left alone.
final class RerankPause: Sendable {
  private let until = Mutex<ContinuousClock.Instant?>(nil)

  /// Whether it may be asked now.
  func isOver(now: ContinuousClock.Instant = .now) -> Bool { self.until.withLock { $0.map { $0 <= now } ?? true } }

  /// Begins, or goes on, for `duration`, at most `Reranking.maxPause`.
  func begin(_ duration: Duration, now: ContinuousClock.Instant = .now) {
    let end = now.advanced(by: min(duration, Reranking.maxPause))
    self.until.withLock { $0 = max($0 ?? end, end) }
  }
}

extension QueryAPI {
  /// The hits in the reranker's order; nil where it gives none in time, as the search's own order beats no answer.
  func rerank(_ hits: [SearchHit], by query: String, _ reranker: any Reranker) async throws -> [RankedHit]? {
    guard !hits.isEmpty else { return [] }
    do {
      guard self.rerankPause.isOver() else {
        throw ModelError(.rateLimited, "the reranker asked to be left alone a while ago and was not asked")
      }
      let documents = hits.prefix(Reranking.maxDocumentCount).map { Reranking.document($0.view.memory.text) }
      let start = ContinuousClock.now
      let relevances = try await withDeadline(
        self.configuration.rerankTimeout, failure: RequestFailure(.timeout, "the reranker did not answer in time")
      ) { try await reranker.rerank(documents, by: query) }
      guard relevances.count == documents.count, relevances.allSatisfy({ $0?.isFinite ?? true }) else {
        throw ModelError(.malformedReply, "the reranker did not answer each document with a finite number or nothing")
      }
      self.metrics.observe(.rerankDuration, start.duration(to: .now))
      return Reranking.order(hits, relevances)
    } catch {
      try Task.checkCancellation()
      if let pause = (error as? ModelError)?.retryAfter { self.rerankPause.begin(pause) }
      self.metrics.count(.rerankFailures)
      self.logger.warning("a search keeps its own order", metadata: ["error": "\(Self.loggable(error))"])
      return nil
    }
  }
}
