import GRDB
public import MnemeCore

/// The memories of one shard that a query is about, as SQL: `m` is the memory, `o` its owner.
struct Selection {
  /// `FROM … WHERE …`.
  let sql: String
  let arguments: StatementArguments

  /// The memories of `owner` that `query` is about.
  init(_ query: MemoryQuery, owner: OwnerRow) {
    self.init(
      query, from: "memories m", where: "m.memory BETWEEN ? AND ?",
      [Schema.memories(of: owner.number).lowerBound, Schema.memories(of: owner.number).upperBound])
  }

  /// Those of some of `owner`'s memories that `query` is about.
  init(_ query: MemoryQuery, owner: OwnerRow, among numbers: [Int64]) {
    // Their numbers are looked up one by one: the owner's range is no condition that an index should serve.
    let range = Schema.memories(of: owner.number)
    self.init(
      query, from: "json_each(?) j CROSS JOIN memories m ON m.memory = j.value", where: "+m.memory BETWEEN ? AND ?",
      [StoredJSON.encode(numbers.map(JSONValue.int)), range.lowerBound, range.upperBound])
  }

  /// The memories of tenant number `tenant` that `query` is about, whoever owns them.
  init(_ query: MemoryQuery, tenant: Int64) {
    let required = query.filter?.requiredScope
    if let run = required?.runID {
      self.init(
        query,
        from: """
          runs r CROSS JOIN memories m ON m.memory = r.memory CROSS JOIN owners o ON o.owner = m.memory >> 32
          """,
        where: "r.run_id = ? AND o.tenant = ?", [StoredText.encode(run), tenant])
    } else if let agent = required?.agentID {
      self.init(
        query, from: "memories m INDEXED BY memories_by_agent CROSS JOIN owners o ON o.owner = m.memory >> 32",
        where: "m.agent_id = ? AND o.tenant = ?", [StoredText.encode(agent), tenant])
    } else {
      // Each owner's memories are one range of rows.
      self.init(
        query,
        from: """
          owners o CROSS JOIN memories m ON m.memory BETWEEN o.owner << 32 AND (o.owner << 32) + 4294967295
          """, where: "o.tenant = ?", [tenant])
    }
  }

  private init(_ query: MemoryQuery, from: String, where condition: String, _ arguments: StatementArguments) {
    var sql = "FROM \(from) WHERE \(condition)"
    var arguments = arguments
    if let validAt = query.validAt {
      sql += " AND m.valid_from <= ? AND (m.valid_to IS NULL OR m.valid_to > ?)"
      arguments += [validAt.milliseconds, validAt.milliseconds]
    } else if !query.includesEnded {
      sql += " AND m.valid_to IS NULL AND m.superseded_by IS NULL"
    }
    if let now = query.notExpiredAt {
      sql += " AND (m.expires_at IS NULL OR m.expires_at > ?)"
      arguments += [now.milliseconds]
    }
    if let filter = query.filter {
      let condition = FilterSQL(filter)
      sql += " AND (\(condition.sql))"
      arguments += condition.arguments
    }
    self.sql = sql
    self.arguments = arguments
  }
}

extension MemoryQuery {
  /// The one owner whose memories are asked for; nil where they may be several's.
  public var owner: OwnerKey? {
    // An agent's or a session's id is no owner by itself: memories of users carry them too.
    guard let user = filter?.requiredScope.userID else { return nil }
    return OwnerKey(tenant: tenant, owner: Owner(kind: .user, id: user))
  }

  /// Whether nothing is asked for but the user whose memories these are, and whether they have ended.
  var isWholeOwner: Bool {
    guard validAt == nil, let filter, let user = filter.requiredScope.userID else { return false }
    return Self.asksOnly(for: user, filter)
  }

  /// Nobody is two users: a filter that asks for both asks for more.
  private static func asksOnly(for user: String, _ filter: Filter) -> Bool {
    switch filter {
    case .and(let parts): parts.allSatisfy { asksOnly(for: user, $0) }
    case .compare(.userID, .eq, .string(let id)): id == user
    case .or, .not, .compare, .isPresent: false
    }
  }
}
