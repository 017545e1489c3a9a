import FoundationEssentials
import GRDB
import MnemeCore

/// The tables of a shard.
///
/// A memory's number is its owner's number times 2³² plus an ordinal, so that an owner's rows, vectors and sources lie
/// side by side.
enum Schema {
  /// Shape of the tables, of the bodies in them, and of the words' keys. A shard of an older one is folded again.
  static let version = 7 + 1000 * Upcasting.steps.count

  /// Bytes of a page: five vectors of 384 components fit, where two would fit into the usual half.
  static let pageByteCount = 8192

  /// The owner of memory number `memory`.
  static func owner(of memory: Int64) -> Int64 { memory >> 32 }
  /// The first and the last number that a memory of `owner` may have.
  static func memories(of owner: Int64) -> ClosedRange<Int64> { owner << 32...owner << 32 | 0xffff_ffff }

  /// Makes the tables in an empty database.
  static func create(_ database: Database, for configuration: ProjectionConfiguration) throws {
    try database.execute(sql: tables)
    for (name, value) in meta(of: configuration) + [(wordRules, try WordRules.digest(database))] {
      try database.execute(sql: "INSERT INTO meta VALUES (?, ?)", arguments: [name, value])
    }
    try database.execute(sql: "PRAGMA user_version = \(version)")
  }

  /// What a shard says of itself.
  enum Verdict: Equatable {
    /// It is what the configuration asks for.
    case current
    /// An older version of this program made it, or other rules made its words.
    case outdated
  }

  /// Compares a shard with what `configuration` asks for.
  /// - Throws: `ProjectionError` (`.mismatch`).
  static func check(_ database: Database, for configuration: ProjectionConfiguration, path: String) throws -> Verdict {
    let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    guard found <= version else {
      throw ProjectionError(
        .mismatch, "\(path) has version \(found), this program knows \(version); use a newer program")
    }
    guard found == version else { return .outdated }
    let rows = try Row.fetchAll(database, sql: "SELECT name, value FROM meta")
    let actual = Dictionary(uniqueKeysWithValues: rows.map { ($0[0] as String, $0[1] as String) })
    for (name, wanted) in meta(of: configuration) where actual[name] != wanted {
      throw ProjectionError(
        .mismatch,
        "\(path) was made for \(name) \(actual[name] ?? "unknown"), not \(wanted); run 'mneme replay rebuild'")
    }
    return actual[wordRules] == (try WordRules.digest(database)) ? .current : .outdated
  }

  /// Name of what a shard says about its words.
  private static let wordRules = "word rules"

  private static func meta(of configuration: ProjectionConfiguration) -> [(name: String, value: String)] {
    [
      ("generation", configuration.generation), ("space", configuration.space),
      ("dimension", String(configuration.dimension)), ("partition count", String(configuration.partitionCount)),
    ]
  }

