import EventLog
import LanguageModel
import MnemeCore
import MnemeTesting
import Synchronization
import Testing

@testable import MnemePipeline

@Suite struct ExtractionStageTests {
  @Test func turnsOfOneOwnerShareACallAndOwnersNeverDo() async throws {
    let harness = try await Harness()
    for index in 0..<6 { try await harness.publish("fact \(index)", id: "e\(index)", user: index % 2 == 0 ? "a" : "b") }
    let extractor = ScriptedExtractor { sentences($0) }
    try await harness.drain(harness.extraction(extractor))
    #expect(extractor.calls.count == 2)
    for call in extractor.calls {
      #expect(Set(call.map(\.owner)).count == 1)
      #expect(call.count == 3)
    }
    #expect(try await harness.facts().map(\.input.id) == (0..<6).map { "e\($0)" })
  }

  @Test func verbatimTurnsAskNobody() async throws {
    let harness = try await Harness()
    try await harness.publish("as it stands", id: "e1", infer: false)
    let extractor = ScriptedExtractor { sentences($0) }
    try await harness.drain(harness.extraction(extractor))
    #expect(extractor.calls.isEmpty)
    #expect(try await harness.facts().first?.facts.map(\.text) == ["as it stands"])
  }

  /// Failure → attempts, pauses in seconds, code in dead letters.
  @Test(
    arguments: [
      (ModelError(.rateLimited, "busy", retryAfter: .seconds(7)), 3, [7, 7], "rate_limited"),
      (ModelError(.serverError, "500"), 3, [0, 0], "server_error"),
      (ModelError(.timeout, "hangs"), 3, [0, 0], "timeout"),
      (ModelError(.invalidOutput, "prose"), 3, [0, 0], "invalid_output"),
      (ModelError(.truncatedOutput, "cut off"), 3, [0, 0], "truncated_output"),
      (ModelError(.unauthorized, "401"), 1, [], "unauthorized"),
      (ModelError(.refused, "400"), 1, [], "refused"),
    ] as [(ModelError, Int, [Int64], String)])
  func aTurnThatFailsIsTriedWithinBoundsThenParked(
    error: ModelError, attempts: Int, pauses: [Int64], code: String
  ) async throws {
    let harness = try await Harness()
    try await harness.publish("fact", id: "e1")
    let extractor = ScriptedExtractor { _ in throw error }
    try await harness.drain(harness.extraction(extractor))
    #expect(extractor.calls.count == attempts)
    #expect(harness.clock.naps.map(\.components.seconds) == pauses)
    let letter = try #require(try await harness.deadLetters().first)
    #expect(letter.reason == ParkingReason(stage: "extract", code: code, detail: error.description, attempts: attempts))
    #expect(letter.originalID == "e1")
    #expect(try await harness.facts().isEmpty)
  }

  @Test func aTurnThatTheModelCannotDigestDoesNotTakeItsNeighboursAlong() async throws {
    let harness = try await Harness()
    for id in ["good 1", "poison", "good 2"] { try await harness.publish(id, id: id) }
    let extractor = ScriptedExtractor { turns in
      if turns.contains(where: { $0.id == "poison" }) { throw ModelError(.invalidOutput, "prose") }
      return sentences(turns)
    }
    try await harness.drain(harness.extraction(extractor))
    #expect(try await harness.facts().map(\.input.id) == ["good 1", "good 2"])
    #expect(try await harness.deadLetters().map(\.originalID) == ["poison"])
  }

  @Test func aRedrivenTurnIsFinishedAndItsLetterClosed() async throws {
    let harness = try await Harness()
    try await harness.publish("fact", id: "e1")
    let isWell = Mutex(false)
    let extractor = ScriptedExtractor { turns in
      guard isWell.withLock({ $0 }) else { throw ModelError(.serverError, "500") }
      return sentences(turns)
    }
    let extraction = harness.extraction(extractor)
    try await harness.drain(extraction)
    let resolution = harness.resolution()
    try await harness.drain(resolution)
    #expect(try await harness.resolved().map(\.outcome) == [.parked])
    isWell.withLock { $0 = true }
    let box = DeadLetterBox(log: harness.log, now: { harness.clock.now })
    try await box.redrive(try await box.open())
    try await harness.drain(extraction)
    try await harness.drain(resolution)
    #expect(try await harness.resolved().map(\.outcome) == [.parked, .stored])
    #expect(try await box.open().isEmpty)
    #expect(try await harness.memories().count == 1)
  }

  @Test func recordsThatNobodyCanReadAreParkedWithTheirBytesAndThePartitionGoesOn() async throws {
    let harness = try await Harness()
    let garbage: [UInt8] = [0xff, 0x00, 0x7b]
    _ = try await harness.log.append([
      NewRecord(topic: Topics.turns, key: garbage, value: garbage, headers: [LogHeader("x", bytes: garbage)])
    ])
    try await harness.publish(.factsExtracted, [], id: "stranger")
    try await harness.publish(.turnRecorded, Array("{\"scope\":{}}".utf8), id: "no messages")
    try await harness.publish("fact", id: "good")
    try await harness.drain(harness.extraction(ScriptedExtractor { sentences($0) }))
    let letters = try await harness.deadLetters()
    #expect(letters.map(\.reason.code) == ["malformed_key", "unknown_type", "malformed_body"])
    #expect(letters[0].value == garbage)
    #expect(letters[0].key == garbage)
    #expect(letters[0].headers == [LogHeader("x", bytes: garbage)])
    #expect(try await harness.facts().map(\.input.id) == ["good"])
  }

  @Test func callsInFlightAreBounded() async throws {
    let harness = try await Harness()
    for index in 0..<30 { try await harness.publish("fact", id: "e\(index)", user: "user \(index)") }
    let inFlight = Mutex((now: 0, most: 0))
    let extractor = ScriptedExtractor { turns in
      inFlight.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
      for _ in 0..<10 { await Task.yield() }
      inFlight.withLock { $0.now -= 1 }
      return sentences(turns)
    }
    try await harness.drain(harness.extraction(extractor, limit: 3))
    #expect((1...3).contains(inFlight.withLock { $0.most }))
    #expect(try await harness.facts().count == 30)
  }
}
