import EventLog
import MnemeCore
import MnemeTesting
import Testing

@testable import MnemePipeline

@Suite struct GenerationLogTests {
  static func second(_ id: String = "g2") -> Generation {
    var generation = Generation.first(in: HashEmbedder())
    generation.id = id
    return generation
  }

  @Test func aLogWithoutTheTopicHasNoGenerations() async throws {
    let generations = GenerationLog(log: InMemoryEventLog(), now: { Timestamp(milliseconds: 1) })
    #expect(try await generations.refresh() == GenerationCatalog())
  }

  @Test func whatOneProcessWritesAnotherReads() async throws {
    let log = InMemoryEventLog()
    try await log.ensureTopics([GenerationLog.topic()])
    let writer = GenerationLog(log: log, now: { Timestamp(milliseconds: 1) })
    let reader = GenerationLog(log: log, now: { Timestamp(milliseconds: 2) })
    try await writer.append(.created(.first(in: HashEmbedder())))
    #expect(try await reader.refresh().active?.id == "g1")
    try await reader.append(.created(Self.second()))
    try await reader.append(.filled(id: "g2"))
    let written = try await writer.append(.promoted(id: "g2"))
    #expect(written.active?.id == "g2")
    #expect(try await reader.refresh() == written)
  }

  @Test func whatIsNotPossibleIsNotWritten() async throws {
    let log = InMemoryEventLog()
    try await log.ensureTopics([GenerationLog.topic()])
    let generations = GenerationLog(log: log, now: { Timestamp(milliseconds: 1) })
    try await generations.append(.created(.first(in: HashEmbedder())))
    await #expect(throws: GenerationError.self) { try await generations.append(.promoted(id: "g2")) }
    await #expect(throws: GenerationError.self) { try await generations.append(.dropped(id: "g1")) }
    #expect(try await log.bounds(of: Topics.generations)[0].end == 1)
  }

  /// Two that begin a generation of the same name at the same time: one has its way, the other one is told.
  @Test(arguments: 0..<20)
  func ofTwoAtOnceOneIsTold(round: Int) async throws {
    let log = InMemoryEventLog()
    try await log.ensureTopics([GenerationLog.topic()])
    try await GenerationLog(log: log, now: { Timestamp(milliseconds: 1) })
      .append(.created(.first(in: HashEmbedder())))
    let outcomes = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let generations = GenerationLog(log: log, now: { Timestamp(milliseconds: 2) })
          return (try? await generations.append(.created(Self.second()))) != nil
        }
      }
      return await group.reduce(into: [Bool]()) { $0.append($1) }
    }
    #expect(outcomes.count(where: \.self) == 1)
  }
}
