import FoundationEssentials
import GRDB
import MnemeCore

/// A memory as a row of `memories` with its rows of `sources`.
struct MemoryRow: Sendable {
  var memory: Memory
  var reinforcementCount: Int
  /// The words of its text.
  var words: WordKeys
  /// The words of what it comes from.
  var sourceWords: SourceWords

  /// The columns that `init(_:sources:)` and `write` use, in their order.
  static let columns = """
    m.memory, m.id, m.text, m.category, m.user_id, m.agent_id, m.app_id, m.run_id, m.actor, m.subject, m.attribute, \
    m.value, m.polarity, m.confidence, m.valid_from, m.valid_from_basis, m.valid_to, m.valid_to_basis, \
    m.superseded_by, m.metadata, m.expires_at, m.recipe, m.is_edited, m.recorded_at, m.updated_at, \
    m.reinforcement_count, m.source_count, m.words, m.source_words, m.feedback, m.feedback_reason
    """

  /// The memory of that number; nil where there is none.
  static func fetch(_ database: Database, _ number: Int64) throws -> MemoryRow? {
    let statement = try database.cachedStatement(sql: "SELECT \(columns) FROM memories m WHERE m.memory = ?")
    // A cursor's row is read where it lies: copying it would make a value of every column first.
    let rows = try Row.fetchCursor(statement, arguments: [number])
    return try withExtendedLifetime(rows) {
      try rows.next().map { try MemoryRow($0, sources: try sources(database, of: number)) }
    }
  }

  static func sources(_ database: Database, of number: Int64) throws -> [Source] {
    let statement = try database.cachedStatement(
      sql: """
        SELECT event_id, message_index, message_id, role, time, time_basis, quote, run_id FROM sources
        WHERE memory = ? ORDER BY ordinal
        """)
    var sources: [Source] = []
    let rows = try Row.fetchCursor(statement, arguments: [number])
    while let row = try rows.next() { sources.append(try Source(row: row, at: 0)) }
    return sources
  }

  init(memory: Memory, reinforcementCount: Int, words: WordKeys, sourceWords: SourceWords) {
    self.memory = memory
    self.reinforcementCount = reinforcementCount
    self.words = words
    self.sourceWords = sourceWords
  }

  /// Reads a row of `columns`.
  init(_ row: Row, sources: [Source]) throws {
    func text(_ index: Int) -> String { StoredText.decode(row[index]) }
    func optional(_ index: Int) -> String? { (row[index] as String?).map(StoredText.decode) }
    let metadata: [String: JSONValue]? = try (row[19] as String?).map { text in
      guard let object = StoredJSON.decode(text) else { throw Self.damaged }
      return object
    }
    let validTo: Moment? = try (row[16] as Int64?).map { try Moment(milliseconds: $0, basis: row[17] as String?) }
    guard let polarity = Polarity(rawValue: row[12]) else { throw Self.damaged }
    self.memory = Memory(
      id: row[1], text: text(2), category: text(3),
      scope: Scope(userID: optional(4), agentID: optional(5), appID: optional(6), runID: optional(7)),
      actor: text(8), subject: text(9), attribute: optional(10), value: optional(11), polarity: polarity,
      confidence: row[13], validFrom: try Moment(milliseconds: row[14], basis: row[15] as String), validTo: validTo,
      sources: sources, supersededBy: row[18], metadata: metadata,
      expiresAt: (row[20] as Int64?).map { Timestamp(milliseconds: $0) }, recipe: text(21), isEdited: row[22],
      feedback: try (row[29] as String?).map { try Self.feedback($0, reason: optional(30)) },
      recordedAt: Timestamp(milliseconds: row[23]), updatedAt: Timestamp(milliseconds: row[24]))
    self.reinforcementCount = row[25]
    self.words = WordKeys(bytes: Array(row[27] as Data))
    self.sourceWords = try SourceWords(row, at: 28)
  }

  private static func feedback(_ rating: String, reason: String?) throws -> Feedback {
    guard let rating = Feedback.Rating(rawValue: rating) else { throw damaged }
    return Feedback(rating, reason: reason)
  }

  static let damaged = DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a column holds an impossible value")

  /// Puts a row in. Where one of the same number stands, `replacement` does: it costs a savepoint.
  static let insertion = "INSERT INTO memories \(values)"
  /// Puts a row in, in place of one with the same number.
  static let replacement = "INSERT OR REPLACE INTO memories \(values)"

  private static let values = """
    VALUES
    (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    """

