import EventLog
import GRDB
import SQLiteEventLog
import Testing

/// Two logs on one file play two processes: they share nothing but the file.
@Suite struct SharedFileTests {
  @Test func whatOneProcessAppendsWakesTheOther() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let (here, there) = (try await file.open(), try await file.open())
    try await here.makeTopic()
    let consumer = try await there.subscribe(group: "g", topics: ["t"], instance: "there")
    _ = try await consumer.poll(limit: ReadLimit(), timeout: .seconds(10))
    for index in 0..<20 {
      async let woken: Void = there.waitForRecords(TopicPartition("t", 0), from: Int64(index), timeout: .seconds(60))
      async let polled = consumer.poll(limit: ReadLimit(), timeout: .seconds(60))
      try await here.append(["\(index)"])
      #expect(try await polled.records.map(\.text) == ["\(index)"])
      try await woken
    }
    await consumer.close()
    await there.close()
    await here.close()
  }

  /// A consumer that has seen everything does not look again until it is told to; nothing may go by untold.
  @Test(arguments: ["an append", "another process's append", "a seek", "a pause that ends", "a limit", "no time"])
  func whoHasSeenEverythingFindsWhatComes(by way: String) async throws {
    let file = LogFolder()
    defer { file.remove() }
    let (here, there) = (try await file.open(), try await file.open())
    try await here.makeTopic()
    let partition = TopicPartition("t", 0)
    let consumer = try await here.subscribe(group: "g", topics: ["t"], instance: "here")
    _ = try await consumer.poll(limit: ReadLimit(), timeout: .seconds(60))
    try await here.append(["1"])
    #expect(try await consumer.poll(limit: ReadLimit(), timeout: .seconds(60)).records.map(\.text) == ["1"])
    var wanted = ["2"]
    switch way {
    case "an append", "no time": try await here.append(wanted)
    case "another process's append": try await there.append(wanted)
    case "a seek":
      await consumer.seek([partition: 0])
      wanted = ["1"]
    case "a pause that ends":
      await consumer.pause([partition])
      try await here.append(wanted)
      #expect(try await consumer.poll(limit: ReadLimit(), timeout: .milliseconds(5)).records.isEmpty)
      await consumer.resume([partition])
    default:
      try await here.append(["first", "2"])
      let one = try await consumer.poll(limit: ReadLimit(maxRecordCount: 1), timeout: .seconds(60))
      #expect(one.records.map(\.text) == ["first"])
    }
    let timeout: Duration = way == "no time" ? .zero : .seconds(60)
    #expect(try await consumer.poll(limit: ReadLimit(), timeout: timeout).records.map(\.text) == wanted)
    await here.close()
    await there.close()
  }

  @Test func appendsOfSeveralProcessesAtOnceStandSideBySide() async throws {
    let file = LogFolder()
    defer { file.remove() }
    var logs: [SQLiteEventLog] = []
    for _ in 0..<3 { logs.append(try await file.open()) }
    try await logs[0].makeTopic()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, log) in logs.enumerated() {
        for task in 0..<4 {
          group.addTask {
            for call in 0..<10 { try await log.append((0..<3).map { "\(number) \(task) \(call) \($0)" }) }
          }
        }
      }
      try await group.waitForAll()
    }
    let values = try await logs[1].values()
    #expect(Set(values).count == 360 && values.count == 360)
    for start in stride(from: 0, to: values.count, by: 3) {
      #expect(Set(values[start..<start + 3].map { $0.dropLast() }).count == 1)
    }
    for log in logs { await log.close() }
  }

  @Test func aNewFileMayBeOpenedBySeveralAtOnce() async throws {
    let file = LogFolder()
    defer { file.remove() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<8 {
        group.addTask {
          let log = try await file.open()
          try await log.makeTopic()
          try await log.append(["\(number)"])
          await log.close()
        }
      }
      try await group.waitForAll()
    }
    let log = try await file.open()
    #expect(try await log.values().sorted() == (0..<8).map(String.init))
    await log.close()
  }

  @Test func membersInSeveralProcessesShareAGroup() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let (here, there) = (try await file.open(), try await file.open())
    try await here.makeTopic(partitions: 4)
    let first = try await here.subscribe(group: "g", topics: ["t"], instance: "one")
    let second = try await there.subscribe(group: "g", topics: ["t"], instance: "two")
    var assigned: [Set<TopicPartition>] = [[], []]
    try await settle([first, second], &assigned, until: [2, 2])
    #expect(assigned[0].isDisjoint(with: assigned[1]))
    // A log that is closed takes its members along.
    await there.close()
    try await settle([first], &assigned, until: [4, assigned[1].count])
    await here.close()
  }

  @Test func aRestartedProcessOfTheSameNameGoesOnAtOnce() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let clock = ManualClock()
    let killed = try await file.open { $0.nowMilliseconds = { clock.now } }
    try await killed.makeTopic(partitions: 2)
    try await killed.append(["a", "b"])
    let zombie = try await killed.subscribe(group: "g", topics: ["t"], instance: "worker")
    #expect(try await zombie.poll(limit: ReadLimit(), timeout: .seconds(10)).records.count == 2)
    // No time passes, and nobody says goodbye.
    let restarted = try await file.open { $0.nowMilliseconds = { clock.now } }
    let successor = try await restarted.subscribe(group: "g", topics: ["t"], instance: "worker")
    let polled = try await successor.poll(limit: ReadLimit(), timeout: .zero)
    #expect(polled.assigned.count == 2)
    #expect(polled.records.map(\.text) == ["a", "b"])
    let error = await #expect(throws: EventLogError.self) {
      try await zombie.commit(appending: [.text("zombie")], offsets: [TopicPartition("t", 0): 2])
    }
    #expect(error?.code == .fenced)
    try await successor.commit(appending: [.text("c")], offsets: [TopicPartition("t", 0): 2])
    #expect(try await restarted.values() == ["a", "b", "c"])
    await restarted.close()
    await killed.close()
  }

  @Test func aTopicThatAnotherProcessMadeAnewIsFound() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let (here, there) = (try await file.open(), try await file.open())
    try await here.makeTopic(partitions: 2)
    try await there.append(["old"])
    let consumer = try await there.subscribe(group: "g", topics: ["t"], instance: "one")
    #expect(try await consumer.poll(limit: ReadLimit(), timeout: .seconds(10)).records.map(\.text) == ["old"])
    try await here.deleteTopic("t")
    try await here.makeTopic(partitions: 2)
    try await there.append(["new"])
    #expect(try await there.values() == ["new"])
    let polled = try await consumer.poll(limit: ReadLimit(), timeout: .seconds(10))
    // It is another topic of the same name: who had the old one begins with the new one.
    #expect(polled.revoked.count == 2 && polled.assigned.count == 2)
    #expect(polled.records.map(\.text) == ["new"])
    await here.close()
    await there.close()
  }

  @Test func aLockThatStaysIsAnErrorThatPasses() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let log = try await file.open { $0.busyTimeout = .milliseconds(20) }
    try await log.makeTopic()
    let other = try file.connection()
    try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
    let error = await #expect(throws: EventLogError.self) { try await log.append(["a"]) }
    #expect(error?.code == .storage && error?.isRetriable == true)
    #expect(error?.description.contains(file.path) == true)
    // Readers are not held up.
    #expect(try await log.values() == [])
    try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    try await log.append(["b"])
    #expect(try await log.values() == ["b"])
    await log.close()
  }

  @Test func appendsBeyondTheBoundAreRefusedAndTheOthersAreWritten() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let log = try await file.open { $0.maxWaitingAppendCount = 4 }
    try await log.makeTopic()
    let other = try file.connection()
    try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
    let accepted = try await withThrowingTaskGroup(of: String?.self) { group in
      for task in 0..<20 {
        group.addTask {
          do {
            try await log.append(["\(task)"])
            return "\(task)"
          } catch let error as EventLogError where error.code == .backpressure {
            return nil
          }
        }
      }
      // Up to four were taken to the disk together, and four wait: at least twelve are refused while the lock stays.
      for _ in 0..<12 { #expect(try await group.next() == .some(nil)) }
      try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
      return try await group.reduce(into: [String]()) { if let value = $1 { $0.append(value) } }
    }
    #expect((5...8).contains(accepted.count))
    #expect(try await log.values().sorted() == accepted.sorted())
    await log.close()
  }
}
