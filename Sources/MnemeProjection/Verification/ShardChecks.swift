import EventLog
import FoundationEssentials
import GRDB
import MnemeCore

/// Checks of one shard's rows, on one snapshot, without the log.
enum ShardChecks {
  /// What one snapshot says.
  struct Result: Sendable {
    var summary: ProjectionSummary
    var watermarks: [TopicOffset]
    /// Highest offset of the turns topic whose outcome is folded.
    var foldedTurn: Int64?
    /// Memories that are current and have no vector.
    var vectorlessCount: Int
    /// Numbers of all outcomes.
    var inputs: Set<Int64>
    var problems: [(code: VerificationReport.Problem.Code, count: Int, detail: String)]
  }

  /// Runs all checks.
  static func run(_ database: Database, partition: Int, isDeep: Bool) throws -> Result {
    var result = Result(
      summary: ProjectionSummary(), watermarks: try Watermarks.all(database),
      foldedTurn: try Int64.fetchOne(
        database, sql: "SELECT folded FROM turn_positions WHERE partition = ?", arguments: [partition]),
      vectorlessCount: 0, inputs: [], problems: [])
    // Pages first: what they hold means nothing where they are damaged.
    let pages = try String.fetchAll(database, sql: isDeep ? "PRAGMA integrity_check" : "PRAGMA quick_check")
    guard pages == ["ok"] else {
      result.problems.append((.corrupt, pages.count, "SQLite's own check finds damaged pages"))
      return result
    }
    result.summary = try ProjectionSummary.scan(database)
    result.inputs = try Set(Int64.fetchAll(database, sql: "SELECT input FROM inputs"))
    result.vectorlessCount = try count(
      database,
      """
      SELECT count(*) FROM memories m WHERE valid_to IS NULL AND superseded_by IS NULL
      AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.memory = m.memory)
      """)
    for (sql, detail) in consistency {
      let found = try count(database, sql)
      if found > 0 { result.problems.append((.rowsInconsistent, found, detail)) }
    }
    let wordless = try otherWordsCount(database)
    if wordless > 0 {
      result.problems.append((.keywordsInconsistent, wordless, "memories under words that are not those of their text"))
    }
    let expected = [EventDecodingError.Code.sealed.rawValue]
    for row in try Row.fetchAll(database, sql: "SELECT code, count(*) FROM skipped GROUP BY code ORDER BY code") {
      let code = row[0] as String
      // What an erased owner left cannot be read, and is not missed.
      guard !expected.contains(code) else { continue }
      result.problems.append((.recordsSkipped, row[1], "records that could not be folded: \(code)"))
    }
    return result
  }

  private static func count(_ database: Database, _ sql: String) throws -> Int {
    try Int.fetchOne(database, sql: sql) ?? 0
  }

  private static func otherWordsCount(_ database: Database) throws -> Int {
    let tokenizer = try WordTokenizer(database)
    let rows = try Row.fetchCursor(database, sql: "SELECT text, words FROM memories")
    var count = 0
    while let row = try rows.next() {
      let words = try tokenizer.keys(of: StoredText.decode(row[0]))
      if words.bytes != Array(row[1] as Data) { count += 1 }
    }
    return count
  }

  /// Queries that count what should not be, and what that is.
  private static let consistency: [(sql: String, detail: String)] =
    ["sources", "runs", "vectors"].map { table in
      (
        "SELECT count(*) FROM \(table) t WHERE NOT EXISTS (SELECT 1 FROM memories m WHERE m.memory = t.memory)",
        "rows of \(table) without their memory"
      )
    } + [
      (
        """
        SELECT count(*) FROM (SELECT memory FROM changes UNION ALL SELECT memory FROM other_vectors
        UNION ALL SELECT successor FROM successions UNION ALL SELECT predecessor FROM successions
        UNION ALL SELECT memory FROM memories) t
        WHERE t.memory NOT IN (SELECT memory FROM numbers)
        """, "rows of memories that have no number"
      ),
      (
        "SELECT count(*) FROM changes c WHERE NOT EXISTS (SELECT 1 FROM inputs i WHERE i.input = c.input)",
        "changes without their turn or command"
      ),
      (
        "SELECT count(*) FROM numbers n WHERE NOT EXISTS (SELECT 1 FROM owners o WHERE o.owner = n.memory >> 32)",
        "memories without their owner"
      ),
      (
        """
        SELECT count(*) FROM memories m JOIN numbers n ON n.id = m.id WHERE n.memory <> m.memory
        """, "memories under another one's number"
      ),
      (
        """
        SELECT count(*) FROM memories m
        WHERE m.source_count <> (SELECT count(*) FROM sources s WHERE s.memory = m.memory)
        """, "memories without all their sources"
      ),
      (
        """
        SELECT count(*) FROM owners o LEFT JOIN (
          SELECT memory >> 32 AS owner, count(*) AS memories, sum(length(words) / 4) AS tokens,
            sum(coalesce(length(source_words), 0) / 4) AS source_words
          FROM memories GROUP BY 1
        ) t ON t.owner = o.owner
        WHERE o.memory_count <> coalesce(t.memories, 0) OR o.token_count <> coalesce(t.tokens, 0)
          OR o.source_word_count <> coalesce(t.source_words, 0)
        """, "owners whose counts differ from their memories"
      ),
    ]
}
