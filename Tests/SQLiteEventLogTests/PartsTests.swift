import EventLog
import GRDB
import MnemeCore
import Testing

@testable import SQLiteEventLog

@Suite struct PartsTests {
  /// A process that is killed loses nothing either way, as the system has the pages: a machine that stops does.
  @Test func everyCommitIsSynced() async throws {
    let folder = LogFolder()
    defer { folder.remove() }
    let log = try await SQLiteEventLog.open(path: folder.path)
    let level = try await log.file.database.writeWithoutTransaction { database in
      try Int.fetchOne(database, sql: "PRAGMA synchronous")
    }
    await log.close()
    // FULL. NORMAL, which is 1, leaves the write-ahead log to the system until a checkpoint.
    #expect(level == 2)
  }

  @Test(arguments: 1...200 as ClosedRange<UInt64>)
  func partitionsAreSpreadEvenlyAndStayWhereTheyAre(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let partitions = (0..<Int64.random(in: 1...20, using: &random)).map { $0 }
    let names = (0..<Int.random(in: 1...8, using: &random)).map { "member \($0)" }
    var current: [Int64: String] = [:]
    var members: [String] = []
    for _ in 0..<20 {
      members = names.filter { _ in Bool.random(using: &random) }
      let before = current
      current = PartitionAssignor.assign(partitions: partitions, members: members, current: before)
      guard !members.isEmpty else {
        #expect(current.isEmpty)
        continue
      }
      #expect(Set(current.keys) == Set(partitions), "seed \(seed)")
      #expect(Set(current.values).isSubset(of: members), "seed \(seed)")
      let counts = members.map { member in current.values.count { $0 == member } }
      #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1, "seed \(seed): \(counts)")
      #expect(
        PartitionAssignor.assign(partitions: partitions, members: members, current: current) == current,
        "seed \(seed): it moves partitions with no need")
      // No more move than have to: who keeps a share within its due keeps those that it had.
      for member in members {
        let had = before.filter { $0.value == member }.keys
        let kept = had.count { current[$0] == member }
        #expect(kept >= min(had.count, partitions.count / members.count), "seed \(seed)")
      }
    }
  }

  @Test(
    arguments: [
      (4, ["a"], [:], [0: "a", 1: "a", 2: "a", 3: "a"]),
      (4, ["a", "b"], [0: "a", 1: "a", 2: "a", 3: "a"], [0: "a", 1: "a", 2: "b", 3: "b"]),
      (3, ["a", "b"], [0: "b", 1: "b", 2: "b"], [0: "b", 1: "b", 2: "a"]),
      (2, ["a", "b", "c"], [:], [0: "a", 1: "b"]),
      (3, ["b", "c"], [0: "a", 1: "b", 2: "c"], [0: "b", 1: "b", 2: "c"]),
      (2, [], [0: "a"], [:]),
    ] as [(Int64, [String], [Int64: String], [Int64: String])])
  func assignments(
    partitionCount: Int64, members: [String], current: [Int64: String], wanted: [Int64: String]
  ) {
    let found = PartitionAssignor.assign(partitions: Array(0..<partitionCount), members: members, current: current)
    #expect(found == wanted)
  }

  @Test func rowIdsKeepTheOrderOfPartitionsAndOffsets() {
    for partition in [1, 2, 1000, 1 << 22] as [Int64] {
      for offset in [0, 1, 1 << 39, (1 << 40) - 1] as [Int64] {
        let rowID = LogSchema.rowID(partition: partition, offset: offset)
        #expect(LogSchema.offset(ofRowID: rowID) == offset)
        #expect(rowID < LogSchema.rowID(partition: partition + 1, offset: 0))
      }
    }
  }
}
