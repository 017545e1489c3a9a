import EventLog
import MnemeCore

extension EventLogConformance {
  static let records: [EventLogConformance] = [
    EventLogConformance("records of a partition come in the order of their appends, offsets rising") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 1)
      for index in 0..<50 { _ = try await log.append([.text("\(index)")]) }
      let records = try await log.read(TopicPartition("t", 0), from: 0, limit: ReadLimit())
      try expectEqual(records.map(\.text), (0..<50).map(String.init), "values")
      let offsets = records.map(\.position.offset)
      try expect(zip(offsets, offsets.dropFirst()).allSatisfy(<), "offsets do not rise: \(offsets)")
      await log.close()
    },
    EventLogConformance("an append tells the positions of its records, in their order") { harness in
      let log = try await harness.make()
      try await log.make()
      let positions = try await log.append((0..<20).map { .text("v\($0)", key: "key \($0)") })
      for (index, position) in positions.enumerated() {
        let record = try await log.read(
          position.topicPartition, from: position.offset, limit: ReadLimit(maxRecordCount: 1)
        ).first
        try expectEqual(record?.text, "v\(index)", "the record at position \(index)")
      }
      await log.close()
    },
    EventLogConformance("a key goes to the partition that Kafka's producers give it, unless one is named") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 7)
      for index in 0..<40 {
        let key = "default/user:\(index)"
        let positions = try await log.append([.text("v", key: key), .text("v", key: key, partition: 3)])
        let wanted = Partitioner.partition(key: Array(key.utf8), count: 7)
        try expectEqual(positions.map(\.topicPartition.partition), [wanted, 3], "partitions")
      }
      await log.close()
    },
    EventLogConformance("keys, values and headers are kept byte for byte, empty ones and repeated names too") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 1)
      let bytes = (0...255).map(UInt8.init)
      let headers = [LogHeader("a", bytes: bytes), LogHeader("b", ""), LogHeader("a", "again")]
      _ = try await log.append([
        NewRecord(topic: "t", key: bytes, value: bytes, headers: headers),
        NewRecord(topic: "t", key: nil, value: [], headers: []),
      ])
      let records = try await log.read(TopicPartition("t", 0), from: 0, limit: ReadLimit())
      try expectEqual(records.map(\.key), [bytes, nil], "keys")
      try expectEqual(records.map(\.value), [bytes, []], "values")
      try expectEqual(records.map(\.headers), [headers, []], "headers")
      try expectEqual(records[0].header("a"), nil, "a header that is not UTF-8")
      await log.close()
    },
    EventLogConformance("one bad record in an append, and none of its records is there") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 1)
      try await expectError(.unknownTopic, "an append to a topic that is not there") {
        _ = try await log.append([.text("a"), .text("b", topic: "nowhere")])
      }
      try await expectError(.recordTooLarge, "a record of 17 MiB") {
        let large = NewRecord(topic: "t", key: nil, value: [UInt8](repeating: 0, count: 17 << 20), headers: [])
        _ = try await log.append([.text("a"), large])
      }
      try expectEqual(try await log.values(TopicPartition("t", 0)), [], "records")
      await log.close()
    },
    EventLogConformance("appends of 64 tasks at once lose nothing, and each stays together in order") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 1)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for task in 0..<64 {
          group.addTask {
            for call in 0..<5 { _ = try await log.append((0..<3).map { .text("\(task) \(call) \($0)") }) }
          }
        }
        try await group.waitForAll()
      }
      let values = try await log.values(TopicPartition("t", 0))
      try expectEqual(Set(values).count, 64 * 5 * 3, "different records")
      try expectEqual(values.count, 64 * 5 * 3, "records")
      for start in stride(from: 0, to: values.count, by: 3) {
        let prefix = values[start].dropLast()
        try expectEqual(Array(values[start..<start + 3]), (0..<3).map { "\(prefix)\($0)" }, "one append")
      }
      await log.close()
    },
    EventLogConformance("a read keeps its limits, and brings one record however large") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 1)
      _ = try await log.append((0..<10).map { _ in .text(String(repeating: "x", count: 1000)) })
      let partition = TopicPartition("t", 0)
      let byCount = try await log.read(partition, from: 0, limit: ReadLimit(maxRecordCount: 3))
      try expectEqual(byCount.count, 3, "records by count")
      let byBytes = try await log.read(partition, from: 0, limit: ReadLimit(maxByteCount: 2500))
      try expectEqual(byBytes.count, 2, "records by bytes")
      let one = try await log.read(partition, from: 0, limit: ReadLimit(maxByteCount: 10))
      try expectEqual(one.count, 1, "records where each is larger than the limit")
      let end = try await log.bounds(of: "t")[0].end
      try expectEqual(try await log.read(partition, from: end, limit: ReadLimit()).count, 0, "records at the end")
      await log.close()
    },
    EventLogConformance("what was appended is there after a restart") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 2)
      _ = try await log.append((0..<10).map { .text("\($0)", key: "\($0)") })
      let before = try await log.bounds(of: "t")
      await log.close()
      let again = try await harness.reopen(log)
      try expectEqual(try await again.bounds(of: "t"), before, "bounds")
      let values = try await again.values(TopicPartition("t", 0)) + again.values(TopicPartition("t", 1))
      try expectEqual(Set(values), Set((0..<10).map(String.init)), "values")
      await again.close()
    },
    EventLogConformance("a closed log refuses") { harness in
      let log = try await harness.make()
      try await log.make()
      await log.close()
      try await expectError(.closed, "an append to a closed log") { _ = try await log.append([.text("a")]) }
    },
  ]
}
