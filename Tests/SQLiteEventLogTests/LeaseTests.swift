import EventLog
import GRDB
import MnemeTesting
import SQLiteEventLog
import Testing

/// Leases by a clock in hand. The lease is so long in real time that no heartbeat comes by itself.
@Suite struct LeaseTests {
  private let lease = Duration.seconds(3600)

  private func open(_ file: LogFolder, _ clock: ManualClock) async throws -> SQLiteEventLog {
    try await file.open {
      $0.memberLease = lease
      $0.nowMilliseconds = { clock.now }
    }
  }

  @Test func thePartitionsOfASilentMemberGoToOthersAndItsWorkIsFenced() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let clock = ManualClock()
    let (here, there) = (try await open(file, clock), try await open(file, clock))
    try await here.makeTopic(partitions: 2)
    try await here.append(["a"])
    let silent = try await here.subscribe(group: "g", topics: ["t"], instance: "silent")
    let first = try await silent.poll(limit: ReadLimit(), timeout: .zero)
    #expect(first.records.count == 1)
    let other = try await there.subscribe(group: "g", topics: ["t"], instance: "other")
    var assigned: [Set<TopicPartition>] = [[], first.assigned]
    try await settle([other, silent], &assigned, until: [1, 1])

    clock.advance(lease + .seconds(1))
    try await settle([other], &assigned, until: [2, 1])
    for partition in 0..<2 {
      let error = await #expect(throws: EventLogError.self) {
        try await silent.commit(appending: [.text("late")], offsets: [TopicPartition("t", partition): 1])
      }
      #expect(error?.code == .fenced)
    }
    #expect(try await here.values() == ["a"])
    #expect(try await here.committedOffsets(of: "g") == [:])

    // It was not dead, only slow: it joins again.
    assigned[1] = []
    try await settle([other, silent], &assigned, until: [1, 1])
    #expect(assigned[0].isDisjoint(with: assigned[1]))
    await here.close()
    await there.close()
  }

  @Test func pollsAndCommitsKeepAMemberAlive() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let clock = ManualClock()
    let log = try await open(file, clock)
    try await log.makeTopic(partitions: 2)
    let members = [
      try await log.subscribe(group: "g", topics: ["t"], instance: "polls"),
      try await log.subscribe(group: "g", topics: ["t"], instance: "commits"),
    ]
    var assigned: [Set<TopicPartition>] = [[], []]
    try await settle(members, &assigned, until: [1, 1])
    let partition = try #require(assigned[1].first)
    for step in 1...10 {
      clock.advance(lease / 2)
      try await members[1].commit(appending: [], offsets: [partition: Int64(step)])
      let polled = try await members[0].poll(limit: ReadLimit(), timeout: .zero)
      #expect(polled.assigned.isEmpty && polled.revoked.isEmpty)
    }
    await log.close()
  }

  @Test func aClockThatWasSetBackDoesNotKeepTheDeadAlive() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let (past, future) = (ManualClock(), ManualClock())
    future.advance(lease * 24)
    let dead = try await open(file, future)
    try await dead.makeTopic(partitions: 2)
    let ghost = try await dead.subscribe(group: "g", topics: ["t"], instance: "ghost")
    _ = try await ghost.poll(limit: ReadLimit(), timeout: .zero)
    let log = try await open(file, past)
    let member = try await log.subscribe(group: "g", topics: ["t"], instance: "member")
    #expect(try await member.poll(limit: ReadLimit(), timeout: .zero).assigned.count == 2)
    await log.close()
    await dead.close()
  }

  @Test func aMemberThatIsBusyForLongIsKeptAliveByHeartbeats() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let clock = ManualClock()
    // Heartbeats come every 10 ms of real time; the lease is judged by the clock in hand alone.
    let options: (inout SQLiteEventLog.Options) -> Void = {
      $0.memberLease = .milliseconds(30)
      $0.nowMilliseconds = { clock.now }
    }
    let log = try await file.open(options)
    try await log.makeTopic(partitions: 2)
    let busy = try await log.subscribe(group: "g", topics: ["t"], instance: "busy")
    let positions = try await log.append([.text("work")])
    let polled = try await busy.poll(limit: ReadLimit(), timeout: .zero)
    #expect(polled.records.count == 1 && polled.assigned.count == 2)
    let connection = try file.connection()
    for _ in 0..<10 {
      clock.advance(.milliseconds(20))
      try await eventually("a heartbeat") {
        try await connection.read { try Int64.fetchOne($0, sql: "SELECT seen_at FROM members") } == clock.now
      }
    }
    let there = try await file.open(options)
    _ = try await there.subscribe(group: "g", topics: ["t"], instance: "other")
    // 200 ms have passed since its poll, and what it did not have to share is still its own.
    let kept = try await connection.read { database in
      try Int.fetchAll(
        database,
        sql: """
          SELECT partitions.number FROM assignments JOIN partitions ON partitions.id = assignments.partition
          JOIN members USING (token) WHERE members.instance = 'busy'
          """)
    }
    #expect(kept == [0])
    try await busy.commit(appending: [], offsets: [TopicPartition("t", 0): positions[0].offset + 1])
    await there.close()
    await log.close()
  }

  @Test func aMemberThatClosedIsNotBroughtBackByALateHeartbeat() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let log = try await file.open { $0.memberLease = .milliseconds(3) }
    try await log.makeTopic()
    let connection = try file.connection()
    for round in 0..<50 {
      let member = try await log.subscribe(group: "g", topics: ["t"], instance: "member \(round)")
      async let polled = try? member.poll(limit: ReadLimit(), timeout: .milliseconds(5))
      await member.close()
      _ = await polled
      let left = try await connection.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM members") }
      #expect(left == 0)
    }
    await log.close()
  }
}
