import FoundationEssentials
import GRDB
import MnemeCore

/// What records of resolution's output change in the tables, and how an owner is read from them.
extension ResolutionStore {
  /// Folds one record of the memories topic.
  static func fold(_ body: MemoriesResolved, owner: String, _ database: Database) throws {
    guard try note(body.input, isDecided: body.outcome != .parked, owner: owner, database) else { return }
    for event in body.events {
      switch event {
      case .added(let memory): try KnownMemory(memory).write(owner: owner, database)
      case .retracted(let id, _):
        try database.cachedStatement(sql: "DELETE FROM known WHERE owner = ? AND id = ?")
          .execute(arguments: [owner, id])
        try database.cachedStatement(sql: "INSERT OR IGNORE INTO deleted VALUES (?, ?)").execute(arguments: [owner, id])
      case .rated: continue
      case .reinforced, .revised, .superseded:
        let row = try Row.fetchOne(
          database.cachedStatement(sql: "SELECT * FROM known WHERE owner = ? AND id = ?"),
          arguments: [owner, event.memoryID])
        guard let row, var known = KnownMemory(row) else { continue }
        known.evolve(event)
        try known.write(owner: owner, database)
      }
    }
    let position = body.input.firstPosition
    for mark in body.marks ?? [] {
      try database.cachedStatement(
        sql: "INSERT INTO marks (owner, turns_partition, first_offset, body) VALUES (?, ?, ?, ?)"
      ).execute(arguments: [owner, position.partition, position.offset, Data(EventBodyCoding.encode(mark))])
    }
    if let scope = body.deletedScope {
      try database.cachedStatement(
        sql: "INSERT INTO scope_deletions (owner, turns_partition, first_offset, scope) VALUES (?, ?, ?, ?)"
      ).execute(arguments: [owner, position.partition, position.offset, Data(EventBodyCoding.encode(scope))])
    }
  }

  /// Notes where an input stood first and whether it is decided. Returns whether this record decides it: the first
  /// final record of an input wins, and parked is not final.
  private static func note(
    _ input: InputReference, isDecided: Bool, owner: String, _ database: Database
  ) throws -> Bool {
    let wasDecided = try Bool.fetchOne(
      database.cachedStatement(sql: "SELECT is_decided FROM inputs WHERE owner = ? AND id = ?"),
      arguments: [owner, input.id])
    guard wasDecided != true else { return false }
    let position = input.firstPosition
    try database.cachedStatement(
      sql: """
        INSERT INTO inputs VALUES (?, ?, ?, ?, ?) ON CONFLICT (owner, id) DO UPDATE
        SET first_offset = min(first_offset, excluded.first_offset), is_decided = excluded.is_decided
        """
    ).execute(arguments: [owner, input.id, position.partition, position.offset, isDecided])
    return isDecided
  }

  /// Folds one record of the vectors topic. Other generations write there too, of memories that may have the same id
  /// and other words: a vector is taken where it is that of the words known here.
  static func fold(_ body: MemoriesEmbedded, owner: String, _ database: Database) throws {
    for entry in body.entries {
      let text = try String.fetchOne(
        database.cachedStatement(sql: "SELECT text FROM known WHERE owner = ? AND id = ?"),
        arguments: [owner, entry.memoryID])
      guard let text, Derivation.sha256(text) == entry.textHash else { continue }
      try database.cachedStatement(sql: "UPDATE known SET vector = ? WHERE owner = ? AND id = ?")
        .execute(arguments: [entry.vector, owner, entry.memoryID])
    }
  }

  /// Everything known of one owner.
  func load(_ owner: OwnerKey) async throws -> OwnerMemories {
    try await read { database in
      var memories = OwnerMemories()
      let rows = try Row.fetchCursor(
        database.cachedStatement(sql: "SELECT * FROM known WHERE owner = ? ORDER BY asserted_at, id"),
        arguments: [owner.description])
      while let row = try rows.next() {
        guard let known = KnownMemory(row) else { continue }
        memories.insert(known, vector: (row["vector"] as Data?).flatMap(VectorCoding.decode))
      }
      memories.tombstones = try Self.tombstones(owner.description, database)
      return memories
    }
  }

