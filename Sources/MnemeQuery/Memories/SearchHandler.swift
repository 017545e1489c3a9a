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
  let reranks: Bool
  let read: ReadForm

  /// Reads the body of `POST /v3/memories/search/`, or of a request that begins with a search for at most `maxLimit`.
  /// - Throws: `RequestFailure`, `FilterError`.
  init(
    _ members: Members, tenant: String, now: Timestamp, bounds: QueryConfiguration,
    defaultLimit: Int = Self.defaultLimit, maxLimit: Int = Self.maxLimit
  ) throws {
    guard let query = try members.string("query", maxLength: bounds.maxQueryLength) else {
      throw RequestFailure.invalid("query is required")
    }
    let start = query.drop(while: \.isWhitespace)
    guard let end = start.lastIndex(where: { !$0.isWhitespace }) else {
      throw RequestFailure.invalid("query is empty")
    }
    self.text = String(start[...end])
    // Older clients and mem0's MCP server call it `limit`.
    let limit = try members.integer("top_k", in: 1...maxLimit) ?? members.integer("limit", in: 1...maxLimit)
    self.limit = limit ?? defaultLimit
    self.threshold = try members.number("threshold", in: 0...1) ?? Self.defaultThreshold
    self.explains = try members.bool("explain") ?? false
    self.reranks = try members.bool("rerank") ?? false
    // It is what this search does anyway.
    _ = try members.bool("keyword_search")
    self.read = try ReadForm(members, tenant: tenant, now: now)
  }
}

extension QueryAPI {
  /// `POST /v3/memories/search/`: the memories that fit a query best.
  func search(_ request: APIRequest) async throws -> APIResponse {
    let (form, found, results) = try await self.results(of: request, try request.members())
    var answer: JSONMembers = ["results": .array(results)]
    if form.explains { answer.add("time", .value(found.time?.object ?? .null)) }
    return found.answer(answer)
  }

  /// What the search that `members` describe finds.
  func results(
    of request: APIRequest, _ members: Members
  ) async throws -> (form: SearchForm, found: Findings, results: [JSONOutput]) {
    let now = self.clock()
    let form = try SearchForm(members, tenant: request.tenant, now: now, bounds: self.configuration)
    try await self.awaitPosition(request, members)
    let found = try await self.find(form, tenant: request.tenant, count: Repeats.count(for: form.limit))
      .withoutRepeats(limit: form.limit, self.phrasings)
    let shownAt = form.read.query.asOf ?? now
    return (form, found, found.hits.map { Self.hit($0, form, now: shownAt) })
  }

  /// What a search finds, best first, and what it went without.
  struct Findings: Sendable {
    var hits: [RankedHit]
    /// The time that the question asks about.
    var time: AskedTime?
    /// What failed, in words that scripts may rely on.
    var degradations: [String] = []

    /// The first `limit` hits by what each adds to those before it.
    func withoutRepeats(limit: Int, _ phrasings: Phrasings) -> Findings {
      var found = self
      let items = hits.map { ranked in
        Repeats.Item(
          score: ranked.score, text: ranked.hit.view.memory.text, subject: ranked.hit.view.memory.subject)
      }
      found.hits = Repeats.order(items, limit: limit, phrasing: phrasings.phrasing).map { placed in
        var ranked = hits[placed.index]
        (ranked.score, ranked.repetition) = (placed.score, placed.similarity)
        return ranked
      }
      return found
    }

    /// An answer that tells what failed.
    func answer(_ members: JSONMembers) -> APIResponse {
      var members = members
      if !self.degradations.isEmpty { members.add("degraded", .bool(true)) }
      return self.told(APIResponse(.object(members)))
    }

    /// A bare list, whose headers alone tell what failed.
    func answer(list results: [JSONOutput]) -> APIResponse { self.told(APIResponse(.array(results))) }

    private func told(_ response: APIResponse) -> APIResponse {
      guard !self.degradations.isEmpty else { return response }
      var response = response
      response.headers.append(ResponseHeader("X-Mneme-Degraded", self.degradations.joined(separator: ", ")))
      return response
    }
  }

