import Foundation
import GRDB
import MnemeCore
import Synchronization

/// The words of a query, as memories have them.
struct KeywordQuery: Sendable {
  /// Different words that count, at most: those that come first.
  static let maxWordCount = 64
  /// Bytes of a query that are read, at most.
  static let maxTextByteCount = 16 << 10

  /// For each of the different words, its alternatives: the keys that it has in memories, one for each language, as a
  /// question is too short to tell which. A text is in one language, so it has one of them at most; a word of the
  /// query counts as one all the same. No two words share a key.
  /// Stop words are among them only where there is no other word.
  let keys: [[UInt32]]
  /// For each of them, the part of a date that it may be.
  let dates: [DateWord?]
  /// Which of the words has a key.
  private let words: [UInt32: Int]
  /// The time that is asked about. It counts as one more word, which the memories of that time have.
  let time: AskedInterval?

  /// Share of a word's score that it has for the memories said just before and after; and of its weight, for those
  /// whose text has lost it from what they come from, where that is as long as usual.
  static let contextShare = 0.5

  init(_ request: SearchRequest, _ database: Database) throws {
    time = request.time.map { AskedInterval($0) }
    let prefix = String(decoding: request.text.utf8.prefix(Self.maxTextByteCount), as: UTF8.self)
    let tokenizer = try WordTokenizer(database)
    let language = TextLanguage.detect(prefix)
    let stopWords = try StopWords.shared(tokenizer)
    let (english, own) = (stopWords.keys(of: .english), stopWords.keys(of: language))
    var seen: Set<UInt32> = []
    let all = try tokenizer.askedWords(of: prefix).map { (word: $0, key: try tokenizer.key(of: $0, in: language)) }
      .filter { seen.insert($0.key).inserted }
    let telling = all.filter { !english.contains($0.word.englishKey) && !own.contains($0.key) }
    let asked = (telling.isEmpty ? all : telling).prefix(Self.maxWordCount)
    var words: [UInt32: Int] = [:]
    keys = try asked.enumerated().map { place, asked in
      try tokenizer.keys(of: asked.word).filter { key in
        // Forms of which one language makes the same may be two words to another: the first one has the key.
        guard words[key] == nil else { return false }
        words[key] = place
        return true
      }
    }
    self.words = words
    let months = try Self.months(tokenizer)
    dates = asked.map { DateWord($0.word.english, months: months) }
  }

  /// The word that a key of a memory is an alternative of; nil where it is none.
  func word(of key: UInt32) -> Int? { words[key] }

  /// The names of the months, as texts in English have them.
  private static func months(_ tokenizer: WordTokenizer) throws -> [[UInt8]] {
    if let known = madeMonths.withLock({ $0 }) { return known }
    let months = try CivilDay.monthNames.map { try tokenizer.askedWords(of: $0).first?.english ?? [] }
    madeMonths.withLock { $0 = months }
    return months
  }

  private static let madeMonths = Mutex<[[UInt8]]?>(nil)
}

/// What BM25 has to know of the memories among which it compares: those of one owner, or of one tenant.
struct KeywordStatistics: Sendable {
  var memoryCount: Int
  var tokenCount: Int
  /// In how many memories each word of the query occurs.
  var frequencies: [Int]
  /// How many memories are of the time that the query asks about.
  var timelyCount = 0

  /// Of no memories.
  init(_ query: KeywordQuery) {
    memoryCount = 0
    tokenCount = 0
    frequencies = query.keys.map { _ in 0 }
  }

  mutating func add(_ other: Self) {
    memoryCount += other.memoryCount
    tokenCount += other.tokenCount
    timelyCount += other.timelyCount
    for index in frequencies.indices { frequencies[index] += other.frequencies[index] }
  }

  /// The weight of word number `word`: `ln(1 + (N − n + ½) / (n + ½))`, which is above 0 also for words that most
  /// memories have
  /// (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009; in the form that Apache Lucene uses).
  func weight(_ word: Int) -> Double { weight(frequency: frequencies[word]) }

  /// The weight of the time that the query asks about, as that of a word. 0 where no memory is of that time: there
  /// may be nothing to know about when.
  var timeWeight: Double { timelyCount == 0 ? 0 : weight(frequency: timelyCount) }

  private func weight(frequency: Int) -> Double {
    let count = Double(memoryCount)
    let frequency = min(Double(frequency), count)
    return log(1 + (count - frequency + 0.5) / (frequency + 0.5))
  }

  /// The weight of all words, those that nobody has included, and of the time.
  var totalWeight: Double { frequencies.indices.reduce(timeWeight) { $0 + weight($1) } }

  /// How a word's share grows with its occurrences.
  var saturation: Saturation {
    Saturation(meanTokenCount: memoryCount == 0 ? 1 : max(Double(tokenCount) / Double(memoryCount), 1))
  }

