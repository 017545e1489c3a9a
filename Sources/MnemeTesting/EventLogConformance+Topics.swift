import EventLog

extension EventLogConformance {
  static let topics: [EventLogConformance] = [
    EventLogConformance("making a topic again changes nothing, with other partitions it is refused") { harness in
      let log = try await harness.make()
      try await log.make("b", partitions: 2)
      try await log.make("a", partitions: 3, retention: .age(.seconds(60)))
      _ = try await log.append([.text("x", topic: "b")])
      try await log.make("b", partitions: 2)
      try await expectError(.topicMismatch, "another partition count") { try await log.make("b", partitions: 5) }
      let topics = try await log.topics()
      try expectEqual(topics.map(\.name).filter { ["a", "b"].contains($0) }, ["a", "b"], "names")
      try expectEqual(topics.first { $0.name == "a" }?.retention, .age(.seconds(60)), "retention")
      let held = try await log.bounds(of: "b").reduce(0) { $0 + $1.end - $1.earliest }
      try expectEqual(held, 1, "records")
      await log.close()
    },
    EventLogConformance("a deleted topic is gone with its offsets, and begins anew") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 1)
      _ = try await log.append([.text("a")])
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: "one")
      let polled = try await consumer.poll { records, _ in records.count == 1 }
      let next = (polled.records.last?.position.offset ?? 0) + 1
      try await consumer.commit(appending: [], offsets: [TopicPartition("t", 0): next])
      await consumer.close()
      try await log.deleteTopic("t")
      try await expectError(.unknownTopic, "a deleted topic") { _ = try await log.append([.text("b")]) }
      try await log.make(partitions: 1)
      try expectEqual(try await log.values(TopicPartition("t", 0)), [], "records")
      try expectEqual(try await log.committedOffsets(of: "g"), [:], "offsets")
      await log.close()
    },
    EventLogConformance("retention by age discards the old and never uses their offsets again") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 1, retention: .age(.seconds(60)))
      let positions = try await log.append([.text("a"), .text("b")])
      _ = try await log.enforceRetention(nowMilliseconds: .max / 2)
      let bounds = try await log.bounds(of: "t")[0]
      try expectEqual(bounds.earliest, bounds.end, "earliest")
      try await expectError(.offsetOutOfRange, "a discarded offset") {
        _ = try await log.read(TopicPartition("t", 0), from: 0, limit: ReadLimit())
      }
      let later = try await log.append([.text("c")])
      try expect(later[0].offset > positions[1].offset, "an offset was used again")
      try expectEqual(try await log.values(TopicPartition("t", 0)), ["c"], "records")
      await log.close()
    },
    EventLogConformance("compaction keeps the last record of each key, and topics kept for ever are left alone") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 1, retention: .compacted)
      try await log.make("ever", partitions: 1)
      _ = try await log.append([.text("1", key: "a"), .text("2", key: "b"), .text("3", key: "a")])
      _ = try await log.append([.text("1", key: "a", topic: "ever"), .text("2", key: "a", topic: "ever")])
      _ = try await log.enforceRetention(nowMilliseconds: .max / 2)
      try expectEqual(try await log.values(TopicPartition("t", 0)), ["2", "3"], "compacted records")
      try expectEqual(try await log.values(TopicPartition("ever", 0)), ["1", "2"], "records kept for ever")
      await log.close()
    },
  ]
}
