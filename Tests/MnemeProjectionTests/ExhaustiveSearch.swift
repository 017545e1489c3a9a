import Foundation
import GRDB
import MnemeCore

@testable import MnemeProjection

extension SearchTests {
  /// Every memory of the query with its signals, ranked; as slow and as plain as can be.
  /// `lives` has each owner's memories in the order in which they became known.
  static func exhaustive(
    _ request: SearchRequest, _ scenario: Scenario, _ lives: [[Memory]]
  ) throws -> [Ranked<UUID>] {
    try DatabaseQueue().read { database in
      let tokenizer = try WordTokenizer(database)
      let words = try KeywordQuery(request, database).keys.map { Set($0) }
      let population = scenario.views.values.filter { view in
        view.owner.tenant == request.query.tenant && (request.query.owner.map { $0 == view.owner } ?? true)
      }
      let texts = try Dictionary(
        uniqueKeysWithValues: population.map {
          ($0.memory.id, try tokenizer.keys(of: $0.memory.text).all)
        })
      let mean = max(Double(texts.values.reduce(0) { $0 + $1.count }) / Double(max(texts.count, 1)), 1)
      func weight(_ word: Set<UInt32>) -> Double {
        let frequency = Double(texts.values.count { $0.contains { word.contains($0) } })
        return log(1 + (Double(texts.count) - frequency + 0.5) / (frequency + 0.5))
      }
      func score(_ word: Set<UInt32>, _ id: UUID) -> Double {
        guard let text = texts[id] else { return 0 }
        let occurrences = Double(text.count { word.contains($0) })
        return weight(word)
          * (occurrences * 2.2 / (occurrences + 1.2 * (0.25 + 0.75 * Double(text.count) / mean)))
      }
      func cosine(_ memory: Memory) -> Double? {
        let voiced = memory.recipe == Memory.verbatimRecipe ? request.voicedVector : nil
        let vector = scenario.vectors[memory.id]?[memory.text]
        return request.vector.flatMap { query in vector.map { Double(VectorMath.dot(voiced ?? query, of: $0)) } }
      }
      let timely = population.filter { isOfAskedTime($0.memory, request) }.map(\.memory.id)
      let (count, timelyCount) = (Double(texts.count), Double(timely.count))
      let timeWeight = timely.isEmpty ? 0 : log(1 + (count - timelyCount + 0.5) / (timelyCount + 0.5))
      let lost = try Dictionary(
        uniqueKeysWithValues: texts.map { id, text in
          (id, (words: Set(try scenario.sourceWords(of: id, database)), text: Set(text)))
        })
      let lengths = try Dictionary(
        uniqueKeysWithValues: texts.keys.map { id in
          // In steps of four words.
          (id, (Double(try scenario.sourceWords(of: id, database).count) / 4).rounded(.up) * 4)
        })
      func lostScore(_ word: Set<UInt32>, _ id: UUID) -> Double {
        guard let lost = lost[id], !lost.words.isDisjoint(with: word), lost.text.isDisjoint(with: word),
          let length = lengths[id]
        else { return 0 }
        return weight(word) * min(1, 0.5 / (0.25 + 0.75 * length / 64))
      }
      let total = words.reduce(timeWeight) { $0 + weight($1) }
      var candidates: [UUID: Signals] = [:]
      for memory in scenario.matching(request.query).map(\.memory) {
        let around = Self.around(memory, lives).filter { other in
          request.query.notExpiredAt.map { now in other.expiresAt.map { $0 > now } ?? true } ?? true
        }
        let own = words.reduce(0) { $0 + score($1, memory.id) }
        let isTimely = timely.contains(memory.id)
        let explained = words.reduce(isTimely ? timeWeight : 0) { sum, word in
          sum
            + max(
              score(word, memory.id), (around.map { score(word, $0.id) / 2 }.max() ?? 0),
              lostScore(word, memory.id))
        }
        let isNamed = request.speakers == .named(["Ann"]) && (memory.actor == "Ann" || memory.subject == "Ann")
        let isAsked: Bool =
          switch request.speakers {
          case .named: isNamed
          case .people: memory.sources[0].role != "assistant"
          case .everyone: true
          }
        let hasEnded = memory.validTo != nil || memory.supersededBy != nil
        let signals = Signals(
          cosine: cosine(memory), contextCosine: around.compactMap(cosine).map { max($0, 0) }.max(),
          bm25: own > 0 ? own : nil, keywords: total > 0 ? min(1, explained / total) : 0, isAskedPerson: isAsked,
          isNamed: isNamed, isOfAskedTime: isTimely, freshness: freshness(scenario.views[memory.id], request),
          isOver: hasEnded && request.query.validAt == nil && !isTimely)
        if signals.isHit { candidates[memory.id] = signals }
      }
      return Array(
        Ranking.fuse(candidates, comparesMeaning: request.vector != nil)
          .filter { $0.score >= request.minimumScore }.prefix(request.limit))
    }
  }

