import FoundationEssentials
import GRDB
import MnemeCore

/// A search among one owner's memories as they were. Each of them is ranked by all signals, with the statistics of
/// words that held then.
struct PastSearch {
  private let request: SearchRequest
  private let entries: [PastMemories.Entry]
  private let words: KeywordQuery
  private let statistics: KeywordStatistics
  /// Of each entry, how often each of the words occurs in it, and how many words it has.
  private let occurrences: [[Int32]]
  private let tokenCounts: [Int32]
  /// Of each entry, whether its text has lost each of the words from what it came from.
  private let isLost: [[Bool]]
  private let utterances: [Utterance]
  private let cosines: [Double?]
  /// Whether each entry may be context: it has not expired.
  private let isGiving: [Bool]
  private let standings: [Standing]
  /// Whether each entry is of the time that is asked about.
  private let isTimely: [Bool]

  /// A search of `entries`, which are all of an owner's, in order of their numbers.
  init(_ request: SearchRequest, _ entries: [PastMemories.Entry], _ database: Database, dimension: Int) throws {
    self.request = request
    self.entries = entries
    let words = try KeywordQuery(request, database)
    self.words = words
    let tokenizer = try WordTokenizer(database)
    var statistics = KeywordStatistics(words)
    var tokenCounts: [Int32] = []
    self.occurrences = try entries.map { entry in
      var counts = [Int32](repeating: 0, count: words.keys.count)
      let all = try tokenizer.keys(of: entry.view.memory.text)
      all.forEachKey { key, occurrences in
        if let word = words.word(of: key) { counts[word] += Int32(occurrences) }
      }
      tokenCounts.append(Int32(all.count))
      for (place, count) in counts.enumerated() where count > 0 { statistics.frequencies[place] += 1 }
      return counts
    }
    self.isLost = zip(entries, occurrences).map { entry, counts in
      var isLost = [Bool](repeating: false, count: counts.count)
      for key in entry.sourceWords.keys {
        if let word = words.word(of: key) { isLost[word] = counts[word] == 0 }
      }
      return isLost
    }
    let standings = entries.map { Standing($0.view.memory, reinforcementCount: $0.view.reinforcementCount) }
    self.standings = standings
    self.isTimely = standings.map { words.time?.has($0) ?? false }
    statistics.timelyCount = isTimely.count { $0 }
    statistics.memoryCount = entries.count
    statistics.tokenCount = tokenCounts.reduce(0) { $0 + Int($1) }
    self.statistics = statistics
    self.tokenCounts = tokenCounts
    self.utterances = Self.utterances(entries)
    self.cosines = try Self.cosines(request, entries, database, dimension: dimension)
    self.isGiving = entries.map { entry in
      request.query.notExpiredAt.map { now in entry.view.memory.expiresAt.map { $0 > now } ?? true } ?? true
    }
  }

  /// The hits, best first.
  func run() -> [SearchHit] {
    let contexts = entries.indices.map { index in
      var context: [Int] = []
      Utterance.forEachContext(of: index, in: entries.indices) {
        utterances[$0]
      } body: {
        if isGiving[$0] { context.append($0) }
      }
      return context
    }
    let (explained, own) = keywords(contexts)
    let total = statistics.totalWeight
    var found: [UUID: Signals] = [:]
    var places: [UUID: Int] = [:]
    for (index, entry) in entries.enumerated() where request.query.asksForPast(entry.view) {
      let memory = entry.view.memory
      let isAsked = QueryVoice.asks(
        request.speakers, for: memory.actor, subject: memory.subject,
        role: utterances[index].isAssistant ? "assistant" : "user")
      let signals = Signals(
        cosine: cosines[index], contextCosine: contexts[index].compactMap { cosines[$0] }.map { max($0, 0) }.max(),
        bm25: own[index] > 0 ? own[index] : nil, keywords: total > 0 ? min(1, explained[index] / total) : 0,
        isAskedPerson: isAsked, isNamed: request.isNaming && isAsked, isOfAskedTime: isTimely[index],
        freshness: request.reference.map { standings[index].freshness(at: $0.milliseconds) } ?? 1,
        isOver: (memory.validTo != nil || memory.supersededBy != nil)
          && !request.asksForPast(isOfAskedTime: isTimely[index]))
      guard signals.isHit else { continue }
      found[memory.id] = signals
      places[memory.id] = index
    }
    return Ranking.fuse(found, comparesMeaning: request.vector != nil)
      .prefix { $0.score >= request.minimumScore }.prefix(request.limit)
      .compactMap { ranked in
        guard let index = places[ranked.id], let signals = found[ranked.id] else { return nil }
        return SearchHit(
          view: entries[index].view, score: ranked.score, semantic: ranked.semantic, keyword: ranked.keyword,
          signals: signals)
      }
  }

