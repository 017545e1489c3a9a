import EventLog

extension EventLogConformance {
  static let concurrency: [EventLogConformance] = [
    EventLogConformance(
      "appends of 64 tasks at once lose nothing, and each stays together in order", needs: .transactions
    ) { harness in
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
    EventLogConformance("among appends at once, those that cannot be done fail alone", needs: .administration) {
      harness in
      let log = try await harness.make()
      try await log.make(partitions: 1)
      let refused = try await withThrowingTaskGroup(of: Int.self) { group in
        for task in 0..<64 {
          group.addTask {
            let topic = task % 4 == 0 ? "nowhere" : "t"
            do {
              _ = try await log.append([.text("\(task) a"), .text("\(task) b", topic: topic)])
              return 0
            } catch let error as EventLogError where error.code == .unknownTopic {
              return 1
            }
          }
        }
        return try await group.reduce(0, +)
      }
      try expectEqual(refused, 16, "appends refused")
      let wanted = (0..<64).filter { $0 % 4 != 0 }.flatMap { ["\($0) a", "\($0) b"] }
      try expectEqual(try await log.values(of: "t").sorted(), wanted.sorted(), "records")
      await log.close()
    },
    EventLogConformance("a reader sees an append whole or not at all", needs: .transactions) { harness in
      let log = try await harness.make()
      try await log.make(partitions: 1)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for call in 0..<100 { _ = try await log.append((0..<5).map { .text("\(call) \($0)") }) }
        }
        group.addTask {
          var count = 0
          while count < 500 {
            count = try await log.read(TopicPartition("t", 0), from: 0, limit: ReadLimit(maxRecordCount: 1000)).count
            try expect(count % 5 == 0, "a reader sees \(count) records of appends of 5")
          }
        }
        try await group.waitForAll()
      }
      await log.close()
    },
    EventLogConformance(
      "an append that finds no room says so, is not written, and can be done again", needs: .transactions
    ) { harness in
      let log = try await harness.makeBounded(4)
      try await log.make(partitions: 2)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for task in 0..<64 {
          group.addTask {
            while true {
              do {
                _ = try await log.append([.text("\(task) a"), .text("\(task) b")])
                return
              } catch let error as EventLogError where error.code == .backpressure {
                try expect(error.isRetriable, "backpressure is said to last for ever")
                await Task.yield()
              }
            }
          }
        }
        try await group.waitForAll()
      }
      let wanted = (0..<64).flatMap { ["\($0) a", "\($0) b"] }
      try expectEqual(try await log.values(of: "t").sorted(), wanted.sorted(), "records")
      await log.close()
    },
    EventLogConformance("who waits for records learns of them, whoever appends") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 2)
      let partition = TopicPartition("t", 1)
      try await withThrowingTaskGroup(of: [LogRecord].self) { group in
        group.addTask {
          var offset: Int64 = 0
          var all: [LogRecord] = []
          while all.count < 20 {
            try await log.waitForRecords(partition, from: offset, timeout: .seconds(10))
            all += try await log.read(partition, from: offset, limit: ReadLimit())
            offset = all.last.map { $0.position.offset + 1 } ?? 0
          }
          return all
        }
        for index in 0..<20 {
          _ = try await log.append([.text("\(index)", partition: 1), .text("other", partition: 0)])
          await Task.yield()
        }
        let all = try await group.next() ?? []
        try expectEqual(all.map(\.text), (0..<20).map(String.init), "values")
      }
      await log.close()
    },
    EventLogConformance("a wait for what does not come ends, and so does one that is cancelled") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 1)
      let partition = TopicPartition("t", 0)
      try await log.waitForRecords(partition, from: 0, timeout: .milliseconds(20))
      let consumer = try await log.subscribe(group: "g", topics: ["t"], instance: "one")
      try await consumer.poll { $0.assigned.count == 1 }
      let nothing = try await consumer.poll(limit: ReadLimit(), timeout: .milliseconds(20))
      try expectEqual(nothing.records.count, 0, "records")
      await withTaskGroup(of: Void.self) { group in
        group.addTask { try? await log.waitForRecords(partition, from: 0, timeout: .seconds(3600)) }
        group.addTask { _ = try? await consumer.poll(limit: ReadLimit(), timeout: .seconds(3600)) }
        group.cancelAll()
      }
      _ = try await log.append([.text("after")])
      let polled = try await consumer.poll { !$0.records.isEmpty }
      try expectEqual(polled.texts, ["after"], "values after a poll that was cancelled")
      await consumer.close()
      await log.close()
    },
  ]
}
