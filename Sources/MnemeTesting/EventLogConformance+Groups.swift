import EventLog

extension EventLogConformance {
  static let groups: [EventLogConformance] = [
    EventLogConformance("a consumer alone gets every partition and every record, each once") { harness in
      let log = try await harness.make()
      try await log.make()
      _ = try await log.append((0..<100).map { .text("\($0)", key: "\($0)") })
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: "one")
      let polled = try await consumer.poll(limit: ReadLimit(maxRecordCount: 7)) { records, assigned in
        records.count >= 100 && assigned.count == 4
      }
      try expectEqual(polled.records.map(\.text).sorted(), (0..<100).map(String.init).sorted(), "values")
      _ = try await log.append([.text("late")])
      let late = try await consumer.poll { records, _ in !records.isEmpty }
      try expectEqual(late.records.map(\.text), ["late"], "values")
      await consumer.close()
      await log.close()
    },
    EventLogConformance("two members share the partitions, and one that leaves hands its own over") { harness in
      let log = try await harness.make()
      try await log.make()
      let first = try await log.subscribe(group: "g", topics: ["t"], instance: "one")
      _ = try await first.poll { _, assigned in assigned.count == 4 }
      let second = try await log.subscribe(group: "g", topics: ["t"], instance: "two")
      var firstHas = Set((0..<4).map { TopicPartition("t", $0) })
      var secondHas: Set<TopicPartition> = []
      for _ in 0..<200 where firstHas.count + secondHas.count != 4 || secondHas.isEmpty || firstHas.isEmpty {
        for (consumer, isFirst) in [(first, true), (second, false)] {
          let result = try await consumer.poll(limit: ReadLimit(), timeout: .milliseconds(50))
          if isFirst {
            firstHas = firstHas.union(result.assigned).subtracting(result.revoked)
          } else {
            secondHas = secondHas.union(result.assigned).subtracting(result.revoked)
          }
        }
      }
      try expectEqual(firstHas.count, 2, "partitions of the first")
      try expect(firstHas.isDisjoint(with: secondHas), "a partition has two members")
      await second.close()
      _ = try await first.poll { _, assigned in firstHas.union(assigned).count == 4 }
      await first.close()
      await log.close()
    },
    EventLogConformance("a group goes on where it committed, also after a restart; another group starts at the beginning") {
      harness in
      let log = try await harness.make()
      try await log.make(partitions: 1)
      let positions = try await log.append((0..<10).map { .text("\($0)") })
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: "one")
      _ = try await consumer.poll { records, _ in records.count == 10 }
      try await consumer.commit(appending: [], offsets: [TopicPartition("t", 0): positions[4].offset])
      await consumer.close()
      await log.close()
      let again = try await harness.reopen(log)
      try expectEqual(
        try await again.committedOffsets(of: "g"), [TopicPartition("t", 0): positions[4].offset], "offsets")
      let next = try await again.subscribe(group: "g", topics: ["t"], instance: "one")
      let polled = try await next.poll { records, _ in records.count >= 6 }
      try expectEqual(polled.records.map(\.text), (4..<10).map(String.init), "values")
      let other = try await again.subscribe(group: "other", topics: ["t"], instance: "one")
      let all = try await other.poll { records, _ in records.count >= 10 }
      try expectEqual(all.records.count, 10, "records of another group")
      await next.close()
      await other.close()
      await again.close()
    },
    EventLogConformance("a paused partition brings nothing until it is resumed, and loses nothing") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 2)
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: "one")
      _ = try await consumer.poll { _, assigned in assigned.count == 2 }
      await consumer.pause([TopicPartition("t", 0)])
      _ = try await log.append([.text("a", partition: 0), .text("b", partition: 1)])
      let polled = try await consumer.poll { records, _ in !records.isEmpty }
      try expectEqual(polled.records.map(\.text), ["b"], "values while paused")
      let nothing = try await consumer.poll(limit: ReadLimit(), timeout: .milliseconds(50))
      try expectEqual(nothing.records.count, 0, "records while paused")
      await consumer.resume([TopicPartition("t", 0)])
      let resumed = try await consumer.poll { records, _ in !records.isEmpty }
      try expectEqual(resumed.records.map(\.text), ["a"], "values after resuming")
      await consumer.close()
      await log.close()
    },
    EventLogConformance("a consumer reads on where it was told to") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 1)
      let positions = try await log.append((0..<10).map { .text("\($0)") })
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: "one")
      _ = try await consumer.poll { records, _ in records.count == 10 }
      await consumer.seek([TopicPartition("t", 0): positions[7].offset])
      let polled = try await consumer.poll { records, _ in records.count >= 3 }
      try expectEqual(polled.records.map(\.text), ["7", "8", "9"], "values")
      await consumer.close()
      await log.close()
    },
  ]
}
