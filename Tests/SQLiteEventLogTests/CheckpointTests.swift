import EventLog
import GRDB
import MnemeTesting
import Testing

@testable import SQLiteEventLog

@Suite struct CheckpointTests {
  private static let value = String(repeating: "x", count: 3000)

  @Test func theWriteAheadLogBeginsAnewWhileOthersReadAndWrite() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let log = try await file.open()
    try await log.makeTopic(partitions: 4)
    let reading = Task {
      var count = 0
      while !Task.isCancelled {
        let records = try? await log.read(TopicPartition("t", 0), from: 0, limit: ReadLimit(maxRecordCount: 10))
        count += records?.count ?? 0
      }
      return count
    }
    // Each commit writes two pages at least, most of them three.
    let count = 3 * Checkpointer.pageCount
    for number in 0..<count {
      try await log.append(["\(number) \(Self.value)"], partition: number % 4)
    }
    reading.cancel()
    #expect(await reading.value > 0)
    // Were it never to begin anew, it would hold all of them.
    #expect(log.file.writeAheadByteCount < 5 * Checkpointer.pageCount * 4096)
    for partition in 0..<4 {
      let numbers = try await log.values(partition: partition).map { Int($0.prefix { $0 != " " }) }
      #expect(numbers == stride(from: partition, to: count, by: 4).map(Int?.some))
    }
    await log.close()
  }

  @Test func commitsMoveNoPagesThemselves() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let log = try await file.open()
    try await log.makeTopic()
    let own = try await log.file.database.writeWithoutTransaction { database in
      try Int.fetchOne(database, sql: "PRAGMA wal_autocheckpoint")
    }
    #expect(own == 0)
    try await log.append((0..<200).map { "\($0) \(Self.value)" })
    #expect(log.file.writeAheadPages.count >= 200)
    await log.close()
  }

  @Test func whereAReaderStaysItIsTriedAgainAndSucceedsWhenThatOneHasGone() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let log = try await file.open()
    try await log.makeTopic()
    let reader = try file.connection()
    try await reader.writeWithoutTransaction { database in
      try database.execute(sql: "BEGIN")
      _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM topics")
    }
    func append(pages: Int) async throws {
      for _ in 0..<pages / 50 { try await log.append((0..<50).map { _ in Self.value }) }
    }
    try await append(pages: 3 * Checkpointer.pageCount)
    #expect(log.file.writeAheadPages.count > 3 * Checkpointer.pageCount)
    try await reader.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    try await eventually("a new beginning of the write-ahead log") {
      try await append(pages: 50)
      return log.file.writeAheadPages.count < Checkpointer.pageCount
    }
    await log.close()
  }

  @Test func aLogThatIsClosedMeanwhileIsWhole() async throws {
    let file = LogFolder()
    defer { file.remove() }
    for round in 1...10 {
      let log = try await file.open()
      try await log.makeTopic()
      for _ in 0..<3 { try await log.append((0..<500).map { _ in Self.value }) }
      await log.close()
      let count = try await file.connection().read { try Int.fetchOne($0, sql: "SELECT count(*) FROM records") }
      #expect(count == round * 1500)
    }
  }
}
