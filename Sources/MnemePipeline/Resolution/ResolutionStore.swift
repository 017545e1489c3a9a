import EventLog
import FoundationEssentials
import GRDB
import MnemeCore

/// What resolution has to remember of one partition, on disk: known memories with their vectors, what people deleted or
/// rewrote, and which inputs are decided. It is folded from resolution's own output, as a state store is from its
/// changelog, and may be deleted at any time.
struct ResolutionStore: Sendable {
  let database: DatabaseQueue
  private let log: any EventLog
  private let codec: EventRecordCodec
  private let memories: TopicPartition
  private let vectors: TopicPartition

  /// Shape of the tables; another one on disk is dropped and folded again.
  private static let version = 3

  /// Opens, or makes, the store of `partition` in `directory`.
  init(
    directory: String, partition: Int, generation: String, space: String, log: any EventLog, codec: EventRecordCodec
  ) throws {
    self.log = log
    self.codec = codec
    self.memories = TopicPartition(Topics.memories(generation: generation), partition)
    self.vectors = TopicPartition(Topics.vectors(space: space, generation: generation), partition)
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
    for table in ["known", "inputs", "watermarks", "deleted", "marks", "scope_deletions"] {
      try database.execute(sql: "DROP TABLE IF EXISTS \(table)")
    }
    try database.execute(
      sql: """
        CREATE TABLE known (
          owner TEXT NOT NULL, id BLOB NOT NULL, text TEXT NOT NULL,
          user_id TEXT, agent_id TEXT, app_id TEXT, run_id TEXT,
          slot_subject TEXT, slot_attribute TEXT, value TEXT, polarity TEXT NOT NULL, subject TEXT NOT NULL,
          valid_from INTEGER NOT NULL, valid_from_basis TEXT NOT NULL, asserted_at INTEGER NOT NULL,
          superseded_by BLOB, is_ended INTEGER NOT NULL, spans BLOB NOT NULL, recipe TEXT NOT NULL, vector BLOB,
          -- An owner's memories stand side by side: they are read together.
          PRIMARY KEY (owner, id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE inputs (
          owner TEXT NOT NULL, id TEXT NOT NULL, turns_partition INTEGER NOT NULL, first_offset INTEGER NOT NULL,
          is_decided INTEGER NOT NULL, PRIMARY KEY (owner, id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE deleted (owner TEXT NOT NULL, id BLOB NOT NULL, PRIMARY KEY (owner, id)) STRICT, WITHOUT ROWID;
        CREATE TABLE marks (
          number INTEGER PRIMARY KEY, owner TEXT NOT NULL, turns_partition INTEGER NOT NULL,
          first_offset INTEGER NOT NULL, body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX marks_by_owner ON marks (owner, number);
        CREATE TABLE scope_deletions (
          number INTEGER PRIMARY KEY, owner TEXT NOT NULL, turns_partition INTEGER NOT NULL,
          first_offset INTEGER NOT NULL, scope BLOB NOT NULL
        ) STRICT;
        CREATE INDEX scope_deletions_by_owner ON scope_deletions (owner, number);
        CREATE TABLE watermarks (topic TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT;
        PRAGMA user_version = \(version);
        """)
  }

  /// Reads, as GRDB's `read` does not for a queue: it forbids writes by a pragma each time, after which SQLite compiles
  /// every statement anew. Nobody else has the one connection meanwhile.
  func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
    try await database.unsafeRead(body)
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
      try Self.fold(body, owner: event.owner.description, database)
    }
  }

  private func follow(
    _ source: TopicPartition, fold: @Sendable @escaping (Database, CloudEvent) throws -> Void
  ) async throws {
    var next =
      try await read { database in
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
}
