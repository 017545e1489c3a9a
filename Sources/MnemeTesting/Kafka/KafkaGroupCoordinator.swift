import Glibc
import Synchronization

/// The coordinator of consumer groups that a proxy has in its broker's place. noida-db's own loses wake-ups, never
/// expires a dead member, gives one partition to two static members, and lets a member of a past generation commit.
///
/// Offsets stay with the broker: commits are checked against the group and then passed on.
final class KafkaGroupCoordinator: Sendable {
  /// What becomes of a request.
  enum Action {
    /// The broker answers it.
    case forward([UInt8])
    /// This is the answer.
    case answer([UInt8])
    /// The client has gone while it was waited for others.
    case hangUp
  }

  /// How often a blocked call looks whether it can go on, in microseconds.
  private static let checkInterval: UInt32 = 2_000

  private let groups = Mutex<[String: KafkaGroup]>([:])

  /// Decides about one request, on the thread of its connection, which it may block as Kafka does.
  func action(
    on frame: [UInt8], _ request: KafkaRequestFrame, isGone: () -> Bool
  ) -> Action {
    let message = KafkaGroupRequest(frame, request)
    switch message {
    case .none: return .forward(frame)
    case .join(let group, let join): return self.join(group, join, request, isGone)
    case .sync(let group, let member, let assignments):
      return self.sync(group, member, assignments, request, isGone)
    case .heartbeat(let group, let member):
      let failure = self.with(group) { $0.heartbeat(member, now: .now) }
      return .answer(KafkaGroupAnswer.plain(failure, request))
    case .leave(let group, let memberID):
      let failure = self.with(group) { $0.leave(memberID, now: .now) }
      return .answer(KafkaGroupAnswer.plain(failure, request))
    case .commit(let group, let member, let commit):
      if let failure = self.with(group, { $0.commitViolation(member, now: .now) }) {
        return .answer(commit.refused(failure, request))
      }
      return .forward(commit.anonymous)
    }
  }

  private func with<Value>(_ group: String, _ body: (inout KafkaGroup) -> Value) -> Value {
    self.groups.withLock { body(&$0[group, default: KafkaGroup()]) }
  }

  private func join(
    _ group: String, _ join: KafkaGroup.Join, _ request: KafkaRequestFrame, _ isGone: () -> Bool
  ) -> Action {
    let (entered, promised) = self.with(group) { group in
      (group.join(join, needsID: request.apiVersion >= 4, now: .now), group.promisedID)
    }
    switch entered {
    case .failure(let failure):
      let id = failure == .memberIDRequired ? promised : join.memberID
      return .answer(KafkaGroupAnswer.join(.failure(failure), memberID: id, request))
    case .success(let id):
      while true {
        if let joined = self.with(group, { $0.takeJoined(id, instance: join.instanceID, now: .now) }) {
          return .answer(KafkaGroupAnswer.join(joined, memberID: id, request))
        }
        if isGone() { return .hangUp }
        usleep(Self.checkInterval)
      }
    }
  }

  private func sync(
    _ group: String, _ member: KafkaGroup.Credentials, _ assignments: [String: [UInt8]],
    _ request: KafkaRequestFrame, _ isGone: () -> Bool
  ) -> Action {
    while true {
      if let result = self.with(group, { $0.sync(member, assignments: assignments, now: .now) }) {
        return .answer(KafkaGroupAnswer.sync(result, request))
      }
      if isGone() { return .hangUp }
      usleep(Self.checkInterval)
    }
  }
}