  /// The share of a word's weight that a memory has, below 2.2.
  struct Saturation: Sendable {
    private let perToken: Double

    fileprivate init(meanTokenCount: Double) { perToken = 1.2 * 0.75 / meanTokenCount }

    /// Of one that occurs `occurrences` times in a memory of `tokenCount` words, with k₁ = 1.2 and b = 0.75.
    func callAsFunction(_ occurrences: Int32, tokenCount: Int32) -> Double {
      let occurrences = Double(occurrences)
      return occurrences * 2.2 / (occurrences + 1.2 * 0.25 + perToken * Double(tokenCount))
    }
  }
}

/// How often each word of a query occurs in one memory.
struct WordOccurrences: Sendable {
  /// For each word of the query.
  private(set) var counts: [Int32]
  /// How many words the memory has.
  private(set) var tokenCount: Int32 = 0
  /// For each word of the query, whether the memory's text has lost it from what it comes from.
  private(set) var isLost: [Bool]
  /// Share of its weight that such a word has.
  private(set) var lostShare = 0.0

  private init(count: Int) {
    counts = [Int32](repeating: 0, count: count)
    isLost = [Bool](repeating: false, count: count)
  }

  /// Reads `memories.words` from column `index`, and `memories.source_words` from column `source`, if given.
  init(_ row: Row, at index: Int, source: Int? = nil, _ query: KeywordQuery) throws {
    var found = Self(count: query.keys.count)
    found.tokenCount = Int32(
      try WordKeys.forEach(row, at: index) { key, occurrences in
        if let word = query.word(of: key) { found.counts[word] += Int32(occurrences) }
      })
    if let source {
      let count = try WordKeys.forEach(row, at: source) { key, _ in
        if let word = query.word(of: key) { found.isLost[word] = found.counts[word] == 0 }
      }
      found.lostShare = SourceWords.share(length: SourceWords.length(count))
    }
    self = found
  }

  /// Whether no word occurs, in the text or in what it comes from.
  var isEmpty: Bool { counts.allSatisfy { $0 == 0 } && !isLost.contains(true) }

  /// What the words that its text has lost are worth.
  func lostScore(_ statistics: KeywordStatistics) -> Double {
    isLost.indices.reduce(0) { isLost[$1] ? $0 + statistics.weight($1) * lostShare : $0 }
  }

  /// What is added by words of the query that name a part of the day of `time`, in milliseconds since 1970, on which
  /// it was said.
  func dayScore(_ statistics: KeywordStatistics, _ query: KeywordQuery, saidAt time: Int64) -> Double {
    let saturation = statistics.saturation
    return query.dates.indices.reduce(0) { sum, word in
      guard let date = query.dates[word], date.names(time) else { return sum }
      let without = counts[word] == 0 ? 0 : saturation(counts[word], tokenCount: tokenCount)
      return sum + statistics.weight(word) * (saturation(counts[word] + 1, tokenCount: tokenCount) - without)
    }
  }

  /// BM25 of its own words.
  func score(_ statistics: KeywordStatistics) -> Double {
    let saturation = statistics.saturation
    var score = 0.0
    for (word, count) in counts.enumerated() where count > 0 {
      score += statistics.weight(word) * saturation(count, tokenCount: tokenCount)
    }
    return score
  }
}

/// Whose memories are compared with each other.
enum KeywordScope: Sendable {
  case owner(OwnerRow)
  case tenant(Int64)

  /// The statistics of this scope in one shard, read from all of its memories.
  func statistics(_ database: Database, _ query: KeywordQuery) throws -> KeywordStatistics {
    var statistics = KeywordStatistics(query)
    let rows: RowCursor
    switch self {
    case .owner(let owner):
      let range = Schema.memories(of: owner.number)
      rows = try Row.fetchCursor(
        database, sql: "SELECT words, valid_from, valid_to FROM memories WHERE memory BETWEEN ? AND ?",
        arguments: [range.lowerBound, range.upperBound])
    case .tenant(let tenant):
      rows = try Row.fetchCursor(
        database,
        sql: """
          SELECT m.words, m.valid_from, m.valid_to FROM owners o CROSS JOIN memories m
          ON m.memory BETWEEN o.owner << 32 AND (o.owner << 32) + 4294967295 WHERE o.tenant = ?
          """, arguments: [tenant])
    }
    while let row = try rows.next() {
      let occurrences = try WordOccurrences(row, at: 0, query)
      statistics.memoryCount += 1
      statistics.tokenCount += Int(occurrences.tokenCount)
      for (word, count) in occurrences.counts.enumerated() where count > 0 { statistics.frequencies[word] += 1 }
      if let time = query.time, time.has(row[1], (row[2] as Int64?) ?? .max) { statistics.timelyCount += 1 }
    }
    return statistics
  }
}
