import EventLog
import Foundation
import GRDB
import MnemeCore
import MnemeTesting
import Testing

@testable import MnemeProjection

@Suite struct ProjectorTests {
  let ann = user("ann")

  @Test func aRunningProjectorIsFollowedByItsReader() async throws {
    let world = try await World(partitionCount: 2, log: PatientLog())
    defer { world.remove() }
    let projector = try world.projector()
    let reader = try world.reader(projector: projector)
    let running = Task { try await projector.run() }
    // The shards do not exist yet: a reader beside the projector waits for them.
    #expect(try await reader.texts(all()).isEmpty)
    for number in 0..<20 {
      try await world.resolve("t\(number)", ann, [.added(memory("m\(number)", "text", ann))], offset: Int64(number))
      let partition = world.partition(of: ann)
      #expect(try await reader.wait(forTurnsPartition: partition, offset: Int64(number), timeout: .seconds(240)))
      #expect(try await reader.texts(all()).count == number + 1)
    }
    running.cancel()
    try await running.value
  }

  @Test func aFailureThatMayPassIsTriedAgainWithoutLosingItsPlace() async throws {
    let log = PatientLog()
    let world = try await World(partitionCount: 1, bounds: .init(maxBatchRecordCount: 2), log: log)
    defer { world.remove() }
    let failures = Shared(0)
    log.inner.setFaults { operation in
      guard case .read = operation,
        failures.change({
          $0 += 1
          return $0
        }) % 3 == 0, failures.value < 15
      else {
        return nil
      }
      return .before(EventLogError(.unreachable, "the broker is away"))
    }
    for number in 0..<9 {
      try await world.resolve("t\(number)", ann, [.added(memory("m\(number)", "text", ann))], offset: Int64(number))
    }
    let projector = try world.projector()
    let running = Task { try await projector.run() }
    let reader = try world.reader(projector: projector)
    #expect(try await reader.wait(forTurnsPartition: 0, offset: 8, timeout: .seconds(240)))
    #expect(try await reader.texts(all()).count == 9)
    #expect(failures.value >= 6)
    running.cancel()
    try await running.value
  }

  @Test func aFailureThatStaysEndsIt() async throws {
    let log = PatientLog()
    let world = try await World(partitionCount: 1, log: log)
    defer { world.remove() }
    try await log.deleteTopic(world.vectorsTopic)
    let error = await #expect(throws: EventLogError.self) { try await world.projector().run() }
    #expect(error?.code == .unknownTopic)
  }

  @Test func shardsThatAreRemovedUnderARunningProjectorAreFoldedAgain() async throws {
    let world = try await World(partitionCount: 1, log: PatientLog())
    defer { world.remove() }
    let projector = try world.projector()
    let running = Task { try await projector.run() }
    let reader = try world.reader(projector: projector)
    try await world.resolve("t0", ann, [.added(memory("m0", "text 0", ann))], offset: 0)
    #expect(try await reader.wait(forTurnsPartition: 0, offset: 0, timeout: .seconds(240)))
    try FileManager.default.removeItem(atPath: world.directory + "/g1")
    try ShardFiles.makeDirectory(world.directory + "/g1")
    try await world.resolve("t1", ann, [.added(memory("m1", "text 1", ann))], offset: 1)
    #expect(try await reader.wait(forTurnsPartition: 0, offset: 1, timeout: .seconds(240)))
    #expect(try await reader.texts(all()).sorted() == ["text 0", "text 1"])
    running.cancel()
    try await running.value
  }

  @Test(arguments: [
    (ResultCode.SQLITE_FULL, ProjectionError.Code.diskFull, true), (.SQLITE_READONLY, .readOnly, false),
    (.SQLITE_CORRUPT, .corrupt, false), (.SQLITE_NOTADB, .corrupt, false), (.SQLITE_CANTOPEN, .storage, true),
    (.SQLITE_IOERR, .storage, true), (.SQLITE_BUSY, .storage, true),
  ])
  func aFailureOfSQLiteSaysWhatCanBeDone(
    _ code: ResultCode, _ expected: ProjectionError.Code, _ isRetriable: Bool
  ) throws {
    let error = StorageFailure.describing(
      DatabaseError(resultCode: code, message: "near secret", sql: "SELECT 'secret'"), path: "/data/shard-0000.sqlite")
    let described = try #require(error as? ProjectionError)
    #expect(described.code == expected && described.isRetriable == isRetriable)
    #expect(described.description.contains("/data/shard-0000.sqlite"))
    #expect(!described.description.contains("secret"))
  }

  @Test func aDirectoryThatCannotBeWrittenIsNamed() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    try Data().write(to: URL(fileURLWithPath: world.folder.path + "/file"))
    let error = #expect(throws: ProjectionError.self) {
      _ = try Projector(
        directory: world.folder.path + "/file", configuration: world.configuration, log: world.log, logger: quiet)
    }
    #expect(error?.code == .readOnly && error?.description.contains("/file/g1") == true)
  }

  @Test func recordsThatTheLogDiscardedAreNotWaitedFor() async throws {
    let log = InMemoryEventLog()
    let world = try await World(partitionCount: 1, log: log)
    defer { world.remove() }
    let topic = "mneme.memories.g1"
    try await log.deleteTopic(topic)
    try await log.ensureTopics([TopicSpecification(name: topic, partitionCount: 1, retention: .age(.seconds(1)))])
    try await world.resolve("t0", ann, [.added(memory("m0", "old", ann))])
    log.setNow(milliseconds: 10_000)
    try await world.resolve("t1", ann, [.added(memory("m1", "new", ann))])
    _ = try await log.enforceRetention(nowMilliseconds: 10_000)
    try await world.projector().catchUp()
    #expect(try await world.reader().texts(all()) == ["new"])
    #expect(try await world.projector().rebuild { _ in }.summary.memoryCount == 1)
  }
}
