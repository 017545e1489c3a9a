import EventLog

/// What a consumer has been given, what its user was told, and what it may commit. A value: no I/O.
struct ConsumerState {
  private enum Phase {
    case open
    /// Another worker has this one's name.
    case fenced(EventLogError)
    case closed
  }

  private var phase = Phase.open
  /// Topics to subscribe to after the first assignment; nil where they are subscribed to already.
  var finalSubscription: [String]?
  /// Partitions that the group has given to this member.
  private(set) var assigned: Set<TopicPartition> = []
  /// Whether the group has ever given something, were it an empty list.
  private(set) var wasAssigned = false
  /// Those of them that a poll has told of, and nothing was taken away since.
  private var told: Set<TopicPartition> = []
  private var newlyAssigned: Set<TopicPartition> = []
  private var newlyRevoked: Set<TopicPartition> = []
  private var committed: [TopicPartition: Int64] = [:]
  private(set) var paused: Set<TopicPartition> = []

  /// The group has given these partitions.
  mutating func assign(_ partitions: Set<TopicPartition>) {
    self.wasAssigned = true
    self.assigned.formUnion(partitions)
    self.newlyAssigned.formUnion(partitions)
  }

  /// The group takes these partitions away: nothing is committed for them from now on.
  mutating func revoke(_ partitions: Set<TopicPartition>) {
    self.newlyRevoked.formUnion(self.told.intersection(partitions))
    self.told.subtract(partitions)
    self.newlyAssigned.subtract(partitions)
    self.assigned.subtract(partitions)
    self.paused.subtract(partitions)
    for partition in partitions { self.committed[partition] = nil }
  }

  /// Another worker has taken this one's place, for good.
  mutating func fence(_ error: EventLogError) {
    guard case .open = self.phase else { return }
    self.phase = .fenced(error)
    self.revoke(self.assigned)
  }

  /// The consumer is closed, for good. Returns whether it was open.
  mutating func close() -> Bool {
    if case .closed = self.phase { return false }
    self.phase = .closed
    self.finalSubscription = nil
    self.revoke(self.assigned)
    return true
  }

  /// What is to be told by a poll.
  /// - Throws: where there is nothing more to tell and never will be.
  mutating func takeChanges() throws(EventLogError) -> (assigned: Set<TopicPartition>, revoked: Set<TopicPartition>) {
    let changes = (assigned: self.newlyAssigned, revoked: self.newlyRevoked)
    switch self.phase {
    case .open: break
    case .fenced(let error): if changes.revoked.isEmpty { throw error }
    case .closed: throw Self.closedError
    }
    self.told.formUnion(changes.assigned)
    self.newlyAssigned = []
    self.newlyRevoked = []
    return changes
  }

  /// Whether these offsets may be committed now.
  func checkCommit(_ offsets: [TopicPartition: Int64]) throws(EventLogError) {
    switch self.phase {
    case .open: break
    case .fenced(let error): throw error
    case .closed: throw Self.closedError
    }
    for (partition, offset) in offsets {
      guard self.told.contains(partition) else {
        throw EventLogError(
          .fenced, "\(partition) is another worker's now, or was meanwhile; nothing was written, give up the work on it"
        )
      }
      if let committed = self.committed[partition], offset < committed {
        throw EventLogError(
          .fenced, "\(partition) is committed up to offset \(committed) already, not to \(offset); nothing was written")
      }
    }
  }

  /// These offsets are committed.
  mutating func didCommit(_ offsets: [TopicPartition: Int64]) {
    for (partition, offset) in offsets where self.assigned.contains(partition) {
      self.committed[partition] = max(offset, self.committed[partition] ?? offset)
    }
  }

  /// Holds back records of those of these partitions that this member has.
  mutating func pause(_ partitions: Set<TopicPartition>) {
    self.paused.formUnion(partitions.intersection(self.assigned))
  }

  /// Lets records of these partitions through again.
  mutating func resume(_ partitions: Set<TopicPartition>) {
    self.paused.subtract(partitions)
  }

  static let closedError = EventLogError(.closed, "the consumer is closed")
}
