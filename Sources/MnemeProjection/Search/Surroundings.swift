import GRDB
import MnemeCore

/// Some memories of a shard with those that were said just before and after them, read by number.
struct Surroundings {
  private struct Member {
    let number: Int64
    let isVerbatim: Bool
    let expiresAt: Int64
    let actor: String
    let occurrences: WordOccurrences
    let utterance: Utterance
  }

  private let plan: SearchPlan
  private let words: KeywordQuery
  private var members: [Int64: Member] = [:]
  /// Of each of the memories, those around it.
  private var contexts: [Int64: [Int64]] = [:]

  private static let columns = """
    m.memory, m.recipe = '\(Memory.verbatimRecipe)', m.expires_at, m.actor, m.words, \(Utterance.columns)
    """

  /// Reads what stands around the memories of `numbers`.
  init(_ database: Database, plan: SearchPlan, words: KeywordQuery, of numbers: [Int64]) throws {
    self.plan = plan
    self.words = words
    var sessions: [String: Int32] = [:]
    func session(_ name: String) -> Int32 {
      if let number = sessions[name] { return number }
      sessions[name] = Int32(sessions.count)
      return Int32(sessions.count - 1)
    }
    func fetch(_ condition: String, _ arguments: StatementArguments) throws -> [Member] {
      let statement = try database.cachedStatement(
        sql: "SELECT \(Self.columns) FROM \(Utterance.tables) WHERE \(condition)")
      return try Row.fetchAll(statement, arguments: arguments).map { row in
        Member(
          number: row[0], isVerbatim: row[1], expiresAt: (row[2] as Int64?) ?? .max,
          actor: StoredText.decode(row[3]), occurrences: try WordOccurrences(row, at: 4, words),
          utterance: Utterance(row, at: 5, session: session))
      }
    }
    let now = plan.request.query.notExpiredAt?.milliseconds ?? .min
    for number in numbers {
      let range = Schema.memories(of: Schema.owner(of: number))
      let before = try fetch(
        "m.memory BETWEEN ? AND ? ORDER BY m.memory DESC LIMIT ?",
        [range.lowerBound, number - 1, Utterance.maxDistance])
      let rest = try fetch(
        "m.memory BETWEEN ? AND ? ORDER BY m.memory LIMIT ?", [number, range.upperBound, Utterance.maxDistance + 1])
      let near = before.reversed() + rest
      var around: [Member] = []
      Utterance.forEachContext(of: before.count, count: near.count) {
        near[$0].utterance
      } body: { place in
        if near[place].expiresAt > now { around.append(near[place]) }
      }
      contexts[number] = around.map(\.number)
      for member in around + rest.prefix(1) { members[member.number] = member }
    }
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

  /// Whether memory `number` was said by whom the query asks for.
  func isAskedSpeaker(_ number: Int64) -> Bool {
    guard let member = members[number] else { return false }
    return QueryVoice.asks(
      plan.request.speakers, for: member.actor, role: member.utterance.isAssistant ? "assistant" : "user")
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
        let best = around.map { score($0) * KeywordQuery.contextShare }.max() ?? 0
        explained[number, default: 0] += max(score(number), best)
      }
    }
    return explained
  }
}
