import EventLog
import Foundation
import MnemeTesting
import SQLiteEventLog
import Testing

@Suite struct ConformanceTests {
  @Test(arguments: EventLogConformance.all)
  func theEmbeddedLogKeepsItsPromises(check: EventLogConformance) async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    try await check.run(
      EventLogConformance.Harness(
        make: { try await SQLiteEventLog.open(path: folder.path + "/\(UUID().uuidString)/log.sqlite") },
        reopen: { log in
          let path = try #require((log as? SQLiteEventLog)?.path)
          return try await SQLiteEventLog.open(path: path)
        },
        makeBounded: { count in
          var options = SQLiteEventLog.Options()
          options.maxWaitingAppendCount = count
          return try await SQLiteEventLog.open(
            path: folder.path + "/\(UUID().uuidString)/log.sqlite", options: options)
        }))
  }

  @Test(arguments: EventLogConformance.all)
  func theLogInMemoryKeepsItsPromises(check: EventLogConformance) async throws {
    try await check.run(
      EventLogConformance.Harness(
        make: { InMemoryEventLog() },
        reopen: { log in try #require(log as? InMemoryEventLog).reopened() }))
  }
}