  // MARK: Signals

  /// The weight of the query's words that each entry explains, and BM25 of its own words.
  private func keywords(_ contexts: [[Int]]) -> (explained: [Double], own: [Double]) {
    var explained = [Double](repeating: 0, count: entries.count)
    var own = explained
    let saturation = statistics.saturation
    for word in words.keys.indices {
      let weight = statistics.weight(word)
      func score(_ count: Int32, _ index: Int) -> Double {
        count > 0 ? weight * saturation(count, tokenCount: tokenCounts[index]) : 0
      }
      let scores = entries.indices.map { index in
        score(occurrences[index][word] + (isSaid(index, on: words.dates[word]) ? 1 : 0), index)
      }
      for index in entries.indices {
        own[index] += score(occurrences[index][word], index)
        var around = contexts[index].map { scores[$0] * KeywordQuery.contextShare }.max() ?? 0
        if isLost[index][word] {
          around = max(around, weight * SourceWords.share(length: entries[index].sourceWords.length))
        }
        explained[index] += max(scores[index], around)
      }
    }
    for index in entries.indices where isTimely[index] { explained[index] += statistics.timeWeight }
    return (explained, own)
  }

  private func isSaid(_ index: Int, on date: DateWord?) -> Bool {
    guard let date, utterances[index].session != Utterance.nowhere else { return false }
    return date.names(utterances[index].at)
  }

  /// Where each entry was said: its first source.
  private static func utterances(_ entries: [PastMemories.Entry]) -> [Utterance] {
    struct Message: Hashable {
      let event: String
      let index: Int
    }
    var sessions: [String: Int32] = [:]
    var messages: [Message: UInt64] = [:]
    return entries.map { entry in
      let memory = entry.view.memory
      guard let source = memory.sources.first else {
        return Utterance(session: Utterance.nowhere, place: 0, at: 0, isAssistant: false)
      }
      var session = Utterance.noSession
      if let run = source.runID ?? memory.scope.runID {
        session = sessions[run] ?? Int32(sessions.count)
        sessions[run] = session
      }
      let message = Message(event: source.eventID, index: source.messageIndex)
      let place = messages[message] ?? UInt64(messages.count)
      messages[message] = place
      return Utterance(
        session: session, place: place, at: source.time.at.milliseconds, isAssistant: source.role == "assistant")
    }
  }

  /// The cosine of each entry with the query; nil where one of them has no vector. That of words which a memory no
  /// longer has stands among the earlier ones; a memory that is gone has none.
  private static func cosines(
    _ request: SearchRequest, _ entries: [PastMemories.Entry], _ database: Database, dimension: Int
  ) throws -> [Double?] {
    guard let plain = request.vector else { return entries.map { _ in nil } }
    let statement = try database.cachedStatement(
      sql: """
        SELECT v.vector FROM memories m JOIN vectors v ON v.memory = m.memory WHERE m.memory = ?1 AND m.text_hash = ?2
        UNION ALL SELECT vector FROM other_vectors WHERE memory = ?1 AND text_hash = ?2 LIMIT 1
        """)
    return try entries.map { entry in
      let memory = entry.view.memory
      let digest = TextDigest(of: memory.text).data
      guard let data = try Data.fetchOne(statement, arguments: [entry.number, digest]) else { return nil }
      guard let vector = VectorCoding.decode(data), vector.count == dimension else { throw MemoryRow.damaged }
      let query = memory.recipe == Memory.verbatimRecipe ? request.voicedVector ?? plain : plain
      return Double(VectorMath.dot(query, of: vector))
    }
  }
}
