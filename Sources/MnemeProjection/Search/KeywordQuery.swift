import Foundation
import GRDB
import MnemeCore

/// The words of a query, as the keyword index has them.
struct KeywordQuery: Sendable {
  /// Different words that count, at most: those that come first.
  static let maxWordCount = 64
  /// Bytes of a query that are read, at most.
  static let maxTextByteCount = 16 << 10
  /// Postings that one shard reads for one query, at most. Where there would be more, the rarest words come first.
  static let maxPostingCount = 2_000_000

  /// Different words. Stop words are among them only where there is no other word.
  let words: [[UInt8]]
  /// For each of them, the part of a date that it may be.
  let dates: [DateWord?]

  /// Share of a word's score that it has for the memories said just before and after.
  static let contextShare = 0.5

  init(_ text: String, _ database: Database) throws {
    let index = try KeywordIndex(database)
    let prefix = String(decoding: text.utf8.prefix(Self.maxTextByteCount), as: UTF8.self)
    var seen: Set<[UInt8]> = []
    let all = try index.words(of: prefix).filter { seen.insert($0).inserted }
    let stopWords = Set(try index.words(of: Self.stopWords))
    let telling = all.filter { !stopWords.contains($0) }
    words = Array((telling.isEmpty ? all : telling).prefix(Self.maxWordCount))
    let months = try CivilDay.monthNames.map { try index.words(of: $0).first ?? [] }
    dates = words.map { DateWord($0, months: months) }
  }

  /// Words that stand in most English sentences, whatever they are about; and what an apostrophe leaves of some.
  static let stopWords = """
    a about after again all also am an and any are as at be because been before being between both but by can could did \
    do does doing down during each few for from further had has have having he her here hers him himself his how i if in \
    into is it its itself just let like me more most my myself no nor not now of off on once only or other our ours out over own \
    please same she should so some such tell than that the their theirs them then there these they this those through to too under \
    until up us very was we were what when where which while who whom why will with would you your yours \
    s t m re ve d ll don didn doesn isn wasn
    """
}

/// What BM25 has to know of the memories among which it compares: those of one owner, or of one tenant.
struct KeywordStatistics: Sendable {
  var memoryCount: Int
  var tokenCount: Int
  /// In how many memories each word of the query occurs.
  var frequencies: [Int]

  static func empty(_ query: KeywordQuery) -> Self {
    Self(memoryCount: 0, tokenCount: 0, frequencies: query.words.map { _ in 0 })
  }

  mutating func add(_ other: Self) {
    memoryCount += other.memoryCount
    tokenCount += other.tokenCount
    for index in frequencies.indices { frequencies[index] += other.frequencies[index] }
  }

  /// The weight of word number `word`: `ln(1 + (N − n + ½) / (n + ½))`, which is above 0 also for words that most
  /// memories have
  /// (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009; in the form that Apache Lucene uses).
  func weight(_ word: Int) -> Double {
    let count = Double(memoryCount)
    let frequency = min(Double(frequencies[word]), count)
    return log(1 + (count - frequency + 0.5) / (frequency + 0.5))
  }

  /// The share of a word that occurs `occurrences` times in a memory of `tokenCount` words, with k₁ = 1.2 and b = 0.75.
  func saturation(occurrences: Int, tokenCount: Int) -> Double {
    let mean = memoryCount == 0 ? 1 : max(Double(self.tokenCount) / Double(memoryCount), 1)
    let occurrences = Double(occurrences)
    return occurrences * 2.2 / (occurrences + 1.2 * (0.25 + 0.75 * Double(tokenCount) / mean))
  }
}

/// Whose postings are looked up.
enum KeywordScope: Sendable {
  case owner(OwnerRow)
  case tenant(Int64)

  /// The range of terms of `word`: from the first, up to and without the second.
  func terms(_ word: [UInt8]) -> (first: String, end: String) {
    switch self {
    case .owner(let owner):
      let term = KeywordIndex.term(word, tenant: owner.tenant, owner: owner.number)
      return (term, term + "\u{1}")
    case .tenant(let tenant): return KeywordIndex.terms(word, tenant: tenant)
    }
  }

  /// The statistics of this scope in one shard.
  func statistics(_ database: Database, _ query: KeywordQuery) throws -> KeywordStatistics {
    var statistics = KeywordStatistics.empty(query)
    switch self {
    case .owner(let owner):
      statistics.memoryCount = owner.memoryCount
      statistics.tokenCount = owner.tokenCount
    case .tenant(let tenant):
      let row = try Row.fetchOne(
        try database.cachedStatement(
          sql: "SELECT ifnull(sum(memory_count), 0), ifnull(sum(token_count), 0) FROM owners WHERE tenant = ?"),
        arguments: [tenant])
      statistics.memoryCount = row?[0] ?? 0
      statistics.tokenCount = row?[1] ?? 0
    }
    let statement = try database.cachedStatement(
      sql: "SELECT ifnull(sum(doc), 0) FROM keyword_counts WHERE term >= ? AND term < ?")
    for (index, word) in query.words.enumerated() {
      let (first, end) = terms(word)
      statistics.frequencies[index] = try Int.fetchOne(statement, arguments: [first, end]) ?? 0
    }
    return statistics
  }

  /// Calls `body` with each memory in which `word` occurs, and how often it does.
  func forEachPosting(_ database: Database, _ word: [UInt8], _ body: (Int64, Int) -> Void) throws {
    let statement = try database.cachedStatement(
      sql: "SELECT doc FROM keyword_postings WHERE term >= ? AND term < ?")
    let (first, end) = terms(word)
    let memories = try Int64.fetchCursor(statement, arguments: [first, end])
    var current: Int64?
    var occurrences = 0
    while let memory = try memories.next() {
      if memory != current {
        if let current { body(current, occurrences) }
        current = memory
        occurrences = 0
      }
      occurrences += 1
    }
    if let current { body(current, occurrences) }
  }
}

extension KeywordQuery {
  /// Numbers of the words whose postings are read: rarest first, within `maxPostingCount`.
  func order(_ statistics: KeywordStatistics) -> [Int] {
    var budget = Self.maxPostingCount
    let rarestFirst = words.indices.sorted { (statistics.frequencies[$0], $0) < (statistics.frequencies[$1], $1) }
    return Array(
      rarestFirst.prefix { word in
        budget -= statistics.frequencies[word]
        return budget >= 0
      })
  }

  /// The weight of all words, those that nobody has included.
  func weight(_ statistics: KeywordStatistics) -> Double {
    words.indices.reduce(0) { $0 + statistics.weight($1) }
  }

  /// Calls `body` with each posting's share of BM25, rarest words first, within `maxPostingCount`.
  func forEachScore(
    _ database: Database, _ scope: KeywordScope, _ statistics: KeywordStatistics,
    _ body: (_ memory: Int64, _ occurrences: Int, _ weight: Double) -> Void
  ) throws {
    for word in order(statistics) where statistics.frequencies[word] > 0 {
      let weight = statistics.weight(word)
      try scope.forEachPosting(database, words[word]) { memory, occurrences in body(memory, occurrences, weight) }
    }
  }
}
