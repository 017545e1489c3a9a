/// One consumer group, as Kafka's coordinator keeps it: a value that is told the time, and never waits.
///
/// The rules are those of Kafka's GroupCoordinator for the classic protocol, with static members (KIP-345) and members
/// that have to name themselves before they count (KIP-394).
struct KafkaGroup {
  /// Kafka's error codes.
  enum Failure: Int16, Error {
    case illegalGeneration = 22
    case inconsistentProtocol = 23
    case unknownMember = 25
    case rebalanceInProgress = 27
    case memberIDRequired = 79
    case fencedInstance = 82
  }

  struct Join {
    var memberID: String
    var instanceID: String?
    var sessionTimeout: Duration
    var rebalanceTimeout: Duration
    var protocols: [Strategy]
  }

  /// A way to assign partitions, and what the member tells of itself for it.
  struct Strategy: Equatable {
    let name: String
    let metadata: [UInt8]
  }

  /// What a member is told when it has joined.
  struct Joined {
    var generation: Int32
    var protocolName: String
    var leaderID: String
    var memberID: String
    /// For the leader alone, which assigns.
    var members: [(id: String, instanceID: String?, metadata: [UInt8])] = []
  }

  private enum Phase: Equatable {
    case empty
    /// Members join until all have, or until `deadline`; not before `earliest`.
    case preparing(earliest: ContinuousClock.Instant, deadline: ContinuousClock.Instant)
    /// The leader assigns.
    case completing
    case stable
  }

  private struct Member {
    var join: Join
    var lastSeen: ContinuousClock.Instant
    var isJoining = false
    var joined: Joined?
    var assignment: [UInt8] = []
  }

  /// How long the first member waits for others.
  static let initialDelay: Duration = .milliseconds(100)

  private var phase = Phase.empty
  private var generation: Int32 = 0
  private var members: [String: Member] = [:]
  /// In order of arrival.
  private var order: [String] = []
  private var memberIDs: [String: String] = [:]
  /// Ids that were handed out and have not come back.
  private var promised: Set<String> = []
  private var leaderID: String?
  private var protocolName = ""
  private var lastNumber = 0

  // MARK: Joining

  /// Enters the group, and returns the member's id; `takeJoined` has the answer when there is one.
  mutating func join(
    _ join: Join, needsID: Bool, now: ContinuousClock.Instant
  ) -> Result<String, Failure> {
    tick(now)
    if let instance = join.instanceID, join.memberID.isEmpty { return .success(joinStatic(join, instance, now)) }
    if join.memberID.isEmpty {
      guard needsID else { return .success(add(join, id: newID(), now)) }
      promised.insert(newID())
      return .failure(.memberIDRequired)
    }
    if promised.remove(join.memberID) != nil { return .success(add(join, id: join.memberID, now)) }
    if let failure = violation(join.memberID, instance: join.instanceID) { return .failure(failure) }
    rejoin(join, now)
    return .success(join.memberID)
  }

  /// The id that the next `join` with it is to have, after `memberIDRequired`.
  var promisedID: String { "member-\(lastNumber)" }

  private mutating func newID() -> String {
    lastNumber += 1
    return promisedID
  }

  private mutating func add(_ join: Join, id: String, _ now: ContinuousClock.Instant) -> String {
    var join = join
    join.memberID = id
    members[id] = Member(join: join, lastSeen: now, isJoining: true)
    order.append(id)
    if let instance = join.instanceID { memberIDs[instance] = id }
    prepareRebalance(now)
    completeJoin(now)
    return id
  }

  /// A static member that starts again takes the place of its former self; a stable group goes on as it was.
  private mutating func joinStatic(_ join: Join, _ instance: String, _ now: ContinuousClock.Instant) -> String {
    let id = newID()
    guard let oldID = memberIDs[instance], let old = members.removeValue(forKey: oldID) else {
      return add(join, id: id, now)
    }
    var join = join
    join.memberID = id
    var member = Member(join: join, lastSeen: now)
    member.assignment = old.assignment
    members[id] = member
    memberIDs[instance] = id
    order = order.map { $0 == oldID ? id : $0 }
    if leaderID == oldID { leaderID = id }
    if phase == .stable, join.protocols.map(\.name) == old.join.protocols.map(\.name) {
      // Under the leader's former id, so that a leader does not assign anew.
      members[id]?.joined = Joined(
        generation: generation, protocolName: protocolName, leaderID: oldID, memberID: id)
      return id
    }
    members[id]?.isJoining = true
    prepareRebalance(now)
    completeJoin(now)
    return id
  }

  private mutating func rejoin(_ join: Join, _ now: ContinuousClock.Instant) {
    let id = join.memberID
    let isUnchanged = members[id]?.join.protocols == join.protocols
    members[id]?.join = join
    members[id]?.lastSeen = now
    if isUnchanged, phase == .completing || (phase == .stable && leaderID != id) {
      let joined = joined(id)
      members[id]?.joined = joined
      return
    }
    members[id]?.isJoining = true
    prepareRebalance(now)
    completeJoin(now)
  }

