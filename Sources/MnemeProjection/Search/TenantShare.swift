import GRDB
import Synchronization

/// What one shard has of a tenant, as of a snapshot.
struct TenantShare: Sendable {
  let number: Int64
  /// Rises with every transaction of the shard.
  let version: Int64
  let memoryCount: Int
  let tokenCount: Int
  /// How many words its memories have of what they come from.
  let sourceWordCount: Int

  /// The share of the tenant of that name; nil where it has nothing here.
  static func fetch(_ database: Database, _ name: String) throws -> TenantShare? {
    try fetch(database, name, version: try version(database))
  }

  /// The version of all shares of the shard.
  fileprivate static func version(_ database: Database) throws -> Int64 {
    try Int64.fetchOne(try database.cachedStatement(sql: "SELECT ifnull(sum(next), 0) FROM watermarks")) ?? 0
  }

  fileprivate static func fetch(_ database: Database, _ name: String, version: Int64) throws -> TenantShare? {
    let number = try Int64.fetchOne(
      try database.cachedStatement(sql: "SELECT tenant FROM tenants WHERE name = ?"),
      arguments: [StoredText.encode(name)])
    guard let number else { return nil }
    let row = try Row.fetchOne(
      try database.cachedStatement(
        sql: """
          SELECT ifnull(sum(memory_count), 0), ifnull(sum(token_count), 0), ifnull(sum(source_word_count), 0)
          FROM owners WHERE tenant = ?
          """),
      arguments: [number])
    return TenantShare(
      number: number, version: version, memoryCount: row?[0] ?? 0, tokenCount: row?[1] ?? 0,
      sourceWordCount: row?[2] ?? 0)
  }
}

/// Shares that were read a while ago: each is a sum over all of a tenant's owners.
final class TenantShares: Sendable {
  private struct Key: Hashable {
    /// Name of the database: another one counts versions by itself.
    let database: String
    let tenant: String
  }

  /// Shares that are kept, at most: beyond that, all are read again.
  private static let maxCount = 1024

  private let known = Mutex<[Key: TenantShare]>([:])

  /// The share of `tenant` as of `database`'s snapshot; nil where it has nothing there.
  func share(_ database: Database, name: String, tenant: String) throws -> TenantShare? {
    let key = Key(database: name, tenant: tenant)
    let version = try TenantShare.version(database)
    if let share = self.known.withLock({ $0[key] }), share.version == version { return share }
    guard let share = try TenantShare.fetch(database, tenant, version: version) else { return nil }
    self.known.withLock { known in
      // A reader on an older snapshot does not put back what another one has seen change.
      guard (known[key]?.version ?? .min) < share.version else { return }
      if known.count >= Self.maxCount { known.removeAll() }
      known[key] = share
    }
    return share
  }
}
