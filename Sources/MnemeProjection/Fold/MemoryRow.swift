import FoundationEssentials
import GRDB
import MnemeCore

/// A memory as a row of `memories` with its rows of `sources`.
struct MemoryRow: Sendable {
  var memory: Memory
  var reinforcementCount: Int
  var tokenCount: Int

  /// The columns that `init(_:sources:)` and `write` use, in their order.
  static let columns = """
    m.memory, m.id, m.text, m.category, m.user_id, m.agent_id, m.app_id, m.run_id, m.actor, m.subject, m.attribute, \
    m.value, m.polarity, m.confidence, m.valid_from, m.valid_from_basis, m.valid_to, m.valid_to_basis, \
    m.superseded_by, m.metadata, m.expires_at, m.recipe, m.is_edited, m.recorded_at, m.updated_at, \
    m.reinforcement_count, m.source_count, m.token_count
    """

  /// The memory of that number; nil where there is none.
  static func fetch(_ database: Database, _ number: Int64) throws -> MemoryRow? {
    let statement = try database.cachedStatement(sql: "SELECT \(columns) FROM memories m WHERE m.memory = ?")
    guard let row = try Row.fetchOne(statement, arguments: [number]) else { return nil }
    return try MemoryRow(row, sources: try sources(database, of: number))
  }

  static func sources(_ database: Database, of number: Int64) throws -> [Source] {
    let statement = try database.cachedStatement(
      sql: """
        SELECT event_id, message_index, message_id, role, time, time_basis, quote, run_id FROM sources
        WHERE memory = ? ORDER BY ordinal
        """)
    return try Row.fetchAll(statement, arguments: [number]).map { try Source(row: $0, at: 0) }
  }

  init(memory: Memory, reinforcementCount: Int, tokenCount: Int) {
    self.memory = memory
    self.reinforcementCount = reinforcementCount
    self.tokenCount = tokenCount
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
      recordedAt: Timestamp(milliseconds: row[23]), updatedAt: Timestamp(milliseconds: row[24]))
    self.reinforcementCount = row[25]
    self.tokenCount = row[27]
  }

  static let damaged = DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a column holds an impossible value")

  /// Writes the row, in place of one with the same number.
  static func write(
    _ database: Database, _ number: Int64, _ row: MemoryRow, textHash: Data
  ) throws {
    let memory = row.memory
    let statement = try database.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO memories VALUES
        (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    statement.setUncheckedArguments([
      number, memory.id, StoredText.encode(memory.text), StoredText.encode(memory.category),
      memory.scope.userID.map(StoredText.encode), memory.scope.agentID.map(StoredText.encode),
      memory.scope.appID.map(StoredText.encode), memory.scope.runID.map(StoredText.encode),
      StoredText.encode(memory.actor), StoredText.encode(memory.subject), memory.attribute.map(StoredText.encode),
      memory.value.map(StoredText.encode), memory.polarity.rawValue, memory.confidence,
      memory.validFrom.at.milliseconds, memory.validFrom.basis.rawValue, memory.validTo?.at.milliseconds,
      memory.validTo?.basis.rawValue, memory.supersededBy, memory.metadata.map { StoredJSON.encode($0) },
      memory.expiresAt?.milliseconds, StoredText.encode(memory.recipe), memory.isEdited,
      memory.recordedAt.milliseconds, memory.updatedAt.milliseconds, row.reinforcementCount, memory.sources.count,
      row.tokenCount, textHash,
    ])
    try statement.execute()
  }

  /// Writes the memory's sources from `first` on, and the sessions that they name.
  static func writeSources(_ database: Database, _ number: Int64, _ memory: Memory, from first: Int) throws {
    let statement = try database.cachedStatement(
      sql: "INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    var runs: Set<String> = []
    if first == 0, let run = memory.scope.runID { runs.insert(run) }
    for ordinal in first..<memory.sources.count {
      let source = memory.sources[ordinal]
      statement.setUncheckedArguments([
        number, ordinal, StoredText.encode(source.eventID), source.messageIndex,
        source.messageID.map(StoredText.encode), StoredText.encode(source.role), source.time.at.milliseconds,
        source.time.basis.rawValue, StoredText.encode(source.quote), source.runID.map(StoredText.encode),
      ])
      try statement.execute()
      if let run = source.runID { runs.insert(run) }
    }
    for run in runs {
      let statement = try database.cachedStatement(sql: "INSERT OR IGNORE INTO runs VALUES (?, ?)")
      statement.setUncheckedArguments([StoredText.encode(run), number])
      try statement.execute()
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