  private static func tombstones(_ owner: String, _ database: Database) throws -> Tombstones {
    var tombstones = Tombstones()
    let deleted = try database.cachedStatement(sql: "SELECT id FROM deleted WHERE owner = ?")
    for id in try UUID.fetchAll(deleted, arguments: [owner]) {
      tombstones.delete(id)
    }
    func position(_ row: Row) -> TurnsPosition {
      TurnsPosition(partition: row["turns_partition"], offset: row["first_offset"])
    }
    let marks = try Row.fetchCursor(
      database.cachedStatement(sql: "SELECT * FROM marks WHERE owner = ? ORDER BY number"), arguments: [owner])
    while let row = try marks.next() {
      let body: Data = row["body"]
      tombstones.note(try EventBodyCoding.decode(CommandMark.self, from: Array(body)), at: position(row))
    }
    let deletions = try Row.fetchCursor(
      database.cachedStatement(sql: "SELECT * FROM scope_deletions WHERE owner = ? ORDER BY number"),
      arguments: [owner])
    while let row = try deletions.next() {
      let scope: Data = row["scope"]
      tombstones.noteDeletion(of: try EventBodyCoding.decode(Scope.self, from: Array(scope)), at: position(row))
    }
    return tombstones
  }

  /// What is known of an input: where it stood first, and whether it is decided.
  struct SeenInput: Sendable {
    var position: TurnsPosition
    var isDecided: Bool
  }

  /// What is known of these inputs; nil for those that never came.
  func seen(_ inputs: [(owner: OwnerKey, id: String)]) async throws -> [SeenInput?] {
    let keys = inputs.map { (owner: $0.owner.description, id: $0.id) }
    return try await read { database in
      let statement = try database.cachedStatement(sql: "SELECT * FROM inputs WHERE owner = ? AND id = ?")
      return try keys.map { key in
        try Row.fetchOne(statement, arguments: [key.owner, key.id]).map { row in
          SeenInput(
            position: TurnsPosition(partition: row["turns_partition"], offset: row["first_offset"]),
            isDecided: row["is_decided"])
        }
      }
    }
  }
}

extension KnownMemory {
  fileprivate init?(_ row: Row) {
    guard let polarity = Polarity(rawValue: row["polarity"]),
      let basis = Moment.Basis(rawValue: row["valid_from_basis"]), let encodedSpans: Data = row["spans"],
      let spans = try? EventBodyCoding.decode([SourceSpan].self, from: Array(encodedSpans))
    else { return nil }
    let slotSubject: String? = row["slot_subject"]
    let slotAttribute: String? = row["slot_attribute"]
    self.init(
      id: row["id"], text: row["text"],
      scope: Scope(userID: row["user_id"], agentID: row["agent_id"], appID: row["app_id"], runID: row["run_id"]),
      slot: slotAttribute.map { Slot(subject: slotSubject ?? "", attribute: $0) }, value: row["value"],
      polarity: polarity, subject: row["subject"],
      validFrom: Moment(Timestamp(milliseconds: row["valid_from"]), basis),
      assertedAt: Timestamp(milliseconds: row["asserted_at"]), supersededBy: row["superseded_by"],
      isEnded: row["is_ended"], spans: spans, recipe: row["recipe"])
  }

  fileprivate func write(owner: String, _ database: Database) throws {
    try database.cachedStatement(
      sql: """
        INSERT INTO known (id, owner, text, user_id, agent_id, app_id, run_id, slot_subject, slot_attribute, value,
          polarity, subject, valid_from, valid_from_basis, asserted_at, superseded_by, is_ended, spans, recipe)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (owner, id) DO UPDATE SET
          text = excluded.text, value = excluded.value, valid_from = excluded.valid_from,
          valid_from_basis = excluded.valid_from_basis, asserted_at = excluded.asserted_at,
          superseded_by = excluded.superseded_by, is_ended = excluded.is_ended, spans = excluded.spans
        """
    ).execute(arguments: [
      id, owner, text, scope.userID, scope.agentID, scope.appID, scope.runID, slot?.subject, slot?.attribute, value,
      polarity.rawValue, subject, validFrom.at.milliseconds, validFrom.basis.rawValue, assertedAt.milliseconds,
      supersededBy, isEnded, Data(EventBodyCoding.encode(spans)), recipe,
    ])
  }
}
