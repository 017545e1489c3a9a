import EventLog
import Foundation
import GRDB
import SQLiteEventLog
import Testing

@Suite struct FailureTests {
  private static let kilobyte = String(repeating: "x", count: 1000)

  @Test func aFullDiskLeavesNothingHalfWrittenAndTheLogGoesOnWhenThereIsSpace() async throws {
    let file = LogFolder()
    defer { file.remove() }
    var log = try await file.open { $0.maxPageCount = 200 }
    try await log.makeTopic("in")
    try await log.makeTopic("t")
    try await log.append(["work"], to: "in")
    let consumer = try await log.subscribe(group: "g", topics: ["in"], instance: "one")
    #expect(try await consumer.poll(limit: ReadLimit(), timeout: .seconds(10)).records.count == 1)
    var calls = 0
    var failure: EventLogError?
    while failure == nil, calls < 1000 {
      do {
        try await log.append((0..<10).map { "\(calls) \($0) \(Self.kilobyte)" })
        calls += 1
      } catch let error as EventLogError {
        failure = error
      }
    }
    #expect(failure?.code == .diskFull && failure?.isRetriable == true)
    #expect(failure?.description.contains(file.path) == true && failure?.description.contains("xxx") == false)
    let error = await #expect(throws: EventLogError.self) {
      try await consumer.commit(
        appending: (0..<10).map { _ in .text(Self.kilobyte) }, offsets: [TopicPartition("in", 0): 1])
    }
    #expect(error?.code == .diskFull)
    #expect(try await log.values().count == calls * 10)
    #expect(try await log.committedOffsets(of: "g") == [:])
    await log.close()