  /// Writes the row by `statement`, which is `insertion` or `replacement`.
  func write(_ statement: inout RowStatement, _ number: Int64, textDigest: TextDigest) throws {
    statement.add(number)
    statement.add(memory.id)
    statement.add(StoredText.encode(memory.text))
    statement.add(StoredText.encode(memory.category))
    statement.add(memory.scope.userID.map(StoredText.encode))
    statement.add(memory.scope.agentID.map(StoredText.encode))
    statement.add(memory.scope.appID.map(StoredText.encode))
    statement.add(memory.scope.runID.map(StoredText.encode))
    statement.add(StoredText.encode(memory.actor))
    statement.add(StoredText.encode(memory.subject))
    statement.add(memory.attribute.map(StoredText.encode))
    statement.add(memory.value.map(StoredText.encode))
    statement.add(memory.polarity.rawValue)
    statement.add(memory.confidence)
    statement.add(memory.validFrom.at.milliseconds)
    statement.add(memory.validFrom.basis.rawValue)
    statement.add(memory.validTo?.at.milliseconds)
    statement.add(memory.validTo?.basis.rawValue)
    statement.add(memory.supersededBy)
    statement.add(memory.metadata.map { StoredJSON.encode($0) })
    statement.add(memory.expiresAt?.milliseconds)
    statement.add(StoredText.encode(memory.recipe))
    statement.add(memory.isEdited)
    statement.add(memory.recordedAt.milliseconds)
    statement.add(memory.updatedAt.milliseconds)
    statement.add(reinforcementCount)
    statement.add(memory.feedback?.rating.rawValue)
    statement.add((memory.feedback?.reason).map(StoredText.encode))
    statement.add(memory.sources.count)
    statement.add(textDigest)
    statement.add(sourceWords.bytes)
    try statement.run(adding: words.bytes)
  }

  /// Writes the memory's sources from `first` on, and the sessions that they name.
  static func writeSources(
    _ statements: inout FoldStatements, _ number: Int64, _ memory: Memory, from first: Int
  ) throws {
    var runs: Set<String> = []
    if first == 0, let run = memory.scope.runID { runs.insert(run) }
    for ordinal in first..<memory.sources.count {
      let source = memory.sources[ordinal]
      statements.insertSource.add(number)
      statements.insertSource.add(ordinal)
      statements.insertSource.add(StoredText.encode(source.eventID))
      statements.insertSource.add(source.messageIndex)
      statements.insertSource.add(source.messageID.map(StoredText.encode))
      statements.insertSource.add(StoredText.encode(source.role))
      statements.insertSource.add(source.time.at.milliseconds)
      statements.insertSource.add(source.time.basis.rawValue)
      statements.insertSource.add(StoredText.encode(source.quote))
      statements.insertSource.add(source.runID.map(StoredText.encode))
      try statements.insertSource.run()
      if let run = source.runID { runs.insert(run) }
    }
    for run in runs {
      statements.insertRun.add(StoredText.encode(run))
      statements.insertRun.add(number)
      try statements.insertRun.run()
    }
  }

  /// Removes the memory's sources, and itself from its sessions.
  static func removeSources(_ database: Database, _ number: Int64, _ memory: Memory) throws {
    let runs = Set(memory.sources.compactMap(\.runID) + [memory.scope.runID].compactMap { $0 })
    for run in runs {
      try database.cachedStatement(sql: "DELETE FROM runs WHERE run_id = ? AND memory = ?")
        .execute(arguments: [StoredText.encode(run), number])
    }
    try database.cachedStatement(sql: "DELETE FROM sources WHERE memory = ?").execute(arguments: [number])
  }
}

extension Moment {
  /// A moment as two columns have it.
  init(milliseconds: Int64, basis: String?) throws {
    guard let basis = basis.flatMap(Basis.init(rawValue:)) else { throw MemoryRow.damaged }
    self.init(Timestamp(milliseconds: milliseconds), basis)
  }
}

extension Source {
  /// Reads event id, message index, message id, role, time, basis, quote and run from column `first` on.
  init(row: Row, at first: Int) throws {
    self.init(
      eventID: StoredText.decode(row[first]), messageIndex: row[first + 1],
      messageID: (row[first + 2] as String?).map(StoredText.decode), role: StoredText.decode(row[first + 3]),
      time: try Moment(milliseconds: row[first + 4], basis: row[first + 5] as String),
      quote: StoredText.decode(row[first + 6]), runID: (row[first + 7] as String?).map(StoredText.decode))
  }
}
