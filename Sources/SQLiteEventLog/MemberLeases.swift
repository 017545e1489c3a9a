import EventLog
import GRDB
import Synchronization

/// A membership that this process keeps alive.
final class MemberLease: Sendable {
  let membership: GroupMembership
  private let state: Mutex<State>

  private struct State {
    var seenAt: Int64
    var isClosed = false
  }

  init(_ membership: GroupMembership, joinedAt: Int64) {
    self.membership = membership
    self.state = Mutex(State(seenAt: joinedAt))
  }

  var isClosed: Bool { self.state.withLock { $0.isClosed } }

  /// Whether this is the first call.
  func close() -> Bool {
    self.state.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
  }

  /// Whether a heartbeat is due, in which case it counts as given.
  func takeHeartbeat(now: Int64) -> Bool {
    self.state.withLock { state in
      guard !state.isClosed, abs(now - state.seenAt) >= self.membership.leaseMilliseconds / 3 else { return false }
      state.seenAt = now
      return true
    }
  }
}

/// The memberships of this process, and what keeps them alive while their records are being worked on.
final class MemberLeases: Sendable {
  private let leases = Mutex<[ObjectIdentifier: MemberLease]>([:])

  func add(_ lease: MemberLease) {
    self.leases.withLock { $0[ObjectIdentifier(lease)] = lease }
  }

  func remove(_ lease: MemberLease) {
    self.leases.withLock { $0[ObjectIdentifier(lease)] = nil }
  }

  var all: [MemberLease] { self.leases.withLock { Array($0.values) } }

  /// Gives the heartbeats that are due, three times in a lease, until it is cancelled.
  func keepAlive(_ writer: LogWriter, _ bell: Doorbell, _ options: SQLiteEventLog.Options) async {
    while !Task.isCancelled {
      guard (try? await Task.sleep(for: options.memberLease / 3)) != nil else { return }
      let now = options.nowMilliseconds()
      let due = self.all.filter { $0.takeHeartbeat(now: now) }.map(\.membership)
      guard !due.isEmpty else { continue }
      // Where this fails, the lease runs out and the member joins again at its next poll.
      let didChange = try? await writer.write(isBounded: false) { database in
        try due.reduce(false) { try $1.heartbeat(now: now, database) || $0 }
      }
      if didChange == true { bell.ringAll() }
    }
  }
}
