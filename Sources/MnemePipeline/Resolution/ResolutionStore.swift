import EventLog
import FoundationEssentials
import GRDB
import MnemeCore

/// What resolution has to remember of one partition, on disk: known memories with their vectors, and which inputs are
/// decided. It is folded from resolution's own output, as a state store is from its changelog, and may be deleted at
/// any time.
struct ResolutionStore: Sendable {
  private let database: DatabaseQueue
  private let log: any EventLog
  private let codec: EventRecordCodec
  private let memories: TopicPartition
  private let vectors: TopicPartition

  /// Shape of the tables; another one on disk is dropped and folded again.
  private static let version = 1

  /// Opens, or makes, the store of `partition` in `directory`.
  init(
    directory: String, partition: Int, generation: String, space: String, log: any EventLog, codec: EventRecordCodec
  ) throws {
    self.log = log
    self.codec = codec
    self.memories = TopicPartition(Topics.memories(generation: generation), partition)
    self.vectors = TopicPartition(Topics.vectors(space: space), partition)
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    var configuration = Configuration()
    configuration.label = "resolution-\(partition)"
    configuration.prepareDatabase { database in
      // It can be folded again: only its consistency matters, not the last moments before a power cut.
      try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
    }
    let path = directory + "/resolve-\(String(partition)).\(space).sqlite"
    self.database = try DatabaseQueue(path: path, configuration: configuration)
    try database.write(Self.prepare)
  }

  private static func prepare(_ database: Database) throws {
    let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    guard found != version else { return }
    for table in ["known", "inputs", "watermarks"] {
      try database.execute(sql: "DROP TABLE IF EXISTS \(table)")
    }
    try database.execute(
      sql: """
        CREATE TABLE known (
          id BLOB PRIMARY KEY, owner TEXT NOT NULL, text TEXT NOT NULL,
          user_id TEXT, agent_id TEXT, app_id TEXT, run_id TEXT,
          slot_subject TEXT, slot_attribute TEXT, value TEXT, polarity TEXT NOT NULL, subject TEXT NOT NULL,
          valid_from INTEGER NOT NULL, valid_from_basis TEXT NOT NULL, asserted_at INTEGER NOT NULL,
          superseded_by BLOB, is_ended INTEGER NOT NULL, vector BLOB
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX known_by_owner ON known (owner);
        CREATE TABLE inputs (owner TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (owner, id)) STRICT, WITHOUT ROWID;
        CREATE TABLE watermarks (topic TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT;
        PRAGMA user_version = \(version);
        """)
  }

  /// Folds what the log has gained since the last time.
  func catchUp() async throws {
    try await follow(memories) { database, event in
      let (event, type) = try Upcasting.lift(event)
      guard type == .memoriesResolved else { return }
      let body = try EventBodyCoding.decode(MemoriesResolved.self, from: event.data)
      try Self.fold(body, owner: event.owner.description, database)
    }
    try await follow(vectors) { database, event in
      let (event, type) = try Upcasting.lift(event)
      guard type == .memoriesEmbedded else { return }
      let body = try EventBodyCoding.decode(MemoriesEmbedded.self, from: event.data)
      for entry in body.entries {
        try database.cachedStatement(sql: "UPDATE known SET vector = ? WHERE id = ?")
          .execute(arguments: [entry.vector, entry.memoryID])
      }
    }
  }

  private func follow(
    _ source: TopicPartition, fold: @Sendable @escaping (Database, CloudEvent) throws -> Void
  ) async throws {
    var next =
      try await database.read { database in
        try Int64.fetchOne(database, sql: "SELECT next FROM watermarks WHERE topic = ?", arguments: [source.topic])
      } ?? 0
    let bounds = try await log.bounds(of: source.topic)[source.partition]
    next = max(next, bounds.earliest)
    while next < bounds.end {
      let records = try await log.read(source, from: next, limit: ReadLimit())
      guard let last = records.last else { return }
      next = last.position.offset + 1
      try await database.write { [next] database in
        for record in records {
          // What this version cannot read was written by nobody who decides here; the projector reports it.
          guard let event = try? codec.decode(record) else { continue }
          do { try fold(database, event) } catch is EventDecodingError { continue }
        }
        try database.execute(
          sql: "INSERT INTO watermarks VALUES (?, ?) ON CONFLICT (topic) DO UPDATE SET next = excluded.next",
          arguments: [source.topic, next])
      }
    }
  }

  private static func fold(_ body: MemoriesResolved, owner: String, _ database: Database) throws {
    // The first final record of an input wins; parked is not final.
    guard body.outcome != .parked else { return }
    try database.cachedStatement(sql: "INSERT OR IGNORE INTO inputs VALUES (?, ?)")
      .execute(arguments: [owner, body.input.id])
    guard database.changesCount == 1 else { return }
    for event in body.events {
      switch event {
      case .added(let memory): try KnownMemory(memory).write(owner: owner, database)
      case .retracted(let id, _): try database.execute(sql: "DELETE FROM known WHERE id = ?", arguments: [id])
      case .reinforced, .revised, .superseded:
        let row = try Row.fetchOne(database, sql: "SELECT * FROM known WHERE id = ?", arguments: [event.memoryID])
        guard let row, var known = KnownMemory(row) else { continue }
        known.evolve(event)
        try known.write(owner: owner, database)
      }
    }
  }

  /// Everything known of one owner.
  func load(_ owner: OwnerKey) async throws -> OwnerMemories {
    try await database.read { database in
      var memories = OwnerMemories()
      let rows = try Row.fetchCursor(
        database, sql: "SELECT * FROM known WHERE owner = ? ORDER BY asserted_at, id", arguments: [owner.description])
      while let row = try rows.next() {
        guard let known = KnownMemory(row) else { continue }
        memories.insert(known, vector: (row["vector"] as Data?).flatMap(VectorCoding.decode))
      }
      return memories
    }
  }

  /// Which of these inputs of `owner` are decided.
  func decided(_ inputs: [(owner: OwnerKey, id: String)]) async throws -> [Bool] {
    let keys = inputs.map { (owner: $0.owner.description, id: $0.id) }
    return try await database.read { database in
      let statement = try database.cachedStatement(sql: "SELECT 1 FROM inputs WHERE owner = ? AND id = ?")
      return try keys.map { try Bool.fetchOne(statement, arguments: [$0.owner, $0.id]) ?? false }
    }
  }
}

extension KnownMemory {
  fileprivate init?(_ row: Row) {
    guard let polarity = Polarity(rawValue: row["polarity"]),
      let basis = Moment.Basis(rawValue: row["valid_from_basis"])
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
      isEnded: row["is_ended"])
  }

  fileprivate func write(owner: String, _ database: Database) throws {
    try database.cachedStatement(
      sql: """
        INSERT INTO known (id, owner, text, user_id, agent_id, app_id, run_id, slot_subject, slot_attribute, value,
          polarity, subject, valid_from, valid_from_basis, asserted_at, superseded_by, is_ended)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET text = excluded.text, value = excluded.value, valid_from = excluded.valid_from,
          valid_from_basis = excluded.valid_from_basis, asserted_at = excluded.asserted_at,
          superseded_by = excluded.superseded_by, is_ended = excluded.is_ended
        """
    ).execute(arguments: [
      id, owner, text, scope.userID, scope.agentID, scope.appID, scope.runID, slot?.subject, slot?.attribute, value,
      polarity.rawValue, subject, validFrom.at.milliseconds, validFrom.basis.rawValue, assertedAt.milliseconds,
      supersededBy, isEnded,
    ])
  }
}
