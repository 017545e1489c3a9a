import LanguageModel
import MnemeCore
import MnemeTesting
import Testing

@testable import MnemePipeline

/// A record whose output is larger than the log takes is parked; those before and behind it are processed.
@Suite struct OversizedOutputTests {
  private static let maxRecordByteCount = 6000

  @Test func extractionParksTheTurn() async throws {
    let harness = try await Harness(maxRecordByteCount: Self.maxRecordByteCount)
    for id in ["e1", "e2", "e3"] { try await harness.publish("fact \(id)", id: id) }
    let extractor = ScriptedExtractor { turns in
      turns.map { turn in
        let length = turn.id == "e2" ? Self.maxRecordByteCount : 10
        let text = String(repeating: "x", count: length)
        return Extraction(facts: [
          FactCandidate(text: text, attribute: nil, value: nil, messageIndex: 0, quote: "fact", actor: "user")
        ])
      }
    }
    try await harness.drain(harness.extraction(extractor))
    #expect(try await harness.facts().map(\.input.id) == ["e1", "e3"])
    let letter = try #require(try await harness.deadLetters().first)
    #expect(letter.originalID == "e2")
    #expect(letter.reason.stage == "extract" && letter.reason.code == "record_too_large")
    try await harness.drain(harness.resolution())
    let outcomes = try await harness.resolved().map(\.outcome)
    #expect(outcomes == [.stored, .parked, .stored])
  }

  @Test func resolutionParksTheFacts() async throws {
    let harness = try await Harness(maxRecordByteCount: Self.maxRecordByteCount)
    for id in ["e1", "e2", "e3"] { try await harness.publish("fact \(id)", id: id) }
    // Each fact is small; what becomes of many, with all that a memory holds, is not.
    let extractor = ScriptedExtractor { turns in
      turns.map { turn in
        let count = turn.id == "e2" ? 30 : 1
        return Extraction(
          facts: (0..<count).map { number in
            FactCandidate(
              text: "thing \(number) of \(turn.id)", attribute: nil, value: nil, messageIndex: 0, quote: "f",
              actor: "u")
          })
      }
    }
    try await harness.drain(harness.extraction(extractor))
    try #require(try await harness.facts().count == 3)
    try await harness.drain(harness.resolution())
    #expect(try await harness.resolved().map(\.outcome) == [.stored, .parked, .stored])
    let letter = try #require(try await harness.deadLetters().first)
    #expect(letter.reason.stage == "resolve" && letter.reason.code == "record_too_large")
  }
}
