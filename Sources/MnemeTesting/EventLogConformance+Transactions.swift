import EventLog
import MnemeCore

extension EventLogConformance {
  private static let input = TopicPartition("in", 0)

  /// Returns the offset after the last input.
  @discardableResult
  private static func makeTopics(_ log: any EventLog, count: Int = 10) async throws -> Int64 {
    try await log.make("in", partitions: 1)
    try await log.make("out", partitions: 1)
    let positions = try await log.append((0..<count).map { .text("\($0)", topic: "in") })
    return positions[count - 1].offset + 1
  }

  static let transactions: [EventLogConformance] = [
    EventLogConformance("output and offsets are committed together", needs: [.transactions, .groupOffsets]) { harness in
      let log = try await harness.make()
      try await makeTopics(log)
      let consumer = try await log.subscribe(group: "g", topics: ["in"], instance: "one")
      let next = try await consumer.poll { $0.records.count == 10 }.next(input) ?? 0
      try await consumer.commit(
        appending: [.text("x", topic: "out"), .text("y", topic: "out")], offsets: [input: next])
      try expectEqual(try await log.values(of: "out"), ["x", "y"], "output")
      try expectEqual(try await log.committedOffsets(of: "g"), [input: next], "offsets")
      try await consumer.commit(appending: [.text("z", topic: "out")], offsets: [:])
      try await consumer.commit(appending: [], offsets: [input: next])
      try expectEqual(try await log.values(of: "out"), ["x", "y", "z"], "output")
      await consumer.close()
      await log.close()
      let again = try await harness.reopen(log)
      try expectEqual(try await again.committedOffsets(of: "g"), [input: next], "offsets after a restart")
      try expectEqual(try await again.values(of: "out"), ["x", "y", "z"], "output after a restart")
      await again.close()
    },
    EventLogConformance(
      "a commit that fails leaves neither output nor offsets", needs: [.administration, .transactions, .groupOffsets]
    ) { harness in
      let log = try await harness.make()
      try await makeTopics(log)
      let consumer = try await log.subscribe(group: "g", topics: ["in"], instance: "one")
      let next = try await consumer.poll { $0.records.count == 10 }.next(input) ?? 0
      try await expectError(.unknownTopic, "a commit with a record for nowhere") {
        try await consumer.commit(
          appending: [.text("x", topic: "out"), .text("y", topic: "nowhere")], offsets: [input: next])
      }
      try await expectError(.recordTooLarge, "a commit with a record of 17 MiB") {
        let large = NewRecord(topic: "out", key: nil, value: [UInt8](repeating: 0, count: 17 << 20), headers: [])
        try await consumer.commit(appending: [.text("x", topic: "out"), large], offsets: [input: next])
      }
      try await expectError(.fenced, "a commit for a partition that this member does not have") {
        try await consumer.commit(
          appending: [.text("x", topic: "out")], offsets: [input: next, TopicPartition("out", 0): 1])
      }
      try expectEqual(try await log.values(of: "out"), [], "output")
      try expectEqual(try await log.committedOffsets(of: "g"), [:], "offsets")
      await consumer.close()
      try await expectError(.closed, "a commit of a member that left") {
        try await consumer.commit(appending: [.text("x", topic: "out")], offsets: [input: next])
      }
      await log.close()
    },
    EventLogConformance("offsets never go back", needs: .groupOffsets) { harness in
      let log = try await harness.make()
      try await makeTopics(log)
      let consumer = try await log.subscribe(group: "g", topics: ["in"], instance: "one")
      let offsets = try await consumer.poll { $0.records.count == 10 }.records.map(\.position.offset)
      try await consumer.commit(appending: [], offsets: [input: offsets[8]])
      try await expectError(.fenced, "a commit of less than is committed") {
        try await consumer.commit(appending: [.text("again", topic: "out")], offsets: [input: offsets[3]])
      }
      try expectEqual(try await log.values(of: "out"), [], "output")
      try expectEqual(try await log.committedOffsets(of: "g"), [input: offsets[8]], "offsets")
      await consumer.close()
      await log.close()
    },
    EventLogConformance("commits of several partitions at once each stand whole", needs: .groupOffsets) { harness in
      let log = try await harness.make()
      try await log.make("in", partitions: 8)
      try await log.make("out", partitions: 1)
      _ = try await log.append((0..<160).map { .text("\($0)", topic: "in", partition: $0 % 8) })
      let consumer = try await log.subscribe(group: "g", topics: ["in"], instance: "one")
      let polled = try await consumer.poll { $0.records.count == 160 }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (partition, records) in Dictionary(grouping: polled.records, by: \.position.topicPartition) {
          group.addTask {
            for record in records {
              try await consumer.commit(
                appending: [.text(record.text, topic: "out")], offsets: [partition: record.position.offset + 1])
            }
          }
        }
        try await group.waitForAll()
      }
      try expectEqual(
        try await log.values(of: "out").sorted(), (0..<160).map(String.init).sorted(), "output")
      let committed = try await log.committedOffsets(of: "g")
      for number in 0..<8 {
        let partition = TopicPartition("in", number)
        try expectEqual(committed[partition], polled.next(partition), "offset of \(partition)")
      }
      await consumer.close()
      await log.close()
    },
    exactlyOnce(seed: 1), exactlyOnce(seed: 2), exactlyOnce(seed: 3),
  ]

  /// A worker that is killed, replaced, made to read again and fenced in the middle of its work, as a seed decides.
  private static func exactlyOnce(seed: UInt64) -> EventLogConformance {
    EventLogConformance(
      "whatever becomes of workers, each input yields its output once, in order (seed \(seed))",
      needs: [.transactions, .groupOffsets, .staticMembership]
    ) {
      harness in
      var random = SplitMix64(seed: seed)
      let log = try await harness.make()
      let end = try await makeTopics(log, count: 60)
      var consumer = try await log.subscribe(group: "g", topics: ["in"], instance: "one")
      for _ in 0..<2000 {
        if try await log.committedOffsets(of: "g")[input] == end { break }
        if Int.random(in: 0..<4, using: &random) == 0 {
          // Killed: nobody says goodbye. Its successor has its name.
          let successor = try await log.subscribe(group: "g", topics: ["in"], instance: "one")
          if Bool.random(using: &random) { _ = try? await work(consumer, &random) }
          consumer = successor
        }
        try await work(consumer, &random)
        if Int.random(in: 0..<4, using: &random) == 0 {
          let committed = try await log.committedOffsets(of: "g")[input] ?? 0
          await consumer.seek([input: committed])
        }
      }
      try expectEqual(try await log.values(of: "out"), (0..<60).map(String.init), "output")
      await log.close()
    }
  }

  /// One poll, and perhaps the commit of what it brought, in part or whole.
  private static func work(_ consumer: any LogConsumer, _ random: inout SplitMix64) async throws {
    let limit = ReadLimit(maxRecordCount: Int.random(in: 1...5, using: &random))
    let records = try await consumer.poll(limit: limit, timeout: .milliseconds(20)).records
    guard let last = records.last else { return }
    switch Int.random(in: 0..<3, using: &random) {
    case 0:
      // Given up: it has to be read again.
      await consumer.seek([input: records[0].position.offset])
    default:
      try await consumer.commit(
        appending: records.map { .text($0.text, topic: "out") }, offsets: [input: last.position.offset + 1])
    }
  }
}
