import EventLog
import MnemeCore
import MnemeTesting
import Synchronization
import Testing

@testable import MnemePipeline

/// Dead letters of outside publishers: decided about as all others are.
@Suite struct IngressDeadLetterTests {
  static func box(_ harness: Harness) -> DeadLetterBox {
    DeadLetterBox(log: harness.log, now: { harness.clock.now })
  }

  /// A record that is too large for these bounds, and good for the standard ones.
  static let tight = IngressStage.Bounds(maxRecordByteCount: 2000)
  static func large(id: String) -> NewRecord {
    IngressStageTests.record(String(repeating: "large ", count: 500), id: id)
  }

  static func ids(_ harness: Harness, _ topic: String) async throws -> [String?] {
    try await harness.records(topic).map { $0.header("ce_id") }
  }

  @Test func aRedrivenRecordIsTakenInAgainAndItsLetterClosed() async throws {
    let harness = try await Harness(partitionCount: 4)
    // Good in itself, but an older version of Mneme, or tighter bounds, would not take it.
    let strict = IngressStage.Bounds(maxMessageByteCount: 3)
    var record = IngressStageTests.record("home Lisbon", id: "e1", partition: 2)
    record.key = Array("room-17".utf8)
    record.headers.append(LogHeader("x", bytes: [0xff]))
    _ = try await harness.log.append([record])
    try await harness.drain(IngressStageTests.stage(harness, bounds: strict))
    let letter = try #require(try await harness.deadLetters().first)
    #expect(letter.original == LogPosition(TopicPartition(Topics.ingress, 2), 0))
    #expect(letter.originalType == EventType.turnRecorded.rawValue && letter.originalID == "e1")
    try await Self.box(harness).redrive([letter])
    #expect(try await harness.deadLetters().isEmpty)
    let again = try await harness.records(Topics.ingress)
    #expect(again.count == 2 && again[1].key == record.key && again[1].value == record.value)
    #expect(Array(again[1].headers) == record.headers)
    try await harness.drain(IngressStageTests.stage(harness))
    #expect(try await Self.ids(harness, Topics.turns) == ["e1"])
  }

  @Test func aRecordThatIsStillBadGetsALetterOfItsOwn() async throws {
    let harness = try await Harness()
    var record = IngressCase.good
    record.value = [0xff]
    _ = try await harness.log.append([record])
    let stage = IngressStageTests.stage(harness)
    try await harness.drain(stage)
    let first = try await harness.deadLetters()
    try await Self.box(harness).redrive(first)
    try await harness.drain(stage)
    let second = try await harness.deadLetters()
    #expect(first.count == 1 && second.count == 1 && first[0].id != second[0].id)
    try await Self.box(harness).drop(second)
    #expect(try await harness.deadLetters().isEmpty)
    #expect(try await harness.records(Topics.ingress).count == 2)
    #expect(try await harness.records(Topics.turns).isEmpty)
  }

  /// "I moved last month" was said when it first arrived, however late somebody redrives it.
  @Test func aRedrivenRecordKeepsTheTimeWhenItFirstArrived() async throws {
    let harness = try await Harness()
    harness.log.setNow(milliseconds: 1_790_000_000_000)
    var record = IngressStageTests.record("home Lisbon", id: "e1")
    record.headers.removeAll { $0.name == "ce_time" }
    _ = try await harness.log.append([record])
    try await harness.drain(IngressStageTests.stage(harness, bounds: .init(maxMessageByteCount: 3)))
    harness.log.setNow(milliseconds: 1_800_000_000_000)
    try await Self.box(harness).redrive(try await harness.deadLetters())
    try await harness.drain(IngressStageTests.stage(harness))
    let turn = try #require(try await harness.records(Topics.turns).first)
    #expect(try harness.codec.decode(turn).time == Timestamp(milliseconds: 1_790_000_000_000))
  }

  /// Brokers count compressed bytes, so that what comes in may be too large to be written again.
  @Test func aRecordTooLargeForALetterIsParkedAbridgedAndRedrivenFromItsTopic() async throws {
    let harness = try await Harness()
    _ = try await harness.log.append([Self.large(id: "large"), IngressStageTests.record("small", id: "small")])
    try await harness.drain(IngressStageTests.stage(harness, bounds: Self.tight))
    #expect(try await Self.ids(harness, Topics.turns) == ["small"])
    let letter = try #require(try await harness.deadLetters().first)
    #expect(letter.isAbridged && letter.value.isEmpty && letter.key == nil)
    #expect(letter.reason.code == "record_too_large" && letter.originalID == "large")
    #expect(letter.record.value.isEmpty && letter.reason.detail.contains("on mneme.ingress alone"))
    try await Self.box(harness).redrive([letter])
    #expect(try await harness.deadLetters().isEmpty)
    try await harness.drain(IngressStageTests.stage(harness, bounds: .init()))
    #expect(try await Self.ids(harness, Topics.turns) == ["small", "large"])
  }

  @Test func anAbridgedLetterWhoseOriginalIsGoneSaysSo() async throws {
    let harness = try await Harness()
    _ = try await harness.log.append([Self.large(id: "gone")])
    try await harness.drain(IngressStageTests.stage(harness, bounds: Self.tight))
    _ = try await harness.log.append([IngressStageTests.record("whole", id: "whole")])
    try await harness.drain(IngressStageTests.stage(harness, bounds: .init(maxMessageByteCount: 3)))
    _ = try await harness.log.enforceRetention(nowMilliseconds: 8 * 86_400_000)
    let letters = try await harness.deadLetters()
    #expect(letters.map(\.isAbridged) == [true, false])
    await #expect(throws: DeadLetterError.self) { try await Self.box(harness).redrive(letters) }
    // The others are redriven nevertheless, and the one that is not stays open until it is dropped.
    let rest = try await harness.deadLetters()
    #expect(rest.map(\.id) == [letters[0].id])
    try await Self.box(harness).drop(rest)
    #expect(try await harness.deadLetters().isEmpty)
  }

  @Test func everyDeadLetterIsReadAsItWasWritten() async throws {
    let harness = try await Harness()
    var garbage = IngressCase.good
    garbage.key = [0xff]
    garbage.value = [0xfe]
    garbage.headers = [LogHeader("ce_id", bytes: [0xff]), LogHeader("original:x", "y")]
    harness.log.setNow(milliseconds: 1_790_000_000_000)
    _ = try await harness.log.append([garbage, Self.large(id: "large")])
    let records = try await harness.records(Topics.ingress)
    let stage = IngressStageTests.stage(harness, bounds: Self.tight)
    for (record, parked) in zip(records, try await stage.process(records, of: 0)) {
      let position = LogPosition(TopicPartition(Topics.deadLetters, 0), 0)
      let letter = try #require(
        DeadLetter(
          parked: LogRecord(
            position: position, appendedAtMilliseconds: 0, key: parked.key, value: parked.value,
            headers: RecordHeaders(parked.headers))))
      let expected = DeadLetter(record, reason: letter.reason, at: harness.clock.now)
      #expect(letter == (letter.isAbridged ? expected.abridged : expected))
      #expect(letter.arrivedAt == Timestamp(milliseconds: 1_790_000_000_000))
    }
  }
}

/// True once.
final class LockedFlag: Sendable {
  private let isUp = Mutex(true)

  func take() -> Bool {
    isUp.withLock { flag in
      defer { flag = false }
      return flag
    }
  }
}
