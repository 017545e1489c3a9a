import EventLog
import FoundationEssentials
import MnemeCore
import MnemeProjection
import Testing

@testable import MnemeQuery

@Suite struct FeedbackTests {
  private let harness = Harness()
  private let view = Fixture.view("Likes tea")

  private func give(_ body: [String: JSONValue], _ client: TestClient, key: String? = nil) async throws -> HTTPReply {
    let id: [String: JSONValue] = ["memory_id": .string(view.memory.id.text)]
    return try await client.send(
      "POST", "/v1/feedback/", json: .object(id.merging(body) { $1 }),
      headers: key.map { ["Idempotency-Key": $0] } ?? [:])
  }

  static let cases: [([String: JSONValue], Feedback?)] = [
    (["feedback": "POSITIVE", "feedback_reason": nil], Feedback(.positive)),
    (["feedback": "very_negative", "feedback_reason": "wrong"], Feedback(.veryNegative, reason: "wrong")),
    (["feedback": "NEGATIVE"], Feedback(.negative)), (["feedback": nil, "feedback_reason": nil], nil),
    ([:], nil), (["feedback": nil, "feedback_reason": "alone"], nil),
  ]

  @Test(arguments: cases)
  func `what somebody thinks is an event, and stands on the memory`(
    body: [String: JSONValue], feedback: Feedback?
  ) async throws {
    harness.reader.put(view)
    try await harness.run { client in
      let reply = try await give(body, client, key: "f1")
      let answer = try reply.json
      #expect(reply.status == 200 && reply.headers["x-mneme-position"] != nil)
      #expect(answer["message"] == "Feedback recorded" && answer["id"] == "f1" && answer["status"] == "SUCCEEDED")
      #expect(answer["feedback"] == (feedback.map { .string($0.rating.rawValue) } ?? .null))
      #expect(answer["feedback_reason"] == (feedback?.reason.map(JSONValue.string) ?? .null))
      let memory = try await client.send("GET", "/v1/memories/\(view.memory.id.text)/").json
      #expect(memory["feedback"] == answer["feedback"] && memory["feedback_reason"] == answer["feedback_reason"])
      let history = try await client.send("GET", "/v1/memories/\(view.memory.id.text)/history/").json.arrayValue
      #expect(history?.last?["change"] == "FEEDBACK" && history?.last?["event"] == "NOOP")
      let events = try await client.send("GET", "/v1/events/?event_type=FEEDBACK").json
      #expect(events["results"]?.arrayValue?.map { $0["event_type"] } == ["FEEDBACK"])
      #expect(try await give(body, client, key: "f1").json["id"] == "f1")
    }
    let given = try harness.log.events.map { try EventBodyCoding.decode(FeedbackGiven.self, from: $0.data) }
    #expect(given == [FeedbackGiven(memoryID: view.memory.id, feedback: feedback, targets: [view.memory])])
  }

  static let wrong: [([String: JSONValue], Int)] = [
    (["feedback": "GREAT"], 400), (["feedback": 1], 400), (["feedback_reason": ["x"], "feedback": "POSITIVE"], 400),
    (["feedback": "POSITIVE", "feedback_reason": .string(String(repeating: "x", count: 2001))], 400),
    (["memory_id": nil, "feedback": "POSITIVE"], 400), (["memory_id": "x", "feedback": "POSITIVE"], 400),
    (["memory_id": "4b0f2a52-0000-4000-8000-000000000009", "feedback": "POSITIVE"], 404),
  ]

  @Test(arguments: wrong)
  func `what is none is refused, and nothing is appended`(body: [String: JSONValue], status: Int) async throws {
    harness.reader.put(view)
    try await harness.run { client in
      let reply = try await give(body, client)
      #expect(reply.status == status, "\(reply.text)")
    }
    #expect(harness.log.records.isEmpty)
  }
}
