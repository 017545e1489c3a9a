import EventLog

extension EventLogConformance {
  static let groups: [EventLogConformance] = [
    EventLogConformance("a consumer alone gets every partition and every record, each once") { harness in
      let log = try await harness.make()
      try await log.make()
      _ = try await log.append((0..<100).map { .text("\($0)", key: "\($0)") })
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: "one")
      let polled = try await consumer.poll(limit: ReadLimit(maxRecordCount: 7)) {
        $0.records.count >= 100 && $0.assigned.count == 4
      }
      try expectEqual(polled.texts.sorted(), (0..<100).map(String.init).sorted(), "values")
      let offsets = Dictionary(grouping: polled.records, by: \.position.topicPartition)
      for (partition, records) in offsets {
        try expectEqual(records, try await log.records(partition), "records of \(partition)")
      }
      _ = try await log.append([.text("late")])
      try expectEqual(try await consumer.poll { !$0.records.isEmpty }.texts, ["late"], "values")
      await consumer.close()
      await log.close()
    },
    EventLogConformance("a poll keeps its limits, and starves no partition") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 3)
      _ = try await log.append((0..<60).map { .text(String(repeating: "\($0 % 10)", count: 1000), partition: $0 % 2) })
      _ = try await log.append([.text("rare", partition: 2)])
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: "one")
      var polled = Polled()
      for _ in 0..<400 where polled.records.count < 61 {
        let limit = polled.records.count % 2 == 0 ? ReadLimit(maxRecordCount: 2) : ReadLimit(maxByteCount: 2500)
        let result = try await consumer.poll(limit: limit, timeout: .milliseconds(100))
        try expect(result.records.count <= 2, "a poll brought \(result.records.count) records")
        polled.add(result)
      }
      try expectEqual(polled.records.count, 61, "records")
      let rare = polled.texts.firstIndex(of: "rare") ?? polled.records.count
      try expect(rare < 60, "a partition with one record was heard after all others")
      await consumer.close()
      await log.close()
    },
    EventLogConformance("a record larger than the limit of a poll comes alone") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 2)
      _ = try await log.append((0..<4).map { .text(String(repeating: "x", count: 1000), partition: $0 % 2) })
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: "one")
      var count = 0
      for _ in 0..<200 where count < 4 {
        let result = try await consumer.poll(limit: ReadLimit(maxByteCount: 10), timeout: .milliseconds(100))
        try expect(result.records.count <= 1, "a poll brought \(result.records.count) records")
        count += result.records.count
      }
      try expectEqual(count, 4, "records")
      await consumer.close()
      await log.close()
    },
    EventLogConformance("a consumer may read several topics") { harness in
      let log = try await harness.make()
      try await log.make("a", partitions: 2)
      try await log.make("b", partitions: 1)
      _ = try await log.append([.text("1", topic: "a"), .text("2", topic: "b")])
      let consumer = try await log.subscribe(group: "g", topics: ["b", "a", "b"], instance: "one")
      let polled = try await consumer.poll { $0.records.count == 2 && $0.assigned.count == 3 }
      try expectEqual(Set(polled.records.map(\.position.topicPartition.topic)), ["a", "b"], "topics")
      await consumer.close()
      await log.close()
    },
    EventLogConformance(
      "a group goes on where it committed, also after a restart; another group starts at the beginning",
      needs: .groupOffsets
    ) {
      harness in
      let log = try await harness.make()
      try await log.make(partitions: 1)
      let partition = TopicPartition("t", 0)
      let positions = try await log.append((0..<10).map { .text("\($0)") })
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: "one")
      try await consumer.poll { $0.records.count == 10 }
      try await consumer.commit(appending: [], offsets: [partition: positions[4].offset])
      await consumer.close()
      await log.close()
      let again = try await harness.reopen(log)
      try expectEqual(try await again.committedOffsets(of: "g"), [partition: positions[4].offset], "offsets")
      let next = try await again.subscribe(group: "g", topics: ["t"], instance: "one")
      let polled = try await next.poll { $0.records.count >= 6 }
      try expectEqual(polled.texts, (4..<10).map(String.init), "values")
      let other = try await again.subscribe(group: "other", topics: ["t"], instance: "one")
      try expectEqual(try await other.poll { $0.records.count >= 10 }.records.count, 10, "records of another group")
      await next.close()
      await other.close()
      await again.close()
    },
    EventLogConformance("a paused partition brings nothing until it is resumed, and loses nothing") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 2)
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: "one")
      try await consumer.poll { $0.assigned.count == 2 }
      let paused = TopicPartition("t", 0)
      await consumer.pause([paused])
      let positions = try await log.append([.text("a", partition: 0), .text("b", partition: 1)])
      try expectEqual(try await consumer.poll { !$0.records.isEmpty }.texts, ["b"], "values while paused")
      let nothing = try await consumer.poll(limit: ReadLimit(), timeout: .milliseconds(50))
      try expectEqual(nothing.records.count, 0, "records while paused")
      try expectEqual(nothing.revoked, [], "partitions lost by pausing")
      await consumer.resume([paused])
      try expectEqual(try await consumer.poll { !$0.records.isEmpty }.texts, ["a"], "values after resuming")
      try await consumer.commit(appending: [], offsets: [paused: positions[0].offset + 1])
      await consumer.close()
      await log.close()
    },
    EventLogConformance("who has a partition may commit what another reader read of it", needs: .groupOffsets) {
      harness in
      let log = try await harness.make()
      try await log.make(partitions: 1)
      let partition = TopicPartition("t", 0)
      let positions = try await log.append((0..<4).map { .text("\($0)") })
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: "one")
      try await consumer.poll { $0.assigned.count == 1 }
      await consumer.pause([partition])
      try await consumer.commit(appending: [.text("made of them")], offsets: [partition: positions[2].offset])
      try await consumer.commit(appending: [], offsets: [partition: positions[3].offset])
      try expectEqual(try await log.committedOffsets(of: "g"), [partition: positions[3].offset], "offsets")
      try expectEqual(try await log.records(partition).count, 5, "records")
      await consumer.close()
      await log.close()
    },
    EventLogConformance("a consumer reads on where it was told to, also what it has had") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 2)
      let positions = try await log.append((0..<10).map { .text("\($0)", partition: 0) })
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: "one")
      try await consumer.poll { $0.records.count == 10 }
      await consumer.seek([TopicPartition("t", 0): positions[7].offset])
      try expectEqual(try await consumer.poll { $0.records.count >= 3 }.texts, ["7", "8", "9"], "values")
      await consumer.pause([TopicPartition("t", 0)])
      await consumer.seek([TopicPartition("t", 0): positions[9].offset])
      let nothing = try await consumer.poll(limit: ReadLimit(), timeout: .milliseconds(50))
      try expectEqual(nothing.records.count, 0, "records while paused")
      await consumer.resume([TopicPartition("t", 0)])
      try expectEqual(try await consumer.poll { !$0.records.isEmpty }.texts, ["9"], "values")
      await consumer.close()
      await log.close()
    },
  ]
}
