import EventLog

extension EventLogConformance {
  private static let input = TopicPartition("in", 0)

  private static func makeTopics(_ log: any EventLog) async throws {
    try await log.make("in", partitions: 1)
    try await log.make("out", partitions: 1)
    _ = try await log.append((0..<10).map { .text("\($0)", topic: "in") })
  }

  static let transactions: [EventLogConformance] = [
    EventLogConformance("output and offsets are committed together") { harness in
      let log = try await harness.make()
      try await makeTopics(log)
      let consumer = try await log.subscribe(group: "g", topics: ["in"], instance: "one")
      let polled = try await consumer.poll { records, _ in records.count == 10 }
      let next = (polled.records.last?.position.offset ?? 0) + 1
      try await consumer.commit(appending: [.text("x", topic: "out"), .text("y", topic: "out")], offsets: [input: next])
      try expectEqual(try await log.values(TopicPartition("out", 0)), ["x", "y"], "output")
      try expectEqual(try await log.committedOffsets(of: "g"), [input: next], "offsets")
      await consumer.close()
      await log.close()
    },
    EventLogConformance("a commit that fails leaves neither output nor offsets") { harness in
      let log = try await harness.make()
      try await makeTopics(log)
      let consumer = try await log.subscribe(group: "g", topics: ["in"], instance: "one")
      _ = try await consumer.poll { records, _ in records.count == 10 }
      try await expectError(.unknownTopic, "a commit with a record for nowhere") {
        try await consumer.commit(
          appending: [.text("x", topic: "out"), .text("y", topic: "nowhere")], offsets: [input: 5])
      }
      try expectEqual(try await log.values(TopicPartition("out", 0)), [], "output")
      try expectEqual(try await log.committedOffsets(of: "g"), [:], "offsets")
      await consumer.close()
      await log.close()
    },
    EventLogConformance("a member whose name was taken over is fenced: nothing of its commit is written") { harness in
      let log = try await harness.make()
      try await makeTopics(log)
      let zombie = try await log.subscribe(group: "g", topics: ["in"], instance: "one")
      _ = try await zombie.poll { records, _ in records.count == 10 }
      let successor = try await log.subscribe(group: "g", topics: ["in"], instance: "one")
      _ = try await successor.poll { records, _ in records.count == 10 }
      try await expectError(.fenced, "the commit of a zombie") {
        try await zombie.commit(appending: [.text("zombie", topic: "out")], offsets: [input: 5])
      }
      try await successor.commit(appending: [.text("successor", topic: "out")], offsets: [input: 5])
      try expectEqual(try await log.values(TopicPartition("out", 0)), ["successor"], "output")
      let fate = try? await zombie.poll(limit: ReadLimit(), timeout: .zero)
      try expectEqual(fate?.records.count ?? 0, 0, "records for a zombie")
      await successor.close()
      await log.close()
    },
    EventLogConformance("offsets never go back") { harness in
      let log = try await harness.make()
      try await makeTopics(log)
      let consumer = try await log.subscribe(group: "g", topics: ["in"], instance: "one")
      let polled = try await consumer.poll { records, _ in records.count == 10 }
      let offsets = polled.records.map(\.position.offset)
      try await consumer.commit(appending: [], offsets: [input: offsets[8]])
      try await expectError(.fenced, "a commit of less than is committed") {
        try await consumer.commit(appending: [.text("again", topic: "out")], offsets: [input: offsets[3]])
      }
      try expectEqual(try await log.values(TopicPartition("out", 0)), [], "output")
      try expectEqual(try await log.committedOffsets(of: "g"), [input: offsets[8]], "offsets")
      await consumer.close()
      await log.close()
    },
  ]
}
