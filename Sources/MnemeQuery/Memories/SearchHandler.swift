import LanguageModel
import Logging
import MnemeCore
import MnemeProjection

/// The body of a search, understood.
struct SearchForm: Sendable {
  /// How many hits a search returns at most, if it does not say.
  static let defaultLimit = 10
  /// Largest number of hits that may be asked for.
  static let maxLimit = 1000
  /// Score below which hits are left out, if the search does not say.
  static let defaultThreshold = 0.1

  let text: String
  let limit: Int
  let threshold: Double
  let explains: Bool
  let read: ReadForm

  /// Reads the body of `POST /v3/memories/search/`.
  /// - Throws: `RequestFailure`, `FilterError`.
  init(_ members: Members, tenant: String, now: Timestamp, bounds: QueryConfiguration) throws {
    guard let query = try members.string("query", maxLength: bounds.maxQueryLength) else {
      throw RequestFailure.invalid("query is required")
    }
    let start = query.drop(while: \.isWhitespace)
    guard let end = start.lastIndex(where: { !$0.isWhitespace }) else {
      throw RequestFailure.invalid("query is empty")
    }
    self.text = String(start[...end])
    self.limit = try members.integer("top_k", in: 1...Self.maxLimit) ?? Self.defaultLimit
    self.threshold = try members.number("threshold", in: 0...1) ?? Self.defaultThreshold
    self.explains = try members.bool("explain") ?? false
    // Both are what this search does anyway.
    _ = try members.bool("rerank")
    _ = try members.bool("keyword_search")
    self.read = try ReadForm(members, tenant: tenant, now: now)
  }
}

extension QueryAPI {
  /// `POST /v3/memories/search/`: the memories that fit a query best.
  func search(_ request: APIRequest) async throws -> APIResponse {
    let members = try request.members()
    let now = self.clock()
    let form = try SearchForm(members, tenant: request.tenant, now: now, bounds: self.configuration)
    try await self.awaitPosition(request, members)
    let voice = try await self.reader.voice(of: form.text, about: form.read.query)
    let realm = form.read.query.owner.map(EmbeddingCache.Realm.owner) ?? .tenant(request.tenant)
    let vectors = try await self.embed(voice.texts, in: realm)
    let hits = try await self.reader.search(
      SearchRequest(
        query: form.read.query, text: voice.neutral, vector: vectors?.first, voicedVector: vectors?.dropFirst().first,
        speakers: voice.speakers, limit: form.limit, minimumScore: form.threshold))
    var answer: [String: JSONValue] = ["results": .array(hits.map { Self.hit($0, form, now: now) })]
    if vectors == nil { answer["degraded"] = true }
    var response = APIResponse(.object(answer))
    if vectors == nil { response.headers.append(("X-Mneme-Degraded", "keywords-only")) }
    return response
  }

  /// The vectors of `texts`; nil where the embedder gives none in time, as a search by keywords beats no answer.
  private func embed(_ texts: [String], in realm: EmbeddingCache.Realm) async throws -> [[Float]]? {
    let embedder = self.embedder
    var known = self.queryVectors.vectors(of: texts, in: realm, by: embedder)
    let missing = texts.filter { known[$0] == nil }
    self.metrics.count(.embeddingCacheHits, by: texts.count - missing.count)
    guard !missing.isEmpty else { return texts.compactMap { known[$0] } }
    self.metrics.count(.embeddingCacheMisses, by: missing.count)
    let start = ContinuousClock.now
    do {
      let vectors = try await withDeadline(
        self.configuration.embeddingTimeout, failure: RequestFailure(.timeout, "the embedder did not answer in time")
      ) { try await embedder.embed(missing) }
      self.metrics.observe(.embeddingDuration, start.duration(to: .now))
      guard vectors.count == missing.count, vectors.allSatisfy({ $0.count == embedder.space.dimension }) else {
        throw ModelError(.malformedReply, "the embedder returned no vector of its own dimension for each text")
      }
      for (text, vector) in zip(missing, vectors) {
        self.queryVectors.keep(vector, of: text, in: realm, by: embedder)
        known[text] = vector
      }
      return texts.compactMap { known[$0] }
    } catch {
      try Task.checkCancellation()
      self.metrics.count(.degradedSearches)
      self.logger.warning(
        "a search goes on without the query's embedding", metadata: ["error": "\(Self.loggable(error))"])
      return nil
    }
  }

  private static func hit(_ hit: SearchHit, _ form: SearchForm, now: Timestamp) -> JSONValue {
    var object = MemoryObject.object(hit.view, now: now)
    object["score"] = .double(hit.score)
    object["score_breakdown"] = [
      "semantic": .double(hit.semantic), "bm25": .double(hit.keyword),
      "entity": .double(hit.signals.isAskedSpeaker ? 1 : 0),
    ]
    guard form.explains else { return form.read.project(object) }
    object["explain"] = [
      "cosine": hit.signals.cosine.map(JSONValue.double) ?? .null,
      "context_cosine": hit.signals.contextCosine.map(JSONValue.double) ?? .null,
      "bm25": hit.signals.bm25.map(JSONValue.double) ?? .null, "keywords": .double(hit.signals.keywords),
      "speaker": .bool(hit.signals.isAskedSpeaker), "semantic_weight": .double(Ranking.semanticWeight),
      "context_weight": .double(Ranking.contextWeight), "keyword_weight": .double(Ranking.keywordWeight),
      "speaker_weight": .double(Ranking.speakerWeight),
      "threshold": .double(form.threshold),
    ]
    return form.read.project(object)
  }
}
