import Testing

@testable import MnemeTesting

/// The coordinator that the broker under test has in place of its own, as Kafka's behaves.
@Suite struct KafkaGroupTests {
  private static let start = ContinuousClock.now

  /// A group whose time a test tells.
  private final class Fixture {
    var group = KafkaGroup()
    var now = KafkaGroupTests.start

    func join(
      _ id: String = "", instance: String? = nil, owned: UInt8 = 0
    ) -> Result<String, KafkaGroup.Failure> {
      group.join(
        KafkaGroup.Join(
          memberID: id, instanceID: instance, sessionTimeout: .seconds(10), rebalanceTimeout: .seconds(60),
          protocols: [KafkaGroup.Strategy(name: "cooperative-sticky", metadata: [owned])]),
        needsID: false, now: now)
    }

    func joined(_ id: String, instance: String? = nil) throws -> KafkaGroup.Joined {
      let result = group.takeJoined(id, instance: instance, now: now)
      return try #require(result).get()
    }

    /// A new member, which is alone or whose joining the others follow.
    func enter(instance: String? = nil) throws -> String {
      let id = try join(instance: instance).get()
      now += KafkaGroup.initialDelay
      return id
    }

    func heartbeat(_ member: KafkaGroup.Credentials) -> KafkaGroup.Failure? {
      group.heartbeat(member, now: now)
    }

    /// Why a commit is refused.
    func refusal(_ member: KafkaGroup.Credentials) -> KafkaGroup.Failure? {
      group.commitViolation(member, now: now)
    }

    func member(_ id: String, _ generation: Int32, instance: String? = nil) -> KafkaGroup.Credentials {
      KafkaGroup.Credentials(memberID: id, instanceID: instance, generation: generation)
    }
  }

  @Test func membersJoinAGenerationAndTheLeaderAssigns() throws {
    let fixture = Fixture()
    let first = try fixture.join().get()
    let second = try fixture.join().get()
    let early = fixture.group.takeJoined(first, instance: nil, now: fixture.now)
    #expect(early == nil)
    fixture.now += KafkaGroup.initialDelay
    let leader = try fixture.joined(first)
    let follower = try fixture.joined(second)
    #expect(leader.leaderID == first && leader.members.map(\.id) == [first, second])
    #expect(follower.members.isEmpty && follower.generation == leader.generation)
    let waiting = fixture.group.sync(
      fixture.member(second, 1), assignments: [:], now: fixture.now)
    #expect(waiting == nil)
    _ = fixture.group.sync(
      fixture.member(first, 1), assignments: [first: [1], second: [2]], now: fixture.now)
    let assigned = fixture.group.sync(fixture.member(second, 1), assignments: [:], now: fixture.now)
    #expect(try assigned?.get() == [2])
  }

  @Test func aStaticMemberThatStartsAgainGetsItsAssignmentWithoutARound() throws {
    let fixture = Fixture()
    let old = try fixture.enter(instance: "one")
    let generation = try fixture.joined(old, instance: "one").generation
    _ = fixture.group.sync(
      fixture.member(old, generation, instance: "one"), assignments: [old: [7]], now: fixture.now)
    let new = try fixture.join(instance: "one").get()
    let joined = try fixture.joined(new, instance: "one")
    // It does not take itself for the leader, and assigns nothing.
    #expect(joined.generation == generation && joined.leaderID != new && joined.members.isEmpty)
    let assigned = fixture.group.sync(
      fixture.member(new, generation, instance: "one"), assignments: [:], now: fixture.now)
    #expect(try assigned?.get() == [7])
    let zombie = fixture.member(old, generation, instance: "one")
    #expect(fixture.heartbeat(zombie) == .fencedInstance)
    #expect(fixture.refusal(zombie) == .fencedInstance)
    // With another subscription than at its start, it begins a round.
    _ = fixture.join(new, instance: "one", owned: 1)
    #expect(try fixture.joined(new, instance: "one").generation == generation + 1)
  }

  @Test func aSilentMemberIsForgottenAndItsCommitsAreRefused() throws {
    let fixture = Fixture()
    let id = try fixture.enter()
    let member = fixture.member(id, try fixture.joined(id).generation)
    _ = fixture.group.sync(member, assignments: [:], now: fixture.now)
    fixture.now += .seconds(9)
    #expect(fixture.heartbeat(member) == nil)
    fixture.now += .seconds(11)
    #expect(fixture.heartbeat(member) == .unknownMember)
    #expect(fixture.refusal(member) == .unknownMember)
  }

  @Test func aPastGenerationCommitsNothing() throws {
    let fixture = Fixture()
    let first = try fixture.enter()
    let old = fixture.member(first, try fixture.joined(first).generation)
    _ = fixture.group.sync(old, assignments: [:], now: fixture.now)
    #expect(fixture.refusal(old) == nil)
    _ = try fixture.join().get()
    // While the others are waited for, the generation still holds.
    #expect(fixture.heartbeat(old) == .rebalanceInProgress)
    #expect(fixture.refusal(old) == nil)
    _ = fixture.join(first)
    #expect(fixture.refusal(old) == .illegalGeneration)
    // Who is no member, and does not say so, may commit.
    #expect(fixture.refusal(fixture.member("", -1)) == nil)
  }

