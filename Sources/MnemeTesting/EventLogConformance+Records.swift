import EventLog
import MnemeCore

extension EventLogConformance {
  static let records: [EventLogConformance] = [
    EventLogConformance("records of a partition come in the order of their appends, offsets rising") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 1)
      for index in 0..<50 { _ = try await log.append([.text("\(index)")]) }
      let records = try await log.records(TopicPartition("t", 0))
      try expectEqual(records.map(\.text), (0..<50).map(String.init), "values")
      let offsets = records.map(\.position.offset)
      try expect(zip(offsets, offsets.dropFirst()).allSatisfy(<), "offsets do not rise: \(offsets)")
      await log.close()
    },
    EventLogConformance("an append tells the positions of its records, in their order") { harness in
      let log = try await harness.make()
      try await log.make()
      try await log.make("u", partitions: 2)
      let records = (0..<20).map { NewRecord.text("v\($0)", key: "key \($0)", topic: $0 % 3 == 0 ? "u" : "t") }
      let positions = try await log.append(records)
      for (index, position) in positions.enumerated() {
        let record = try await log.read(
          position.topicPartition, from: position.offset, limit: ReadLimit(maxRecordCount: 1)
        ).first
        try expectEqual(record?.text, "v\(index)", "the record at position \(index)")
        try expectEqual(record?.position, position, "position \(index)")
      }
      try expectEqual(try await log.append([]).count, 0, "positions of an append of nothing")
      await log.close()
    },
    EventLogConformance("a key goes to the partition that Kafka's producers give it, unless one is named") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 7)
      for index in 0..<40 {
        let key = "default/user:\(index)"
        let positions = try await log.append([
          .text("v", key: key), .text("v", key: key, partition: 3), .text(key, key: nil),
        ])
        let wanted = Partitioner.partition(key: Array(key.utf8), count: 7)
        try expectEqual(positions.map(\.topicPartition.partition), [wanted, 3, wanted], "partitions")
      }
      try await expectError(.unknownTopic, "an append to a partition that is not there") {
        _ = try await log.append([.text("v", partition: 7)])
      }
      await log.close()
    },
    EventLogConformance("keys, values and headers are kept byte for byte, empty ones and repeated names too") {
      harness in
      let log = try await harness.make()
      try await log.make(partitions: 1)
      let bytes = (0...255).map(UInt8.init)
      let headers = [LogHeader("a", bytes: bytes), LogHeader("b", ""), LogHeader("a", "again"), LogHeader("c", "é🎈")]
      let large = [UInt8](repeating: 7, count: 100_000)
      _ = try await log.append([
        NewRecord(topic: "t", key: bytes, value: bytes, headers: headers),
        NewRecord(topic: "t", key: nil, value: [], headers: []),
        NewRecord(topic: "t", key: [], value: large, headers: [LogHeader("large", bytes: large)]),
      ])
      let records = try await log.records(TopicPartition("t", 0))
      try expectEqual(records.map(\.key), [bytes, nil, []], "keys")
      try expectEqual(records.map(\.value), [bytes, [], large], "values")
      try expectEqual(records.map { Array($0.headers) }, [headers, [], [LogHeader("large", bytes: large)]], "headers")
      try expectEqual(records[0].header("a"), nil, "a header that is not UTF-8")
      try expectEqual(records[0].header("c"), "é🎈", "a header that is")
      await log.close()
    },
    EventLogConformance(
      "one bad record in an append, and none of its records is there", needs: [.administration, .transactions]
    ) { harness in
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
    EventLogConformance("a read keeps its limits, and brings one record however large") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 1)
      let value = [UInt8](repeating: 1, count: 600)
      let headers = [LogHeader("name", bytes: [UInt8](repeating: 2, count: 390))]
      _ = try await log.append((0..<10).map { _ in NewRecord(topic: "t", key: [1], value: value, headers: headers) })
      let partition = TopicPartition("t", 0)
      let byCount = try await log.read(partition, from: 0, limit: ReadLimit(maxRecordCount: 3))
      try expectEqual(byCount.count, 3, "records by count")
      let byBytes = try await log.read(partition, from: 0, limit: ReadLimit(maxByteCount: 2500))
      try expectEqual(byBytes.count, 2, "records by bytes")
      let one = try await log.read(partition, from: 0, limit: ReadLimit(maxByteCount: 10))
      try expectEqual(one.count, 1, "records where each is larger than the limit")
      let stepwise = try await log.records(partition, limit: ReadLimit(maxRecordCount: 3, maxByteCount: 1500))
      try expectEqual(stepwise.count, 10, "records read one at a time")
      let end = try await log.bounds(of: "t")[0].end
      for offset in [end, end + 1, end + 1_000_000, 1 << 50] as [Int64] {
        let records = try await log.read(partition, from: offset, limit: ReadLimit())
        try expectEqual(records.count, 0, "records at \(offset), at or after the end \(end)")
      }
      await log.close()
    },
    EventLogConformance("the bounds enclose what is there") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 3)
      let empty = try await log.bounds(of: "t")
      try expectEqual(empty.map { $0.earliest == $0.end }, [true, true, true], "whether partitions are empty")
      let positions = try await log.append((0..<9).map { .text("\($0)", partition: $0 % 2) })
      let bounds = try await log.bounds(of: "t")
      for number in 0..<3 {
        let offsets = positions.filter { $0.topicPartition.partition == number }.map(\.offset)
        guard let first = offsets.min(), let last = offsets.max() else {
          try expectEqual(bounds[number].earliest, bounds[number].end, "bounds of an empty partition")
          continue
        }
        try expect(bounds[number].earliest <= first, "the earliest offset is after a record")
        try expect(bounds[number].end > last, "the end is before a record")
      }
      await log.close()
    },
    EventLogConformance("what was appended is there after a restart", needs: .administration) { harness in
      let log = try await harness.make()
      try await log.make(partitions: 2, retention: .compacted)
      _ = try await log.append((0..<10).map { .text("\($0)", key: "\($0)") })
      let (bounds, topics) = (try await log.bounds(of: "t"), try await log.topics())
      let records = try await log.records(TopicPartition("t", 0))
      await log.close()
      let again = try await harness.reopen(log)
      try expectEqual(try await again.bounds(of: "t"), bounds, "bounds")
      try expectEqual(try await again.topics(), topics, "topics")
      try expectEqual(try await again.records(TopicPartition("t", 0)), records, "records")
      try expectEqual(Set(try await again.values(of: "t")), Set((0..<10).map(String.init)), "values")
      let later = try await again.append([.text("later", partition: 0)])
      try expect(later[0].offset >= bounds[0].end, "an offset was used again")
      await again.close()
    },
    EventLogConformance("a closed log refuses") { harness in
      let log = try await harness.make()
      try await log.make()
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: "one")
      try await consumer.poll { $0.assigned.count == 4 }
      await log.close()
      await log.close()
      try await expectError(.closed, "an append") { _ = try await log.append([.text("a")]) }
      try await expectError(.closed, "a read") {
        _ = try await log.read(TopicPartition("t", 0), from: 0, limit: ReadLimit())
      }
      try await expectError(.closed, "bounds") { _ = try await log.bounds(of: "t") }
      try await expectError(.closed, "topics") { _ = try await log.topics() }
      try await expectError(.closed, "making a topic") { try await log.make("u") }
      try await expectError(.closed, "committed offsets") { _ = try await log.committedOffsets(of: "g") }
      try await expectError(.closed, "a subscription") {
        _ = try await log.subscribe(group: "g", topics: ["t"], instance: "two")
      }
      try await expectError(.closed, "a wait") {
        try await log.waitForRecords(TopicPartition("t", 0), from: 0, timeout: .seconds(10))
      }
      try await expectError(.closed, "a poll") { _ = try await consumer.poll(limit: ReadLimit(), timeout: .zero) }
      try await expectError(.closed, "a commit") { try await consumer.commit(appending: [.text("a")], offsets: [:]) }
      await consumer.close()
    },
  ]
}