    log = try await file.open()
    try await log.append(["after"])
    let values = try await log.values()
    #expect(values.count == calls * 10 + 1 && values.last == "after")
    await log.close()
  }

  @Test func amongAppendsAtOnceThoseThatFitAreWrittenAndTheLargeOneFailsAlone() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let log = try await file.open { $0.maxPageCount = 200 }
    try await log.makeTopic()
    let lock = try file.connection()
    for _ in 0..<5 {
      try await lock.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
      async let refused = self.error { try await log.append((0..<1000).map { _ in Self.kilobyte }) }
      async let small: Void = log.append(["small"])
      async let other: Void = log.append(["small"])
      try await lock.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
      #expect(await refused?.code == .diskFull)
      try await small
      try await other
    }
    #expect(try await log.values() == Array(repeating: "small", count: 10))
    await log.close()
  }

  private func error(_ body: () async throws -> Void) async -> EventLogError? {
    do { try await body() } catch { return error as? EventLogError }
    return nil
  }

  @Test func aDeletedTopicGivesItsSpaceBack() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let log = try await file.open()
    try await log.makeTopic("kept")
    try await log.makeTopic("dropped")
    for number in 0..<40 {
      try await log.append((0..<100).map { "\(number) \($0) \(Self.kilobyte)" }, to: "dropped")
      try await log.append(["kept \(number)"], to: "kept")
    }
    func pageCount() throws -> Int {
      try file.connection().read { try Int.fetchOne($0, sql: "PRAGMA page_count") ?? 0 }
    }
    let before = try pageCount()
    try await log.deleteTopic("dropped")
    #expect(before > 1000)
    #expect(try pageCount() < before / 10)
    #expect(try await log.values(of: "kept").count == 40)
    await log.close()
  }

  @Test func whatIsNoLogIsRefusedWithItsPath() async throws {
    let file = LogFolder()
    defer { file.remove() }
    try FileManager.default.createDirectory(
      atPath: file.root + "/log", withIntermediateDirectories: true)
    try Data(repeating: 0x41, count: 20_000).write(to: URL(filePath: file.path))
    let error = await #expect(throws: EventLogError.self) { _ = try await file.open() }
    #expect(error?.code == .storage)
    #expect(error?.description.contains(file.path) == true)
  }

  @Test func aDamagedPageIsAnErrorAndNoCrash() async throws {
    let file = LogFolder()
    defer { file.remove() }
    var log = try await file.open()
    try await log.makeTopic()
    for _ in 0..<20 { try await log.append((0..<50).map { _ in Self.kilobyte }) }
    await log.close()
    let handle = try FileHandle(forUpdating: URL(filePath: file.path))
    let size = try handle.seekToEnd()
    // The schema and the small tables at the beginning stay.
    for page in stride(from: size / 4096 / 2, to: size / 4096, by: 2) {
      try handle.seek(toOffset: page * 4096)
      try handle.write(contentsOf: Data(repeating: 0xff, count: 4096))
    }
    try handle.close()
    log = try await file.open()
    let error = await #expect(throws: EventLogError.self) { _ = try await log.values() }
    #expect(error?.code == .storage)
    #expect(error?.description.contains(file.path) == true)
    await log.close()
  }

  @Test func aFileOfANewerVersionIsRefused() async throws {
    let file = LogFolder()
    defer { file.remove() }
    await (try await file.open()).close()
    let connection = try file.connection()
    try await connection.writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = 99") }
    try connection.close()
    let error = await #expect(throws: EventLogError.self) { _ = try await file.open() }
    #expect(error?.code == .storage)
    #expect(error?.description.contains("version 99") == true)
  }

  @Test func aPlaceThatCannotBeWrittenIsNamed() async throws {
    let file = LogFolder()
    defer { file.remove() }
    // A file where a folder should be, and a file system that takes no files: neither gives way to root.
    try Data().write(to: URL(filePath: file.root + "/plain"))
    for path in [file.root + "/plain/log.sqlite", "/proc/self/log.sqlite", "/proc/log/log.sqlite"] {
      let error = await #expect(throws: EventLogError.self) { _ = try await SQLiteEventLog.open(path: path) }
      #expect(error?.code == .readOnly, "\(path)")
      #expect(error?.description.contains("/plain") == true || error?.description.contains("/proc") == true)
    }
    let error = await #expect(throws: EventLogError.self) {
      _ = try await SQLiteEventLog.open(path: file.root)
    }
    #expect(error?.code == .readOnly)
  }

  @Test func theFilesAreForTheirOwnerAlone() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let log = try await file.open()
    try await log.makeTopic()
    for (suffix, mode) in [("", 0o600), ("-wal", 0o600), ("-shm", 0o600)] {
      let attributes = try FileManager.default.attributesOfItem(atPath: file.path + suffix)
      #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == mode, "\(suffix)")
    }
    let folder = try FileManager.default.attributesOfItem(atPath: file.root + "/log")
    #expect((folder[.posixPermissions] as? NSNumber)?.intValue == 0o700)
    await log.close()
  }

  @Test func theWriteAheadLogStaysWithinItsBoundOnceReadersLetGo() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let log = try await file.open { $0.maxWriteAheadByteCount = 1 << 20 }
    try await log.makeTopic()
    let megabyte = (0..<1000).map { _ in Self.kilobyte }
    let reader = try file.connection()
    try await reader.writeWithoutTransaction { database in
      try database.execute(sql: "BEGIN")
      _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM topics")
    }
    for _ in 0..<30 { try await log.append(megabyte) }
    func size() throws -> Int {
      (try FileManager.default.attributesOfItem(atPath: file.path + "-wal")[.size] as? NSNumber)?.intValue ?? 0
    }
    #expect(try size() > 20 << 20)
    try await reader.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    for _ in 0..<30 { try await log.append(megabyte) }
    // What is written between two looks at it may stand beyond the bound.
    #expect(try size() < 20 << 20)
    await log.close()
  }

  @Test func discardedRecordsAreOverwritten() async throws {
    let file = LogFolder()
    defer { file.remove() }
    let log = try await file.open()
    try await log.makeTopic("secrets", partitions: 2)
    try await log.makeTopic()
    try await log.append((0..<5000).map { "the secret number \($0)" }, to: "secrets")
    try await log.deleteTopic("secrets")
    try await log.append(["kept"])
    await log.close()
    let bytes = try Data(contentsOf: URL(filePath: file.path))
    #expect(bytes.range(of: Data("the secret".utf8)) == nil)
    #expect(bytes.range(of: Data("kept".utf8)) != nil)
  }
}