  @Test func aMemberHasToNameItselfWhereItsVersionKnowsHow() throws {
    var group = KafkaGroup()
    let join = KafkaGroup.Join(
      memberID: "", instanceID: nil, sessionTimeout: .seconds(10), rebalanceTimeout: .seconds(60), protocols: [])
    let nameless = group.join(join, needsID: true, now: Self.start)
    #expect(nameless == .failure(.memberIDRequired))
    var named = join
    named.memberID = group.promisedID
    let accepted = group.join(named, needsID: true, now: Self.start)
    #expect(accepted == .success(named.memberID))
    named.memberID = "nobody"
    let unknown = group.join(named, needsID: true, now: Self.start)
    #expect(unknown == .failure(.unknownMember))
  }

  /// Aborted transactions → those that reach into an answer whose first record has offset 100.
  @Test(
    arguments: [
      ([], []), ([(1, 90)], []), ([(1, 100)], [(1, 100)]), ([(1, 90), (2, 140), (3, 99)], [(2, 140)]),
    ] as [([(Int64, Int64)], [(Int64, Int64)])])
  func endedTransactionsAreTakenOut(aborted: [(Int64, Int64)], kept: [(Int64, Int64)]) {
    #expect(
      KafkaAnswer.withoutEndedTransactions(Self.fetchAnswer(aborted), version: 11) == Self.fetchAnswer(kept))
  }

  /// Aborted transactions → those that reach into an answer of these batches, from offset 100 on.
  @Test(
    "A transaction whose first batch is left out stays named until its marker",
    arguments: [
      // A further batch of an aborted transaction, and its marker.
      ([(1, 99)], [.records(1, 100), .abort(1, 101)], [(1, 99)]),
      ([(1, 90), (1, 99)], [.records(1, 100), .abort(1, 101)], [(1, 99)]),
      ([(1, 99)], [.abort(1, 100)], [(1, 99)]),
      // It ended before: what follows is of the next transaction, which was committed, or aborted too.
      ([(1, 90)], [.records(1, 100), .commit(1, 101)], []),
      ([(1, 90), (1, 102)], [.records(2, 100), .commit(2, 101), .abort(1, 103)], [(1, 102)]),
      // Between two of one producer, and beside another one's.
      (
        [(1, 99), (1, 103)], [.abort(1, 100), .records(1, 101), .commit(1, 102), .abort(1, 104)], [(1, 99), (1, 103)]
      ),
      ([(1, 99)], [.records(2, 100), .abort(2, 101), .commit(1, 102)], []),
    ] as [([(Int64, Int64)], [Batch], [(Int64, Int64)])])
  func transactionsThatReachInStay(aborted: [(Int64, Int64)], batches: [Batch], kept: [(Int64, Int64)]) {
    let records = batches.flatMap(\.bytes)
    #expect(
      KafkaAnswer.withoutEndedTransactions(Self.fetchAnswer(aborted, records), version: 11)
        == Self.fetchAnswer(kept, records))
  }

  /// A batch of a producer at an offset.
  enum Batch: Sendable {
    case records(Int64, Int64)
    case commit(Int64, Int64)
    case abort(Int64, Int64)

    var bytes: [UInt8] {
      switch self {
      case .records(let producer, let offset): Self.bytes(producer, offset, attributes: 0x10, key: [])
      case .commit(let producer, let offset): Self.bytes(producer, offset, attributes: 0x30, key: [0, 0, 0, 1])
      case .abort(let producer, let offset): Self.bytes(producer, offset, attributes: 0x30, key: [0, 0, 0, 0])
      }
    }

    private static func bytes(_ producer: Int64, _ offset: Int64, attributes: Int16, key: [UInt8]) -> [UInt8] {
      var record = KafkaWriter()
      record.integer(Int8(0))  // attributes
      for delta in [0, 0] { record.zigzag(delta) }  // time, offset
      record.zigzag(key.count)
      record.raw(key)
      record.zigzag(-1)  // no value
      record.zigzag(0)  // headers
      var rest = KafkaWriter()
      rest.raw([UInt8](repeating: 0, count: 9))  // leader's epoch, format, checksum
      rest.integer(attributes)
      rest.raw([UInt8](repeating: 0, count: 20))  // last offset, times
      rest.integer(producer)
      rest.raw([UInt8](repeating: 0, count: 10))  // epoch, sequence, count
      rest.zigzag(record.bytes.count)
      rest.raw(record.bytes)
      var batch = KafkaWriter()
      batch.integer(offset)
      batch.sized(rest.bytes)
      return batch.bytes
    }
  }

  private static func fetchAnswer(
    _ aborted: [(Int64, Int64)],
    _ records: [UInt8] = KafkaWriter.bigEndian(Int64(100)) + [UInt8](repeating: 1, count: 60)
  ) -> [UInt8] {
    var body = KafkaWriter()
    body.integer(Int32(7))  // correlation id
    body.integer(Int32(0))  // throttle time
    body.integer(Int16(0))
    body.integer(Int32(0))  // session
    body.integer(Int32(1))
    body.string("t")
    body.integer(Int32(1))
    body.integer(Int32(0))  // partition
    body.integer(Int16(0))
    for offset in [Int64(200), 200, 0] { body.integer(offset) }
    body.integer(Int32(aborted.count))
    for entry in aborted {
      body.integer(entry.0)
      body.integer(entry.1)
    }
    body.integer(Int32(-1))  // preferred replica
    body.sized(records)
    var frame = KafkaWriter()
    frame.sized(body.bytes)
    return frame.bytes
  }
}