  private static func isOfAskedTime(_ memory: Memory, _ request: SearchRequest) -> Bool {
    guard let time = request.time else { return false }
    let from = memory.validFrom.at
    return time.contains(from) || (from < time.from && memory.validTo.map { $0.at > time.from } ?? false)
  }

  private static func freshness(_ view: MemoryView?, _ request: SearchRequest) -> Double {
    guard let view, let reference = request.reference else { return 1 }
    let said = view.memory.sources.map(\.time.at).max() ?? view.memory.validFrom.at
    let days = Double(reference.milliseconds - said.milliseconds) / 86_400_000
    func fresh(_ timesSaid: Int) -> Double { pow(2, -max(days, 0) / 365 / Double(timesSaid)) }
    switch view.memory.feedback?.rating {
    case nil: return fresh(view.reinforcementCount + 1)
    case .positive: return fresh(view.reinforcementCount + 2)
    case .negative: return fresh(1) / 2
    case .veryNegative: return 0
    }
  }

  /// What was said in the two messages before and after, where each memory is a message of its own and all were said
  /// at the same time.
  private static func around(_ memory: Memory, _ lives: [[Memory]]) -> [Memory] {
    func session(_ memory: Memory) -> String? { memory.sources[0].runID ?? memory.scope.runID }
    for life in lives {
      guard let index = life.firstIndex(where: { $0.id == memory.id }) else { continue }
      return [life[..<index].reversed(), Array(life[(index + 1)...])].flatMap { others in
        others.prefix(32).filter { session($0) == session(memory) }.prefix(2)
      }
    }
    return []
  }
}

extension Scenario {
  private mutating func interval() -> CivilInterval {
    let from = Timestamp(milliseconds: Int64(number(0...1200)))
    return switch number(0...2) {
    case 0: .before(from)
    case 1: .since(from)
    default: CivilInterval(from: from, to: Timestamp(milliseconds: from.milliseconds + Int64(number(0...400))))
    }
  }

  mutating func searchRequest() -> SearchRequest {
    var filter: Filter? = chance(80) ? isUser("o\(number(0...3))") : nil
    if chance(40) {
      let more = self.filter(depth: 1)
      filter = filter.map { .and([$0, more]) } ?? more
    }
    let query = MemoryQuery(
      tenant: pick(Self.tenants), filter: filter, includesEnded: chance(40),
      notExpiredAt: chance(30) ? Timestamp(milliseconds: 1000) : nil,
      validAt: chance(20) ? Timestamp(milliseconds: Int64(number(0...1500))) : nil)
    return SearchRequest(
      query: query, text: chance(80) ? pick(texts) + " " + pick(texts) : "",
      vector: chance(70) ? unitVector() : nil, voicedVector: chance(50) ? unitVector() : nil,
      speakers: pick([.people, .everyone, .named(["Ann"])]), time: chance(40) ? interval() : nil,
      reference: chance(50) ? Timestamp(milliseconds: Int64(number(0...900)) * 86_400_000) : nil,
      limit: number(1...30),
      minimumScore: chance(30) ? 0.3 : 0)
  }
}
