import EventLog

extension EventLogConformance {
  static let topics: [EventLogConformance] = [
    EventLogConformance(
      "making a topic again changes nothing, with other partitions it is refused", needs: .administration
    ) { harness in
      let log = try await harness.make()
      try await log.make("b", partitions: 2)
      try await log.make("a", partitions: 3, retention: .age(.seconds(60)))
      _ = try await log.append([.text("x", topic: "b")])
      try await log.make("b", partitions: 2)
      try await expectError(.topicMismatch, "another partition count") { try await log.make("b", partitions: 5) }
      let topics = try await log.topics().filter { ["a", "b"].contains($0.name) }
      // How many copies are kept is the log's own business.
      try expectEqual(
        topics.map { TopicSpecification(name: $0.name, partitionCount: $0.partitionCount, retention: $0.retention) },
        [
          TopicSpecification(name: "a", partitionCount: 3, retention: .age(.seconds(60))),
          TopicSpecification(name: "b", partitionCount: 2, retention: .forever),
        ], "topics")
      try expectEqual(try await log.values(of: "b"), ["x"], "records")
      await log.close()
    },
    EventLogConformance("where one topic of several does not fit, none is made", needs: .administration) { harness in
      let log = try await harness.make()
      try await log.make("there", partitions: 2)
      try await expectError(.topicMismatch, "another partition count") {
        try await log.ensureTopics([
          TopicSpecification(name: "new", partitionCount: 1, retention: .forever),
          TopicSpecification(name: "there", partitionCount: 3, retention: .forever),
        ])
      }
      let topics = try await log.topics().filter { ["new", "there"].contains($0.name) }
      try expectEqual(topics.map(\.name), ["there"], "topics")
      await log.close()
    },
    EventLogConformance("a topic's retention can be changed, and nothing else of it changes", needs: .administration) {
      harness in
      let log = try await harness.make()
      try await log.make(partitions: 2, retention: .age(.seconds(3600)))
      _ = try await log.append([.text("kept")])
      for retention in [TopicSpecification.Retention.forever, .compacted, .age(.seconds(86_400)), .forever] {
        try await log.setRetention(retention, of: "t")
        let topic = try await log.topics().first { $0.name == "t" }
        try expectEqual(topic?.retention, retention, "retention")
        try expectEqual(topic?.partitionCount, 2, "partitions")
      }
      try expectEqual(try await log.values(of: "t"), ["kept"], "records")
      try await expectError(.unknownTopic, "the retention of a topic that is not there") {
        try await log.setRetention(.forever, of: "nowhere")
      }
      await log.close()
    },
    EventLogConformance("what is not there is unknown, whoever asks", needs: .administration) { harness in
      let log = try await harness.make()
      try await log.make(partitions: 2)
      let nowhere = TopicPartition("nowhere", 0)
      try await expectError(.unknownTopic, "a read") { _ = try await log.read(nowhere, from: 0, limit: ReadLimit()) }
      try await expectError(.unknownTopic, "a read of another partition") {
        _ = try await log.read(TopicPartition("t", 2), from: 0, limit: ReadLimit())
      }
      try await expectError(.unknownTopic, "bounds") { _ = try await log.bounds(of: "nowhere") }
      try await expectError(.unknownTopic, "a wait") {
        try await log.waitForRecords(nowhere, from: 0, timeout: .milliseconds(20))
      }
      try await expectError(.unknownTopic, "a subscription") {
        _ = try await log.subscribe(group: "g", topics: ["t", "nowhere"], instance: "one")
      }
      try await log.deleteTopic("nowhere")
      try expectEqual(try await log.committedOffsets(of: "nobody"), [:], "offsets of a group that is not there")
      await log.close()
    },
    EventLogConformance("a deleted topic is gone with its offsets, and begins anew", needs: .administration) {
      harness in
      let log = try await harness.make()
      try await log.make(partitions: 1)
      try await log.make("other", partitions: 1)
      _ = try await log.append([.text("a"), .text("b", topic: "other")])
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: "one")
      let polled = try await consumer.poll { $0.records.count == 1 }
      let partition = TopicPartition("t", 0)
      try await consumer.commit(appending: [], offsets: [partition: polled.next(partition) ?? 0])
      await consumer.close()
      try await log.deleteTopic("t")
      try await expectError(.unknownTopic, "a deleted topic") { _ = try await log.append([.text("b")]) }
      try await log.make(partitions: 1)
      try expectEqual(try await log.values(of: "t"), [], "records")
      if harness.deletesOffsetsWithTopics {
        try expectEqual(try await log.committedOffsets(of: "g"), [:], "offsets")
      }
      try expectEqual(try await log.values(of: "other"), ["b"], "records of another topic")
      _ = try await log.append([.text("new")])
      try expectEqual(try await log.values(of: "t"), ["new"], "records")
      await log.close()
    },
  ]

  static let retention: [EventLogConformance] = [
    EventLogConformance("retention by age discards the old and never uses their offsets again", needs: .administration)
    { harness in
      guard harness.discardsOnDemand else { return }
      let log = try await harness.make()
      try await log.make(partitions: 1, retention: .age(.seconds(60)))
      let positions = try await log.append([.text("a"), .text("b")])
      try expectEqual(try await log.enforceRetention(nowMilliseconds: .min / 2), 0, "records discarded too early")
      try expectEqual(try await log.enforceRetention(nowMilliseconds: .max / 2), 2, "records discarded")
      let bounds = try await log.bounds(of: "t")[0]
      try expectEqual(bounds.earliest, bounds.end, "earliest")
      try await expectError(.offsetOutOfRange, "a discarded offset") {
        _ = try await log.read(TopicPartition("t", 0), from: positions[0].offset, limit: ReadLimit())
      }
      let later = try await log.append([.text("c")])
      try expect(later[0].offset > positions[1].offset, "an offset was used again")
      try expectEqual(try await log.values(of: "t"), ["c"], "records")
      await log.close()
      let again = try await harness.reopen(log)
      try expectEqual(try await again.bounds(of: "t")[0].earliest, bounds.earliest, "earliest after a restart")
      await again.close()
    },
    EventLogConformance("a consumer steps over what retention has discarded, wherever it stood", needs: .administration)
    { harness in
      guard harness.discardsOnDemand else { return }
      let log = try await harness.make()
      try await log.make(partitions: 1, retention: .age(.seconds(60)))
      _ = try await log.append((0..<4).map { .text("old \($0)") })
      let partition = TopicPartition("t", 0)
      let reading = try await log.subscribe(group: "reading", topics: ["t"], instance: "one")
      let first = try await reading.poll(limit: ReadLimit(maxRecordCount: 1)) { !$0.records.isEmpty }
      let committed = try await log.subscribe(group: "committed", topics: ["t"], instance: "one")
      try await committed.poll { !$0.records.isEmpty }
      try await committed.commit(appending: [], offsets: [partition: first.next(partition) ?? 0])
      await committed.close()
      _ = try await log.enforceRetention(nowMilliseconds: .max / 2)
      _ = try await log.append([.text("new")])
      let back = try await log.subscribe(group: "committed", topics: ["t"], instance: "one")
      let late = try await log.subscribe(group: "late", topics: ["t"], instance: "one")
      for consumer in [reading, back, late] {
        try expectEqual(try await consumer.poll { !$0.records.isEmpty }.texts, ["new"], "values")
        await consumer.close()
      }
      await log.close()
    },
    EventLogConformance(
      "compaction keeps the last record of each key, and topics kept for ever are left alone", needs: .administration
    ) {
      harness in
      guard harness.discardsOnDemand else { return }
      let log = try await harness.make()
      try await log.make(partitions: 1, retention: .compacted)
      try await log.make("ever", partitions: 1)
      let positions = try await log.append([
        .text("1", key: "a"), .text("2", key: "b"), .text("3", key: "a"), .text("4", key: nil), .text("5", key: nil),
      ])
      _ = try await log.append([.text("1", key: "a", topic: "ever"), .text("2", key: "a", topic: "ever")])
      try expectEqual(try await log.enforceRetention(nowMilliseconds: .max / 2), 1, "records discarded")
      try expectEqual(try await log.values(of: "t"), ["2", "3", "4", "5"], "compacted records")
      try expectEqual(try await log.values(of: "ever"), ["1", "2"], "records kept for ever")
      // A reader that stood at a record that is gone goes on behind it.
      let records = try await log.read(TopicPartition("t", 0), from: positions[0].offset, limit: ReadLimit())
      try expectEqual(records.map(\.position), Array(positions[1...]), "positions")
      _ = try await log.append([.text("6", key: "b")])
      try expectEqual(try await log.enforceRetention(nowMilliseconds: .max / 2), 1, "records discarded")
      try expectEqual(try await log.values(of: "t"), ["3", "4", "5", "6"], "records compacted again")
      await log.close()
    },
  ]
}