  private static let tables = """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

    -- How far each topic is folded: next offset. Written with the rows that follow from it.
    CREATE TABLE watermarks (
      topic TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (topic, partition)
    ) STRICT, WITHOUT ROWID;
    -- Vectors of all memories records below this offset are folded, where a stage that follows the memories makes them.
    CREATE TABLE vector_mark (one INTEGER PRIMARY KEY CHECK (one = 0), memories_next INTEGER NOT NULL) STRICT;
    -- Highest offset of the turns topic whose outcome is folded; and of those, whose vectors are folded too.
    CREATE TABLE turn_positions (
      partition INTEGER PRIMARY KEY, folded INTEGER NOT NULL, visible INTEGER NOT NULL
    ) STRICT;
    -- Records that could not be folded.
    CREATE TABLE skipped (
      topic TEXT NOT NULL, partition INTEGER NOT NULL, position INTEGER NOT NULL, code TEXT NOT NULL,
      PRIMARY KEY (topic, partition, position)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE tenants (tenant INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    -- version rises with every transaction that changes the owner's memories or vectors;
    -- token_count is how many words the owner's memories have, source_word_count how many they have of what they come
    -- from.
    CREATE TABLE owners (
      owner INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
      next_ordinal INTEGER NOT NULL, version INTEGER NOT NULL, memory_count INTEGER NOT NULL,
      token_count INTEGER NOT NULL, source_word_count INTEGER NOT NULL, UNIQUE (tenant, kind, id)
    ) STRICT;

    -- The number of each memory that was ever named, retracted ones included.
    CREATE TABLE numbers (id BLOB PRIMARY KEY, memory INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE memories (
      memory INTEGER PRIMARY KEY, id BLOB NOT NULL, text TEXT NOT NULL, category TEXT NOT NULL,
      user_id TEXT, agent_id TEXT, app_id TEXT, run_id TEXT,
      actor TEXT NOT NULL, subject TEXT NOT NULL, attribute TEXT, value TEXT, polarity TEXT NOT NULL,
      confidence REAL NOT NULL, valid_from INTEGER NOT NULL, valid_from_basis TEXT NOT NULL,
      valid_to INTEGER, valid_to_basis TEXT, superseded_by BLOB, metadata TEXT, expires_at INTEGER,
      recipe TEXT NOT NULL, is_edited INTEGER NOT NULL, recorded_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
      reinforcement_count INTEGER NOT NULL,
      -- What a person thinks of it, and why.
      feedback TEXT, feedback_reason TEXT,
      source_count INTEGER NOT NULL, text_hash BLOB NOT NULL,
      -- `SourceWords`; null where there are none.
      source_words BLOB,
      -- `WordKeys` of the text.
      words BLOB NOT NULL
    ) STRICT;
    CREATE INDEX memories_by_agent ON memories (agent_id) WHERE agent_id IS NOT NULL;
    -- What owners are called.
    CREATE INDEX memories_by_name ON memories (attribute) WHERE attribute = 'name';
    CREATE TABLE sources (
      memory INTEGER NOT NULL, ordinal INTEGER NOT NULL, event_id TEXT NOT NULL, message_index INTEGER NOT NULL,
      message_id TEXT, role TEXT NOT NULL, time INTEGER NOT NULL, time_basis TEXT NOT NULL, quote TEXT NOT NULL,
      run_id TEXT, PRIMARY KEY (memory, ordinal)
    ) STRICT, WITHOUT ROWID;
    -- The sessions of each memory: its own and its sources'.
    CREATE TABLE runs (
      run_id TEXT NOT NULL, memory INTEGER NOT NULL, PRIMARY KEY (run_id, memory)
    ) STRICT, WITHOUT ROWID;

    -- The vector of each memory's words as they are now.
    CREATE TABLE vectors (memory INTEGER PRIMARY KEY, vector BLOB NOT NULL) STRICT;
    -- Vectors of words that a memory had before, or is going to have when its event is folded.
    -- Those of memories that nobody has named yet stand in early_vectors: numbers follow from the memory events alone.
    CREATE TABLE other_vectors (
      memory INTEGER NOT NULL, text_hash BLOB NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (memory, text_hash)
    ) STRICT;
    CREATE TABLE early_vectors (
      id BLOB NOT NULL, owner TEXT NOT NULL, text_hash BLOB NOT NULL, vector BLOB NOT NULL,
      PRIMARY KEY (id, owner, text_hash)
    ) STRICT;
    -- Which memories changed in which version of their owner, for those who keep an owner's vectors.
    CREATE TABLE touched (
      owner INTEGER NOT NULL, version INTEGER NOT NULL, memory INTEGER NOT NULL, PRIMARY KEY (owner, version, memory)
    ) STRICT, WITHOUT ROWID;

    -- Turns and commands with their outcome; body is that of the event, as it was recorded.
    CREATE TABLE inputs (
      input INTEGER PRIMARY KEY, owner INTEGER NOT NULL, id TEXT NOT NULL, outcome TEXT NOT NULL,
      completed_at INTEGER NOT NULL, body BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX inputs_by_id ON inputs (id, owner);
    -- What happened to each memory: event number `ordinal` of the input's body. text where that event has no words.
    CREATE TABLE changes (
      memory INTEGER NOT NULL, input INTEGER NOT NULL, ordinal INTEGER NOT NULL, text TEXT,
      PRIMARY KEY (memory, input, ordinal)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE successions (
      successor INTEGER NOT NULL, predecessor INTEGER NOT NULL, PRIMARY KEY (successor, predecessor)
    ) STRICT, WITHOUT ROWID;
    """
}
