import GRDB

/// Tables of the embedded log. The version is a storage format: a newer one is refused, an older one is migrated.
enum LogSchema {
  static let version = 1

  /// Bits of a record's row id that hold its offset; the rest is the partition's row id.
  static let offsetBitCount: Int64 = 40

  static func rowID(partition: Int64, offset: Int64) -> Int64 { partition << offsetBitCount | offset }
  static func offset(ofRowID rowID: Int64) -> Int64 { rowID & ((1 << offsetBitCount) - 1) }

  /// Makes what is missing. Returns the version found where it is newer than this one.
  static func prepare(_ database: Database) throws -> Int? {
    let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    guard found <= version else { return found }
    guard found == 0 else { return nil }
    try database.execute(sql: tables)
    try database.execute(sql: "PRAGMA user_version = \(version)")
    return nil
  }

  private static let tables = """
    CREATE TABLE topics (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partition_count INTEGER NOT NULL,
      retention TEXT NOT NULL, retention_ms INTEGER
    ) STRICT;
    -- Ids are never used again: they are part of the records' ids.
    CREATE TABLE partitions (
      id INTEGER PRIMARY KEY AUTOINCREMENT, topic INTEGER NOT NULL REFERENCES topics ON DELETE CASCADE,
      number INTEGER NOT NULL, earliest INTEGER NOT NULL DEFAULT 0, "end" INTEGER NOT NULL DEFAULT 0,
      UNIQUE (topic, number)
    ) STRICT;
    CREATE TABLE records (
      id INTEGER PRIMARY KEY, appended_at INTEGER NOT NULL, key BLOB, value BLOB NOT NULL, headers BLOB NOT NULL
    ) STRICT;
    -- Partitions of deleted topics, whose records are still being discarded.
    CREATE TABLE discarded_partitions (id INTEGER PRIMARY KEY) STRICT;
    CREATE TABLE offsets (
      "group" TEXT NOT NULL, partition INTEGER NOT NULL REFERENCES partitions ON DELETE CASCADE,
      next INTEGER NOT NULL, PRIMARY KEY ("group", partition)
    ) STRICT, WITHOUT ROWID;
    -- The epoch counts the changes of a group's assignment; it is never reset.
    CREATE TABLE groups (name TEXT PRIMARY KEY, epoch INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE members (
      "group" TEXT NOT NULL, instance TEXT NOT NULL, token TEXT NOT NULL, topics TEXT NOT NULL,
      seen_at INTEGER NOT NULL, PRIMARY KEY ("group", instance)
    ) STRICT, WITHOUT ROWID;
    -- The epoch is the one at which the member got the partition: one that lost it and got it back has another.
    CREATE TABLE assignments (
      "group" TEXT NOT NULL, partition INTEGER NOT NULL REFERENCES partitions ON DELETE CASCADE,
      token TEXT NOT NULL, epoch INTEGER NOT NULL, PRIMARY KEY ("group", partition)
    ) STRICT, WITHOUT ROWID;
    """
}
