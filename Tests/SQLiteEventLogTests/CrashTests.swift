import EventLog
import Foundation
import MnemeCore
import SQLiteEventLog
import Synchronization
import Testing

@Suite struct CrashTests {
  /// Appends and commits from several tasks at once, and is killed in the middle of it. Each acknowledged step is
  /// noted in a file beside the log, which outlives the process.
  private static func workUntilKilled(_ folder: String, seed: UInt64) async throws {
    let log = try await SQLiteEventLog.open(path: folder + "/log.sqlite")
    try await log.ensureTopics([
      TopicSpecification(name: "in", partitionCount: 1, retention: .forever),
      TopicSpecification(name: "t", partitionCount: 4, retention: .forever),
    ])
    _ = try await log.append((0..<10_000).map { .text("\($0)", to: "in") })
    _ = FileManager.default.createFile(atPath: folder + "/acknowledged", contents: nil)
    let acknowledged = try FileHandle(forWritingTo: URL(filePath: folder + "/acknowledged"))
    var random = SplitMix64(seed: seed)
    let lifetime = Int.random(in: 1...300, using: &random)
    let lock = Mutex(0)
    let note: @Sendable (String) throws -> Void = { text in
      try lock.withLock { count in
        try acknowledged.write(contentsOf: Data((text + "\n").utf8))
        count += 1
        if count == lifetime { kill(getpid(), SIGKILL) }
      }
    }
    let consumer = try await log.subscribe(group: "g", topics: ["in"], instance: "worker")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for call in 0... {
            try await log.append((0..<3).map { "\(task) \(call) \($0)" }, partition: task % 3)
            try note("append \(task) \(call)")
          }
        }
      }
      group.addTask {
        while let last = try await consumer.poll(limit: ReadLimit(maxRecordCount: 2), timeout: .zero).records.last {
          let next = last.position.offset + 1
          try await consumer.commit(
            appending: [.text("\(next)", partition: 3)], offsets: [TopicPartition("in", 0): next])
          try note("commit \(next)")
        }
      }
      try await group.waitForAll()
    }
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func whatWasAcknowledgedBeforeAKillIsThere(seed: UInt64) async throws {
    let file = LogFolder()
    defer { file.remove() }
    let folder = file.root
    await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String, seed = seed as UInt64] in
      try await CrashTests.workUntilKilled(folder, seed: seed)
    }
    let log = try await SQLiteEventLog.open(path: folder + "/log.sqlite")
    var appended: Set<String> = []
    for partition in 0..<3 {
      let values = try await log.values(partition: partition)
      for start in stride(from: 0, to: values.count, by: 3) {
        let call = values[start].dropLast(2)
        #expect(Array(values[start..<start + 3]) == (0..<3).map { "\(call) \($0)" }, "seed \(seed)")
        #expect(appended.insert(String(call)).inserted, "seed \(seed)")
      }
    }
    // Output and offset go together: the last output says where the group stands.
    let outputs = try await log.values(partition: 3).compactMap(Int64.init)
    #expect(outputs == outputs.indices.map { Int64(2 * $0 + 2) }, "seed \(seed)")
    let committed = try await log.committedOffsets(of: "g")[TopicPartition("in", 0)]
    #expect(committed == outputs.last, "seed \(seed)")

    let acknowledged = try String(contentsOf: URL(filePath: folder + "/acknowledged"), encoding: .utf8)
    for line in acknowledged.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 1)
      if words[0] == "append" {
        #expect(appended.contains(String(words[1])), "seed \(seed): \(line) was lost")
      } else {
        #expect(outputs.contains(Int64(words[1]) ?? -1), "seed \(seed): \(line) was lost")
      }
    }
    // The restarted process goes on at once, under its name.
    let consumer = try await log.subscribe(group: "g", topics: ["in"], instance: "worker")
    let polled = try await consumer.poll(limit: ReadLimit(maxRecordCount: 1), timeout: .zero)
    #expect(polled.records.first?.position.offset == committed ?? 0, "seed \(seed)")
    await log.close()
  }

  /// The machine stopped while the write-ahead log was being written: any beginning of it may be what is left.
  @Test func anyBeginningOfTheWriteAheadLogIsABeginningOfTheAppends() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let log = try await file.open()
    try await log.makeTopic()
    var ends: [Int] = []
    for call in 0..<30 {
      try await log.append((0..<4).map { "\(call) \($0)" })
      ends.append(try Data(contentsOf: URL(filePath: file.path + "-wal")).count)
    }
    let (main, ahead) = (
      try Data(contentsOf: URL(filePath: file.path)), try Data(contentsOf: URL(filePath: file.path + "-wal"))
    )
    await log.close()
    var random = SplitMix64(seed: 7)
    for round in 0..<40 {
      let cut = Int.random(in: ends[0]...ahead.count, using: &random)
      let copy = file.root + "/\(round).sqlite"
      try main.write(to: URL(filePath: copy))
      // Beyond the cut stands what the disk happened to hold.
      let rest = (cut..<ahead.count).map { _ in UInt8.random(in: 0...255, using: &random) }
      try (ahead.prefix(cut) + Data(rest)).write(to: URL(filePath: copy + "-wal"))
      let opened = try await SQLiteEventLog.open(path: copy)
      let values = try await opened.values()
      let whole = ends.count { $0 <= cut }
      #expect(values == (0..<whole).flatMap { call in (0..<4).map { "\(call) \($0)" } }, "cut at \(cut), seed 7")
      let end = try await opened.bounds(of: "t")[0].end
      #expect(end == Int64(values.count))
      try await opened.append(["after"])
      #expect(try await opened.values() == values + ["after"])
      await opened.close()
    }
  }
}
