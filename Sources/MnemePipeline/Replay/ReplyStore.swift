public import EventLog
import FoundationEssentials
import GRDB
import MnemeCore

/// What models answered about turns, by what they were asked: a replay that is given up, or done in parts, asks once.
///
/// It is filled by the replay itself, before its output is in the log, and from the facts of other generations. It may
/// be deleted at any time: what it knew is asked again.
public struct ReplyStore: Sendable {
  private let database: DatabaseQueue

  /// Shape of the table; another one on disk is dropped.
  private static let version = 1
  /// Bytes of answers that are kept; beyond it the oldest ones go when the store is opened.
  public static let maxByteCount = 4 << 30
  /// How long another process may hold the store, in seconds.
  private static let busyTimeoutSeconds = 10.0

  /// Opens, or makes, the store in `directory`.
  public init(directory: String) throws {
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    var configuration = Configuration()
    configuration.busyMode = .timeout(Self.busyTimeoutSeconds)
    configuration.prepareDatabase { database in
      // NORMAL: what a power cut takes is asked again.
      try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
    }
    self.database = try DatabaseQueue(path: directory + "/replies.sqlite", configuration: configuration)
    try database.write { database in
      if try Int.fetchOne(database, sql: "PRAGMA user_version") != Self.version {
        try database.execute(
          sql: """
            DROP TABLE IF EXISTS replies;
            CREATE TABLE replies (
              number INTEGER PRIMARY KEY, owner TEXT NOT NULL, hash TEXT NOT NULL, facts BLOB NOT NULL,
              UNIQUE (owner, hash)
            ) STRICT;
            PRAGMA user_version = \(Self.version);
            """)
      }
      try Self.trim(database)
    }
  }

  private static func trim(_ database: Database) throws {
    var byteCount = try Int.fetchOne(database, sql: "SELECT coalesce(sum(length(facts)), 0) FROM replies") ?? 0
    guard byteCount > maxByteCount else { return }
    let rows = try Row.fetchCursor(database, sql: "SELECT number, length(facts) FROM replies ORDER BY number")
    var last: Int64?
    while byteCount > maxByteCount, let row = try rows.next() {
      last = row[0]
      byteCount -= row[1] as Int
    }
    try database.execute(sql: "DELETE FROM replies WHERE number <= ?", arguments: [last])
  }

  /// The facts that were found in `owner`'s turns of these hashes; nil where nobody was asked.
  func facts(of owner: OwnerKey, hashes: [String]) async throws -> [[FactCandidate]?] {
    try await database.read { database in
      let statement = try database.cachedStatement(sql: "SELECT facts FROM replies WHERE owner = ? AND hash = ?")
      return try hashes.map { hash in
        try Data.fetchOne(statement, arguments: [owner.description, hash])
          .flatMap { try? EventBodyCoding.decode([FactCandidate].self, from: Array($0)) }
      }
    }
  }

  /// Notes what was found in `owner`'s turns.
  func note(_ found: [(hash: String, facts: [FactCandidate])], of owner: OwnerKey) async throws {
    try await database.write { database in
      for (hash, facts) in found { try Self.insert(database, owner, hash, facts) }
    }
  }

  private static func insert(
    _ database: Database, _ owner: OwnerKey, _ hash: String, _ facts: [FactCandidate]
  ) throws {
    try database.cachedStatement(sql: "INSERT OR IGNORE INTO replies (owner, hash, facts) VALUES (?, ?, ?)")
      .execute(arguments: [owner.description, hash, Data(EventBodyCoding.encode(facts))])
  }

  /// Notes what the facts on `topic` tell; returns how many there are.
  /// - Throws: `EventLogError`.
  public func fill(from topic: String, of log: any EventLog, codec: EventRecordCodec) async throws -> Int {
    var count = 0
    for (partition, bounds) in try await log.bounds(of: topic).enumerated() {
      var next = bounds.earliest
      while next < bounds.end {
        let records = try await log.read(TopicPartition(topic, partition), from: next, limit: ReadLimit())
        guard let last = records.last else { break }
        next = last.position.offset + 1
        let found = records.compactMap { record -> (owner: OwnerKey, hash: String, facts: [FactCandidate])? in
          guard let event = try? codec.decode(record), event.knownType == .factsExtracted,
            let body = try? EventBodyCoding.decode(FactsExtracted.self, from: event.data), let hash = body.inputHash
          else { return nil }
          return (event.owner, hash, body.facts)
        }
        count += found.count
        try await database.write { database in
          for (owner, hash, facts) in found { try Self.insert(database, owner, hash, facts) }
        }
      }
    }
    return count
  }
}
