import GRDB
import MnemeCore

/// Some memories of a shard with those that were said just before and after them, read by number.
struct Surroundings {
  private struct Member {
    let number: Int64
    let isVerbatim: Bool
    let expiresAt: Int64
    let actor: String
    let subject: String
    let isCurrent: Bool
    let standing: Standing
    let occurrences: WordOccurrences
    let utterance: Utterance
  }

  private let plan: SearchPlan
  private let words: KeywordQuery
  private var members: [Int64: Member] = [:]
  /// Of each of the memories, those around it.
  private var contexts: [Int64: [Int64]] = [:]

  private static let columns = """
    m.memory, m.recipe = '\(Memory.verbatimRecipe)', m.expires_at, m.actor, m.words, m.subject, \
    m.valid_to IS NULL AND m.superseded_by IS NULL, m.source_words, \(Standing.columns), \(Utterance.columns)
    """

  /// Reads some memories and what is known to stand around each of them.
  init(_ database: Database, plan: SearchPlan, words: KeywordQuery, of contexts: [Int64: [Int64]]) throws {
    self.plan = plan
    self.words = words
    var sessions = Sessions()
    for (number, around) in contexts {
      for other in [number] + around where members[other] == nil {
        members[other] = try fetch(database, "m.memory = ?", [other], &sessions).first
      }
      self.contexts[number] = around.filter { members[$0] != nil }
    }
  }

  /// Reads some memories, and finds what stands around them.
  init(_ database: Database, plan: SearchPlan, words: KeywordQuery, around numbers: [Int64]) throws {
    self.plan = plan
    self.words = words
    var sessions = Sessions()
    let now = plan.request.query.notExpiredAt?.milliseconds ?? .min
    for number in numbers {
      let range = Schema.memories(of: Schema.owner(of: number))
      let before = try fetch(
        database, "m.memory BETWEEN ? AND ? ORDER BY m.memory DESC LIMIT ?",
        [range.lowerBound, number - 1, Utterance.maxDistance], &sessions)
      let rest = try fetch(
        database, "m.memory BETWEEN ? AND ? ORDER BY m.memory LIMIT ?",
        [number, range.upperBound, Utterance.maxDistance + 1], &sessions)
      let near = before.reversed() + rest
      var around: [Member] = []
      Utterance.forEachContext(of: before.count, in: near.indices) {
        near[$0].utterance
      } body: { place in
        if near[place].expiresAt > now { around.append(near[place]) }
      }
      contexts[number] = around.map(\.number)
      for member in around + rest.prefix(1) { members[member.number] = member }
    }
  }

  /// Numbers of sessions.
  private struct Sessions {
    private var numbers: [String: Int32] = [:]

    mutating func number(_ name: String) -> Int32 {
      if let number = numbers[name] { return number }
      numbers[name] = Int32(numbers.count)
      return Int32(numbers.count - 1)
    }
  }

  private func fetch(
    _ database: Database, _ condition: String, _ arguments: StatementArguments, _ sessions: inout Sessions
  ) throws -> [Member] {
    let statement = try database.cachedStatement(
      sql: "SELECT \(Self.columns) FROM \(Utterance.tables) WHERE \(condition)")
    let rows = try Row.fetchCursor(statement, arguments: arguments)
    var members: [Member] = []
    while let row = try rows.next() {
      members.append(
        Member(
          number: row[0], isVerbatim: row[1], expiresAt: (row[2] as Int64?) ?? .max,
          actor: StoredText.decode(row[3]), subject: StoredText.decode(row[5]), isCurrent: row[6],
          standing: Standing(row, at: 8), occurrences: try WordOccurrences(row, at: 4, source: 7, words),
          utterance: Utterance(row, at: 8 + Standing.columnCount) { sessions.number($0) }))
    }
    return members
  }

  /// All signals of `candidates`.
  func findings(
    _ candidates: [Candidate], _ database: Database, _ statistics: KeywordStatistics
  ) throws -> Findings {
    let explained = explained(statistics)
    let total = statistics.totalWeight
    var found = Findings()
    let request = plan.request
    for candidate in candidates {
      let number = candidate.number
      guard let member = members[number] else { continue }
      let score = score(number, statistics)
      let isAsked = QueryVoice.asks(
        request.speakers, for: member.actor, subject: member.subject,
        role: member.utterance.isAssistant ? "assistant" : "user")
      let isTimely = words.time?.has(member.standing) ?? false
      found.add(
        Findings.Key(id: candidate.id, number: number),
        Signals(
          cosine: try cosine(database, number), contextCosine: try contextCosine(database, number),
          bm25: score > 0 ? score : nil, keywords: total > 0 ? min(1, (explained[number] ?? 0) / total) : 0,
          isAskedPerson: isAsked, isNamed: request.isNaming && isAsked, isOfAskedTime: isTimely,
          freshness: request.reference.map { member.standing.freshness(at: $0.milliseconds) } ?? 1,
          isOver: !member.isCurrent && !request.asksForPast(isOfAskedTime: isTimely)))
    }
    return found
  }

  /// The cosine of memory `number`; nil where it or the query has no vector.
  func cosine(_ database: Database, _ number: Int64) throws -> Double? {
    guard let plain = plan.request.vector else { return nil }
    let query = members[number]?.isVerbatim == true ? plan.request.voicedVector ?? plain : plain
    let statement = try database.cachedStatement(sql: "SELECT vector FROM vectors WHERE memory = ?")
    guard let row = try Row.fetchOne(statement, arguments: [number]),
      let vector = try OwnerIndex.vector(row, at: 0, dimension: plan.dimension)
    else { return nil }
    return Double(VectorMath.dot(query, of: vector))
  }

  /// The best cosine around memory `number`, cut off at 0; nil where there is none.
  func contextCosine(_ database: Database, _ number: Int64) throws -> Double? {
    try (contexts[number] ?? []).compactMap { try cosine(database, $0) }.map { max($0, 0) }.max()
  }

  /// BM25 of memory `number`'s own words.
  func score(_ number: Int64, _ statistics: KeywordStatistics) -> Double {
    members[number]?.occurrences.score(statistics) ?? 0
  }

  /// Of each of the memories, the weight of the query's words that it explains.
  func explained(_ statistics: KeywordStatistics) -> [Int64: Double] {
    let saturation = statistics.saturation
    var explained: [Int64: Double] = [:]
    for word in words.keys.indices {
      let weight = statistics.weight(word)
      func score(_ number: Int64) -> Double {
        guard let member = members[number] else { return 0 }
        var occurrences = member.occurrences.counts[word]
        if let date = words.dates[word], member.utterance.isSaid(on: date) { occurrences += 1 }
        guard occurrences > 0 else { return 0 }
        return weight * saturation(occurrences, tokenCount: member.occurrences.tokenCount)
      }
      for (number, around) in contexts {
        var best = around.map { score($0) * KeywordQuery.contextShare }.max() ?? 0
        if let own = members[number]?.occurrences, own.isLost[word] { best = max(best, weight * own.lostShare) }
        explained[number, default: 0] += max(score(number), best)
      }
    }
    guard let time = words.time else { return explained }
    for number in contexts.keys where members[number].map({ time.has($0.standing) }) ?? false {
      explained[number, default: 0] += statistics.timeWeight
    }
    return explained
  }
}