  /// The answer to a join; nil while others are waited for.
  mutating func takeJoined(
    _ memberID: String, instance: String?, now: ContinuousClock.Instant
  ) -> Result<Joined, Failure>? {
    tick(now)
    if let failure = violation(memberID, instance: instance) { return .failure(failure) }
    members[memberID]?.lastSeen = now
    guard let joined = members[memberID]?.joined else { return nil }
    members[memberID]?.joined = nil
    return .success(joined)
  }

  private func joined(_ id: String) -> Joined {
    var joined = Joined(
      generation: generation, protocolName: protocolName, leaderID: leaderID ?? "", memberID: id)
    guard id == leaderID else { return joined }
    joined.members = order.compactMap { id in
      members[id].map { member in
        let metadata = member.join.protocols.first { $0.name == protocolName }?.metadata
        return (id, member.join.instanceID, metadata ?? [])
      }
    }
    return joined
  }

  // MARK: Rebalancing

  private mutating func prepareRebalance(_ now: ContinuousClock.Instant) {
    if case .preparing = phase { return }
    let timeout = members.values.map(\.join.rebalanceTimeout).max() ?? .zero
    let earliest = phase == .empty ? now + Self.initialDelay : now
    phase = .preparing(earliest: earliest, deadline: earliest + timeout)
  }

  /// Begins the next generation once every member has joined. Who has not come in time is no member any more, but for
  /// static ones, which have until the end of their session.
  private mutating func completeJoin(_ now: ContinuousClock.Instant) {
    guard case .preparing(let earliest, let deadline) = phase, now >= earliest else { return }
    if now < deadline, !members.values.allSatisfy(\.isJoining) { return }
    for (id, member) in members where !member.isJoining && member.join.instanceID == nil { drop(id) }
    guard let first = order.first(where: { members[$0]?.isJoining == true }) else {
      if members.isEmpty { phase = .empty }
      return
    }
    generation += 1
    if leaderID.flatMap({ members[$0] })?.isJoining != true { leaderID = first }
    let common = members.values.map { Set($0.join.protocols.map(\.name)) }
    protocolName =
      members[first]?.join.protocols.first { item in common.allSatisfy { $0.contains(item.name) } }?.name ?? ""
    phase = .completing
    for id in order where members[id]?.isJoining == true {
      members[id]?.isJoining = false
      members[id]?.lastSeen = now
      let joined = joined(id)
      members[id]?.joined = joined
    }
  }

  /// Time passes: sessions end, and joins.
  private mutating func tick(_ now: ContinuousClock.Instant) {
    let silent = members.filter { !$0.value.isJoining && now - $0.value.lastSeen > $0.value.join.sessionTimeout }
    for id in silent.keys { remove(id, now) }
    completeJoin(now)
  }

  private mutating func remove(_ id: String, _ now: ContinuousClock.Instant) {
    drop(id)
    if members.isEmpty {
      phase = .empty
      generation += 1
    } else {
      prepareRebalance(now)
      completeJoin(now)
    }
  }

  private mutating func drop(_ id: String) {
    let member = members.removeValue(forKey: id)
    order.removeAll { $0 == id }
    if let instance = member?.join.instanceID, memberIDs[instance] == id { memberIDs[instance] = nil }
    if leaderID == id { leaderID = nil }
  }

  // MARK: Members

  /// Hands out the leader's assignments; nil while they are waited for.
  mutating func sync(
    _ member: Credentials, assignments: [String: [UInt8]], now: ContinuousClock.Instant
  ) -> Result<[UInt8], Failure>? {
    tick(now)
    if let failure = violation(member) { return .failure(failure) }
    members[member.memberID]?.lastSeen = now
    switch phase {
    case .empty: return .failure(.unknownMember)
    case .preparing: return .failure(.rebalanceInProgress)
    case .completing:
      guard leaderID == member.memberID else { return nil }
      for id in members.keys { members[id]?.assignment = assignments[id] ?? [] }
      phase = .stable
    case .stable: break
    }
    return .success(members[member.memberID]?.assignment ?? [])
  }

  mutating func heartbeat(_ member: Credentials, now: ContinuousClock.Instant) -> Failure? {
    tick(now)
    if let failure = violation(member) { return failure }
    members[member.memberID]?.lastSeen = now
    if case .preparing = phase { return .rebalanceInProgress }
    return nil
  }

  mutating func leave(_ memberID: String, now: ContinuousClock.Instant) -> Failure? {
    tick(now)
    guard members[memberID] != nil else { return .unknownMember }
    remove(memberID, now)
    return nil
  }

  /// Why a member may not commit; nil where it may. Whoever does not call itself a member may.
  mutating func commitViolation(_ member: Credentials, now: ContinuousClock.Instant) -> Failure? {
    tick(now)
    if member.generation < 0, member.memberID.isEmpty, member.instanceID == nil { return nil }
    return violation(member)
  }

  /// How a member names itself.
  struct Credentials {
    var memberID: String
    var instanceID: String?
    var generation: Int32
  }

  private func violation(_ member: Credentials) -> Failure? {
    if let failure = violation(member.memberID, instance: member.instanceID) { return failure }
    return member.generation == generation ? nil : .illegalGeneration
  }

  private func violation(_ id: String, instance: String?) -> Failure? {
    if let instance, let current = memberIDs[instance], current != id { return .fencedInstance }
    return members[id] == nil ? .unknownMember : nil
  }
}
