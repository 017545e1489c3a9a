import EventLog
import Logging
import MnemeCore
import MnemePipeline
import MnemeTesting
import Synchronization
import Testing

@testable import mneme

@Suite struct RetentionTests {
  @Test func theEmbeddedLogDiscardsWhatIsTooOld() async throws {
    let log = InMemoryEventLog()
    try await log.ensureTopics([
      TopicSpecification(name: "short", partitionCount: 1, retention: .age(.seconds(60))),
      TopicSpecification(name: "ever", partitionCount: 1, retention: .forever),
    ])
    for topic in ["short", "ever"] {
      _ = try await log.append([NewRecord(topic: topic, key: nil, value: [1], headers: [])])
    }
    let naps = Atomic(0)
    let environment = PipelineEnvironment(
      now: { Timestamp(milliseconds: MnemeSystem.now().milliseconds + 3_600_000) },
      sleep: { _ in if naps.add(1, ordering: .relaxed).newValue > 1 { throw CancellationError() } },
      jitter: { 0 })
    try await RetentionService(log: log, environment: environment, logger: Logger(label: "test")).run()
    #expect(try await log.read(TopicPartition("ever", 0), from: 0, limit: ReadLimit()).count == 1)
    #expect(try await log.bounds(of: "short").map(\.earliest) == [1])
  }
}