  /// The best `count` hits, reranked where that is asked for and there is a reranker.
  func find(_ form: SearchForm, tenant: String, count: Int) async throws -> Findings {
    let reranker = form.reranks ? self.reranker : nil
    let lookup = try await TimeLookup(
      form.text, reference: form.read.reference, about: form.read.query, reader: self.reader)
    let realm = form.read.query.owner.map(EmbeddingCache.Realm.owner) ?? .tenant(tenant)
    let question = SearchRequest(
      query: form.read.query, text: form.text, vector: nil, reference: form.read.reference,
      limit: reranker == nil ? count : max(count, Reranking.maxDocumentCount), minimumScore: form.threshold)
    let (hits, time, isEmbedded) = try await self.ask(question, lookup, in: realm)
    var found = Findings(hits: hits.map { RankedHit(hit: $0, score: $0.score) }, time: time)
    if !isEmbedded { found.degradations.append("keywords-only") }
    if let reranker {
      if let ranked = try await self.rerank(hits, by: form.text, reranker) {
        found.hits = ranked
      } else {
        found.degradations.append("not-reranked")
      }
      found.hits = Array(found.hits.prefix(count))
    }
    return found
  }

  /// What the memories answer, the time that they are asked about, and whether they were compared by their meaning.
  private func ask(
    _ question: SearchRequest, _ lookup: TimeLookup, in realm: EmbeddingCache.Realm
  ) async throws -> (hits: [SearchHit], time: AskedTime?, isEmbedded: Bool) {
    var request = question
    guard lookup.texts.isEmpty else {
      let voice = try await self.reader.voice(of: question.text, about: question.query)
      let vectors = try await self.embed(voice.texts + lookup.texts, in: realm)
      let count = voice.texts.count
      let time = try await lookup.asked(vectors.map { Array($0.dropFirst(count)) }, reader: self.reader)
      request.time = time?.interval
      let voiced = request.voiced(voice, vectors.map { Array($0.prefix(count)) })
      return (try await self.reader.search(voiced), time, vectors != nil)
    }
    let time = try await lookup.asked([], reader: self.reader)
    request.time = time?.interval
    switch try await self.reader.answer(request, vectors: { self.knownVectors(of: $0.texts, in: realm) }) {
    case .hits(let hits): return (hits, time, true)
    case .unembedded(let voice):
      let vectors = try await self.embed(voice.texts, in: realm)
      return (try await self.reader.search(request.voiced(voice, vectors)), time, vectors != nil)
    }
  }

  /// The vectors of `texts`, where all of them were embedded a while ago.
  private func knownVectors(of texts: [String], in realm: EmbeddingCache.Realm) -> [[Float]]? {
    let known = self.queryVectors.vectors(of: texts, in: realm, by: self.embedder)
    let vectors = texts.compactMap { known[$0] }
    guard vectors.count == texts.count else { return nil }
    self.metrics.count(.embeddingCacheHits, by: texts.count)
    return vectors
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

  private static func hit(_ ranked: RankedHit, _ form: SearchForm, now: Timestamp) -> JSONOutput {
    let hit = ranked.hit
    var object = MemoryObject.object(hit.view, now: now)
    object.add("score", .double(ranked.score))
    object.add(
      "score_breakdown",
      .object([
        "semantic": .double(hit.semantic), "bm25": .double(hit.keyword),
        "entity": .double(hit.signals.isAskedPerson ? 1 : 0),
      ]))
    guard form.explains else { return form.read.project(object) }
    var explain: [String: JSONValue] = [
      "cosine": hit.signals.cosine.map(JSONValue.double) ?? .null,
      "context_cosine": hit.signals.contextCosine.map(JSONValue.double) ?? .null,
      "bm25": hit.signals.bm25.map(JSONValue.double) ?? .null, "keywords": .double(hit.signals.keywords),
      "person": .bool(hit.signals.isAskedPerson), "of_asked_time": .bool(hit.signals.isOfAskedTime),
      "freshness": .double(hit.signals.freshness), "over": .bool(hit.signals.isOver),
      "semantic_weight": .double(Ranking.semanticWeight),
      "context_weight": .double(Ranking.contextWeight), "keyword_weight": .double(Ranking.keywordWeight),
      "person_weight": .double(Ranking.personWeight), "age_share": .double(Ranking.ageShare),
      "over_share": .double(Ranking.overShare), "threshold": .double(form.threshold),
      "repetition": .double(ranked.repetition),
    ]
    if let relevance = ranked.relevance {
      explain["rerank"] = .double(relevance)
      explain["search_score"] = .double(hit.score)
    }
    object.add("explain", .value(.object(explain)))
    return form.read.project(object)
  }
}
