import EventLog
import KafkaEventLog
import MnemeTesting
import Testing

@Suite struct ConformanceTests {
  @Test(arguments: EventLogConformance.all)
  func brokersKeepThePromises(check: EventLogConformance) async throws {
    let isOwn = try await KafkaTestCluster.shared().isOwn
    try await Turnstile.shared.pass {
      try await check.run(
        EventLogConformance.Harness(
          make: { try await openLog() },
          reopen: { log in try await openLog((log as? KafkaEventLog)?.options.prefix ?? "") },
          makeBounded: { count in try await openLog { $0.maxWaitingAppendCount = count } },
          discardsOnDemand: false,
          // Kafka itself does, noida-db 0.2.3 keeps them.
          deletesOffsetsWithTopics: !isOwn))
    }
  }
}
