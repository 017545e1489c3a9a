import Glibc

/// Room for connections among the files that the process may have open: each connection is one.
enum OpenFiles {
  /// Most files that the process asks the system for, whatever it would grant.
  static let maxCount = 65_536
  /// Most connections that may be asked for.
  static let maxConnectionCount = 60_000
  /// Files that are open beside connections: log, models, standard streams, a snapshot, requests to models.
  static let reservedCount = 256
  /// Files of one partition: a shard's database with what SQLite has beside it, for a few readers and a writer, and a
  /// state store.
  static let countPerPartition = 24

  /// What is to be done, and what it yields.
  struct Plan: Equatable {
    /// The soft limit to set.
    var limit: Int
    /// How many of the connections fit.
    var connectionCount: Int
  }

  /// Raises the limit to what the process could need, and no further than the hard limit and `maxCount`.
  /// - Parameters:
  ///   - soft: The limit that holds.
  ///   - hard: The limit up to which it may be raised.
  static func plan(soft: Int, hard: Int, connections: Int, partitions: Int) -> Plan {
    let limit = max(soft, min(hard, maxCount))
    let room = limit - reservedCount - countPerPartition * partitions
    // With one at least, it can be asked how it is.
    return Plan(limit: limit, connectionCount: max(1, min(connections, room)))
  }

  /// Raises the process's limit, and tells where it is too low.
  /// - Returns: how many of the connections fit.
  static func makeRoom(connections: Int, partitions: Int) -> Int {
    var limits = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else { return connections }
    func count(_ limit: rlim_t) -> Int { Int(exactly: limit) ?? .max }
    var plan = plan(
      soft: count(limits.rlim_cur), hard: count(limits.rlim_max), connections: connections, partitions: partitions)
    if plan.limit > count(limits.rlim_cur) {
      let before = count(limits.rlim_cur)
      limits.rlim_cur = rlim_t(plan.limit)
      if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) != 0 {
        plan = self.plan(soft: before, hard: before, connections: connections, partitions: partitions)
      }
    }
    if plan.connectionCount < connections {
      Console.note(
        """
        at most \(plan.connectionCount) of \(connections) connections: the process may have \(plan.limit) files open. \
        Raise the hard limit (ulimit -Hn, or LimitNOFILE= of the service), or lower \(Setting.maxConnections.flag)
        """)
    }
    return plan.connectionCount
  }
}
